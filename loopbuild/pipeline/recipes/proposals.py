"""`proposals:main`: what a model was asked about tools nothing feeds, and which edges it proposed.

A row is one question about one tool: names and types of what it needs and of what others of its source return. It
depends on nothing else, and the answer is kept for ever. No other target reads it: proposals are for replays to try.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from loopbuild.digest import digest
from loopbuild.engine.action import Interrupted
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.llm.hosted.identity import name_of
from loopbuild.pipeline.recipes.answers import budget_of
from loopbuild.records import ToolCatalog, ToolGraph, from_json


def wanted(action: Action) -> Iterable[WantedRow]:
    """Every tool with an input that nothing feeds."""
    catalog, graph = from_json(ToolCatalog, action.input("catalog")), from_json(ToolGraph, action.input("graph"))
    for asked in asked_of(catalog, graph):
        yield WantedRow(key=asked["key"], request={"proposer": action.params["proposer"], "asked": asked})


def asked_of(catalog: ToolCatalog, graph: ToolGraph) -> Iterator[Json]:
    """Yield the questions as JSON."""
    from loopbuild.stages.toolgraph.proposals import questions, types_of

    for tool, inputs, outputs in questions(catalog, graph):
        yield {
            "key": digest("proposals", tool.id)[:16],
            "tool": tool.id,
            "inputs": [[leaf.pointer, types_of(leaf)] for leaf in inputs],
            "outputs": [[port.tool.id, port.leaf.pointer, types_of(port.leaf)] for port in outputs],
        }


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Ask; a tool that could not be asked about is an error, an answer that cannot be used says why."""
    from loopbuild.llm.hosted.proposer import ProposeRequest
    from loopbuild.llm.hosted.writers import HostedWriters

    proposers: HostedWriters = action.hold("proposer", lambda: _open(action))
    name = name_of(action.context["proposer"])
    asked = {row.key: from_json(ProposeRequest, row.request["asked"]) for row in rows}
    for done in proposers.write([(name, request) for request in asked.values()], ledger=action):
        if done.error:
            yield RowResult(key=done.key, error=done.error, is_more=done.is_more)
            continue
        output: dict[str, Json] = {
            "proposer": done.writer, "usage": asdict(done.usage), "tool": asked[done.key].tool, "edges": [],
        }  # fmt: skip
        if done.answer is not None:
            output |= {"edges": [list(edge) for edge in done.answer.edges], "unknown": done.answer.unknown}  # type: ignore[union-attr]
        else:
            output["unusable"] = {"reason": done.reason, "detail": done.detail}
        yield RowResult(key=done.key, output=output, is_more=done.is_more)
    if action.is_cancelled():
        raise Interrupted(f"`{action.target}` was interrupted", target=action.target)


def _open(action: Action) -> Json:
    from loopbuild.llm.hosted.proposer import PROPOSING
    from loopbuild.llm.hosted.writers import HostedWriters

    proposer = action.context["proposer"]
    return HostedWriters([proposer], budget=budget_of(action), work=PROPOSING, environment=os.environ)
