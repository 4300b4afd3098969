"""`loopbuild build`: bring everything up to date."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator

from loopbuild.cli.console import answer, error_text, say
from loopbuild.cli.exit_codes import ExitCode
from loopbuild.cli.unchanged import unchanged_outcome_json
from loopbuild.cli.units import count
from loopbuild.cli.wishes import add_defer, add_demands, add_selection, wishes_of
from loopbuild.errors import LoopbuildError, SelectionError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `build`."""
    add_selection(parser)
    add_demands(parser)
    add_defer(parser)
    parser.add_argument(
        "--frozen",
        action="store_true",
        help="spend nothing, ask no server and leave loop.lock as it is; exit 1 naming what would change it",
    )
    parser.add_argument(
        "--record",
        action="append",
        default=[],
        metavar="SOURCE",
        help="first ask the sandbox this source's recording is made `of` everything again, and write its answers down",
    )
    parser.add_argument(
        "--dry-run", "-n", action="store_true", help="only say what it would do: `plan` of the same words"
    )
    parser.add_argument("-j", "--jobs", type=_jobs, default=1, metavar="N", help="processes for row work (default 1)")
    parser.add_argument(
        "--executor", choices=("processes", "ray"), default="", help="where row work runs (default: `engine.executor`)"
    )
    parser.add_argument(
        "--fail-fast", action="store_true", help="stop at the first failure instead of going on elsewhere"
    )
    parser.add_argument("--no-remote", action="store_true", help="neither ask the remote cache nor send it anything")
    parser.add_argument(
        "--no-wait",
        action="store_true",
        help="leave to another build what it is making instead of waiting for it; exit 1 when anything is left",
    )
    parser.add_argument("--progress", choices=("auto", "plain", "json", "none"), default="auto", help="how to show it")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON on stdout")


def _jobs(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"`{text}` is no number of processes; at least 1")
    return int(text)


def _errors(errors: Iterable[LoopbuildError]) -> Iterator[str]:
    """What stopped several targets alike is told once."""
    found: dict[tuple[str, str], list[LoopbuildError]] = {}
    for error in errors:
        found.setdefault((error.message, error.hint), []).append(error)
    for first, *others in found.values():
        yield error_text(first)
        if others:
            yield f"  the same stopped {count(len(others), 'more target')}"


def run(arguments: argparse.Namespace) -> int:
    """Build; exits 1 when something failed, 130 when interrupted."""
    if arguments.dry_run:
        from loopbuild.cli.commands import plan

        if arguments.record:
            raise SelectionError("`--dry-run` asks no sandbox to record", hint="leave out one of the two")
        return plan.run(argparse.Namespace(**vars(arguments), check=False, markdown=False))
    from loopbuild.pipeline.builds import build_project, gates_missed, nothing_to_do, open_project, report_of

    opened = open_project(arguments.project, loopfile=arguments.file)
    wishes = wishes_of(arguments)
    if wishes.frozen and (wishes.force or wishes.refresh or wishes.from_scratch or wishes.record):
        hint = "leave out --force, --refresh, --from-scratch and --record"
        raise SelectionError("`--frozen` runs nothing again", hint=hint)
    if wishes.frozen and wishes.defer:
        raise SelectionError("`--frozen` compares with the loop.lock that `--defer` leaves aside", hint="leave out one")
    if wishes.name is not None:
        unchanged = nothing_to_do(opened, wishes)
        if unchanged is not None:
            missed = gates_missed(report_of(opened)) if unchanged.covers("report:main") else ()
            if arguments.json:
                answer(json.dumps(unchanged_outcome_json(unchanged.target_count, missed), sort_keys=True))
            else:
                answer(f"Nothing to do: {unchanged.target_count} targets are up to date")
                if missed:
                    from loopbuild.cli.summary import gates_text

                    answer(gates_text(missed))
            return ExitCode.FAILED if missed else ExitCode.DONE
    from loopbuild.cli.progress import progress
    from loopbuild.cli.summary import frozen_text, outcome_json, outcome_text

    with progress("none" if arguments.json and arguments.progress == "auto" else arguments.progress) as watch:
        done = build_project(
            opened,
            wishes=wishes,
            jobs=arguments.jobs,
            executor=arguments.executor,
            waits=not arguments.no_wait,
            fail_fast=arguments.fail_fast,
            on_event=watch,
            use_remote=not arguments.no_remote,
        )
    for text in _errors(done.outcome.errors):
        say(text)
    if done.lock_changes:
        say(frozen_text(done.lock_changes))
    if arguments.json:
        answer(json.dumps(outcome_json(done), sort_keys=True))
    elif done.outcome.ran or not done.lock_changes:
        answer(outcome_text(done))
    if done.outcome.is_interrupted:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE if done.outcome.is_success and not done.missed_gates else ExitCode.FAILED
