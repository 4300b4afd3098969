"""`loopbuild merge-lock`: two branches' loop.lock made one; also a git merge driver."""

from __future__ import annotations

import argparse
from pathlib import Path

from loopbuild.cli.console import answer
from loopbuild.cli.units import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `merge-lock`."""
    parser.add_argument(
        "files",
        nargs="*",
        metavar="BASE OURS THEIRS",
        help="as git passes them (%%O %%A %%B), the result goes into OURS; none: solve the conflict in loop.lock",
    )


def run(arguments: argparse.Namespace) -> int:
    """Merge; exits 2 for a lock that can not be read."""
    from loopbuild.errors import SelectionError
    from loopbuild.pipeline.merging import Merged, merge_conflict, merge_files

    if len(arguments.files) not in (0, 3):
        raise SelectionError("`merge-lock` takes three files or none", hint="git passes them as `%O %A %B`")
    done: Merged | None
    if arguments.files:
        base, ours, theirs = (Path(name) for name in arguments.files)
        done = merge_files(base, ours, theirs)
    else:
        from loopbuild.pipeline.builds import open_project

        done = merge_conflict(open_project(arguments.project, loopfile=arguments.file))
        if done is None:
            answer("loop.lock has no conflict")
            return 0
    answer(f"Merged loop.lock: {count(done.lines, 'line')}")
    if done.dropped:
        shown = ", ".join(done.dropped[:5]) + (f" and {len(done.dropped) - 5:,} more" if len(done.dropped) > 5 else "")
        answer(f"Left out, as they exist no more: {shown}")
    for name in done.kept_heads:
        answer(f"{name} goes on from our checkpoint; `loopbuild plan` says on how many rows it has not seen")
    return 0
