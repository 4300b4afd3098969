"""`loopbuild report`: the scores of the last build."""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.console import answer, say
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `report`."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the whole report as JSON")
    form.add_argument("--markdown", action="store_true", help="the whole report as Markdown, for a pull request")


def run(arguments: argparse.Namespace) -> int:
    """Print the report of the last build that made one."""
    from loopbuild.cli.datasets import pairs_text
    from loopbuild.cli.scores import report_text
    from loopbuild.engine.query import output
    from loopbuild.pipeline.builds import open_project, report_of
    from loopbuild.pipeline.forecast import since_report

    opened = open_project(arguments.project, loopfile=arguments.file)
    report = report_of(opened)
    if report is None:
        say("error: nothing was scored yet")
        say("hint: `loopbuild build` ends with a report")
        return ExitCode.FAILED
    folder = opened.workspace.folder / "out" / "report"
    if arguments.json:
        answer(json.dumps(report, indent=2, sort_keys=True))
    elif arguments.markdown:
        answer((folder / "report.md").read_text(encoding="utf-8"))
    else:
        answer(report_text(report))
        if (pairs := output(opened.workspace, "pairs:main")) is not None:
            answer(pairs_text(pairs))
        note = since_report(opened)
        if note:
            say(f"note: {note}; `loopbuild build` brings this up to date")
        say(f"The whole report: {folder / 'report.html'}")
    return ExitCode.DONE
