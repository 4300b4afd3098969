"""A line may import only what stands below it: an AST walk over every module, no dependency needed."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "loopbuild"
LOW = {"errors", "digest", "pointers", "visible", "hiding", "documents", "records", "children"}
# layer -> what it may import of loopbuild
ALLOWED = {
    "errors": set(),
    "digest": {"errors"},
    "pointers": set(),
    "visible": set(),
    "hiding": {"visible"},
    "children": set(),
    "documents": {"errors", "digest", "pointers", "records"},
    "records": {"errors", "digest"},
    "engine": {"errors", "digest", "children", "hiding"},
    "loopfile": {"errors", "digest", "pointers", "records", "documents"},
    "judging": {"errors", "digest", "pointers", "records"},
    "sandbox": {*LOW, "loopfile", "judging"},
    "llm": {*LOW, "loopfile", "judging"},
    "stages": {*LOW, "loopfile", "judging", "sandbox", "llm"},
    "pipeline": {*LOW, "loopfile", "judging", "sandbox", "llm", "stages", "engine"},
    "cli": {*LOW, "loopfile", "engine", "pipeline"},
}
LEAVES = {
    "torch": ("stages/training/", "llm/local.py"),
    "transformers": ("stages/training/", "llm/local.py", "llm/remembered.py"),
    "peft": ("stages/training/", "llm/local.py"),
    "trl": ("stages/training/",),
    "datasets": ("stages/training/", "stages/export/"),
    "datasketch": ("stages/filters/join.py",),
    "accelerate": ("stages/training/",),
    "bitsandbytes": ("stages/training/",),
    "safetensors": ("stages/training/", "llm/local.py"),
    "litellm": ("llm/hosted/worker.py",),
    "llguidance": ("llm/constrained.py",),
    "networkx": ("stages/toolgraph/",),
    "mcp": ("stages/sources/", "sandbox/mcp/"),
    "rich": ("cli/",),
    "ray": ("engine/executors/ray_cluster.py",),
}
MODULES = sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> list[tuple[str, int, bool]]:
    """(module, line, whether it stands at the top of the file)."""
    tree = ast.parse(path.read_text())
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    found = []
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            found += [(name.name, node.lineno, node in tree.body) for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append((node.module, node.lineno, node in tree.body))
            found += [(f"{node.module}.{name.name}", node.lineno, node in tree.body) for name in node.names]
    return found


def layer_of(parts: tuple[str, ...]) -> str:
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    parts = path.relative_to(ROOT).parts
    layer = layer_of(parts)
    for module, line, _ in imports(path):
        words = module.split(".")
        if words[0] != "loopbuild" or len(words) == 1 or layer in ("__main__", "__init__"):
            continue
        target = words[1]
        if target == "__version__":
            continue
        where = f"{path.relative_to(ROOT.parent)}:{line} imports {module}"
        if target == layer:
            if layer == "stages" and len(words) > 2:
                assert words[2] == parts[1], f"{where}: stages are strangers to each other"
            continue
        assert target in ALLOWED[layer], where


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_packages_are_imported_inside_their_leaves_only(path: Path) -> None:
    relative = str(path.relative_to(ROOT))
    for module, line, is_top in imports(path):
        package = module.split(".")[0]
        if package not in LEAVES:
            continue
        where = f"{relative}:{line} imports {package}"
        assert relative.startswith(LEAVES[package]), where
        assert not is_top, f"{where} at the top of the file"


def test_no_file_is_larger_than_one_noun() -> None:
    large = {str(path.relative_to(ROOT)): n for path in MODULES if (n := len(path.read_text().splitlines())) > 400}
    assert not large


def test_no_environment_clock_or_chance_is_taken_below_the_pipeline() -> None:
    """They are passed in, or a row would depend on something no key holds."""
    taken = []
    for path in MODULES:
        parts = path.relative_to(ROOT).parts
        if parts[0] not in {"stages", "judging", "records", "digest.py", "documents"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                name = f"{node.value.id}.{node.attr}"
                if name in {"random.random", "random.choice", "random.randint", "random.shuffle", "time.time"}:
                    taken.append(f"{'/'.join(parts)}:{node.lineno} {name}")
    assert not taken
