"""`loopbuild diff`: what changed in the tools."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from loopbuild.cli.changes import change_lines
from loopbuild.cli.console import answer, printable, say
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `diff`."""
    parser.add_argument("old", nargs="?", help="another version of the schema file (default: the last build)")
    parser.add_argument("--json", action="store_true", help="as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Compare the declared tools with the last build, or with another file."""
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.tools import built_catalog, catalog_of_file, current_tools, difference

    opened = open_project(arguments.project, loopfile=arguments.file)
    tools = current_tools(opened)
    old = catalog_of_file(opened, Path(arguments.old)) if arguments.old else built_catalog(opened)
    if old is None:
        say("Nothing was built yet, so there is nothing to compare with. Run `loopbuild build`, or name a file")
        return ExitCode.DONE
    changes = difference(old, tools.catalog, settings=tools.settings)
    if arguments.json:
        from loopbuild.records import to_json

        answer(json.dumps(to_json(changes), indent=2, sort_keys=True))
        return ExitCode.DONE
    lines = change_lines(changes)
    answer(printable("\n".join(lines)) if lines else f"No change in {len(tools.catalog.tools)} tools")
    return ExitCode.DONE
