"""`loopbuild log`: what earlier builds ran."""

from __future__ import annotations

import argparse
import time

from loopbuild.cli.console import answer, printable
from loopbuild.cli.units import count, duration, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `log`."""
    parser.add_argument("-n", type=int, default=5, metavar="N", help="how many builds (default 5)")


def run(arguments: argparse.Namespace) -> int:
    """Print the newest builds first, the slowest targets of each."""
    from loopbuild.engine.history import history
    from loopbuild.pipeline.builds import open_project

    opened = open_project(arguments.project, loopfile=arguments.file)
    runs = history(opened.workspace, arguments.n)
    if not runs:
        answer("Nothing was built here yet")
        return 0
    blocks = []
    for run in runs:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(run.started))
        head = (
            f"build {run.number}  {when}  {run.outcome} in {duration(run.seconds)}, {count(len(run.targets), 'target')}"
        )
        slowest = sorted(run.targets, key=lambda target: -target.seconds)[:8]
        rows = [
            [
                target.target,
                target.outcome,
                f"{target.rows_run:,} of {target.rows_total:,}" if target.rows_total else "",
                duration(target.seconds),
                target.message or ", ".join(target.reasons),
            ]
            for target in slowest
        ]
        more = [f"  and {len(run.targets) - len(slowest)} quicker ones"] if len(run.targets) > len(slowest) else []
        blocks.append("\n".join([head, table(rows, right=frozenset({2, 3}), indent="  "), *more]))
    answer(printable("\n".join(blocks)))
    return 0
