"""Pairs of rows in which no call is due: the answer, or a call of another row that is about as long."""

from __future__ import annotations

import time

from loopbuild.records import Category, Example, Json
from loopbuild.stages.synthesis.contrast.making import needless_pairs


def row(number: int, category: Category) -> Example:
    said = f"{category} number {number}, and nothing else is to be said of it here."
    call = {"type": "function", "function": {"name": "find", "arguments": {"name": f"Ann {number}"}}}
    answer: dict[str, Json] = {"role": "assistant", "content": said, "loss": True}
    if category == "call":
        answer |= {"content": f"I find Ann {number}.", "tool_calls": [call]}
    return Example(
        key=f"{category}{number}", trajectory="", category=category, split="train", level="low", topology="single",
        writer="offline", messages=({"role": "user", "content": f"Say {number}."}, answer),
        tools=("hr/find",) if category == "call" else (),
    )  # fmt: skip


def chosen(calls: int, silent: int) -> dict[str, Json]:
    examples = [row(n, "call") for n in range(calls)] + [row(n, "no_tool") for n in range(silent)]
    return {pair.row: pair.rejected[0]["tool_calls"] for pair in needless_pairs(examples)}


def test_without_calls_there_is_nothing_to_reject() -> None:
    assert chosen(0, 5) == {}
    assert len(chosen(1, 5)) == 5


def test_one_row_more_moves_few_pairs() -> None:
    before, after = chosen(100, 60), chosen(101, 60)
    assert before.keys() == after.keys()
    assert sum(before[one] != after[one] for one in before) <= 6


def test_rows_look_at_their_neighbours_and_not_at_all_others() -> None:
    """Every row against every call would be 20 million digests: minutes."""
    start = time.process_time()
    assert len(chosen(10_000, 2_000)) == 2_000
    assert time.process_time() - start < 20
