"""Which files an OpenAPI document refers to, found without parsing it.

Decides how far a reference may reach: into the folder of the root document, links resolved, and to copies that
loop.yaml names. Everything else is not listed here and so never read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

_REF = re.compile(rb"""\$ref["']?\s*:\s*["']?([^"'\s#{}\[\],][^"'\s#{}\[\],]*)""")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//|/")


def referred(path: str, *, root: Path, copies: Mapping[str, str], most: int) -> tuple[str, ...]:
    """Return the files that may be read beside `path`, relative to the project and sorted, at most `most`."""
    folder = posixpath.dirname(path)
    found = {posixpath.normpath(copy) for copy in copies.values() if (root / copy).is_file()}
    stack = [path, *sorted(found)]
    while stack and len(found) < most:
        current = stack.pop()
        try:
            content = (root / current).read_bytes()
        except OSError:
            continue
        for raw in set(_REF.findall(content)):
            name = raw.decode("utf-8", errors="replace")
            if _SCHEME.match(name):
                continue
            target = posixpath.normpath(posixpath.join(posixpath.dirname(current), unquote(name)))
            if target != path and target not in found and _is_within(root, target, folder):
                found.add(target)
                stack.append(target)
    return tuple(sorted(found)[:most])


def _is_within(root: Path, target: str, folder: str) -> bool:
    """Say whether a file lies in `folder` of the project, wherever links lead."""
    try:
        real = (root / target).resolve()
        return real.is_relative_to((root / folder).resolve()) and real.is_file()
    except (OSError, RuntimeError, ValueError):
        return False
