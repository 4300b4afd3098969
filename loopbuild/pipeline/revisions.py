"""Files as they were at a git revision, read by plumbing alone: no configuration of a repository runs a program.

Knows nothing of what the files mean. Absent git, an absent repository and an unknown revision are SelectionErrors.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.errors import SelectionError

if TYPE_CHECKING:
    import subprocess

_SECONDS = 60
MOST_BYTES = 64 << 20
"""A larger file is no schema."""


def resolve(folder: Path, revision: str) -> str:
    """Return the commit that `revision` names in the repository around `folder`."""
    if revision.startswith("-") or "\n" in revision or "\0" in revision:
        raise SelectionError(f"`{revision}` is no revision")
    found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    commit = found.stdout.decode("ascii", "replace").strip()
    if found.returncode == 0 and commit:
        return commit
    said = found.stderr.decode("utf-8", "replace")
    if "not a git repository" in said:
        raise SelectionError(f"`{revision}` is neither a file nor a revision: `{folder.name}` is in no git repository")
    hint = "fetch it first: in a shallow clone only the newest revision is there"
    raise SelectionError(f"`{revision}` is neither a file nor a revision of this repository", hint=hint)


def last_change(folder: Path, path: str) -> str:
    """Return the newest commit that changed a file, empty when there is none or no repository."""
    try:
        found = _git(folder, "rev-list", "-1", "HEAD", "--", path)
    except SelectionError:
        return ""
    return found.stdout.decode("ascii", "replace").strip() if found.returncode == 0 else ""


def names(folder: Path, commit: str) -> list[str]:
    """Return every file below `folder` at a commit, relative to it."""
    found = _git(folder, "ls-tree", "-r", "-z", "--name-only", commit)
    return [os.fsdecode(name) for name in found.stdout.split(b"\0") if name]


def read(folder: Path, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Return path -> content at a commit, paths relative to `folder`; what was not there then is left out."""
    wanted = list(dict.fromkeys(paths))
    if not wanted:
        return {}
    names = {path: os.path.normpath(path).replace(os.sep, "/") for path in wanted}
    asked = {path: name for path, name in names.items() if not name.startswith(("../", "/")) and "\n" not in name}
    prefix = _prefix(folder)
    lines = "".join(f"{commit}:{prefix}{name}\n" for name in asked.values())
    output = _git(folder, "cat-file", "--batch", stdin=os.fsencode(lines)).stdout
    found: dict[str, bytes] = {}
    at = 0
    for path in asked:
        end = output.find(b"\n", at)
        if end < 0:
            break
        head = output[at:end].rsplit(b" ", 2)
        at = end + 1
        if len(head) != 3 or not head[2].isdigit():
            continue  # "... missing"
        size = int(head[2])
        if head[1] == b"blob" and size <= MOST_BYTES:
            found[path] = output[at : at + size]
        at += size + 1
    return found


def _prefix(folder: Path) -> str:
    found = _git(folder, "rev-parse", "--show-prefix")
    return os.fsdecode(found.stdout).strip("\n") if found.returncode == 0 else ""


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    import subprocess

    # A hook runs with GIT_DIR and GIT_INDEX_FILE of the repository that calls it; git itself needs to see them.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0",
                   "GIT_NO_LAZY_FETCH": "1"}  # fmt: skip
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments],
            input=stdin,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except FileNotFoundError:
        raise SelectionError("comparing with a revision needs `git`, which is not installed") from None
    except subprocess.TimeoutExpired:
        raise SelectionError(f"`git {arguments[0]}` did not answer within {_SECONDS} s") from None
