"""`loopbuild check`: what some changed schema files would break, and what in them could be better."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.cli.console import answer
from loopbuild.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from loopbuild.cli.checks import Screen

EXITS = """exit codes:
  0    valid; changes and warnings are shown
  1    a change at or above --fail-on, a warning under --strict, or any change under --locked
  2    a file or tool that cannot be read, a mistake in loop.yaml or on the command line
  3    a bug in loopbuild"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `check`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXITS
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="changed files; those of no source are passed over (default: all)"
    )
    parser.add_argument("--against", default="", metavar="REV", help="compare with a git revision (default: loop.lock)")
    parser.add_argument("--format", choices=("text", "json", "github"), default="text", help="github: annotations")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument(
        "--fail-on",
        choices=("never", "breaking", "behavioural", "compatible", "doc"),
        default="",
        help="exit 1 on a change at least as grave (default: `check.fail_on` of loop.yaml)",
    )
    parser.add_argument("--strict", action="store_true", help="exit 1 on a warning too")
    parser.add_argument("--locked", action="store_true", help="exit 1 when the tools are not those of loop.lock")
    parser.add_argument(
        "--all", action="store_true", help="list warnings on unchanged tools and notes on how sources were read too"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check each project that one of the files belongs to; starts nothing, writes nothing, needs no network."""
    from loopbuild.cli import checks
    from loopbuild.errors import SelectionError
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.checking import check, relative

    if arguments.locked and arguments.against:
        raise SelectionError("`--locked` compares with loop.lock, `--against` with something else")
    screens: list[Screen] = []
    for folder, files in _projects(arguments).items():
        opened = open_project(folder, loopfile=arguments.file)
        inside = None if files is None else relative(files, opened.workspace.root)
        found = check(opened, inside, against=arguments.against, everything=arguments.all)
        screens.append(checks.Screen(checked=found, root=str(opened.project.root), is_all=arguments.all))
    form = "json" if arguments.json else arguments.format
    if form == "json":
        answer(checks.check_json(screens))
    elif form == "github":
        answer(checks.check_github(screens))
    elif not any(screen.checked.files for screen in screens):
        answer("Nothing to check: none of the files belongs to a source of a loop.yaml")
    else:
        answer("\n".join(checks.check_text(screen) for screen in screens if screen.checked.files))
    return max((_exit(screen, arguments) for screen in screens), default=ExitCode.DONE)


def _projects(arguments: argparse.Namespace) -> dict[str, Sequence[str] | None]:
    """Return folder -> files of it; with a project named, or no file, that project alone."""
    if not arguments.files:
        return {arguments.project: None}
    if arguments.project != "." or arguments.file:
        # As with `make -C`: a file is meant from the folder to work in, unless it is only there from here.
        inside = [os.path.join(arguments.project, name) for name in arguments.files]  # noqa: PTH118
        pairs = zip(inside, arguments.files, strict=True)
        return {arguments.project: [one if os.path.exists(one) else name for one, name in pairs]}  # noqa: PTH110
    from loopbuild.pipeline.project import NAMES

    found: dict[str, list[str]] = {}
    homes: dict[str, str] = {}
    for name in arguments.files:
        folder = os.path.dirname(os.path.realpath(name))  # noqa: PTH120
        if folder not in homes:
            above = [Path(folder), *Path(folder).parents]
            homes[folder] = next((str(one) for one in above if any((one / file).is_file() for file in NAMES)), "")
        if homes[folder]:
            found.setdefault(homes[folder], []).append(name)
    return dict(found)


def _exit(screen: Screen, arguments: argparse.Namespace) -> ExitCode:
    from loopbuild.pipeline.comparing import has_at_least

    checked = screen.checked
    if checked.is_invalid:
        return ExitCode.MISTAKE
    limit = arguments.fail_on or checked.fail_on
    is_grave = limit != "never" and has_at_least(checked.comparison.difference, limit)
    is_warned = arguments.strict and bool(checked.remarks or checked.mistakes)
    is_other = arguments.locked and bool(checked.comparison.difference.changes)
    return ExitCode.FAILED if is_grave or is_warned or is_other else ExitCode.DONE
