"""`loopbuild plan`: what a build would do, and what it would cost."""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.console import answer, printable
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `plan`."""
    parser.add_argument("select", nargs="*", metavar="TARGET", help="as for build; default all")
    parser.add_argument(
        "--check", action="store_true", help="exit 1 when something would run, for continuous integration"
    )
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Plan; starts no server, sandbox or model, and writes nothing."""
    from loopbuild.pipeline.builds import nothing_to_do, open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    unchanged = None if arguments.select else nothing_to_do(opened)
    if unchanged is not None:
        if arguments.json:
            answer(json.dumps({"would": [], "may": [], "fresh": unchanged.target_count}))
        else:
            answer(f"Nothing to do: {unchanged.target_count} targets are up to date")
        return ExitCode.DONE
    from loopbuild.cli.forecast import plan_json, plan_text
    from loopbuild.pipeline.forecast import forecast

    found = forecast(opened, select=tuple(arguments.select))
    answer(json.dumps(plan_json(found), sort_keys=True) if arguments.json else printable(plan_text(found)))
    errors = any(entry.error for entry in found.plan.would)
    work = not found.plan.is_nothing_to_do
    return ExitCode.FAILED if arguments.check and (work or errors) else ExitCode.DONE
