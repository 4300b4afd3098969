"""`graph.propose`: what asking a model for edges costs, and its answers among what a graph does not prove."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loopbuild.engine.planned import Plan
from loopbuild.engine.query import output
from loopbuild.engine.target import Json
from loopbuild.pipeline.asked import Asked, planned_output
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.targets import PROPOSED_TABLE
from loopbuild.pipeline.tools import CurrentTools
from loopbuild.records import ToolCatalog, ToolGraph, from_json

_TOKENS = 600
_LONG_TOKENS = 3_000
"""Of a question about a tool nobody has looked at yet, about and at most."""


def to_propose(opened: OpenProject, planned: Plan) -> Asked:
    """Return the questions the proposer would be asked by a plan."""
    entry = next((one for one in (*planned.would, *planned.may) if one.target == PROPOSED_TABLE), None)
    if entry is None:
        return Asked()
    inputs = [planned_output(opened, planned, f"{name}:main") for name in ("catalog", "graph")]
    stale = [row for row in entry.rows if row.verdict == "run"]
    most = len(stale) if entry.rows else entry.rows_total or 0
    about = 0 if entry.is_locked else most
    if entry.is_locked or None in inputs:
        return Asked(about=about, most=most, prompt=about * _TOKENS, prompt_most=most * _LONG_TOKENS)
    from loopbuild.llm.hosted.prices import about_tokens, most_tokens
    from loopbuild.llm.hosted.proposer import ProposeRequest, messages_for_tool
    from loopbuild.pipeline.recipes.proposals import asked_of

    asked = asked_of(from_json(ToolCatalog, inputs[0]), from_json(ToolGraph, inputs[1]))
    told = [messages_for_tool(from_json(ProposeRequest, one), {}) for one in asked]
    # What is here may be older than what is asked about by a few tools: their questions are as long as the others.
    share = most / len(told) if told else 0.0
    prompt = round(share * sum(map(about_tokens, told))) if told else most * _TOKENS
    prompt_most = round(share * sum(most_tokens(one) / 3 for one in told)) if told else most * _LONG_TOKENS
    return Asked(about=about, most=most, prompt=prompt, prompt_most=prompt_most)


def with_proposed(opened: OpenProject, tools: CurrentTools) -> CurrentTools:
    """Return the tools with the stored proposals among the unproven edges of their graph."""
    proposer = tools.settings["graph"]["propose"]
    stored = output(opened.workspace, PROPOSED_TABLE) if proposer is not None else None
    if proposer is None or stored is None:
        return tools
    from loopbuild.stages.toolgraph.proposals import with_proposals
    from loopbuild.stages.toolgraph.returns import with_returns

    catalog = with_returns(tools.catalog, tools.settings["graph"]["edges"], tools.evidence)
    per_input = proposer["per_input"]
    graph = with_proposals(catalog, tools.graph, _edges(stored), tools.evidence, per_input=per_input)
    return replace(tools, graph=graph)


def _edges(stored: Json) -> Iterator[tuple[str, str, str, str]]:
    for row in stored["rows"].values():
        for wanted, tool, given in row["edges"]:
            yield (tool, given, row["tool"], wanted)
