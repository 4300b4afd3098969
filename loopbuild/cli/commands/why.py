"""`loopbuild why TARGET`: the causes behind a target's state."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from loopbuild.cli.console import answer
from loopbuild.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from loopbuild.pipeline.builds import OpenProject


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `why`."""
    parser.add_argument(
        "target", help="such as `tasks:hr/interview`, `checkpoint:recall`, or a row `tasks:hr/interview#3fa9`"
    )
    parser.add_argument(
        "--vs",
        default="",
        metavar="REF",
        help="how its result differs from that of a build, of a git revision, or named by digits of key or weights",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--seen", default="", metavar="tool:NAME", help="how many rows of a tool a checkpoint has seen")


def _known(opened: OpenProject, target: str) -> None:
    """Raise SelectionError for what was never built, with the closest name."""
    from loopbuild.engine.query import targets_in_force
    from loopbuild.engine.selection import nothing_called, parse
    from loopbuild.errors import SelectionError

    built = targets_in_force(opened.workspace)
    if target in built:
        return
    (atom, *_), *_ = parse([target]).terms
    named = [name for name in built if atom.is_match(name)]
    if not named:
        raise nothing_called((atom,), built)
    raise SelectionError(f"that names {len(named)} targets, such as `{named[0]}`", hint="ask about one of them")


def _versus(opened: OpenProject, arguments: argparse.Namespace) -> int:
    from loopbuild.cli.versus import versus_json, versus_text
    from loopbuild.engine.versus import versus
    from loopbuild.pipeline.lineage import learnt_between
    from loopbuild.pipeline.references import earlier_result

    _known(opened, arguments.target)
    name, output = earlier_result(opened, arguments.target, arguments.vs)
    found = versus(opened.workspace, arguments.target, output)
    learnt = learnt_between(opened, found.target, found.old.output, found.new.output)
    answer(versus_json(found, name, learnt) if arguments.json else versus_text(found, name, learnt))
    return ExitCode.DONE


def run(arguments: argparse.Namespace) -> int:
    """Explain; writes nothing."""
    import os

    from loopbuild.cli.explained import explained_json
    from loopbuild.cli.explanation import explanation_text
    from loopbuild.engine.why import explain
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.forecast import changes_since_build
    from loopbuild.pipeline.lineage import lineage_of, seen_of
    from loopbuild.pipeline.project import load
    from loopbuild.pipeline.selections import selected

    opened = open_project(arguments.project, loopfile=arguments.file)
    if arguments.vs:
        return _versus(opened, arguments)
    loaded = load(opened.project, environment=os.environ)
    if "#" in arguments.target:
        from loopbuild.cli.explanation import row_text
        from loopbuild.engine.rowwhy import explain_row

        target, _, start = arguments.target.partition("#")
        _known(opened, target)
        row = explain_row(opened.workspace, loaded.targets, target, start)
        answer(explained_json(row) if arguments.json else row_text(row))
        return ExitCode.DONE
    found = explain(
        opened.workspace,
        loaded.targets,
        selected(opened, loaded, [arguments.target]),
        stamp=opened.project.stamp,
    )
    if arguments.json:
        answer(explained_json(found))
        return ExitCode.DONE
    changes = changes_since_build(opened, loaded)
    lineage = lineage_of(opened, found.target)
    seen = seen_of(opened, found.target, arguments.seen) if arguments.seen else None
    answer(explanation_text(found, changes, lineage, seen))
    return ExitCode.DONE
