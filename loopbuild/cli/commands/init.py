"""`loopbuild init`: a loop.yaml from what lies here."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

from loopbuild.cli.console import answer, say
from loopbuild.errors import LoopfileError

SKIPPED = frozenset({".git", ".venv", "node_modules", ".loopbuild", "listings", "__pycache__"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `init`."""
    parser.add_argument("paths", nargs="*", help="schema files to declare (default: those found in this folder)")


def run(arguments: argparse.Namespace) -> int:
    """Write loop.yaml; an existing one is never touched."""
    from loopbuild.pipeline.discovery import find_schema_files, named

    root = Path(arguments.project)
    target = root / (arguments.file or "loop.yaml")
    if target.exists():
        raise LoopfileError(f"`{target}` exists already", intact="it was not touched")
    found = [named(Path(path), root=root) for path in arguments.paths] or find_schema_files(root, skipped=SKIPPED)
    if not found:
        raise LoopfileError(
            "no schema file found here",
            hint="name one, such as `loopbuild init tools/my_tools.json`: JSON tool lists and OpenAPI documents are "
            "recognised, a Python module has to be named",
        )
    for one in found:
        if not (root / one.path).is_file():
            raise LoopfileError(f"`{one.path}` is no file", intact="no loop.yaml was written")
    lines = ["# Run: loopbuild build", "version: 1", "sources:"]
    names: set[str] = set()
    for one in found:
        name = re.sub(r"[^a-z0-9_-]", "_", one.path.stem.lower()).lstrip("_-0123456789")[:31] or "tools"
        while name in names:
            name += "2"
        names.add(name)
        key, value = one.address
        lines.append(f"  {name}: {{kind: {one.kind}, {key}: {_plain(value)}}}")
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    say(f"Wrote `{target}` with {len(found)} source{'s' if len(found) != 1 else ''}. Next: `loopbuild plan`")
    answer("\n".join(lines))
    return 0


def _plain(path: str) -> str:
    """A path as YAML: as it is where nothing in it could mean something else, else in quotes."""
    return path if re.fullmatch(r"[A-Za-z_][\w./-]*", path) else json.dumps(path, ensure_ascii=False)
