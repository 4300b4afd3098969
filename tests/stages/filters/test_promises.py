"""A promise broken on purpose is found, by name and first row; what cannot be had is excused with its numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loopbuild.records import Category, Example, Verdict
from loopbuild.stages.filters.mix import counted, cut_back
from loopbuild.stages.filters.promises import Breach, Written, broken, repetition

SHARES = {"no_tool": 0.06, "clarify": 0.06, "error_recovery": 0.10}
CALL = {"type": "function", "function": {"name": "find", "arguments": {"name": "Ann"}}}


def row(number: int, category: Category = "call", *, calls: int = 1, loss: bool = True, **changes) -> Example:
    messages: list[dict[str, object]] = [{"role": "user", "content": f"{category} {number}"}]
    for _ in range(calls):
        messages.append({"role": "assistant", "content": "", "tool_calls": [CALL], "loss": loss})
        messages.append({"role": "tool", "name": "find", "content": "{}"})
    messages.append({"role": "assistant", "content": "Done.", "loss": True})
    return Example(
        key=f"{category}{number:04d}", trajectory=f"t{number}", category=category, split="train", level="low",
        topology="single", writer="offline", messages=tuple(messages), tools=("hr/find",) if calls else (), **changes,
    )  # fmt: skip


def failing(number: int) -> Example:
    plain = row(number, "error_recovery", calls=3)
    messages = tuple(m | {"loss": False} if place == 1 else m for place, m in enumerate(plain.messages))
    return replace(plain, messages=messages)


def sound(**changes) -> Written:
    """A data set that keeps every promise."""
    examples = [row(n) for n in range(68)] + [row(n, calls=2) for n in range(68, 95)]
    examples += [failing(n) for n in range(3)]
    examples += [row(n, "no_tool", calls=0) for n in range(6)] + [row(n, "clarify") for n in range(6)]
    data = Written(
        examples=examples,
        shares=SHARES,
        verdicts={one.key: Verdict(key=one.key, kept=True) for one in examples},
        made={one.key: ("train", one.category) for one in examples},
        tools={one.key: one.tools for one in examples},
        asked={"held": "something else"},
        fixtures={**{one.key: 3 for one in examples if one.tools}, "held": 1003},
        planned={"hr/find": 95},
    )
    return replace(data, **changes)


def with_rows(*changed: Example) -> Written:
    """The sound data set with the first rows exchanged for `changed` of the same keys."""
    by_key = {one.key: one for one in changed}
    return sound(examples=[by_key.get(one.key, one) for one in sound().examples])


def first(data: Written) -> Breach:
    breaches, _ = broken(data)
    assert breaches
    return breaches[0]


def test_a_sound_data_set_breaks_nothing_and_excuses_nothing() -> None:
    assert broken(sound()) == ([], [])


def test_a_row_without_calls_that_calls_is_named_with_its_turn() -> None:
    found = first(with_rows(row(2, "no_tool", calls=1)))
    assert found.contract == "no_tool"
    assert found.message == "1 of 6 rows calls a tool (first: row no_tool0002, turn 2)"


def test_a_withheld_tool_may_be_called_once_it_is_there() -> None:
    told = row(0, "missing_tool", withheld=("hr/find",))
    revealed = replace(told, messages=(told.messages[0], {"role": "system", "content": "{}"}, *told.messages[1:]))
    early = first(sound(examples=[*sound().examples, told], verdicts={}, made={}))
    assert (early.contract, "turn 2" in early.message) == ("missing_tool", True)
    assert broken(sound(examples=[*sound().examples, revealed]))[0] == []


@pytest.mark.parametrize(
    ("changed", "turn"),
    [
        (row(5, loss=False), 2),
        (row(1, "error_recovery", calls=3), 1),
        (replace(failing(1), messages=failing(1).messages[:3] + failing(1).messages[-1:]), 2),
    ],
    ids=["a call that is not learned", "no turn that fails", "nothing after the failure"],
)
def test_wrong_marks_of_loss(changed: Example, turn: int) -> None:
    found = first(with_rows(changed))
    assert found.contract == f"{changed.category} loss"
    assert f"turn {turn})" in found.message


def test_a_held_out_request_in_a_training_row() -> None:
    assert first(sound(asked={"held": "Call 7!"})).contract == "split"
    assert "1 of 1 held-out requests" in first(sound(asked={"held": "Call 7!"})).message


@pytest.mark.parametrize("worlds", [{"call0001": 1001}, {"held": 1}])
def test_a_starting_world_of_the_other_side(worlds: dict[str, int]) -> None:
    found = first(sound(fixtures={**sound().fixtures, **worlds}))
    assert (found.contract, found.row) == ("split", next(iter(worlds)))


def test_a_row_without_a_verdict() -> None:
    verdicts = dict(sound().verdicts)
    del verdicts["call0003"]
    assert first(sound(verdicts=verdicts)).message == "1 of 110 rows have no verdict (first: row call0003)"


def test_too_many_rows_of_a_category_break_its_share() -> None:
    more = [row(n, "no_tool", calls=0) for n in range(6, 12)]
    found = first(sound(examples=[*sound().examples, *more]))
    assert (found.contract, found.message) == ("no_tool", "12 of 116 rows (10.3%) instead of 6.0%")


def test_rows_lost_after_a_cut_are_an_excuse() -> None:
    """What was cut back for its share may lose rows to filters that look at rows together: no fault of anybody."""
    fewer = [one for one in sound().examples if one.category != "clarify"]
    reasons = ["share"] * 4 + ["dedup"] * 2
    gone = {f"clarify{n:04d}": Verdict(key="", kept=False, filter=why, reason="x") for n, why in enumerate(reasons)}
    breaches, excuses = broken(sound(examples=fewer, verdicts={**sound().verdicts, **gone}))
    assert breaches == []
    told = "6 were made, 2 were dropped, 4 were cut back before"
    assert excuses == [f"`clarify`: 0 of 104 rows (0.0%) instead of 6.0%; {told}"]


SMALL = {"no_tool": 0.06, "out_of_scope": 0.04, "missing_tool": 0.06, "clarify": 0.06, "confirm": 0.02,
         "near_miss": 0.04, "error_recovery": 0.1}  # fmt: skip


@pytest.mark.parametrize("supply", [0, 1, 2, 5, 40])
def test_no_set_however_small_fails_for_its_shares(supply: int) -> None:
    """Two points of twelve rows are a quarter of a row; and no row is two points too few."""
    for plain in range(60):
        examples = [row(n, calls=1 + n % 2) for n in range(plain)]
        quiet = [category for category in SMALL if category != "error_recovery"]
        examples += [row(n, category, calls=0) for category in quiet for n in range(supply)]
        examples += [failing(n) for n in range(supply)]
        examples += [row(n + supply, "missing_tool", withheld=("hr/find",), calls=0) for n in range(supply)]
        verdicts = {one.key: Verdict(key=one.key, kept=True) for one in examples} | cut_back(examples, shares=SMALL)
        left = [one for one in examples if verdicts[one.key].kept]
        made = {one.key: ("train", one.category) for one in examples}
        breaches, _ = broken(Written(examples=left, shares=SMALL, verdicts=verdicts, made=made))
        assert breaches == [], plain


def test_too_few_for_want_of_more_is_excused_with_numbers() -> None:
    fewer = [one for one in sound().examples if one.category != "clarify"]
    gone = {f"clarify{n:04d}": Verdict(key="", kept=False, filter="dedup", reason="duplicate_of:x") for n in range(6)}
    breaches, excuses = broken(sound(examples=fewer, verdicts={**sound().verdicts, **gone}))
    assert breaches == []
    assert excuses == ["`clarify`: 0 of 104 rows (0.0%) instead of 6.0%; 6 were made, 6 were dropped"]


def test_a_tool_below_its_floor_is_excused_by_what_was_lost() -> None:
    _, excuses = broken(sound(planned={"hr/find": 95, "hr/close": 10}, unreached={"hr/close": 9}))
    assert excuses == ["`hr/close`: 0 rows instead of 8; 9 of 10 plans were not reached"]
    _, excuses = broken(sound(planned={"hr/close": 10}, unreached={"hr/close": 4}, unworded={"hr/close": 6}))
    assert excuses == ["`hr/close`: 0 rows instead of 8; 4 of 10 plans were not reached, 6 of 10 have no text"]
    assert first(sound(planned={"hr/close": 10})).contract == "rows per tool"


def test_surplus_is_cut_back_to_the_shares_and_the_rest_stays() -> None:
    examples = [row(n) for n in range(100)] + [row(n, calls=2) for n in range(100, 190)]
    examples += [failing(n) for n in range(40)] + [row(n, "confirm", calls=1) for n in range(30)]
    examples += [row(n, "no_tool", calls=0) for n in range(12)]
    shares = {"error_recovery": 0.10, "confirm": 0.02, "no_tool": 0.06}
    cut = cut_back(examples, shares=shares)
    left = [one for one in examples if one.key not in cut]
    found = counted(left, shares=shares)
    assert (found["error_recovery"].rows, found["confirm"].rows, found["no_tool"].rows) == (10, 4, 12)
    assert {v.reason for v in cut.values()} == {"not_selected:confirm", "not_selected:error_recovery"}
    assert cut_back(left, shares=shares) == {}
    assert cut_back(examples, shares={}) == {}


def test_one_row_more_moves_few() -> None:
    examples = [row(n) for n in range(300)] + [row(n, "confirm") for n in range(60)]
    shares = {"confirm": 0.06}
    before, after = (cut_back(some, shares=shares) for some in (examples, [*examples, row(300)]))
    assert len(before.keys() ^ after.keys()) <= 1


def test_cutting_again_ends_at_the_shares() -> None:
    """Rows that go take calls with them, and so a part of the share of rows that recover."""
    examples = [row(n) for n in range(100)] + [row(n, calls=2) for n in range(100, 150)]
    examples += [row(n, "near_miss", calls=2) for n in range(200)] + [failing(n) for n in range(100)]
    shares = {"near_miss": 0.04, "error_recovery": 0.1}
    while cut := cut_back(examples, shares=shares):
        examples = [one for one in examples if one.key not in cut]
    made = {one.key: ("train", one.category) for one in examples}
    verdicts = {one.key: Verdict(key=one.key, kept=True) for one in examples}
    assert broken(Written(examples=examples, shares=shares, verdicts=verdicts, made=made)) == ([], [])


LIMITS = {"warn": 0.45, "fail": 0.6}


@pytest.mark.parametrize(
    ("score", "texts", "fails", "is_said"),
    [(0.45, 900, 0, False), (0.46, 900, 0, True), (0.6, 900, 0, True), (0.61, 900, 1, True), (0.9, 199, 0, True),
     (0.9, 200, 1, True), (0.9, 49, 0, False)],
)  # fmt: skip
def test_texts_that_repeat_one_another_are_said_or_refused(score: float, texts: int, fails: int, is_said: bool) -> None:
    """What exactly meets a limit keeps it; of few texts nothing is decided."""
    data = sound(self_bleu={"high": (0.1, 900), "low": (score, texts)}, variety=LIMITS)
    breaches, _ = broken(data)
    assert len(breaches) == fails
    assert len(repetition(data)) == is_said
    for one in breaches:
        assert one.contract == "self_bleu"
        assert (
            f"low texts repeat one another: Self-BLEU@20 {score:.2f} over {texts} of them, at most 0.6" in one.message
        )
        assert "`synthesis.variety.fail` is the limit" in one.hint


def test_a_limit_of_one_refuses_nothing() -> None:
    assert broken(sound(self_bleu={"low": (1.0, 900)}, variety={"warn": 1.0, "fail": 1.0}))[0] == []
