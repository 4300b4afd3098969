"""`loopbuild graph`: which outputs may feed which inputs."""

from __future__ import annotations

import argparse

from loopbuild.cli.console import answer, printable, say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `graph`."""
    parser.add_argument("--format", choices=("text", "mermaid", "svg", "json"), default="text", help="default: text")


def run(arguments: argparse.Namespace) -> int:
    """Draw the graph of the tools as they are declared now; nothing is built or written."""
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.tools import current_tools, drawn

    tools = current_tools(open_project(arguments.project, loopfile=arguments.file))
    for diagnostic in tools.catalog.diagnostics:
        say(printable(f"{diagnostic.severity}: {diagnostic.message}"))
    text = drawn(tools, form=arguments.format)
    answer(printable(text) if arguments.format in ("text", "mermaid") else text)
    return 0
