"""Which of a project's own modules a module takes names from: types it uses may be defined there.

Reads imports as text and runs nothing.
"""

from __future__ import annotations

import ast
import posixpath
from pathlib import Path


def imported(path: str, *, root: Path, most: int) -> tuple[str, ...]:
    """Return the project's files that `path` imports, directly or not, relative to the project and sorted."""
    found: set[str] = set()
    stack = [path]
    while stack and len(found) < most:
        current = stack.pop()
        for target in sorted(_targets(current, root)):
            if target != path and target not in found:
                found.add(target)
                stack.append(target)
    return tuple(sorted(found)[:most])


def module_of(path: str) -> str:
    """Return the dotted name of a file."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def relative_names(tree: ast.Module, path: str) -> dict[str, str]:
    """Return name -> what it stands for, for every `from .module import name` of a file."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = _base(path, node)
            found |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
    return found


def _base(path: str, node: ast.ImportFrom) -> str:
    package = module_of(path) if path.endswith("__init__.py") else module_of(path).rpartition(".")[0]
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _targets(path: str, root: Path) -> set[str]:
    try:
        tree = ast.parse((root / path).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = _base(path, node)
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    return {file for name in names if (file := _file(name, root))}


def _file(module: str, root: Path) -> str:
    if not module or module.startswith("."):
        return ""
    base = module.replace(".", "/")
    for name in (f"{base}.py", f"{base}/__init__.py"):
        target = root / posixpath.normpath(name)
        if target.is_file() and target.resolve().is_relative_to(root.resolve()):
            return name
    return ""
