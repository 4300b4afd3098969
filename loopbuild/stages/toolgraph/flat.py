"""Which sources can carry no chains, and what would connect their tools. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from loopbuild.records import DataFlowEdge, ToolSchema

FLAT_SHARE = 0.2
"""A source with a smaller share of tools touching an edge cannot carry chains."""


def flat_sources(
    tools: Sequence[ToolSchema], edges: Sequence[DataFlowEdge], unproven: Sequence[DataFlowEdge] = ()
) -> tuple[tuple[str, ...], list[str]]:
    """Return the flat sources and a note about each, and what `unproven` edges would connect."""
    touched = {edge.producer for edge in edges} | {edge.consumer for edge in edges}
    flat: list[str] = []
    notes: list[str] = []
    for source in sorted({tool.source for tool in tools}):
        own = [tool for tool in tools if tool.source == source]
        joined = [tool for tool in own if tool.id in touched]
        if len(joined) >= FLAT_SHARE * len(own) and joined:
            continue
        flat.append(source)
        leading = sum(edge.producer.startswith(f"{source}/") for edge in edges)
        notes.append(
            f"source `{source}` is flat: {leading or 'no'} {'edge leads' if leading == 1 else 'edges lead'} from it, "
            f"so only single and parallel calls are sampled; {_remedy(own)}{_guesses(own, unproven)}"
        )
    return tuple(flat), notes


def _remedy(tools: Sequence[ToolSchema]) -> str:
    """Say what is missing: returns that nobody declared, or, where all did, a name in common."""
    silent = sum(tool.output_origin == "none" for tool in tools)
    if len(tools) == 1:
        what = "what its one tool returns is not declared" if silent else "a single tool has no other to feed"
        return f"{what}, `returns:` of the source would tell" if silent else what
    if silent:
        return (
            f"{silent} of {len(tools)} tools do not declare what they return, `returns:` of the source would tell what "
            "they can feed"
        )
    return (
        f"all {len(tools)} tools declare what they return, but nothing in it is called like what another one takes; "
        "where a value belongs there all the same, `graph: {edges: {allow: [...]}}` says so"
    )


def _guesses(tools: Sequence[ToolSchema], unproven: Sequence[DataFlowEdge]) -> str:
    """Say how many edges were guessed and what makes them count; empty where none was."""
    own = {tool.id for tool in tools}
    count = sum(edge.consumer in own for edge in unproven)
    if not count:
        return ""
    them = "1 edge is guessed, which is" if count == 1 else f"{count} edges are guessed, which are"
    return f". {them} not sampled: `loopbuild graph --verify` tries such in a real sandbox"
