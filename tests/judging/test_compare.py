"""When two values, and two states, are the same."""

from __future__ import annotations

import pytest

from loopbuild.judging.compare import same_state, same_value
from loopbuild.records import Json, SchemaLeaf, StateFact


def leaf(**over: Json) -> SchemaLeaf:
    return SchemaLeaf(side="input", pointer="/x", **over)


@pytest.mark.parametrize(
    ("gold", "got", "kind", "same"),
    [
        ("R-7", "R-7", leaf(kind="id"), True),
        ("R-7", "r-7", leaf(kind="id"), False),
        ("R-7", "R-70", leaf(kind="id"), False),
        (3, 3.0, leaf(types=("number",)), True),
        (3, 3.0, leaf(types=("integer",)), False),
        (3, True, leaf(types=("integer",)), False),
        (1, "1", leaf(types=("integer",)), False),
        (0.1 + 0.2, 0.3, leaf(types=("number",)), True),
        ("2026-01-15T09:00:00Z", "2026-01-15T10:00:00+01:00", leaf(format="date-time"), True),
        ("2026-01-15", "2026-01-16", leaf(format="date"), False),
        ("09:00", "9:00", leaf(kind="time"), True),
        ("2026-01-15", "tomorrow", leaf(format="date"), False),
        ("Clash with  the review", "clash with the review", leaf(kind="text"), True),
        ("Ada Lovelace", "ada lovelace", leaf(kind="person"), True),
        ("Ada Lovelace", "Ada Byron", leaf(kind="person"), False),
        ("vacation", "Vacation", leaf(enum=("vacation", "sick")), False),
        ("a@b.example", "A@b.example", leaf(kind="email"), True),
        ("a/B.txt", "a/b.txt", leaf(kind="path"), False),
        (None, "", leaf(), False),
        (["a", "b"], ["a", "b"], leaf(kind="id"), True),
        (["a", "b"], ["b", "a"], leaf(kind="id"), False),
        ({"a": 1}, {"a": 1.0}, leaf(types=("number",)), True),
        ({"a": 1}, {"a": 1, "b": 2}, leaf(), False),
    ],
)
def test_same_value(gold: Json, got: Json, kind: SchemaLeaf, same: bool) -> None:
    assert same_value(gold, got, kind) is same


def interview(key: str, candidate: str, role: str = "R-1") -> tuple[StateFact, ...]:
    return (
        StateFact(change="added", entity="interview", key=key, field="candidate_id", after=candidate),
        StateFact(change="added", entity="interview", key=key, field="role_id", after=role),
    )


def test_states_are_the_same_up_to_names_of_new_rows() -> None:
    assert same_state(interview("INT-1", "C-1"), interview("INT-9", "C-1"))
    assert not same_state(interview("INT-1", "C-1"), interview("INT-1", "C-2"))
    two = (*interview("INT-1", "C-1"), *interview("INT-2", "C-2"))
    swapped = (*interview("INT-2", "C-1"), *interview("INT-1", "C-2"))
    assert same_state(two, swapped)
    assert not same_state(two, interview("INT-1", "C-1"))
    assert not same_state(two, (*interview("INT-1", "C-1"), *interview("INT-2", "C-1")))


def test_rows_that_refer_to_new_rows_follow_their_names() -> None:
    def world(order: str, first: str, second: str) -> tuple[StateFact, ...]:
        return (
            StateFact(change="added", entity="order", key=order, field="customer", after="C-1"),
            StateFact(change="added", entity="line", key=first, field="order_id", after=order),
            StateFact(change="added", entity="line", key=second, field="order_id", after="ORD-old"),
        )

    assert same_state(world("O-1", "L-1", "L-2"), world("O-7", "L-8", "L-9"))
    mixed = (
        *world("O-1", "L-1", "L-2")[:2],
        StateFact(change="added", entity="line", key="L-2", field="order_id", after="O-1"),
    )
    assert not same_state(world("O-1", "L-1", "L-2"), mixed)


def test_old_rows_keep_their_names() -> None:
    one = (StateFact(change="changed", entity="leave", key="L-1", field="status", before="pending", after="approved"),)
    other = (
        StateFact(change="changed", entity="leave", key="L-2", field="status", before="pending", after="approved"),
    )
    assert same_state(one, one)
    assert not same_state(one, other)


def test_numbers_are_compared_by_value_and_free_text_without_case() -> None:
    one = (StateFact(change="added", entity="note", key="N-1", field="size", after=3),)
    other = (StateFact(change="added", entity="note", key="N-2", field="size", after=3.0),)
    assert same_state(one, other)
