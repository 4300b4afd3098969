"""The exit codes of every verb."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a shell or a CI job reads."""

    DONE = 0
    FAILED = 1
    """A target failed, work remains under `--check`, a gate was missed."""
    MISTAKE = 2
    """The command line, loop.yaml, a name that matches nothing, a missing extra."""
    BUG = 3
    INTERRUPTED = 130
