"""What the code behind each recipe is, and which of it was there when the recipe's version was last looked at.

    python -m tests.pipeline.recipe_closures "why the change alters no result"

writes `recipe_closures.txt` anew. A recipe whose version was raised needs no reason.
"""

from __future__ import annotations

import ast
import sys
from functools import cache
from pathlib import Path

from blake3 import blake3

from loopbuild.engine.target import Recipe
from loopbuild.pipeline import targets

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_suffix(".txt")
OUTSIDE = ("loopbuild.engine", "loopbuild.errors", "loopbuild.children", "loopbuild.cli")
"""What decides when and where a recipe runs and how a failure reads, not what comes out of it."""
_IGNORED = {"type_comment", "type_params", "kind", "ctx"}


def recipes() -> list[Recipe]:
    """Return every recipe of the pipeline."""
    found = [value for value in vars(targets).values() if isinstance(value, Recipe)]
    return sorted(found, key=lambda recipe: recipe.name)


def closure(recipe: Recipe) -> str:
    """Return 16 digits for the code a recipe can reach: its functions' modules and what they import or name."""
    names = {text.partition(":")[0] for text in (recipe.run, recipe.wanted, recipe.facts, recipe.revalidate) if text}
    stack, seen = sorted(names), set(names)
    while stack:
        for name in _imports(stack.pop()) - seen:
            seen.add(name)
            stack.append(name)
    return blake3("".join(f"{name} {_code(name)}\n" for name in sorted(seen)).encode()).hexdigest()[:16]


def read() -> dict[str, tuple[int, str, str]]:
    """Return recipe -> (version, closure, why the last change was neutral)."""
    lines = (line.split("\t") for line in GOLDEN.read_text().splitlines()) if GOLDEN.exists() else iter(())
    return {name: (int(version), digits, reason) for name, version, digits, reason in lines}


def write(reason: str) -> None:
    """Write what is; raises SystemExit when a change without a new version comes without a reason."""
    before, lines = read(), []
    for recipe in recipes():
        version, digits, old_reason = before.get(recipe.name, (0, "", ""))
        now, said = closure(recipe), old_reason
        if version == recipe.version and digits != now:
            if not reason:
                raise SystemExit(f"`{recipe.name}` changed: raise its version, or say why no result changes")
            said = reason
        elif version != recipe.version:
            said = ""
        lines.append(f"{recipe.name}\t{recipe.version}\t{now}\t{said}\n")
    GOLDEN.write_text("".join(lines))


def _path(name: str) -> Path | None:
    place = ROOT.joinpath(*name.split("."))
    return next((path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()), None)


@cache
def _tree(name: str) -> ast.Module:
    path = _path(name)
    assert path is not None
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _imports(name: str) -> set[str]:
    found = set()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.partition(":")[0])  # a plug-in "module:attribute", or a program to start
    return {one for one in found if one.startswith("loopbuild.") and not one.startswith(OUTSIDE) and _path(one)}


@cache
def _code(name: str) -> str:
    return blake3(_spelled(_tree(name)).encode()).hexdigest()


def _spelled(node: object) -> str:
    """Return a node without places, docstrings and what only newer Pythons have a field for."""
    if isinstance(node, ast.AST):
        fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _IGNORED]
        shown = [f"{name}={_spelled(value)}" for name, value in fields if value is not None and value != []]
        return f"{type(node).__name__}({','.join(shown)})"
    if isinstance(node, list):
        return f"[{','.join(_spelled(one) for one in node if not _is_words(one))}]"
    return repr(node)


def _is_words(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


if __name__ == "__main__":
    write(" ".join(sys.argv[1:]))
