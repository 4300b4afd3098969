"""Keeps the filters of one call about one record: what is said second fits a record that what was said first finds.

Where the sandbox cannot say which values belong together, each filter is chosen by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.records import Json
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.sampling.feeds import Node
from loopbuild.stages.sampling.reach import Reach


class Together:
    """The records that still fit what one call has said so far."""

    def __init__(self, node: Node, reach: Reach, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._tool = node.tool
        said = [pointer for pointer, feed in node.feeds.items() if not feed.leaf and not feed.said]
        self._records = sandbox.records(node.tool, said) if said else ()
        for pointer in said:
            if (node.tool, pointer) in reach.said:
                self.take(pointer, reach.said[node.tool, pointer])
        self._is_narrowed = any((node.tool, pointer) in reach.said for pointer in said)

    def known(self, pointer: str) -> tuple[Json, ...]:
        """Return what a person may say for an input: what the records hold that fit, else what the world knows."""
        return (self.offered(pointer) if self._is_narrowed else ()) or self._sandbox.known(self._tool, pointer)

    def offered(self, pointer: str) -> tuple[Json, ...]:
        """Return what the records that fit hold."""
        held: Mapping[str, Json] = {repr(record[pointer]): record[pointer] for record in self._of(pointer)}
        return tuple(held.values())

    def take(self, pointer: str, value: Json) -> None:
        """Note what is said; where no record fits it, the search is one that finds nothing."""
        asked = self._of(pointer)
        if asked:
            self._records = tuple(record for record in asked if record[pointer] == value) or self._records
            self._is_narrowed = True

    def _of(self, pointer: str) -> list[Mapping[str, Json]]:
        return [record for record in self._records if pointer in record]
