"""`loopbuild show THING`: a tool, a target, or a row."""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.console import answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `show`."""
    parser.add_argument(
        "what", help="`get_open_roles`, `dataset:main`, `checkpoint:recall`, or the first digits of a row's key"
    )
    parser.add_argument("--json", action="store_true", help="the stored record as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Show what was built; writes nothing."""
    from loopbuild.cli.things import found_json, found_text
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.lookups import look_up

    found = look_up(open_project(arguments.project, loopfile=arguments.file), arguments.what)
    if arguments.json:
        answer(json.dumps(found_json(found), indent=2, sort_keys=True, ensure_ascii=False))
    else:
        answer(found_text(found))
    return 0
