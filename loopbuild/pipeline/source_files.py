"""Which files a source of loop.yaml is read from: the one it names, and those that one leads to.

Finds names, reads bytes only to see what they refer to, and follows nothing out of the project.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.pipeline.listings import is_live
from loopbuild.records import Listing

_GLOB = re.compile(r"[*?\[]")
_GLOB_LINE = re.compile(r"path:\s*[\"']?([^\"'\s,}#]*[*?\[][^\"'\s,}#]*)")
MAX_FILES = 500


def files_of(name: str, source: Json, *, root: Path) -> tuple[str, ...]:
    """Return the paths a source is read from, relative to the project; the first is the one its tools stand in."""
    if is_live(source):
        return (f"listings/{name}.json", *_modules(source, root)[:1])
    if source["kind"] == "python":
        return _modules(source, root)
    if source["kind"] == "openapi":
        from loopbuild.stages.sources.openapi.nearby import referred

        return (source["path"], *referred(source["path"], root=root, copies=source["refs"], most=MAX_FILES))
    return expanded(source["path"], root=root) or (source["path"],)


def expanded(pattern: str, *, root: Path) -> tuple[str, ...]:
    """Return the files a glob matches, sorted; a plain path is itself."""
    if not _GLOB.search(pattern) or (root / pattern).is_file() or Path(pattern).is_absolute():
        return (pattern,)
    found = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.is_file())
    return tuple(found[:MAX_FILES])


def globbed(loopfile: bytes, *, root: Path) -> list[str]:
    """Return the files matched by anything in loop.yaml that looks like a glob of a source, without parsing it.

    A build with nothing to do must notice that such a file has come or gone.
    """
    patterns = set(_GLOB_LINE.findall(loopfile.decode("utf-8", errors="replace")))
    return sorted({name for pattern in patterns for name in expanded(pattern, root=root)})


def observed_file(name: str) -> str:
    """Return where lies what the tools of a source were seen to return, relative to the project."""
    return f"listings/{name}.observed.json"


def read_source(params: Json, content: bytes, beside: Mapping[str, bytes] | None = None) -> Listing:
    """Read one source's files with the reader of its kind, and with what its tools were seen to return."""
    from importlib import import_module

    from loopbuild.stages.sources import KINDS

    module, _, attribute = KINDS[params["kind"]].partition(":")
    others = dict(beside or {})
    seen = others.pop(params.get("observed", ""), None)
    listing: Listing = getattr(import_module(module), attribute)(
        params["name"], content, file=params["path"], settings=params, beside=others
    )
    if seen is None:
        return listing
    from loopbuild.stages.sources.observed import with_observed

    return with_observed(listing, seen, file=params["observed"])


def _modules(source: Json, root: Path) -> tuple[str, ...]:
    if source["kind"] != "python":
        return ()
    from loopbuild.stages.sources.python.nearby import imported

    file = source["module"].partition(":")[0].replace(".", os.sep)
    path = next((name for name in (f"{file}.py", f"{file}/__init__.py") if (root / name).is_file()), f"{file}.py")
    return (path, *imported(path, root=root, most=MAX_FILES))
