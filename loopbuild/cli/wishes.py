"""The flags that say which targets are meant, the same for `build` and `plan`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopbuild.pipeline.builds import Wishes

SELECT = (
    "`checkpoint:recall`, `tasks:`, `tasks:hr/*`, `+x` with all it needs, `x+` with all that needs it, `2+x`, `x+1`, "
    "`@x`, `tool:hr/x`, `state:stale`, `reason:input_changed`, `result:failed`; a comma means both; default all"
)


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Declare TARGET and `--exclude`."""
    parser.add_argument("select", nargs="*", metavar="TARGET", help=SELECT)
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="SELECT", help="neither these nor what needs them"
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
        help="ask a live source (`source:NAME`) or whoever made a pinned result again; it may cost money",
    )
    parser.add_argument(
        "--from-scratch", action="append", default=[], metavar="PHASE", help="train a phase without its history"
    )


def wishes_of(arguments: argparse.Namespace) -> Wishes:
    """Return what the flags say."""
    from loopbuild.pipeline.builds import Wishes

    return Wishes(
        select=tuple(arguments.select),
        exclude=tuple(arguments.exclude),
        force=tuple(arguments.force),
        refresh=tuple(arguments.refresh),
        from_scratch=tuple(arguments.from_scratch),
        record=tuple(getattr(arguments, "record", ())),
        frozen=getattr(arguments, "frozen", False),
    )
