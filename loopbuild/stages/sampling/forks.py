"""Plans two branches behind one look: A, then B or C by a value that A's result shows.

Decides which leaves may decide something and which tools speak of the same thing. Pure: no calls are made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from loopbuild.records import SchemaLeaf, ToolSchema, Topology
from loopbuild.stages.sampling.feeds import Node, Skeleton
from loopbuild.stages.sampling.reach import Reach, rank
from loopbuild.stages.sampling.skeleton import fed, skeletons

_TRUNKS = 3
_WORD = re.compile(r"[A-Za-z][A-Za-z _-]*")
_STATUS = frozenset({"status", "state"})
_WEIGHTS = {"read": 0.4, "create": 1.0, "update": 1.5, "unknown": 0.5, "delete": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fork:
    """The steps up to the look, and the step of each branch."""

    trunk: tuple[Node, ...]
    then: Node
    other: Node
    leaf: str
    """Output leaf of the last step of the trunk; of a list for `any`."""
    test: Literal["is", "any"]

    def branch(self, *, holds: bool) -> Skeleton:
        """Return one branch as a path."""
        return Skeleton(nodes=(*self.trunk, self.then if holds else self.other))


def forks(goal: str, size: int, reach: Reach, *, key: str) -> Iterator[Fork]:
    """Yield forks whose first branch is `goal`, in the order a plan tries them; `size` counts the steps of one branch.

    With an empty key the order is fixed: that is how it is asked whether there is one at all.
    """
    if goal not in reach.tools:
        return
    for look, leaf, test in _looks(goal, reach, key=key):
        shape: Topology = "single" if size == 2 else "chain"
        for path in islice(skeletons(look, shape, size - 1, reach, key=key), _TRUNKS):
            if path.turns or any(node.tool == goal for node in path.nodes):
                continue
            then = _branch(goal, path.nodes, reach, key=key)
            if then is None or (test == "any") != _takes(then, path.nodes, leaf):
                continue
            if _is_handed_on(then, path.nodes, leaf):
                continue
            for tool in _others(goal, path.nodes, reach, key=key):
                other = _branch(tool, path.nodes, reach, key=key)
                if other is None or (test == "any" and _takes(other, path.nodes, leaf)):
                    continue
                if not _is_handed_on(other, path.nodes, leaf):
                    yield Fork(trunk=path.nodes, then=then, other=other, leaf=leaf, test=test)


def deciding(leaf: SchemaLeaf) -> Literal["is", "any", ""]:
    """Return how a leaf may decide: a status, a choice or yes and no is looked at; of a list, whether there is any."""
    if "[]" not in leaf.pointer:
        words = [value for value in leaf.enum if isinstance(value, str)]
        is_choice = len(words) > 1 and len(words) == len(leaf.enum) and all(_WORD.fullmatch(word) for word in words)
        is_plain = "boolean" in leaf.types or ("string" in leaf.types and not leaf.enum and set(leaf.words) & _STATUS)
        return "is" if is_choice or is_plain else ""
    return "any" if leaf.kind == "id" and leaf.pointer.count("[]") == 1 else ""


def _looks(goal: str, reach: Reach, *, key: str) -> list[tuple[str, str, Literal["is", "any"]]]:
    found: list[tuple[str, str, Literal["is", "any"]]] = []
    for name, tool in sorted(reach.tools.items()):
        if tool.effect != "read" or name == goal or goal not in related(name, reach):
            continue
        for leaf in tool.outputs:
            test = deciding(leaf)
            # Hardly a list is empty in one world and not in another: alone it is no reason to expect two branches.
            if test == "is" or (test and key):
                found.append((name, leaf.pointer, test))
    if not key:
        return found
    return sorted(found, key=lambda one: rank(key, ["look", *one], _telling(one, reach)))


def _telling(look: tuple[str, str, str], reach: Reach) -> float:
    """How likely two worlds differ in a leaf: much for a choice, little for a status or whether a list is empty."""
    name, pointer, test = look
    leaf = next(leaf for leaf in reach.tools[name].outputs if leaf.pointer == pointer)
    return 0.5 if test == "any" else 4.0 if leaf.enum or "boolean" in leaf.types else 1.0


def related(name: str, reach: Reach) -> set[str]:
    """Return the tools that can speak of what `name` looks at: by a value of its result, or of the same thing."""
    slot = (name, 0)
    if slot not in reach.alone:
        about = _entities(reach.tools[name])
        near = {edge.consumer for edge in reach.out_of.get(name, ())}
        near |= {other for other, tool in reach.tools.items() if about & _entities(tool)}
        reach.alone[slot] = sorted(near - {name})
    return set(reach.alone[slot])


def _entities(tool: ToolSchema) -> set[str]:
    return {leaf.entity for leaf in tool.inputs if leaf.kind == "id" and leaf.entity and "[]" not in leaf.pointer}


def _others(goal: str, trunk: tuple[Node, ...], reach: Reach, *, key: str) -> list[str]:
    taken = {goal, *(node.tool for node in trunk)}
    names = sorted(related(trunk[-1].tool, reach) - taken)
    if not key:
        return names
    return sorted(names, key=lambda name: rank(key, ["other", name], _WEIGHTS[reach.tools[name].effect]))


def _branch(tool: str, trunk: tuple[Node, ...], reach: Reach, *, key: str) -> Node | None:
    """Return the step of a branch with its feeds; None unless it speaks of what was looked at."""
    look, path = trunk[-1].tool, [*(node.tool for node in trunk), tool]
    edges = [edge for edge in reach.out_of.get(look, ()) if edge.consumer == tool]
    for asked in (*([edge] for edge in edges), []):
        node = fed(tool, len(trunk), path, list(trunk), asked, reach, key=key, near=range(len(trunk)))
        if node is not None and _touches(node, trunk):
            return node
    return None


def _touches(node: Node, trunk: tuple[Node, ...]) -> bool:
    last = len(trunk) - 1
    own = {(feed.step, feed.leaf) for feed in trunk[-1].feeds.values() if feed.leaf}
    return any(feed.step == last or (bool(feed.leaf) and (feed.step, feed.leaf) in own) for feed in node.feeds.values())


def _is_handed_on(node: Node, trunk: tuple[Node, ...], leaf: str) -> bool:
    """Say whether a step takes the very value that decides: the request names it, so nobody would have to look."""
    return any((feed.step, feed.leaf) == (len(trunk) - 1, leaf) and "[]" not in leaf for feed in node.feeds.values())


def _takes(node: Node, trunk: tuple[Node, ...], leaf: str) -> bool:
    """Say whether a step takes an item of the list that is looked at."""
    head = leaf.partition("/[]")[0] + "/[]"
    return "[]" in leaf and any(
        feed.step == len(trunk) - 1 and (feed.leaf == head or feed.leaf.startswith(head + "/"))
        for feed in node.feeds.values()
    )
