"""Laws of long dialogues: as long as declared, clear in what they point at, put right where somebody was wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from loopbuild.llm.presence import is_said
from loopbuild.pointers import at
from loopbuild.records import Trajectory, paths_of, segments
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.figures import figures, origins
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.sampling.replay import replay
from tests.stages.synthesis.long_talks import TALK, talks


def _walked(row: Row) -> Trajectory:
    assert row.trajectory is not None
    return row.trajectory


def test_dialogues_are_as_long_as_declared_up_to_twelve_turns() -> None:
    counts = Counter(len(row.task.user_turns) for row in talks()[1])
    assert max(counts) == 12
    assert min(counts) >= 2
    long = sum(number for turns, number in counts.items() if turns >= 7) / counts.total()
    assert abs(long - TALK["turns"]["long"]) < 0.25


def test_every_row_keeps_its_contract_and_replays_to_the_same() -> None:
    catalog, rows = talks()
    sandbox = SimulatedSandbox(catalog, source="bank")
    found = [
        check_contract(row, catalog=catalog) or check_provenance(row, catalog=catalog) or check_grounding(row)
        for row in rows
    ]
    assert not [one for one in found if one is not None and one.reason not in ("form", "reasoning_form")]
    assert sum(one is not None for one in found) <= len(rows) / 10
    for row in rows[::4]:
        again = replay(_walked(row), catalog=catalog, sandbox=sandbox)
        assert isinstance(again, Trajectory)
        assert again.digest == _walked(row).digest


def test_corrections_come_before_and_after_the_call() -> None:
    rows = talks()[1]
    kinds = Counter(one.kind for row in rows for one in _walked(row).later)
    assert kinds["corrected"] / kinds.total() > 0.08
    slips = [
        (row, number, step, pointer, source)
        for row in rows
        for number, step in enumerate(_walked(row).steps)
        for pointer, source in step.call.provenance.items()
        if source.rule == "taken_back"
    ]
    assert len(slips) > 5
    for row, number, step, pointer, source in slips:
        text = row.task.user_turns[row.place_of(number)]
        assert is_said(source.given, text)
        assert is_said(at(step.call.arguments, pointer), text)
        assert at(step.call.arguments, pointer) != source.given


def test_a_value_that_was_never_taken_back_breaks_the_contract() -> None:
    catalog, rows = talks()
    row, number = next(
        (row, number)
        for row in rows
        for number, step in enumerate(_walked(row).steps)
        if any(source.rule == "taken_back" for source in step.call.provenance.values())
    )
    step = _walked(row).steps[number]
    pointer = next(p for p, source in step.call.provenance.items() if source.rule == "taken_back")
    place, new = row.place_of(number), at(step.call.arguments, pointer)
    turns = list(row.task.user_turns)
    turns[place] = f"please do it with {new}"
    found = check_contract(replace(row, task=replace(row.task, user_turns=tuple(turns))), catalog=catalog)
    assert found is not None
    assert "put right" in found.detail


def test_what_should_be_pointed_at_is_not_named() -> None:
    catalog, rows = talks()
    row, number = next(
        (row, number) for row in rows for number, one in enumerate(_walked(row).later, 1) if one.kind == "refers"
    )
    step = segments(_walked(row))[number][0]
    shown = next(
        at(step.call.arguments, pointer)
        for pointer, source in step.call.provenance.items()
        if source.kind == "tool" and isinstance(at(step.call.arguments, pointer), str)
    )
    turns = list(row.task.user_turns)
    turns[number] += f" ({shown})"
    found = check_contract(replace(row, task=replace(row.task, user_turns=tuple(turns))), catalog=catalog)
    assert found is not None
    assert "instead of pointing at it" in found.detail


def test_that_account_is_the_account_spoken_of_last() -> None:
    """An identifier that comes up again, and is not one of a list, is the latest of its kind."""
    catalog, rows = talks()
    tools = catalog.by_id()
    checked = 0
    for row in rows:
        last: dict[str, object] = {}
        seen: set[object] = set()
        parts = segments(_walked(row))
        for number, part in enumerate(parts):
            is_corrected = number > 0 and _walked(row).later[number - 1].kind == "corrected"
            for step in part:
                ids = [
                    (leaf.entity, step.call.arguments[leaf.pointer[1:]])
                    for leaf in tools[step.call.tool].inputs
                    if leaf.kind == "id" and leaf.pointer[1:] in step.call.arguments
                ]
                for entity, value in ids if number and not is_corrected else ():
                    if value in seen:
                        assert value == last[entity]
                        checked += 1
                last |= dict(ids)
                seen |= {value for _, value in ids}
                made = step.result.value.get("order_id") if step.call.tool == "bank/create_order" else None
                if made:
                    last["order"] = made
    assert checked > 30


def test_the_figures_tell_turns_and_kinds() -> None:
    rows = talks()[1]
    facts = {row.example.key: origins(_walked(row)) for row in rows}
    told = figures([row.example for row in rows], [row.example for row in rows], facts=facts, fidelity={})["dialogues"]
    assert sum(told["turns"].values()) == len(rows)
    assert list(told["turns"]) == sorted(told["turns"], key=int)
    kinds = Counter(one.kind for row in rows for one in _walked(row).later)
    assert set(kinds) == {"refers", "same", "corrected", "asks"}
    slips = sum(
        any(source.rule == "taken_back" for step in _walked(row).steps for source in step.call.provenance.values())
        for row in rows
    )
    assert told["later"] == {**kinds, "taken_back": slips}


def _is_even(path: str, length: int) -> bool:
    return length < 2 or int(path[:8], 16) % 2 == 0


def test_no_turn_takes_a_path_that_is_held_out_and_few_dialogues_are_lost_for_it() -> None:
    _, every = talks()
    _, trained = talks(_is_even)
    assert {True, False} == {_is_even(*path) for row in every for path in paths_of(_walked(row))}
    assert all(_is_even(*path) for row in trained for path in paths_of(_walked(row)))
    lost = [row for row in every if not all(_is_even(*path) for path in paths_of(_walked(row)))]
    assert len(every) - len(trained) < len(lost) / 2, "another way is taken instead"
