"""`loopbuild why TARGET`: the causes behind a target's state."""

from __future__ import annotations

import argparse

from loopbuild.cli.console import answer, printable
from loopbuild.cli.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `why`."""
    parser.add_argument("target", help="such as `tasks:hr/interview` or `checkpoint:recall`")
    parser.add_argument("--seen", default="", metavar="tool:NAME", help="how many rows of a tool a checkpoint has seen")


def run(arguments: argparse.Namespace) -> int:
    """Explain; writes nothing."""
    import os

    from loopbuild.cli.explanation import explanation_text
    from loopbuild.engine.why import explain
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.forecast import changes_since_build
    from loopbuild.pipeline.lineage import lineage_of, seen_of
    from loopbuild.pipeline.project import load
    from loopbuild.pipeline.selections import selected

    opened = open_project(arguments.project, loopfile=arguments.file)
    loaded = load(opened.project, environment=os.environ)
    found = explain(
        opened.workspace,
        loaded.targets,
        selected(opened, loaded, [arguments.target]),
        stamp=opened.project.stamp,
    )
    changes = changes_since_build(opened, loaded)
    lineage = lineage_of(opened, found.target)
    seen = seen_of(opened, found.target, arguments.seen) if arguments.seen else None
    answer(printable(explanation_text(found, changes, lineage, seen)))
    return ExitCode.DONE
