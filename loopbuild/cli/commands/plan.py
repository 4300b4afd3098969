"""`loopbuild plan`: what a build would do, and what it would cost."""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.company import say_who_works
from loopbuild.cli.console import answer
from loopbuild.cli.exit_codes import ExitCode
from loopbuild.cli.unchanged import unchanged_json
from loopbuild.cli.wishes import add_defer, add_demands, add_selection, wishes_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `plan`."""
    add_selection(parser)
    add_demands(parser)
    add_defer(parser)
    parser.add_argument(
        "--check",
        action="store_true",
        help="exit 1 when something would run that loop.lock does not name, or loop.lock is out of date",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as Markdown, for a pull request")


def run(arguments: argparse.Namespace) -> int:
    """Plan; starts no server, sandbox or model, and writes nothing."""
    from loopbuild.pipeline.builds import nothing_to_do, open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    say_who_works(opened.workspace)
    wishes = wishes_of(arguments)
    unchanged = None if arguments.markdown else nothing_to_do(opened, wishes)
    if unchanged is not None:
        if arguments.json:
            answer(json.dumps(unchanged_json(unchanged.target_count), sort_keys=True))
        else:
            answer(f"Nothing to do: {unchanged.target_count} targets are up to date")
        return ExitCode.DONE
    from loopbuild.cli.forecast import failing, plan_json, plan_text
    from loopbuild.pipeline.forecast import forecast

    found = forecast(opened, wishes)
    if arguments.json:
        answer(json.dumps(plan_json(found), sort_keys=True))
    elif arguments.markdown:
        from loopbuild.cli.markdown import plan_markdown

        answer(plan_markdown(found))
    else:
        answer(plan_text(found))
    return ExitCode.FAILED if failing(found) or (arguments.check and found.is_work_left) else ExitCode.DONE
