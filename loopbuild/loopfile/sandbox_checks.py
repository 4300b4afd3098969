"""What must hold inside a sandbox: a service that can be asked, a module that is there, a recording of one source.

Looks at file names, never into files, and asks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from loopbuild.documents import Path
from loopbuild.loopfile.spans import Settings
from loopbuild.records import Diagnostic

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OF_PYTHON = ("functions", "python")
Sources = dict[str, dict[str, Any]]
Kind = TypeVar("Kind", dict[str, Any], list[Any])


def check_sandboxes(settings: Settings, *, folder: FilePath) -> Iterator[Diagnostic]:
    """Yield what is wrong or odd with the project's sandbox and with those of its sources."""
    declared = settings.value.get("sources")
    named = declared.items() if isinstance(declared, dict) else ()
    sources = {name: one for name, one in named if isinstance(one, dict)}
    for name, source in sources.items():
        yield from _check(settings, ("sources", name, "sandbox"), source.get("sandbox"), {name: source}, folder)
    shared = {name: source for name, source in sources.items() if source.get("sandbox") is None}
    yield from _check(settings, ("sandbox",), settings.value.get("sandbox"), shared, folder)


def _check(settings: Settings, path: Path, sandbox: Any, sources: Sources, folder: FilePath) -> Iterator[Diagnostic]:
    kind = sandbox.get("kind") if isinstance(sandbox, dict) else None
    if kind == "http":
        yield from _check_service(settings, path, sandbox, sources)
    elif kind == "python":
        yield from _check_module(settings, path, sandbox, sources, folder)
    elif kind == "simulated":
        yield from _check_entities(settings, path, sandbox, sources)
    elif kind == "recorded":
        yield from _check_recording(settings, path, sandbox, sources, folder)


def _check_service(settings: Settings, path: Path, sandbox: dict[str, Any], sources: Sources) -> Iterator[Diagnostic]:
    url = sandbox.get("url")
    if isinstance(url, str) and "$" not in url:
        yield from _check_url(settings, (*path, "url"), url, has_auth=bool(sandbox.get("auth")))
    foreign = sorted(name for name, source in sources.items() if source.get("kind") not in ("openapi", None))
    if foreign:
        message = f"the tools of `{foreign[0]}` name no method and path: only those of an OpenAPI source do"
        yield _diagnostic(settings, (*path, "kind"), "error", "bad-value", message)
    for key in ("allow_writes", "allow_methods", "allow_destructive"):
        if sandbox.get(key) and not sandbox.get("reset"):
            message = f"`{key}` without `reset`: every call that writes is refused"
            hint = "declare the request that puts the service back, `reset: {path: /reset}`"
            yield _diagnostic(settings, (*path, key), "warning", "suspicious", message, hint, key=True)


def _check_url(settings: Settings, path: Path, url: str, *, has_auth: bool) -> Iterator[Diagnostic]:
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not host:
        yield _diagnostic(settings, path, "error", "bad-value", "`url` is no address of a service", "`https://host/v1`")
    elif parts.username is not None or parts.query or parts.fragment:
        message = "`url` holds more than scheme, host and path"
        yield _diagnostic(settings, path, "error", "bad-value", message, "credentials belong to `auth`")
    elif parts.scheme == "http" and has_auth and host not in _LOOPBACK:
        message = "credentials would be sent without encryption"
        yield _diagnostic(settings, path, "warning", "suspicious", message, f"https://{host}")


def _check_module(
    settings: Settings, path: Path, sandbox: dict[str, Any], sources: Sources, folder: FilePath
) -> Iterator[Diagnostic]:
    module = sandbox.get("module")
    if not module:
        if not all(source.get("kind") in _OF_PYTHON for source in sources.values()):
            where = ".".join(str(part) for part in path)
            hint = "`pkg.module:Class`; the source has none to take it from"
            yield _diagnostic(
                settings, path, "error", "missing-key", f"missing key `module` in `{where}`", hint, key=True
            )
        return
    if not isinstance(module, str):
        return
    base = module.partition(":")[0].replace(".", "/")
    if not any(_is_file(folder, name) for name in (f"{base}.py", f"{base}/__init__.py")):
        message = f"no file of the project holds the module `{module.partition(':')[0]}`"
        hint = f"`{base}.py`, relative to the folder of loop.yaml"
        yield _diagnostic(settings, (*path, "module"), "error", "missing-file", message, hint)


def _check_entities(settings: Settings, path: Path, sandbox: dict[str, Any], sources: Sources) -> Iterator[Diagnostic]:
    """What is said of things must hold together; whether a tool has such properties is seen when it is opened."""
    entities = sandbox.get("entities")
    if not isinstance(entities, dict) or not entities:
        return
    if len(sources) > 1:
        names = ", ".join(f"`{name}`" for name in sorted(sources))
        message = f"`entities` speak of the tools of one source, and this sandbox is that of {names}"
        hint = "give that source its own `sandbox`"
        yield _diagnostic(settings, (*path, "entities"), "error", "bad-value", message, hint, key=True)
    for name, one in entities.items():
        if isinstance(one, dict):
            yield from _check_entity(settings, (*path, "entities", name), str(name), one)


def _check_entity(settings: Settings, path: Path, name: str, one: dict[str, Any]) -> Iterator[Diagnostic]:
    owners = _of(one, "belongs_to", dict)
    fields = _of(one, "fields", list)
    statuses = _of(one, "statuses", list)
    places = [(one.get("key"), (*path, "key"))]
    places += [(owner, (*path, "belongs_to", owner)) for owner in owners]
    places += [(field, (*path, "fields", number)) for number, field in enumerate(fields)]
    places += [(f"status {status}", (*path, "statuses", number)) for number, status in enumerate(statuses)]
    seen: set[Any] = set()
    for what, place in places:
        if what in seen:
            message = f"`{str(what).removeprefix('status ')}` stands twice in what is said of `{name}`"
            hint = "a property is its key, whose it is, or a field"
            yield _diagnostic(settings, place, "error", "bad-value", message, hint if place[-2] != "statuses" else "")
        seen.add(what)
    for owner, entity in owners.items():
        if entity == name:
            message = f"`{name}` cannot belong to itself"
            yield _diagnostic(settings, (*path, "belongs_to", owner), "error", "bad-value", message)


def _of(section: dict[str, Any], key: str, kind: type[Kind]) -> Kind:
    """Return a value of the type it should have; an empty one else: that it is wrong is said already."""
    value = section.get(key)
    return value if isinstance(value, kind) else kind()


def _check_recording(
    settings: Settings, path: Path, sandbox: dict[str, Any], sources: Sources, folder: FilePath
) -> Iterator[Diagnostic]:
    inner = sandbox.get("of")
    if not (isinstance(inner, dict) and inner.get("kind") == "recorded"):  # its kind alone is a mistake already
        yield from _check(settings, (*path, "of"), inner, sources, folder)
    if len(sources) > 1:
        names = ", ".join(f"`{name}`" for name in sorted(sources))
        message = f"one recording holds one source, and this sandbox is that of {names}"
        yield _diagnostic(settings, path, "error", "bad-value", message, "give each source its own `sandbox`", key=True)
    file = sandbox.get("path")
    if not isinstance(file, str) or not file or _is_file(folder, file):
        return
    if sandbox.get("of"):
        name = next(iter(sources), "NAME")
        message = f"`{file}` is not recorded yet"
        hint = f"`loopbuild build --record {name}` writes it"
        yield _diagnostic(settings, (*path, "path"), "warning", "suspicious", message, hint)
    else:
        message = f"`{file}` does not exist"
        hint = "name the sandbox it is recorded from: `of: {kind: ...}`"
        yield _diagnostic(settings, (*path, "path"), "error", "missing-file", message, hint)


def _is_file(folder: FilePath, name: str) -> bool:
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False


def _diagnostic(
    settings: Settings, path: Path, severity: str, code: str, message: str, hint: str = "", *, key: bool = False
) -> Diagnostic:
    level: Any = severity
    return Diagnostic(severity=level, code=code, message=message, span=settings.span(path, key=key), hint=hint)
