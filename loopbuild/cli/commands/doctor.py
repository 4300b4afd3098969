"""`loopbuild doctor`: does this machine have what the project needs, and how does its store stand?"""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.console import answer
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `doctor`."""
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Look; writes nothing, and asks nobody but a remote cache. Exits 1 when something is missing or out of order."""
    from loopbuild.cli.health import findings, health_text
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.doctor import health

    found = findings(health(open_project(arguments.project, loopfile=arguments.file)))
    if arguments.json:
        answer(json.dumps([one._asdict() for one in found], sort_keys=True))
    else:
        answer(health_text(found))
    return ExitCode.DONE if all(one.verdict != "bad" for one in found) else ExitCode.FAILED
