"""Which files of a project a sandbox's answers depend on, and which programs nobody can watch.

A program counts when it is a file inside the project; one that is found elsewhere (`python -m pkg`, a program on the
search path) is known by its name alone. Looks at names, never into files.
"""

from __future__ import annotations

import os
from pathlib import Path

from loopbuild.engine.target import Json

_SCRIPTS = (".py", ".js", ".mjs", ".ts")
_RUNNERS = ("npx", "bunx", "uvx", "pipx")
"""They name the package and its version, which are in the key."""
_LITTER = frozenset({"__pycache__", ".git", ".venv", ".loopbuild", "node_modules", "loop.lock"})


def server_files(source: str, chosen: Json, *, root: Path) -> list[tuple[str, str]]:
    """Return (role, path from the project's folder) of a server's program and of all files it starts with."""
    if chosen["kind"] != "mcp":
        return []
    found = []
    for position, word in enumerate(chosen["command"]):
        # A script that is not there is watched too: that it is missing is an error of its target.
        is_script = bool(position) and word.endswith(_SCRIPTS) and "://" not in word
        if is_script or (_is_inside(root, word) and (position or "/" in word)):
            found.append((f"server/{source}/{position:02d}", _relative(root / word, root)))
    if chosen.get("folder"):
        folder = root / chosen["folder"]
        found += [
            (f"folder/{source}/{path.relative_to(folder)}", _relative(path, root)) for path in files_below(folder)
        ]
    return found


def files_below(folder: Path) -> list[Path]:
    """Return the files of a folder that decide something, sorted: not what tools and builds write beside them."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LITTER]
        found += [Path(place) / name for name in names if name not in _LITTER]
    return sorted(path for path in found if path.is_file())


def unwatched(source: str, chosen: Json, *, root: Path) -> bool:
    """Say whether a change of the server's program would be noticed by nobody."""
    if chosen["kind"] != "mcp" or not chosen["command"] or Path(chosen["command"][0]).name in _RUNNERS:
        return False
    return not any(role.startswith("server/") for role, _ in server_files(source, {**chosen, "folder": ""}, root=root))


def _is_inside(root: Path, word: str) -> bool:
    """Whether a word of a command is a file of the project itself; the interpreter of a `.venv` is a link out of it."""
    try:
        path = (root / word).resolve()
        return path.is_file() and path.is_relative_to(root.resolve())
    except (OSError, ValueError):
        return False


def _relative(path: Path, root: Path) -> str:
    return os.path.relpath(path, root)
