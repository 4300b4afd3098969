"""graph.lock: what replays found out about edges, one JSON line each, made to be read and deleted by people.

Decides the format, and that evidence counts only while both leaves and both gates are what they were. Holds no clock,
no host and no order of running. Knows nothing of sandboxes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.errors import LoopfileError
from loopbuild.records import DataFlowEdge, EdgeEvidence, SchemaLeaf, ToolCatalog, from_json, to_json
from loopbuild.stages.toolgraph.guesses import guess_at, placed

FILE = "graph.lock"
_HEAD = {"graph.lock": 1}
_HINT = "`git checkout graph.lock` brings the last good one back; without one, `loopbuild graph --verify` makes it"


def read_evidence(content: bytes) -> tuple[EdgeEvidence, ...]:
    """Return the lines of graph.lock; raises LoopfileError naming the first that cannot be read."""
    lines = content.decode("utf-8", errors="replace").split("\n")  # splitlines would also break at U+2028
    found: list[EdgeEvidence] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if number == 1:
                _check_head(value)
                continue
            found.append(from_json(EdgeEvidence, value))
        except (ValueError, RecursionError, TypeError) as error:
            reason = "a merge conflict" if line.startswith(("<<<<<<<", "=======", ">>>>>>>")) else "not a line of it"
            raise LoopfileError(f"graph.lock:{number}: {reason}: `{line[:60]}`", hint=_HINT) from error
    return tuple(found)


def write_evidence(evidence: Iterable[EdgeEvidence]) -> bytes:
    """Return graph.lock, sorted by edge."""
    rows = [to_json(item) for item in sorted(evidence, key=lambda item: item.edge)]
    lines = [json.dumps(row, ensure_ascii=False) for row in (_HEAD, *rows)]
    return ("\n".join(lines) + "\n").encode()


def edge_text(edge: DataFlowEdge) -> str:
    """Return an edge as loop.yaml and graph.lock spell it."""
    return f"{edge.producer}#{edge.producer_leaf} -> {edge.consumer}#{edge.consumer_leaf}"


class Facts:
    """What evidence of a catalog's edges stands on."""

    def __init__(self, catalog: ToolCatalog) -> None:
        self._gates: Mapping[str, str] = {tool.id: tool.gate for tool in catalog.tools}
        self._leaves = {
            (tool.id, leaf.side, leaf.pointer): leaf for tool in catalog.tools for leaf in (*tool.inputs, *tool.outputs)
        }
        self._guessing = {tool.id: tool for tool in catalog.tools if tool.guesses}

    def of(self, edge: DataFlowEdge) -> str:
        """Return the digest of both leaves and both gates; empty when one of them is gone."""
        given = self._given(edge.producer, edge.producer_leaf)
        wanted = self._leaves.get((edge.consumer, "input", edge.consumer_leaf))
        if given is None or wanted is None:
            return ""
        parts = [given.fingerprint, wanted.fingerprint, self._gates[edge.producer], self._gates[edge.consumer]]
        return digest("edge evidence", parts)[:16]

    def _given(self, tool: str, pointer: str) -> SchemaLeaf | None:
        """Return what is known, or was guessed, to lie at a place of an answer."""
        found = self._leaves.get((tool, "output", pointer))
        if found is not None or tool not in self._guessing:
            return found
        guess = guess_at(self._guessing[tool], pointer)
        return placed(guess, pointer) if guess is not None else None

    def standing(self, evidence: Sequence[EdgeEvidence]) -> tuple[list[tuple[DataFlowEdge, EdgeEvidence]], int]:
        """Return what still counts, each with its edge, and how many lines do not."""
        kept: list[tuple[DataFlowEdge, EdgeEvidence]] = []
        for item in evidence:
            edge = _edge(item)
            if edge is not None and item.facts == self.of(edge):
                kept.append((edge, item))
        return kept, len(evidence) - len(kept)


def _edge(item: EdgeEvidence) -> DataFlowEdge | None:
    left, _, right = item.edge.partition(" -> ")
    producer, _, producer_leaf = left.partition("#")
    consumer, _, consumer_leaf = right.partition("#")
    if not consumer:
        return None
    return DataFlowEdge(
        producer=producer,
        producer_leaf=producer_leaf,
        consumer=consumer,
        consumer_leaf=consumer_leaf,
        score=item.score,
        rule=item.rule,
        conversion=item.conversion,
        status=item.status,
    )


def _check_head(value: object) -> None:
    if not isinstance(value, dict) or "graph.lock" not in value:
        raise ValueError("no head")
    if value != _HEAD:
        raise LoopfileError(
            f"graph.lock is of version {value['graph.lock']}, this loopbuild reads version 1",
            hint="a newer loopbuild wrote it",
        )
