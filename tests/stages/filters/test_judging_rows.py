"""Every reason code is given to a row made to deserve it, and to none of the writer's own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbuild.llm.offline.writer import write
from loopbuild.records import Json, ToolResult, Trajectory
from loopbuild.stages.filters import KINDS
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.rows import Finding, Row
from loopbuild.stages.filters.verdicts import ORDER, judge_rows
from loopbuild.stages.synthesis.clarify import clarify_request
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.negatives import negative_rows
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.synthesis import worded_rows as w

YEARS = st.dates(date(1900, 1, 1), date(2080, 12, 31))
FILTERS = [{"kind": kind} for kind in ORDER]


@dataclass(frozen=True)
class Broken:
    code: str
    detail: str = "call 1"


def row_of(trajectory: Trajectory, request, **changes) -> Row:
    catalog = w.catalog(trajectory.cell.goal.split("/")[0])
    task = replace(to_task(trajectory, request, write(request), writer="offline"), **changes)
    return Row(example=to_example(trajectory, task, catalog), task=task, trajectory=trajectory)


def judged(row: Row, *, replay=None, name: str = "hr"):
    return judge_rows([row], catalog=w.catalog(name), filters=FILTERS, replay=replay)[row.example.key]


def first(shape: int = 1, **changes) -> Row:
    trajectory = w.hr_trajectories(11)[shape]
    return row_of(trajectory, make_requests(trajectory, w.catalog("hr"))[0], **changes)


def test_the_writers_own_rows_pass() -> None:
    for name, found in (("hr", w.hr_trajectories(88)), ("memory", w.memory_trajectories(48))):
        rows = [row_of(t, request) for t in found for request in make_requests(t, w.catalog(name))]
        asked = [(t, clarify_request(t, w.catalog(name))) for t in found]
        rows += [row_of(t, request) for t, request in asked if request]
        verdicts = judge_rows(rows, catalog=w.catalog(name), filters=FILTERS)
        assert {v.reason: v.detail for v in verdicts.values() if not v.kept} == {}


def test_negative_rows_pass() -> None:
    made = negative_rows(
        w.catalog("hr"), shares={"no_tool": 0.5, "out_of_scope": 0.5}, count=60, seed=0, purpose="train"
    )
    rows = [Row(example=example, task=task) for task, example in made]
    assert all(verdict.kept for verdict in judge_rows(rows, catalog=w.catalog("hr"), filters=FILTERS).values())


@pytest.mark.parametrize(
    ("shape", "text", "reason"),
    [
        (2, "add an employee", "value_missing"),
        (1, "list the open roles and interview the best for {derived}", "value_leaked"),
        (1, "run get_open_roles and interview the top two", "name_leaked"),
        (1, "get open roles, then interview the top two", "name_leaked"),
        (1, "interview the top two on 2026-04-04", "invented_value"),
        (1, 'interview the top two and note "be kind"', "invented_value"),
        (1, "interview", "form"),
    ],
)
def test_a_text_that_says_too_much_or_too_little_is_dropped(shape: int, text: str, reason: str) -> None:
    trajectory = w.hr_trajectories(11)[shape]
    derived = trajectory.steps[-1].call.arguments.get("role_id", "")
    verdict = judged(first(shape, user_turns=(text.format(derived=derived),)))
    assert (verdict.kept, verdict.filter, verdict.reason) == (False, "provenance", reason)


def test_an_answer_must_have_been_seen() -> None:
    assert judged(first(answer="Done, the interview is INT-1.")).reason == "ungrounded_answer"
    assert judged(first(answer="")).reason == "ungrounded_answer"
    assert judged(first(reasoning=("I call about R-1.", "", ""))).reason == "reasoning_form"


@pytest.mark.parametrize(
    ("seen", "answer", "is_grounded"),
    [
        ({"role": "R-1704"}, "Role R-17 is open.", False),
        ({"role": "R-1704"}, "Role R-1704 is open.", True),
        ({"role": "R-1704"}, "There are 7 of them.", False),
        ({"left": 7}, "There are 7 of them.", True),
        ({"left": 71}, "There are 7 of them.", False),
        ({"at": "2026-03-04T09:30:00Z"}, "It is on 2026-03-04 at 09:30.", True),
        ({"on": "2026-03-04"}, "It is on March 4, 2026.", True),
        ({"on": "2026-03-14"}, "It is on March 4, 2026.", False),
        ({"total": 12500}, "It comes to 12,500.", True),
        ({"note": "first line\n17 are left"}, "17 are left.", True),
        ({"size_m2": 52.5}, "The size m2 is 52.5.", True),
        ({"sizeM2": 52.5}, "The size m2 is 52.5.", True),
        ({"ref": "A_17"}, "It is 17.", False),
        ({"mail": "ada@mail.example"}, "Written to a@mail.example.", False),
        ({"created_at": "2026-06-30T15:00:00Z"}, "Created at 2026-06-30T15:00:00Z.", True),
        ({"created_at": "2026-06-30T15:00:00Z"}, "Created at 2026-06-30T16:00:00Z.", False),
        ({"created_at": "2026-06-30T15:00:00Z"}, "Created on June 30th at 3 pm.", True),
        ({"created_at": "2026-06-30T15:00:00Z"}, "Created on June 30th at 4 pm.", False),
        ({"id": "9T4X1"}, "It is 9T4X1.", True),
        ({"id": "9T4X1"}, "It is 9T4X.", False),
        ({"total": 2357.58}, "It comes to 2,357.58.", True),
        ({"total": 2357.58}, "It comes to 2,357.59.", False),
        ({"path": r"C:\temp1"}, r"It is in C:\temp1.", True),
    ],
)
def test_an_answer_says_whole_values_and_no_parts_of_them(seen: Json, answer: str, is_grounded: bool) -> None:
    assert reason_of(grounding_of(seen, answer)) == ("" if is_grounded else "ungrounded_answer")


@cache
def looked_up() -> Row:
    """A row of one call without arguments and a request without values."""
    row = first(user_turns=("What is it?",), reasoning=("I look.",))
    assert row.trajectory is not None
    step = row.trajectory.steps[-1]
    alone = replace(step, call=replace(step.call, arguments={}, provenance={}), turn=0)
    return replace(row, trajectory=replace(row.trajectory, steps=(alone,)))


def reason_of(found: Finding | None) -> str:
    return found.reason if found is not None else ""


def grounding_of(seen: Json, answer: str) -> Finding | None:
    row = looked_up()
    assert row.trajectory is not None
    step = replace(row.trajectory.steps[0], result=ToolResult(status="ok", value=seen))
    told = replace(row, task=replace(row.task, answer=answer))
    return check_grounding(replace(told, trajectory=replace(row.trajectory, steps=(step,))))


@settings(deadline=None, max_examples=60)
@given(
    value=st.one_of(
        st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=12),
        st.from_regex(r"[A-Z0-9]{1,3}[-_T#/]?[0-9T]{1,4}", fullmatch=True),
        st.integers(-(10**9), 10**9),
        st.floats(allow_nan=False, allow_infinity=False),
        st.datetimes().map(lambda one: one.isoformat()),
        st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat()),
        st.dates().map(str),
    ),
    among=st.lists(st.integers(0, 99), max_size=2),
)
def test_whatever_was_observed_may_be_told_in_its_own_spelling(value: Json, among: list[int]) -> None:
    answer = f"It is {value}, as asked."
    assert grounding_of({"found": [*among, value]}, answer) is None
    assert grounding_of({"found": f"Known as {value} since then."}, answer) is None


@settings(deadline=None, max_examples=60)
@given(number=st.integers(1000, 10**9), cents=st.integers(0, 99), day=YEARS, wrong=st.integers(1, 9))
def test_dates_and_amounts_may_be_told_as_people_write_them_and_no_others(
    number: int, cents: int, day: date, wrong: int
) -> None:
    seen: Json = {"sum": number + cents / 100, "on": day.isoformat()}
    assert grounding_of(seen, f"It comes to {number + cents / 100:,.2f}.") is None
    assert reason_of(grounding_of(seen, f"It comes to {number + wrong + cents / 100:,.2f}.")) == "ungrounded_answer"
    for written in (f"{day:%B} {day.day}", f"{day.day} {day:%b}"):
        assert grounding_of(seen, f"It was {written}, {day:%Y}.") is None
        assert grounding_of(seen, f"It was {written}.") is None
        assert reason_of(grounding_of(seen, f"It was {written}, {day.year + wrong:04}.")) == "ungrounded_answer"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"candidate_id": "C-1"}, "missing_required"),
        ({"candidate_id": 5, "role_id": "R-1"}, "wrong_type"),
        ({"candidate_id": "C-1", "role_id": "R-1", "mood": "good"}, "extra_argument"),
    ],
)
def test_a_call_that_does_not_validate_is_dropped_first(arguments, reason: str) -> None:
    row = first()
    last = row.trajectory.steps[-1]
    step = replace(last, call=replace(last.call, arguments=arguments))
    broken = replace(row, trajectory=replace(row.trajectory, steps=(*row.trajectory.steps[:-1], step)))
    verdict = judged(broken)
    assert (verdict.filter, verdict.reason) == ("schema", reason)


def test_a_call_to_nothing_is_dropped() -> None:
    row = first()
    step = replace(row.trajectory.steps[0], call=replace(row.trajectory.steps[0].call, tool="hr/nowhere"))
    assert judged(replace(row, trajectory=replace(row.trajectory, steps=(step,)))).reason == "unknown_tool"


@pytest.mark.parametrize("category", ["no_tool", "out_of_scope"])
def test_a_silent_row_that_calls_breaks_its_contract(category: str) -> None:
    row = first()
    silent = replace(row, example=replace(row.example, category=category))
    assert judged(silent).reason == f"contract:{category}"


def test_a_clarifying_row_must_ask_for_what_is_missing() -> None:
    trajectory = next(t for t in w.hr_trajectories(44) if clarify_request(t, w.catalog("hr")))
    request = clarify_request(trajectory, w.catalog("hr"))
    assert judged(row_of(trajectory, request)).kept
    assert judged(row_of(trajectory, request, assistant_turns=("How is the weather?",))).reason == "contract:clarify"
    assert judged(row_of(trajectory, request, user_turns=("do it", "please"))).reason == "contract:clarify"
    assert judged(row_of(trajectory, request, assistant_turns=())).reason == "contract:clarify"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Broken("tool_error"), "tool_error"),
        (Broken("invalid_call"), "tool_error"),
        (Broken("state_differs"), "state_differs"),
        (Broken("value_differs"), "state_differs"),
        (Broken("infra_error"), "deferred"),
    ],
)
def test_a_replay_that_differs_is_told_apart(outcome: Broken, reason: str) -> None:
    verdict = judged(first(), replay=lambda trajectory: outcome)
    assert (verdict.filter, verdict.reason) == ("execution", reason)


def test_two_replays_that_disagree_are_flaky() -> None:
    turn = count()
    assert judged(first(), replay=lambda t: replace(t, digest=f"{next(turn)}")).reason == "flaky"
    assert judged(first(), replay=lambda t: t).kept
    assert judged(first(), replay=lambda t: replace(t, digest="other")).reason == "state_differs"


def test_a_trajectory_is_replayed_twice_however_many_texts_it_has() -> None:
    trajectory = w.hr_trajectories(2)[1]
    rows = [row_of(trajectory, request) for request in make_requests(trajectory, w.catalog("hr"), texts_per_level=3)]
    seen = []
    judge_rows(rows, catalog=w.catalog("hr"), filters=FILTERS, replay=lambda t: seen.append(t) or t)
    assert len(seen) == 2


def test_a_filter_that_is_not_chosen_drops_nothing() -> None:
    row = first(user_turns=("interview",))
    assert judge_rows([row], catalog=w.catalog("hr"), filters=[{"kind": "schema"}])[row.example.key].kept


def test_every_kind_names_something() -> None:
    from importlib import import_module

    for place in KINDS.values():
        module, _, attribute = place.partition(":")
        assert callable(getattr(import_module(module), attribute))
