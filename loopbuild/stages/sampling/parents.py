"""The parents that calls of one plan share: who lists the issues of a repository closes an issue of that repository.

Edges name the inputs that both their calls must have in common; paths that begin alike mean the same member. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.pointers import unescaped
from loopbuild.records import DataFlowEdge, SchemaLeaf, ToolSchema
from loopbuild.stages.sampling.feeds import Feed, Node


class Parents:
    """Where the parents of one step have to come from, given the edges taken so far."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self.feeds: dict[str, Feed] = {}

    def take(self, edge: DataFlowEdge, step: int, given: Mapping[str, Feed]) -> bool:
        """Bind the parents of `edge`, which begins at `step`; False, and nothing bound, when others are set already."""
        found = {
            wanted: feed
            for own, wanted in edge.bound_with
            if step < len(self._nodes) and (feed := _as_used(self._nodes[step], step, own)) is not None
        }
        known = {**self.feeds, **given}
        if any(known.get(pointer, feed) != feed for pointer, feed in found.items()):
            return False
        self.feeds.update(found)
        return True


def in_order(tool: ToolSchema, into: Mapping[tuple[str, str], Sequence[DataFlowEdge]]) -> list[SchemaLeaf]:
    """Return the inputs of a tool, parents last and the outermost at the end: what they hold decides about them."""
    bound = {
        wanted
        for leaf in tool.inputs
        for edge in into.get((tool.id, leaf.pointer), ())
        for _, wanted in edge.bound_with
    }
    return sorted(tool.inputs, key=lambda leaf: -len(_up_to(leaf, tool)) if leaf.pointer in bound else -1_000_000)


def same_member(
    leaf: SchemaLeaf, tool: ToolSchema, nodes: Sequence[Node], tools: Mapping[str, ToolSchema]
) -> Feed | None:
    """Return the feed of the same part of the path in the latest earlier step: one plan speaks of one member."""
    path = _up_to(leaf, tool)
    if not path:
        return None
    for step in range(len(nodes) - 1, -1, -1):
        other = str(tools[nodes[step].tool].transport.get("path", ""))
        if (other + "/").startswith(path + "/"):
            return _as_used(nodes[step], step, leaf.pointer)
    return None


def _up_to(leaf: SchemaLeaf, tool: ToolSchema) -> str:
    """Return the path of a tool as far as the parameter `leaf`, empty where it is none."""
    path = str(tool.transport.get("path", ""))
    name = "{" + unescaped(leaf.pointer[1:]) + "}"
    at = path.find(name)
    return path[: at + len(name)] if at >= 0 else ""


def _as_used(node: Node, step: int, pointer: str) -> Feed | None:
    """Return the feed that gives another step the value an input of this one has."""
    feed = node.feeds.get(pointer)
    if feed is None or feed.leaf or feed.said:
        return feed
    return Feed(step=step, said=pointer)
