"""`loopbuild export --format FORMAT DIR`: the built dataset in the form another program reads."""

from __future__ import annotations

import argparse

from loopbuild.cli.console import answer, say
from loopbuild.cli.exit_codes import ExitCode

FORMATS = ("openai", "hf", "trl-sft", "trl-dpo", "trl-grpo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `export`."""
    parser.add_argument("folder", metavar="DIR", help="a new or empty folder, or that of an earlier export")
    parser.add_argument(
        "--format",
        required=True,
        choices=FORMATS,
        help="openai: chat lines; hf: Parquet for `load_dataset`; trl-*: columns of TRL's trainers",
    )
    parser.add_argument(
        "--extra-tools",
        type=int,
        metavar="N",
        help="schemas a row shows beside those of the tools it calls; -1: all (default: all of up to 20 tools, else 8)",
    )
    parser.add_argument(
        "--no-mask", action="store_true", help="leave personal data in what real services returned as it is"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the folder; nothing is built."""
    import os
    from pathlib import Path

    from loopbuild.cli.units import count
    from loopbuild.pipeline.builds import nothing_to_do, open_project
    from loopbuild.pipeline.exporting import export

    opened = open_project(arguments.project, loopfile=arguments.file)
    done = export(
        opened,
        Path(arguments.folder),
        format=arguments.format,
        extra_tools=arguments.extra_tools,
        masks=not arguments.no_mask,
        environment=os.environ,
    )
    told = ", ".join(f"{count(number, 'row')} in `{name}`" for name, number in done.rows.items())
    answer(f"Exported {told} to {done.folder}")
    if done.personal:
        say("masked: " + ", ".join(f"{number:,} × {kind}" for kind, number in done.personal.items()))
    if done.writers:
        say(f"note: check the terms of {', '.join(f'`{name}`' for name in done.writers)} before you share or train")
    if nothing_to_do(opened) is None:
        say("note: this is the dataset last built; `loopbuild plan` says whether it is stale")
    say(f"Read the card before you share it: {done.folder / 'README.md'}")
    return ExitCode.DONE
