"""The flags that say which targets are meant, the same for `build` and `plan`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopbuild.pipeline.wishes import Wishes

SELECT = (
    "`checkpoint:recall`, `tasks:`, `tasks:hr/*`, `+x` with all it needs, `x+` with all that needs it, `2+x`, `x+1`, "
    "`@x`, `tool:hr/x`, `row:3fa9`, `state:stale`, `new`, `modified`, `modified.params`, `.returns`, `.docs`, "
    "`removed`, `failed`, `reason:input_changed`, `result:failed`; a comma means both; default all"
)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Declare TARGET and `--exclude`."""
    parser.add_argument("select", nargs="*", metavar="TARGET", help=SELECT)
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="SELECT", help="neither these nor what needs them"
    )
    parser.add_argument(
        "--state",
        default="",
        metavar="REF",
        help="see `state:` against the loop.lock of a git revision, or another lock file, instead of the one here",
    )


def add_demands(parser: argparse.ArgumentParser) -> None:
    """Declare what runs although nothing made it stale."""
    parser.add_argument(
        "--force", action="append", default=[], metavar="SELECT", help="run these again though nothing changed"
    )
    parser.add_argument(
        "--refresh",
        action="append",
        default=[],
        metavar="SELECT",
        help="ask a live source (`source:NAME`) or whoever made a pinned result again, or only one row of it "
        "(`row:3fa9`, `generations:model#3fa9`); it may cost money",
    )
    parser.add_argument(
        "--from-scratch", action="append", default=[], metavar="PHASE", help="train a phase without its history"
    )
    parser.add_argument(
        "--no-revalidate",
        action="store_true",
        help="draw rows afresh that could be proven still good, and were: byte for byte what a clean build gives",
    )


def add_defer(parser: argparse.ArgumentParser) -> None:
    """Declare where the unselected comes from."""
    parser.add_argument(
        "--defer",
        default="",
        metavar="REF",
        help="take what is not selected as the loop.lock of a git revision, or another lock file, names it; "
        "writes no loop.lock",
    )


def wishes_of(arguments: argparse.Namespace) -> Wishes:
    """Return what the flags say; a verb without demands has none."""
    from loopbuild.pipeline.wishes import Wishes

    return Wishes(
        select=tuple(arguments.select),
        exclude=tuple(arguments.exclude),
        force=tuple(getattr(arguments, "force", ())),
        refresh=tuple(getattr(arguments, "refresh", ())),
        from_scratch=tuple(getattr(arguments, "from_scratch", ())),
        record=tuple(getattr(arguments, "record", ())),
        state=arguments.state,
        proves=not getattr(arguments, "no_revalidate", False),
        defer=getattr(arguments, "defer", ""),
        frozen=getattr(arguments, "frozen", False),
    )
