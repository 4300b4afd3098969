"""Author's rules: `hr/get_open_roles#/role_ids/[] -> hr/schedule_interview#/role_id`, or tool globs on both sides.

Decides what a pattern matches; a pattern that matches nothing is a mistake, never silence. Also reads proposals: edges
that some other program thinks of, by embeddings or a language model, and that only a replay can make part of a graph.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopbuild.errors import LoopfileError
from loopbuild.records import DataFlowEdge, Diagnostic, Span
from loopbuild.stages.toolgraph.ports import Port

PROPOSED = 0.1
UNKNOWN = "unknown-name"
_SPELLING = "write `source/tool#/leaf -> source/tool#/leaf`"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePattern:
    """One line of `graph.edges`; an empty pointer stands for any leaf."""

    text: str
    producer: str
    producer_leaf: str
    consumer: str
    consumer_leaf: str

    def takes(self, producer: Port, consumer: Port) -> bool:
        """Say whether the edge between two ports is meant."""
        return self.takes_end(producer) and self.takes_end(consumer)

    def takes_end(self, port: Port) -> bool:
        """Say whether a port is meant on its side of the arrow."""
        if port.leaf.side == "output":
            return _side(port, self.producer, self.producer_leaf)
        return _side(port, self.consumer, self.consumer_leaf)

    @property
    def is_exact(self) -> bool:
        """Say whether the pattern names leaves on both sides, and so needs no evidence from names."""
        return bool(self.producer_leaf and self.consumer_leaf)


def read_patterns(
    rules: Mapping[str, Sequence[str]], outputs: Sequence[Port], inputs: Sequence[Port]
) -> tuple[list[EdgePattern], list[EdgePattern]]:
    """Return the patterns of `graph.edges`, what is allowed and what is denied.

    Raises LoopfileError with every one that matches nothing; their spans say which, not in which file.
    """
    found: dict[str, list[EdgePattern]] = {"allow": [], "deny": []}
    wrong: list[Diagnostic] = []
    for key, patterns in found.items():
        for at, line in enumerate(rules.get(key) or ()):
            try:
                patterns.append(_checked(parse(line, key), outputs, inputs, key))
            except LoopfileError as error:
                span = Span(file="", pointer=f"/graph/edges/{key}/{at}")
                wrong.append(
                    Diagnostic(severity="error", code=UNKNOWN, message=error.message, span=span, hint=error.hint)
                )
    if wrong:
        raise LoopfileError(wrong[0].message, diagnostics=wrong)
    return found["allow"], found["deny"]


def read_proposals(text: str, outputs: Sequence[Port], inputs: Sequence[Port]) -> list[DataFlowEdge]:
    """Return the edges somebody proposes, one a line; empty lines and those that begin with `#` are left out.

    Raises LoopfileError naming the first line that is no edge between leaves of these tools. A proposal is no evidence:
    its score is below what any name earns.
    """
    found = []
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        pattern = _checked(parse(line, "proposal"), outputs, inputs, "proposal")
        if not pattern.is_exact or "*" in line:
            raise LoopfileError(f"proposal `{line}` names no single leaf on each side", hint=_SPELLING)
        found.append(
            DataFlowEdge(
                producer=pattern.producer,
                producer_leaf=pattern.producer_leaf,
                consumer=pattern.consumer,
                consumer_leaf=pattern.consumer_leaf,
                score=PROPOSED,
                rule="proposed",
            )
        )
    return found


def parse(line: str, key: str) -> EdgePattern:
    """Return a line of `graph.edges.<key>` or a proposal; raises LoopfileError for one that is no edge."""
    left, arrow, right = line.partition("->")
    if not arrow or not left.strip() or not right.strip():
        raise LoopfileError(f"`{line}` in {_where(key)} is no edge", hint=_SPELLING)
    producer, _, producer_leaf = left.strip().partition("#")
    consumer, _, consumer_leaf = right.strip().partition("#")
    return EdgePattern(
        text=line, producer=producer, producer_leaf=producer_leaf, consumer=consumer, consumer_leaf=consumer_leaf
    )


def _checked(pattern: EdgePattern, outputs: Sequence[Port], inputs: Sequence[Port], key: str) -> EdgePattern:
    for ports, tool, leaf, what in (
        (outputs, pattern.producer, pattern.producer_leaf, "output"),
        (inputs, pattern.consumer, pattern.consumer_leaf, "input"),
    ):
        if any(_side(port, tool, leaf) for port in ports):
            continue
        wanted = f"{tool}#{leaf}" if leaf else tool
        known = sorted({f"{port.tool.id}#{port.leaf.pointer}" if leaf else port.tool.id for port in ports})
        near = difflib.get_close_matches(wanted, known, n=1)
        raise LoopfileError(
            f"`{pattern.text}` in {_where(key)}: no {what} matches `{wanted}`",
            hint=f"did you mean `{near[0]}`?" if near else "",
        )
    return pattern


def _where(key: str) -> str:
    return "the proposals" if key == "proposal" else f"`graph.edges.{key}`"


def _side(port: Port, tool: str, leaf: str) -> bool:
    return _glob(tool, port.tool.id) and (not leaf or _glob(leaf, port.leaf.pointer))


def _glob(pattern: str, text: str) -> bool:
    """Match with `*` alone: pointers hold brackets, which fnmatch would read as a set."""
    if "*" not in pattern or pattern == text:
        return pattern == text
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), text, re.DOTALL) is not None
