"""Forked builds, and ways to make them fail at a chosen moment."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from loopbuild.engine.target import Target
from loopbuild.errors import StoreError
from tests.engine.conftest import Project
from tests.engine.recipes import chain, table

WORDS = "x=one\ny=two\nz=three\n"
ROWS = "r1 x\nr2 x y\nr3 z\nr4 y\nr5 x z\nr6 z y\n"
REPOSITORY = Path(__file__).parents[2]


def everything() -> list[Target]:
    """Plain targets and a table."""
    return [*chain(), *table()]


def new_project(root: Path) -> Project:
    """A folder with the files `everything` reads."""
    root.mkdir(exist_ok=True)
    found = Project(root)
    found.write(f0="a\n# c\n", f1="b\n", f2="c\n", f3="d\n", words=WORDS, rows=ROWS)
    return found


def child(work: Callable[[], object]) -> int:
    """Fork; a spawned interpreter would spend the whole test starting up. Leads a process group of its own."""
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setpgid(0, 0)
        work()
        code = 0
    except StoreError:
        code = 1
    finally:
        os._exit(code)


def exit_code(pid: int) -> int:
    """Wait for the end; negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def wait_until(is_so: Callable[[], bool], *, seconds: float = 30.0) -> None:
    """Wait for something another process does."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def failing(count: int, do: Callable[[], Any]) -> None:
    """Let the rename number `count` and all later ones not happen, but `do` instead."""
    real, seen = os.replace, [0]

    def replace(source: Any, target: Any, **options: Any) -> None:
        seen[0] += 1
        if seen[0] >= count:
            do()
        real(source, target, **options)

    os.replace = replace
