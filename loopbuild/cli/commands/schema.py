"""`loopbuild schema`: the JSON Schema of loop.yaml."""

from __future__ import annotations

import argparse
import json

from loopbuild.cli.console import answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`schema` has no flags."""


def run(arguments: argparse.Namespace) -> int:
    """Print the schema."""
    from loopbuild.loopfile.schema import json_schema

    answer(json.dumps(json_schema(), indent=2))
    return 0
