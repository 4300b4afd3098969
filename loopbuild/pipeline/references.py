"""Other states of a project that a person names: a lock file, a git revision, an earlier build, a checkpoint.

Decides what a word stands for: the path of a lock first, then a revision of git whose loop.lock is read, without its
hooks, filters or settings from the environment. Writes nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from loopbuild.digest import digest
from loopbuild.engine import lockfile
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.versus import output_at, outputs_of, result_like
from loopbuild.errors import SelectionError
from loopbuild.pipeline.builds import OpenProject

_SECONDS = 60.0
_HEX = re.compile("[0-9a-f]{6,64}")
"""Shorter words are builds, tags and branches."""
_PASSED_ON = ("PATH", "HOME", "GIT_DIR", "GIT_WORK_TREE", "GIT_CEILING_DIRECTORIES")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Some loop.lock, and what it was called."""

    name: str
    lines: lockfile.Lines


def referred(root: Path, name: str, environment: Mapping[str, str] = os.environ) -> Reference:
    """Return the lock that `name` stands for, a path from here or from the project.

    Raises SelectionError when it stands for none, LockError for one that can not be read.
    """
    for path in (Path(name), root / name):
        lock = path / lockfile.NAME if path.is_dir() else path
        if lock.is_file():
            return Reference(name=name, lines=lockfile.read(lock.parent, lock.name))
    return Reference(name=name, lines=lockfile.decode(_of_revision(root, name, environment)))


def deferred(root: Path, name: str, *, select: Collection[str]) -> lockfile.Lines | None:
    """Return the lines of the lock a part defers to, None when it defers to none.

    Raises SelectionError when everything is selected, so that nothing is left to defer.
    """
    if not name:
        return None
    if not select:
        raise SelectionError(
            "`--defer` takes what is not selected from elsewhere, and everything is selected",
            hint="name the part to build, such as `tasks:` or `state:modified`",
        )
    return referred(root, name).lines


def earlier_result(opened: OpenProject, target: str, name: str) -> tuple[str, str]:
    """Return what an earlier result of a target is called, and the first digits of its output.

    `name` is the number of a build, the first digits of a key, of an output or of a checkpoint's weights, a lock file
    or a revision of git. Raises SelectionError when it is none of them.
    """
    ws = opened.workspace
    if _HEX.fullmatch(name):
        output = result_like(ws, target, name) or _with_weights(opened, target, name)
        if output:
            return f"{name[:8]}", output
    if name.isdecimal():
        return f"build {name}", output_at(ws, target, int(name))
    line = referred(opened.project.root, name).lines.get(target)
    if line is None or not line[0]:
        raise SelectionError(f"the loop.lock of `{name}` has no result of `{target}`", hint="it was not built there")
    return f"`{name}`", line[0].removeprefix("b3:")


def _with_weights(opened: OpenProject, target: str, start: str) -> str:
    if not target.startswith("checkpoint:"):
        return ""
    for output in outputs_of(opened.workspace, target):
        with contextlib.suppress(ObjectDamaged):
            if digest("model", json.loads(opened.workspace.objects.get(output))["files"]).startswith(start):
                return output
    return ""


def _of_revision(root: Path, name: str, environment: Mapping[str, str]) -> str:
    commit = _git(root, environment, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if not commit:
        raise SelectionError(
            f"`{name}` is neither a lock file nor a revision of git here",
            hint="give such as `main`, `HEAD~1`, `v1.2`, or the path of another loop.lock",
        )
    found = _git(root, environment, "cat-file", "blob", f"{commit.strip()}:./{lockfile.NAME}")
    if found is None:
        raise SelectionError(
            f"`{name}` has no `{lockfile.NAME}`", hint="it was not committed there; the path of a lock file will do too"
        )
    return found


def _git(root: Path, environment: Mapping[str, str], *words: str) -> str | None:
    """Return what git says, None when it says no. A blob is read as it was committed, whatever its attributes."""
    made = {name: environment[name] for name in _PASSED_ON if name in environment} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *words], cwd=root, env=made, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS
        )
    except FileNotFoundError as error:
        raise SelectionError(
            "git is not installed, so no revision can be looked up", hint="name the path of a lock file instead"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise SelectionError(f"git did not answer within {_SECONDS:.0f} s", hint="name a lock file instead") from error
    said = done.stderr.decode("utf-8", "replace").strip()
    if done.returncode and words[0] == "rev-parse" and said:
        raise SelectionError(f"git says `{said.splitlines()[0]}`", hint="name the path of a lock file instead")
    return done.stdout.decode("utf-8", "replace") if not done.returncode else None
