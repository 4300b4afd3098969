"""`loopbuild try`: talk to the trained model."""

from __future__ import annotations

import argparse
import sys

from loopbuild.cli.console import answer, say
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `try`."""
    parser.add_argument("request", nargs="*", help="what to ask; without it, lines are read from standard input")
    parser.add_argument("--fixture", type=int, default=1000, help="the starting world of the sandbox (default 1000)")


def run(arguments: argparse.Namespace) -> int:
    """Answer one request, or one per line; every request starts in the same world."""
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.trying import Trial, last_checkpoint

    opened = open_project(arguments.project, loopfile=arguments.file)
    checkpoint = last_checkpoint(opened)
    if checkpoint is None:
        say("error: no model was trained here yet")
        say("hint: `loopbuild build` trains one")
        return ExitCode.FAILED
    say("loading the model")
    with Trial(opened, checkpoint, fixture=arguments.fixture) as trial:
        requests = [" ".join(arguments.request)] if arguments.request else sys.stdin
        if not arguments.request and sys.stdin.isatty():
            known = trial.examples()
            say("ask something; an empty line ends. Things this world knows: " + ", ".join(known))
        for line in requests:
            if not line.strip():
                break
            for role, text in trial.ask(line.strip()):
                answer(f"{role:<10} {text}")
    return ExitCode.DONE
