"""Finding files that hold tool declarations, and of which kind each is."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 4 * 1024 * 1024
MAX_DOCUMENT_BYTES = 64 * 1024 * 1024
_VERSION_OF_YAML = re.compile(rb"""(?m)^["']?(?:openapi|swagger)["']?[ \t]*:[ \t]*["']?[23]\.""")
_VERSION_OF_JSON = re.compile(rb'"(?:openapi|swagger)"\s*:\s*"[23]\.')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_ENDINGS = (".json", ".jsonl", ".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that can be a source, and how loop.yaml says so."""

    path: Path
    kind: str

    @property
    def address(self) -> tuple[str, str]:
        """The key of loop.yaml that says where it is, and its value."""
        if self.kind == "python":
            return "module", self.path.with_suffix("").as_posix().replace("/", ".")
        return "path", self.path.as_posix()


def find_schema_files(root: Path, *, skipped: Set[str]) -> list[Found]:
    """Return the tool lists and OpenAPI documents under `root` that read without an error, sorted by path.

    Python modules are not looked for: any module has functions, which of them are tools only their author knows.
    """
    found = []
    for path in sorted(_files(root, skipped)):
        kind = kind_of(path, root=root)
        if kind and _reads(path, kind, root):
            found.append(Found(path=path.relative_to(root), kind=kind))
    return found


def named(path: Path, *, root: Path) -> Found:
    """Return a file that somebody named, as what it looks like."""
    kind = "python" if path.suffix == ".py" else kind_of(root / path, root=root) or "toolspec"
    return Found(path=path, kind=kind)


def kind_of(path: Path, *, root: Path) -> str:
    """Return the kind of source a file looks like by its keys at the top, empty for none; parses nothing."""
    is_list = path.suffix in (".json", ".jsonl")
    try:
        # A table of rows, and what is larger than any document, is not looked through.
        is_sought = path.suffix != ".jsonl" and path.stat().st_size <= MAX_DOCUMENT_BYTES
        content = path.read_bytes() if is_sought else b""
    except OSError:
        return ""
    if _is_openapi(content):
        return "openapi"
    return "toolspec" if is_list else ""


def _is_openapi(content: bytes) -> bool:
    """Whether a key at the top says so: documents sorted by key have it behind a megabyte of schemas."""
    if _VERSION_OF_YAML.search(content):
        return True
    places = {found.start() for found in _VERSION_OF_JSON.finditer(content)}
    depth, end = 0, max(places, default=-1)
    for token in _TOKEN.finditer(content):
        if token.start() > end:
            return False
        if depth == 1 and token.start() in places:
            return True
        depth += (token[0] in b"{[") - (token[0] in b"}]")
    return False


def _files(root: Path, skipped: Set[str]) -> Iterator[Path]:
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in skipped and not name.startswith(".")]
        yield from (Path(folder) / name for name in files if name.endswith(_ENDINGS) and not name.startswith("."))


def _reads(path: Path, kind: str, root: Path) -> bool:
    from importlib import import_module

    from loopbuild.errors import SourceError
    from loopbuild.stages.sources import KINDS

    module, _, attribute = KINDS[kind].partition(":")
    name = path.relative_to(root).as_posix()
    try:
        if path.stat().st_size > (MAX_DOCUMENT_BYTES if kind == "openapi" else MAX_BYTES):
            return False
        listing = getattr(import_module(module), attribute)("x", path.read_bytes(), file=name, settings={})
    except (SourceError, OSError):
        return False
    if kind == "openapi":
        return bool(listing.tools)  # a real document may have a bad operation
    # A package.json is an object with a name, too: somewhere a tool takes something.
    takes = any(tool.input_schema.get("properties") for tool in listing.tools)
    return takes and not any(one.severity == "error" for one in listing.diagnostics)
