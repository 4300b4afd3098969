"""Laws of rows planned in case others are lost: taken only where their target is short, and owed to nobody."""

from __future__ import annotations

from loopbuild.pipeline.refilling import refilled
from loopbuild.records import Category, Example, Verdict

TARGET = '["value", "s/b", "/sort", "up"]'
EDGE = '["edge", "s/a", "/x", "s/b", "/x"]'
_SAID = ["", "sort them", "turn the list", "order these", "upwards please", "by their place"]
FILTERS = [{"kind": "dedup"}]


def row(key: str, *, text: str = "", category: Category = "call") -> Example:
    said = ({"role": "user", "content": text or f"do {key}"}, {"role": "assistant", "content": "ok", "loss": True})
    return Example(
        key=key, trajectory=f"t {key}", split="train", category=category, level="low", topology="single",
        writer="offline", messages=said, tools=("s/b",), digest=key,
    )  # fmt: skip


def refill(kept: list[Example], waiting: list[tuple[Example, int]], shown: dict[str, set[str]]) -> dict[str, Verdict]:
    rounds = {one.trajectory: turn for one, turn in waiting}
    return refilled(kept, [one for one, _ in waiting], rounds=rounds, shown=shown, filters=FILTERS)


def test_what_is_shown_often_enough_takes_none() -> None:
    plain, spare = row("a"), row("b")
    made = refill([plain], [(spare, 1)], {"t a": {TARGET}, "t b": {TARGET}})
    assert (made["b"].kept, made["b"].filter, made["b"].reason) == (False, "rounds", "not_needed")


def test_what_is_short_takes_as_many_as_it_lacks_and_the_first_round_first() -> None:
    waiting = [
        (row(f"{turn}{number}", text=f"{_SAID[turn]} {_SAID[number + 3]}"), turn)
        for turn in (1, 2, 3)
        for number in (1, 2)
    ]
    shown = {one.trajectory: {EDGE} for one, _ in waiting}
    made = refill([], waiting, shown)
    kept = {key for key, verdict in made.items() if verdict.kept}
    assert len(kept) == 3
    assert {"11", "12"} < kept
    assert kept - {"11", "12"} <= {"21", "22"}


def test_a_row_that_shows_nothing_is_not_taken() -> None:
    assert not refill([], [(row("a"), 1)], {"t a": set()})["a"].kept


def test_plain_rows_go_before_those_of_other_categories() -> None:
    plain, other = row("z"), row("a", category="clarify")
    made = refill([], [(plain, 1), (other, 1)], {"t a": {TARGET}, "t z": {TARGET}})
    assert {key: verdict.kept for key, verdict in made.items()} == {"a": False, "z": True}


def test_what_is_taken_is_held_against_the_others() -> None:
    """A row that says what another says fills nothing: the next round goes on."""
    plain = row("a", text="sort them upwards")
    same, fresh = row("b", text="sort them upwards"), row("c", text="now the other way round please")
    shown = {"t a": set(), "t b": {TARGET}, "t c": {TARGET}}
    made = refill([plain], [(same, 1), (fresh, 2)], shown)
    assert sum(verdict.kept for key, verdict in made.items() if key in "ab") == 1
    assert made["c"].kept is not made["b"].kept
