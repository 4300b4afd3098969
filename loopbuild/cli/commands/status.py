"""`loopbuild status`: what is stale, in one paragraph."""

from __future__ import annotations

import argparse

from loopbuild.cli.console import answer, printable
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`status` has no flags."""


def run(arguments: argparse.Namespace) -> int:
    """Say what is stale; writes nothing."""
    from loopbuild.pipeline.builds import nothing_to_do, open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    unchanged = nothing_to_do(opened)
    if unchanged is not None:
        answer(f"Up to date: {unchanged.target_count} targets")
        return ExitCode.DONE
    from loopbuild.cli.forecast import status_text
    from loopbuild.pipeline.forecast import forecast

    answer(printable(status_text(forecast(opened))))
    return ExitCode.DONE
