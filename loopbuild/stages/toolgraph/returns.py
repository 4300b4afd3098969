"""Which guesses count as returns: those that a replay or the author speaks for.

Decides that a replay which saw the value accepted, where an invented one was refused, makes a guess an observation; and
that an author who names the leaf in `graph.edges.allow` answers for this edge and no other. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from loopbuild.errors import LoopfileError
from loopbuild.records import EdgeEvidence, ToolCatalog, ToolSchema
from loopbuild.stages.toolgraph.evidence import Facts
from loopbuild.stages.toolgraph.guesses import guess_at, may_lie_at, placed
from loopbuild.stages.toolgraph.patterns import parse


def with_returns(
    catalog: ToolCatalog, rules: Mapping[str, Sequence[str]], evidence: Sequence[EdgeEvidence]
) -> ToolCatalog:
    """Return the catalog with those guesses among the returns that somebody speaks for.

    `rules` are those of `graph.edges`. What a replay saw counts as observed; what only the author names stays guessed
    and feeds the edges he allows. A catalog without guesses comes back as it is.
    """
    if not any(tool.guesses for tool in catalog.tools):
        return catalog
    seen = [edge for edge, _ in Facts(catalog).standing(evidence)[0] if edge.status == "verified"]
    places = {(edge.producer, edge.producer_leaf): True for edge in seen}
    for line in rules.get("allow") or ():
        with suppress(LoopfileError):  # whoever reads the rules reports it
            end = parse(line, "allow")
            if end.producer_leaf and "*" not in end.producer + end.producer_leaf:
                places.setdefault((end.producer, end.producer_leaf), False)
    tools = catalog.by_id()
    for (name, pointer), is_seen in sorted(places.items()):
        if name in tools:
            tools[name] = _with_return(tools[name], pointer, is_seen=is_seen)
    return replace(catalog, tools=tuple(tools[tool.id] for tool in catalog.tools))


def _with_return(tool: ToolSchema, pointer: str, *, is_seen: bool) -> ToolSchema:
    guess = guess_at(tool, pointer)
    if guess is None:
        return tool
    leaf = replace(placed(guess, pointer), origin="observed" if is_seen else "guessed")
    is_known = is_seen or tool.output_origin == "observed"
    return replace(
        tool,
        outputs=tuple(sorted((*tool.outputs, leaf), key=lambda one: one.pointer)),
        guesses=tuple(other for other in tool.guesses if not may_lie_at(other, pointer)),
        output_origin="observed" if is_known else "guessed",
    )
