"""`loopbuild status`: what is stale, in one paragraph."""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.company import say_who_works
from loopbuild.cli.console import answer
from loopbuild.cli.exit_codes import ExitCode
from loopbuild.cli.unchanged import unchanged_json
from loopbuild.cli.wishes import add_selection, wishes_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `status`."""
    add_selection(parser)
    parser.add_argument("--json", action="store_true", help="as JSON, in the form of `plan --json`")


def run(arguments: argparse.Namespace) -> int:
    """Say what is stale; writes nothing."""
    from loopbuild.pipeline.builds import nothing_to_do, open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    say_who_works(opened.workspace)
    wishes = wishes_of(arguments)
    unchanged = nothing_to_do(opened, wishes)
    if unchanged is not None:
        nothing = json.dumps(unchanged_json(unchanged.target_count), sort_keys=True)
        answer(nothing if arguments.json else f"Up to date: {unchanged.target_count} targets")
        return ExitCode.DONE
    from loopbuild.cli.forecast import plan_json, status_text
    from loopbuild.pipeline.forecast import forecast

    found = forecast(opened, wishes)
    answer(json.dumps(plan_json(found), sort_keys=True) if arguments.json else status_text(found))
    return ExitCode.DONE
