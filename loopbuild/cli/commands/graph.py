"""`loopbuild graph`: which outputs may feed which inputs, and which of that a replay has shown to be true."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.cli.console import answer, say
from loopbuild.errors import SelectionError

if TYPE_CHECKING:
    from loopbuild.pipeline.builds import OpenProject

FORMATS = ("text", "report", "mermaid", "dot", "svg", "html", "json")

MERMAID_EDGES = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of `graph`."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    parser.add_argument("--around", metavar="TOOL", default="", help="only this tool and what touches it")
    parser.add_argument(
        "--verify", action="store_true", help="replay the edges in the real sandboxes and write graph.lock"
    )
    parser.add_argument(
        "--propose",
        metavar="FILE",
        default="",
        help="with --verify: further edges to replay, one `a#/x -> b#/y` a line",
    )


def run(arguments: argparse.Namespace) -> int:
    """Draw the graph of the tools as they are declared now; only --verify calls anything or writes."""
    from loopbuild.pipeline.builds import open_project
    from loopbuild.pipeline.proposing import with_proposed
    from loopbuild.pipeline.tools import current_tools, drawn
    from loopbuild.pipeline.travelled import observed

    opened = open_project(arguments.project, loopfile=arguments.file)
    if arguments.propose and not arguments.verify:
        raise SelectionError("`--propose` names edges to replay, and nothing is replayed", hint="add `--verify`")
    if arguments.verify:
        _verify(opened, _text_of(arguments.propose) if arguments.propose else "")
        return 0
    tools = with_proposed(opened, observed(opened, current_tools(opened)))
    for diagnostic in tools.catalog.diagnostics:
        say(f"{diagnostic.severity}: {diagnostic.message}")
    form = "json" if arguments.json else arguments.format
    if form == "mermaid" and len(tools.graph.edges) > MERMAID_EDGES and not arguments.around:
        say(f"note: Mermaid draws at most {MERMAID_EDGES} edges by default, these are {len(tools.graph.edges):,}")
        say("hint: `--around TOOL` draws a part, `--format html` all of it")
    text = drawn(tools, form=form, around=arguments.around)
    answer(text)
    return 0


def _text_of(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SelectionError(f"cannot read the proposals in `{path}`", hint="name a text file") from error


def _verify(opened: OpenProject, proposals: str) -> None:
    from loopbuild.pipeline.replays import replay_edges

    done = replay_edges(opened, tell=lambda item: say(f"{item.replay:13} {item.edge}  {item.why}"), proposals=proposals)
    for source in done.simulated:
        say(f"note: the sandbox of `{source}` is simulated from the same names, so it can prove no edge")
        say("hint: `sandbox: {kind: mcp}` runs calls on the real server")
    counts = Counter(item.replay for item in done.evidence)
    if counts["skipped"]:
        say("hint: where `sandbox.state` names the file a server keeps its state in, tools that write are replayed too")
    if not done.evidence:
        answer("No edge was replayed, graph.lock was not written")
        return
    told = ", ".join(f"{counts[name]} {name}" for name in sorted(counts, key=lambda name: (-counts[name], name)))
    edges = "1 edge" if done.tried == 1 else f"{done.tried:,} edges"
    answer(f"graph.lock: {told}. {edges} replayed in {done.calls:,} calls")
