"""Paths and where the inputs of their steps come from. Nothing but the nouns."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopbuild.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where an input comes from: a leaf of an earlier step's result, or (leaf empty) what a person said at that step.

    `step` is -1 for a value said for this input itself.
    """

    step: int = -1
    leaf: str = ""
    said: str = ""
    """Input leaf of `step` whose said value is used again."""
    conversion: str = "same"
    rule: str = ""
    """How the value is worked out from the leaf (`judging.derive`); empty: it is a value that stands there."""
    by: str = ""
    """The other leaf it rests on."""
    given: Json = None
    """The days a date is moved by; what members must be is read off the result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One tool of a path and the feeds of its inputs, by input leaf."""

    tool: str
    feeds: dict[str, Feed] = field(default_factory=dict)

    def steps(self) -> set[int]:
        """Return the steps whose results this one uses."""
        return {feed.step for feed in self.feeds.values() if feed.leaf}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skeleton:
    """A closed path; with `spread`, its last tool is called once per item that feeds this input leaf."""

    nodes: tuple[Node, ...]
    spread: str = ""
    turns: tuple[int, ...] = ()
    """The assistant turn of each node; empty: one after the other."""
    ends: tuple[int, ...] = ()
    """Places of goals beside the last node."""

    @property
    def is_abreast(self) -> bool:
        """Whether calls share a turn."""
        return len(set(self.turns)) < len(self.turns) or (bool(self.spread) and bool(self.turns))

    def is_goal(self, place: int) -> bool:
        """Whether a node is asked for itself, not for what it feeds."""
        return place == len(self.nodes) - 1 or place in self.ends

    def turn(self, place: int, *, repetition: int = 0) -> int:
        """Return the turn of a node, or of one of the repetitions of a spread one."""
        return self.turns[place] if self.turns else place + repetition
