"""Dialogues: what the person says later is executed, needs what came before, and is judged turn by turn."""

from __future__ import annotations

from dataclasses import replace

from loopbuild.judging.validate import Validator
from loopbuild.llm.offline.slips import slips_in
from loopbuild.records import Trajectory, from_json, segments, trajectory_json
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.filters.contract import check_contract
from loopbuild.stages.filters.grounding import check_grounding
from loopbuild.stages.filters.provenance import check_provenance
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.filters.verdicts import judge_rows
from loopbuild.stages.sampling.replay import replay
from loopbuild.stages.synthesis.contrast.making import Maker
from tests.stages.synthesis.dialogue_rows import dialogues

KINDS = {"corrected", "same", "refers", "asks"}
FILTERS = [{"kind": kind} for kind in ("schema", "contract", "danger", "provenance", "execution", "controls")]


def _of(kind: str) -> tuple[Row, int]:
    """A dialogue of one later turn of this kind, and the place of the person's message."""
    row = next(row for row in dialogues()[1] if [one.kind for one in row.trajectory.later] == [kind])
    return row, [n for n, message in enumerate(row.example.messages) if message["role"] == "user"][1]


def test_dialogues_of_every_kind_pass_every_filter_and_replay_to_the_same() -> None:
    catalog, rows = dialogues()
    assert {one.kind for row in rows for one in row.trajectory.later} == KINDS
    assert {len(row.task.user_turns) for row in rows} >= {2, 3, 4}
    sandbox = SimulatedSandbox(catalog, source="hr")
    verdicts = judge_rows(
        rows,
        catalog=catalog,
        filters=FILTERS,
        replay=lambda one: replay(one, catalog=catalog, sandbox=sandbox),
        validator=Validator(catalog),
    )
    assert [(verdict.reason, verdict.detail) for verdict in verdicts.values() if not verdict.kept] == []
    assert [text for row in rows for text in row.task.user_turns if slips_in(text)] == []


def test_messages_are_the_execution_turn_by_turn() -> None:
    catalog, rows = dialogues()
    names = {tool.id: tool.call_name for tool in catalog.tools}
    for row in rows:
        told: list[list[str]] = []
        for message in row.example.messages:
            if message["role"] == "user":
                told.append([])
            told[-1] += [call["function"]["name"] for call in message.get("tool_calls") or ()]
        assert told == [[names[step.call.tool] for step in part] for part in segments(row.trajectory)]
        assert [m.get("loss") for m in row.example.messages if m["role"] == "assistant"].count(True) == len(
            [m for m in row.example.messages if m["role"] == "assistant"]
        )
        assert from_json(Trajectory, trajectory_json(row.trajectory)) == row.trajectory


def test_a_correction_points_at_the_call_that_was_wrong() -> None:
    row, place = _of("corrected")
    later = row.trajectory.later[0]
    step = segments(row.trajectory)[1][0]
    source = step.call.provenance[later.pointer]
    assert (source.kind, source.step, source.rule) == ("user", later.about, "corrected")
    name = later.pointer[1:]
    assert row.trajectory.steps[later.about].call.arguments[name] != step.call.arguments[name]
    assert str(row.example.messages[place]["content"]) == row.task.user_turns[1]


def test_a_later_turn_that_needs_nothing_from_before_breaks_the_contract() -> None:
    catalog, _ = dialogues()
    for kind in ("refers", "same", "asks"):
        row, place = _of(kind)
        call = row.example.messages[place + 1]["tool_calls"][0]["function"]
        strange = {name: f"Z-{number}-nobody" for number, name in enumerate(call["arguments"])}
        messages = list(row.example.messages)
        messages[place + 1] = {
            **messages[place + 1],
            "tool_calls": [{"type": "function", "function": {**call, "arguments": strange}}],
        }
        found = check_contract(replace(row, example=replace(row.example, messages=tuple(messages))), catalog=catalog)
        assert found is not None
        assert found.reason == "contract:dialogue"
        assert "needs nothing" in found.detail


def test_a_dialogue_of_one_turn_or_without_an_answer_breaks_the_contract() -> None:
    catalog, _ = dialogues()
    row, place = _of("refers")
    for messages, fault in (
        (row.example.messages[:place], "speaks 1 times"),
        ((*row.example.messages[: place - 1], *row.example.messages[place:]), "is not answered"),
        (row.example.messages[: place + 1], "followed by no call"),
    ):
        found = check_contract(replace(row, example=replace(row.example, messages=tuple(messages))), catalog=catalog)
        assert found is not None
        assert fault in found.detail


def test_a_correction_that_says_the_old_value_again_breaks_the_contract() -> None:
    catalog, _ = dialogues()
    row, _ = _of("corrected")
    task = replace(row.task, user_turns=(row.task.user_turns[0], "make it as it was"))
    found = check_contract(replace(row, task=task), catalog=catalog)
    assert found is not None
    assert "does not say the new" in found.detail


def test_values_are_said_no_later_than_they_are_needed_and_shown_no_earlier() -> None:
    catalog, _ = dialogues()
    row, _ = _of("refers")
    step = segments(row.trajectory)[1][0]
    taken = [source for source in step.call.provenance.values() if source.kind == "tool"]
    shown = str(step.call.arguments[next(p for p, s in step.call.provenance.items() if s.kind == "tool")[1:]])
    assert taken
    assert len(shown) > 2
    first, second = row.task.user_turns
    early = replace(row, task=replace(row.task, user_turns=(f"{first} {shown}", second)))
    found = check_provenance(early, catalog=catalog)
    assert found is not None
    assert found.reason == "value_leaked"
    named = replace(row, task=replace(row.task, user_turns=(first, f"{second} {shown}")))
    assert check_provenance(named, catalog=catalog) is None
    corrected, _ = _of("corrected")
    both = " ".join(corrected.task.user_turns)
    late = replace(corrected, task=replace(corrected.task, user_turns=("please do it", both)))
    found = check_provenance(late, catalog=catalog)
    assert found is not None
    assert found.reason == "value_missing"


def test_an_answer_in_between_tells_only_what_was_seen_by_then() -> None:
    row, _ = _of("refers")
    told = replace(row.task, assistant_turns=("Done, that is QX-999.",))
    found = check_grounding(replace(row, task=told))
    assert found is not None
    assert found.reason == "ungrounded_answer"
    assert "answer 1" in found.detail


def test_a_value_that_was_corrected_gives_a_pair_against_losing_the_context() -> None:
    catalog, rows = dialogues()
    maker = Maker(catalog, SimulatedSandbox(catalog, source="hr"), {"ignores_correction": 50.0}, sources=["hr"])
    made = [
        pair.fault
        for row in rows
        if any(one.kind == "corrected" for one in row.trajectory.later)
        for pair in maker.pairs([row.example], row.trajectory)[0]
    ]
    assert "ignores_correction" in made
