"""Where the inputs of a step come from. Nothing but the nouns."""

from __future__ import annotations

from dataclasses import dataclass, field


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One tool of a path and the feeds of its inputs, by input leaf."""

    tool: str
    feeds: dict[str, Feed] = field(default_factory=dict)

    def steps(self) -> set[int]:
        """Return the steps whose results this one uses."""
        return {feed.step for feed in self.feeds.values() if feed.leaf}
