"""`loopbuild status`: what is stale, in one paragraph."""

from __future__ import annotations

import argparse

from loopbuild.cli.console import answer, printable
from loopbuild.cli.exit_codes import ExitCode
from loopbuild.cli.wishes import add_selection


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `status`."""
    add_selection(parser)


def run(arguments: argparse.Namespace) -> int:
    """Say what is stale; writes nothing."""
    from loopbuild.pipeline.builds import Wishes, nothing_to_do, open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    wishes = Wishes(select=tuple(arguments.select), exclude=tuple(arguments.exclude))
    unchanged = None if wishes else nothing_to_do(opened)
    if unchanged is not None:
        answer(f"Up to date: {unchanged.target_count} targets")
        return ExitCode.DONE
    from loopbuild.cli.forecast import status_text
    from loopbuild.pipeline.forecast import forecast

    answer(printable(status_text(forecast(opened, wishes))))
    return ExitCode.DONE
