"""Said beside an answer about a store in which something is going on: it may be another one soon."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from loopbuild.cli.console import say

if TYPE_CHECKING:
    from loopbuild.engine.workspace import Workspace


def say_who_works(workspace: Workspace) -> None:
    """Say in one line which other processes work in the store and since when; nothing when none does."""
    found = workspace.neighbours()
    if found:
        since = time.strftime("%H:%M:%S", time.localtime(found[0].since))
        pids = ", ".join(one.pid for one in found)
        verb, start = ("works", since) if len(found) == 1 else ("work", f"{since} or later")
        say(f"pid {pids} {verb} here since {start}: what is not finished is not counted")
