"""What must hold inside a source: where it is read from, that its files exist, what its server needs.

Looks at file names, never into files, and starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from loopbuild.documents import Path
from loopbuild.errors import LoopfileError
from loopbuild.loopfile.spans import Settings
from loopbuild.loopfile.variables import fill
from loopbuild.records import Diagnostic

_GLOB = re.compile(r"[*?\[]")
_RUNNERS = {"npx": "@1.2.3", "bunx": "@1.2.3", "uvx": "==1.2.3", "pipx": "==1.2.3"}
"""Programs that fetch a package when they start -> how a version is pinned."""
_PACKAGE_OPTIONS = ("-p", "--package", "--from", "--spec")
_SECRET = re.compile(r"authorization|token|secret|password|api[-_]?key", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"^[a-z+]+://[^/@:]*:(?!\$\{)[^/@]+@", re.IGNORECASE)


def check_sources(settings: Settings, *, folder: FilePath, environment: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield what is wrong or odd with the sources and sandboxes; `folder` is that of loop.yaml."""
    sources = settings.value.get("sources")
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if not isinstance(source, dict):
            continue
        path: Path = ("sources", name)
        if source.get("kind") == "mcp":
            yield from _check_server(settings, path, source)
        if source.get("kind") in ("toolspec", "openapi", "mcp"):
            yield from _check_file(settings, (*path, "path"), source.get("path"), folder, environment)
        if source.get("kind") == "openapi":
            yield from _check_document(settings, path, source, folder, environment)
        if source.get("kind") == "python":
            yield from _check_module(settings, path, source, folder)
        yield from _check_observed(settings, path, source)
        yield from _check_secrets(settings, path, source)
        yield from _check_sandbox(settings, (*path, "sandbox"), source.get("sandbox"), [source], folder, environment)
    shared = [
        source
        for source in (sources.values() if isinstance(sources, dict) else ())
        if isinstance(source, dict) and source.get("sandbox") is None
    ]
    yield from _check_sandbox(settings, ("sandbox",), settings.value.get("sandbox"), shared, folder, environment)


def _check_server(settings: Settings, path: Path, source: dict[str, Any]) -> Iterator[Diagnostic]:
    given = [key for key in source if key in ("command", "url", "path") and source[key]]
    if not given:
        message = f"missing key `command`, `url` or `path` in `sources.{path[-1]}`"
        hint = "a server to start, a server that runs, or a file of its listing"
        yield _diagnostic(settings, path, "error", "missing-key", message, hint, key=True)
    for key in given[1:]:
        message = f"`{key}` beside `{given[0]}`: a source is read from one place"
        yield _diagnostic(settings, (*path, key), "error", "bad-value", message, "keep one of the two", key=True)
    if "headers" in source and "url" not in given:
        message = "`headers` without `url` are sent nowhere"
        yield _diagnostic(settings, (*path, "headers"), "warning", "suspicious", message, key=True)
    yield from _check_pinned(settings, (*path, "command"), source.get("command"))


def _check_observed(settings: Settings, path: Path, source: dict[str, Any]) -> Iterator[Diagnostic]:
    if source.get("observe") is not True:
        return
    sandbox = source.get("sandbox") or settings.value.get("sandbox") or {}
    chosen = sandbox.get("of") if isinstance(sandbox, dict) and sandbox.get("kind") == "recorded" else sandbox
    kind = chosen.get("kind", "simulated") if isinstance(chosen, dict) else "simulated"
    if kind == "simulated":
        message = "`observe` calls tools where calls run, and nothing real runs there"
        hint = "a `sandbox` of kind `python`, `http` or `mcp` has something to observe"
        yield _diagnostic(settings, (*path, "observe"), "error", "bad-value", message, hint, key=True)
    elif kind == "mcp" and source.get("kind") == "mcp" and not source.get("path"):
        message = "this server's reading tools are called whenever it is listed, `observe` calls them twice"
        yield _diagnostic(settings, (*path, "observe"), "warning", "suspicious", message, key=True)


def _check_document(
    settings: Settings, path: Path, source: dict[str, Any], folder: FilePath, environment: Mapping[str, str]
) -> Iterator[Diagnostic]:
    given = [key for key in source if key in ("path", "url") and source[key]]
    if not given:
        message = f"missing key `path` or `url` in `sources.{path[-1]}`"
        yield _diagnostic(
            settings, path, "error", "missing-key", message, "a document, or where it is fetched", key=True
        )
    for key in given[1:]:
        message = f"`{key}` beside `{given[0]}`: a source is read from one place"
        yield _diagnostic(settings, (*path, key), "error", "bad-value", message, "keep one of the two", key=True)
    name = source.get("path")
    if isinstance(name, str) and _GLOB.search(name) and _exists(folder, name) and not (folder / name).is_file():
        message = f"`{name}` is a pattern, and an OpenAPI source is one document"
        hint = (
            "name the document; files it refers to are read with it, and each further document is a source of its own"
        )
        yield _diagnostic(settings, (*path, "path"), "error", "bad-value", message, hint)
    url = source.get("url")
    if isinstance(url, str) and url and not url.startswith(("http://", "https://", "${")):
        message = f"`{url}` is no address to fetch from"
        yield _diagnostic(settings, (*path, "url"), "error", "bad-value", message, "a file is named by `path`")
    if source.get("headers") and "url" not in given:
        message = "`headers` without `url` are sent nowhere"
        yield _diagnostic(settings, (*path, "headers"), "warning", "suspicious", message, key=True)
    refs = source.get("refs")
    for name, file in refs.items() if isinstance(refs, dict) else ():
        yield from _check_file(settings, (*path, "refs", name), file, folder, environment)


_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?::[A-Za-z_]\w*)?\Z")


def _check_module(settings: Settings, path: Path, source: dict[str, Any], folder: FilePath) -> Iterator[Diagnostic]:
    module = source.get("module")
    if not isinstance(module, str) or not module:
        return
    where = (*path, "module")
    if not _MODULE.match(module):
        hint = "write `pkg.module`, or `pkg.module:Class` for the methods of a class"
        yield _diagnostic(settings, where, "error", "bad-value", f"`{module}` names no module", hint)
        return
    file = module.partition(":")[0].replace(".", "/")
    if not any((folder / name).is_file() for name in (f"{file}.py", f"{file}/__init__.py")):
        message = f"module `{module.partition(':')[0]}` does not exist: there is no `{file}.py`"
        hint = _nearby(folder, f"{file}.py") or "modules are found from the folder of loop.yaml"
        yield _diagnostic(settings, where, "error", "missing-file", message, hint)
    if source.get("python") and not source.get("import"):
        message = "`python` without `import: true` is not used: nothing is imported"
        yield _diagnostic(settings, (*path, "python"), "warning", "suspicious", message, key=True)


def _check_pinned(settings: Settings, path: Path, command: Any) -> Iterator[Diagnostic]:
    words = command if isinstance(command, list) and all(isinstance(word, str) for word in command) else []
    if not words or FilePath(words[0]).name not in _RUNNERS:
        return
    pin = _RUNNERS[FilePath(words[0]).name]
    at = 1
    while at < len(words) and (words[at].startswith("-") or words[at] == "run"):
        at += 1
        if words[at - 1] in _PACKAGE_OPTIONS:
            break
    if at >= len(words) or words[at].startswith((".", "/")):
        return
    package = words[at]
    version = re.split(r"==|(?<=.)@", package, maxsplit=1)[1:]
    if version in ([], ["latest"]):
        bare = package.removesuffix("@latest")
        message = f"`{words[0]} {package}` starts whatever version is newest that day"
        yield _diagnostic(settings, (*path, at), "warning", "suspicious", message, f"pin it, as in `{bare}{pin}`")


def _check_file(
    settings: Settings, path: Path, given: Any, folder: FilePath, environment: Mapping[str, str]
) -> Iterator[Diagnostic]:
    if not isinstance(given, str) or not given:
        return
    try:
        name = fill(given, environment)
    except LoopfileError:
        return  # a warning of its own says that the variable is not set
    if "${" in name or _exists(folder, name):
        return
    what = "matches no file" if _GLOB.search(name) else "does not exist"
    # The name as written: what a variable holds is shown nowhere.
    hint = _nearby(folder, name) if name == given else ""
    yield _diagnostic(
        settings,
        path,
        "error",
        "missing-file",
        f"`{given}` {what}",
        hint or "paths are relative to the folder of loop.yaml",
    )


def _check_secrets(settings: Settings, path: Path, source: dict[str, Any]) -> Iterator[Diagnostic]:
    for section in ("env", "headers"):
        pairs = source.get(section)
        for name, value in pairs.items() if isinstance(pairs, dict) else ():
            if _SECRET.search(name) and isinstance(value, str) and value and "$" not in value:
                variable = re.sub(r"[^A-Z0-9]+", "_", name.upper())
                message = f"`{name}` looks like a secret written into the file"
                hint = f"write `${{{variable}}}` and set it in the environment"
                yield _diagnostic(settings, (*path, section, name), "warning", "suspicious", message, hint, key=True)
    url = source.get("url")
    if isinstance(url, str) and _PASSWORD_IN_URL.search(url):
        message = "`url` holds a password written into the file"
        yield _diagnostic(
            settings, (*path, "url"), "warning", "suspicious", message, "write `${VAR}` instead", key=True
        )


def _check_sandbox(
    settings: Settings,
    path: Path,
    sandbox: Any,
    sources: list[dict[str, Any]],
    folder: FilePath,
    environment: Mapping[str, str],
) -> Iterator[Diagnostic]:
    if not isinstance(sandbox, dict) or sandbox.get("kind") != "mcp":
        return
    if not sandbox.get("command") and not all(source.get("command") for source in sources):
        where = ".".join(str(part) for part in path)
        hint = "the source has no `command` to take it from"
        yield _diagnostic(settings, path, "error", "missing-key", f"missing key `command` in `{where}`", hint, key=True)
    state = sandbox.get("state")
    if isinstance(state, dict) and state.get("kind") in ("sqlite", "jsonl") and not state.get("path"):
        where = ".".join(str(part) for part in (*path, "state"))
        hint = "the file that is restored to reset the server"
        yield _diagnostic(
            settings, (*path, "state"), "error", "missing-key", f"missing key `path` in `{where}`", hint, key=True
        )
    held = state.get("path") if isinstance(state, dict) else None
    if isinstance(held, str) and (FilePath(held).is_absolute() or ".." in FilePath(held).parts):
        # The file is written over and deleted at every reset: outside of the private copy it would be the user's own.
        message = f"`{held}` is outside of the server's private working folder"
        hint = "a path inside of it; files the server shall find there belong into `folder`"
        yield _diagnostic(settings, (*path, "state", "path"), "error", "bad-value", message, hint)
    yield from _check_pinned(settings, (*path, "command"), sandbox.get("command"))
    yield from _check_file(settings, (*path, "folder"), sandbox.get("folder"), folder, environment)


def _exists(folder: FilePath, name: str) -> bool:
    try:
        if (folder / name).exists():
            return True
        pattern = FilePath(name)
        root = FilePath(pattern.anchor) if pattern.is_absolute() else folder
        relative = str(pattern.relative_to(pattern.anchor)) if pattern.is_absolute() else name
        return bool(_GLOB.search(name)) and any(True for _ in root.glob(relative))
    except (OSError, ValueError, NotImplementedError):
        return False


def _nearby(folder: FilePath, name: str) -> str:
    """Return the hint naming a file of the same folder that is spelled almost so."""
    import difflib

    wanted = FilePath(name)
    try:
        names = sorted(entry.name for entry in (folder / wanted.parent).iterdir())
    except OSError:
        return ""
    near = difflib.get_close_matches(wanted.name, names, n=1, cutoff=0.6)
    return f"did you mean `{wanted.parent / near[0]}`?" if near else ""


def _diagnostic(
    settings: Settings, path: Path, severity: str, code: str, message: str, hint: str = "", *, key: bool = False
) -> Diagnostic:
    level: Any = severity
    return Diagnostic(severity=level, code=code, message=message, span=settings.span(path, key=key), hint=hint)
