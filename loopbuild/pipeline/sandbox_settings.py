"""From loop.yaml to what a recipe needs of a sandbox: what identifies it, how it is reached, which files it rests on.

Pure but for looking which files are there. What only decides how an answer is got (credentials, patience, limits, what
a recording was made from) is handed on beside the key, never in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from loopbuild.engine.target import Json
from loopbuild.pipeline.watched import server_files

IDENTITY: Mapping[str, tuple[str, ...]] = {
    "http": (
        "kind", "url", "allow_writes", "allow_methods", "allow_destructive", "reset", "state", "fixtures",
        "server_errors",
    ),
    "python": ("kind", "module", "python", "fixtures"),
    "recorded": ("kind", "on_miss"),
}  # fmt: skip
"""Kind -> the settings that decide what calls answer; all of them for a kind that is not named here. `url` is the text
of loop.yaml: `${VAR}` is not filled in, and credentials cannot stand in it."""
_SINCE: Mapping[str, Json] = {"varied_states": False, "on_delete": "leave", "entities": {}}
MADE_UP = "tables "
"""Begins the names of facts on what made-up tables take a tool to do."""
MAX_MODULES = 500


def sandbox_settings(settings: Json, source: str) -> Json:
    """Return source -> the whole sandbox section in force for it, with what it takes from its source filled in."""
    declared = settings["sources"].get(source, {})
    chosen = _completed(declared.get("sandbox") or settings["sandbox"], declared)
    if chosen["kind"] == "recorded":
        said = settings.get("graph", {}).get("renames", {})
        own = {old: new for old, new in said.items() if new.startswith(f"{source}/")}
        chosen = {**chosen, "renames": own | chosen.get("renames", {})}
    return {source: chosen}


def live_settings(settings: Json, source: str) -> Json:
    """Return the sandbox section of one source for questions no recording answers.

    That is what a recording is made from: an invented value was never recorded, so a miss would pass for a refusal. A
    recording of nothing at hand can show no more than a simulated sandbox.
    """
    chosen = sandbox_settings(settings, source)[source]
    return chosen if chosen["kind"] != "recorded" else chosen["of"] or {"kind": "simulated"}


def entities_said(chosen: Mapping[str, Json]) -> dict[str, Json]:
    """Return source -> what its simulated sandbox is told of entities, of those that are told anything."""
    return {
        source: one["entities"]
        for source, one in sorted(chosen.items())
        if one["kind"] == "simulated" and one.get("entities")
    }


def sandbox_params(settings: Json, source: str) -> Json:
    """Return what identifies the sandbox of one source; the rest of loop.yaml does not matter to its calls."""
    return identity_of(sandbox_settings(settings, source))


def identity_of(chosen: Json) -> Json:
    """Return source -> the part of its sandbox section that is in the keys."""
    return {source: _identity(one) for source, one in chosen.items()}


def _identity(one: Mapping[str, Json]) -> Mapping[str, Json]:
    if one["kind"] in IDENTITY:
        # Under which names a recording is read is in the facts of its tools: in the key, it would concern every row.
        return {key: one[key] for key in IDENTITY[one["kind"]]}
    # A setting that came later is named only where it is not as before, and moves no key.
    return {key: value for key, value in one.items() if _SINCE.get(key, ...) != value}


def sandbox_context(chosen: Json, files: Iterable[tuple[str, str]]) -> Json:
    """Return what a target with this sandbox carries beside its key."""
    return {"sandbox": chosen, "sandbox_files": [role for role, _ in files]}


def sandbox_of(
    name: str, settings: Json, root: Path, others: Iterable[str]
) -> tuple[Json, tuple[tuple[str, str], ...], Json]:
    """Return what of a subgraph's sandboxes is a parameter, which files they rest on, and how they are opened."""
    own = sandbox_settings(settings, name.split("/")[0])
    chosen = dict(own)
    for other in others:
        chosen |= sandbox_settings(settings, other)
    files = sandbox_files(chosen, root=root)
    return identity_of(own), files, sandbox_context(chosen, files)


def sandbox_files(chosen: Json, *, root: Path) -> tuple[tuple[str, str], ...]:
    """Return (role, path) of the project's files that decide what calls answer."""
    found: list[tuple[str, str]] = []
    for source, one in chosen.items():
        names: Iterable[str] = ()
        if one["kind"] == "mcp":
            found += server_files(source, one, root=root)
        elif one["kind"] == "python":
            names = modules_of(one["module"].partition(":")[0], root=root)
        elif one["kind"] == "recorded":
            found.append((f"server/{source}/recording", one["path"]))
        found += [(f"server/{source}/module/{number:04d}", name) for number, name in enumerate(names)]
    return tuple(sorted(found))


def modules_of(module: str, *, root: Path) -> tuple[str, ...]:
    """Return the project's files a module is made of: its own, and those it imports, directly or not."""
    first = _file(module, root)
    if not first:
        return (module.replace(".", "/") + ".py",)  # missing: its target says so
    found, stack = {first}, [first]
    while stack and len(found) < MAX_MODULES:
        for name in sorted(_imported(stack.pop(), root) - found):
            found.add(name)
            stack.append(name)
    return (first, *sorted(found - {first}))


def _completed(chosen: Json, declared: Mapping[str, Json]) -> Json:
    own: dict[str, Any] = {}
    if chosen["kind"] == "mcp":
        own = {"command": declared.get("command", []), "env": declared.get("env", {})}
    elif chosen["kind"] == "python":
        own = {name: declared.get(name, "") for name in ("module", "python")}
    elif chosen["kind"] == "recorded" and chosen["of"]:
        return {**chosen, "of": _completed(chosen["of"], declared)}
    return {**chosen, **{name: value for name, value in own.items() if not chosen.get(name)}}


def _imported(path: str, root: Path) -> set[str]:
    try:
        tree = ast.parse((root / path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
    if not path.endswith("__init__.py"):
        package = package[:-1]
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    # Importing `a.b.c` runs `a` and `a.b` too.
    names |= {name.rsplit(".", depth)[0] for name in list(names) for depth in range(1, name.count(".") + 1)}
    return {file for name in names if (file := _file(name, root))}


def _file(module: str, root: Path) -> str:
    base = module.replace(".", "/")
    if not base or base.startswith("/"):
        return ""
    for name in (f"{base}.py", f"{base}/__init__.py"):
        target = root / name
        if target.is_file() and target.resolve().is_relative_to(root.resolve()):
            return name
    return ""
