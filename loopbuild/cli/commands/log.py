"""`loopbuild log`: what earlier builds ran, failed at, waited for, and how two of them differ."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from loopbuild.cli.console import answer

if TYPE_CHECKING:
    from loopbuild.engine.workspace import Workspace

QUESTIONS = {
    "runs": "the newest builds",
    "what-ran": "every target of a build, with its reasons",
    "failed": "what failed in a build, and with which message",
    "slowest": "the targets that took longest",
    "critical-path": "the chain of targets that took longest together: more jobs do not shorten it",
    "diff": "where two builds differ: `log diff 3 5`",
    "trace": "a build as JSON for Perfetto or chrome://tracing: `log trace > build.json`",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `log`."""
    listed = "; ".join(f"{name}: {sentence}" for name, sentence in QUESTIONS.items())
    parser.add_argument("question", nargs="?", choices=list(QUESTIONS), default="runs", help=listed)
    parser.add_argument("builds", nargs="*", type=int, metavar="N", help="for `diff`, two builds; default the last two")
    parser.add_argument("--run", type=_at_least_one, default=0, metavar="N", help="which build (default the newest)")
    parser.add_argument("-n", type=_at_least_one, default=5, metavar="N", help="how many builds or targets (default 5)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def _at_least_one(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not number:
        raise argparse.ArgumentTypeError(f"`{text}` is no number from 1 on")
    return number


def run(arguments: argparse.Namespace) -> int:
    """Answer; writes nothing."""
    from loopbuild.cli.runs import run_json
    from loopbuild.engine.runs import run_of
    from loopbuild.pipeline.builds import open_project

    workspace = open_project(arguments.project, loopfile=arguments.file).workspace
    if arguments.question == "trace":
        from loopbuild.engine.trace import trace

        answer(json.dumps(trace(run_of(workspace, arguments.run)), sort_keys=True))
        return 0
    if arguments.json:
        from loopbuild.engine.history import history

        is_list = arguments.question == "runs" and not arguments.run
        found = history(workspace, arguments.n) if is_list else (run_of(workspace, arguments.run),)
        answer(json.dumps([run_json(one) for one in found], sort_keys=True))
        return 0
    answer(_text(workspace, arguments))
    return 0


def _text(workspace: Workspace, arguments: argparse.Namespace) -> str:
    from loopbuild.cli import runs
    from loopbuild.engine.history import history
    from loopbuild.engine.runs import critical_path, difference, run_of

    if arguments.question == "runs" and arguments.run:
        return runs.runs_text([run_of(workspace, arguments.run)])
    if arguments.question == "runs":
        return runs.runs_text(history(workspace, arguments.n))
    if arguments.question == "diff":
        numbers = arguments.builds or [one.number for one in reversed(history(workspace, 2))]
        if len(numbers) != 2:
            from loopbuild.errors import SelectionError

            raise SelectionError("`log diff` compares two builds", hint="`loopbuild log` lists them")
        old, new = (run_of(workspace, number) for number in numbers)
        return runs.difference_text(old, new, difference(old, new))
    chosen = run_of(workspace, arguments.run)
    if arguments.question == "critical-path":
        return runs.path_text(chosen, critical_path(workspace, chosen))
    texts = {"what-ran": runs.what_ran_text, "failed": runs.failed_text}
    if arguments.question in texts:
        return texts[arguments.question](chosen)
    return runs.slowest_text(chosen, arguments.n)
