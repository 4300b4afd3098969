"""`loopbuild diff`: what changed in the tools."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.cli.console import answer, error_text, say
from loopbuild.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from loopbuild.pipeline.comparing import Comparison

FORMATS = ("text", "json", "markdown", "github")
FAIL_ON = ("breaking", "behavioural", "compatible", "doc")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `diff`."""
    parser.add_argument(
        "old", nargs="?", help="a git revision or another version of the schema file (default: loop.lock)"
    )
    parser.add_argument(
        "new", nargs="?", help="what OLD is compared with: a revision or a file (default: the tools as declared now)"
    )
    parser.add_argument("--against", default="", metavar="REV|FILE", help="the same as OLD")
    parser.add_argument(
        "--format", choices=FORMATS, default="text", help="markdown: for a pull request; github: annotations"
    )
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--all", action="store_true", help="list every change by itself: nothing folded, nothing cut")
    parser.add_argument("--fail-on", choices=FAIL_ON, default="", help="exit 1 on a change at least as grave")


def run(arguments: argparse.Namespace) -> int:
    """Compare the declared tools with loop.lock, a revision or a file, or two of these; builds and starts nothing."""
    from loopbuild.errors import SelectionError, SourceError
    from loopbuild.pipeline.comparing import has_at_least

    if arguments.old and arguments.against:
        raise SelectionError("OLD and `--against` are the same thing", hint="give one of the two")
    try:
        found, root = _compared(arguments)
    except SourceError as mistake:  # a file that the command line names
        mistake.exit_code = ExitCode.MISTAKE
        raise
    form = "json" if arguments.json else arguments.format
    for error in found.errors if form != "github" else ():
        say(error_text(error))
    if not found.base and form == "text":
        say(
            "Nothing was built or committed yet, so there is nothing to compare with. Run `loopbuild build`, or name "
            "another version"
        )
    elif form != "text" or found.tools or not found.errors:
        answer(_shown(found, form, root=root, everything=arguments.all))
    is_bad = bool(arguments.fail_on) and has_at_least(found.difference, arguments.fail_on)
    gravest = max((error.exit_code for error in found.errors), default=ExitCode.DONE)
    return max(gravest, ExitCode.FAILED if is_bad else ExitCode.DONE)


def _compared(arguments: argparse.Namespace) -> tuple[Comparison, str]:
    """Return what was compared, and the folder its places are relative to."""
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.comparing import compare, compare_two, settings_of

    if arguments.new and os.path.isfile(arguments.old) and os.path.isfile(arguments.new):  # noqa: PTH113
        # Two files need no project; where there is one it may know what the change makes stale.
        return _of_files(arguments)
    opened = open_project(arguments.project, loopfile=arguments.file)
    root, settings = str(opened.project.root), settings_of(opened)
    if arguments.new:
        return compare_two(opened, settings, arguments.old, arguments.new), root
    return compare(opened, settings, against=arguments.old or arguments.against), root


def _of_files(arguments: argparse.Namespace) -> tuple[Comparison, str]:
    from loopbuild.errors import SelectionError
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.comparing import compare_files, compare_two, settings_of
    from loopbuild.pipeline.project import has_project

    is_asked = bool(arguments.file) or arguments.project != "."
    if not is_asked and not has_project(Path()):
        return compare_files(arguments.old, arguments.new), "."
    opened = open_project(arguments.project, loopfile=arguments.file)
    try:
        return compare_two(opened, settings_of(opened), arguments.old, arguments.new), str(opened.project.root)
    except SelectionError:
        if is_asked:
            raise
        return compare_files(arguments.old, arguments.new), "."


def _shown(found, form: str, *, root: str, everything: bool) -> str:  # type: ignore[no-untyped-def]
    from loopbuild.cli import differences
    from loopbuild.cli.units import count

    if form == "json":
        return differences.diff_json(found)
    if form == "markdown":
        return differences.diff_markdown(found)
    if form == "github":
        return differences.diff_github(found, root=root)
    notes = "".join(f"\nnote: {note}" for note in found.notes)
    if not found.difference.changes:
        return f"No change in {count(found.tools, 'tool')}{notes}"
    return differences.diff_text(found, everything=everything)
