"""Rows without calls and rows that ask first."""

from __future__ import annotations

from loopbuild.llm import open_writer
from loopbuild.llm.offline.slips import slips_in
from loopbuild.stages.synthesis.clarify import clarify_request, slots
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.negatives import negative_rows
from tests.stages.synthesis import worded_rows as w

SHARES = {"no_tool": 0.06, "out_of_scope": 0.04}


def rows(count: int, *, purpose: str = "train"):
    return negative_rows(w.catalog("hr"), shares=SHARES, count=count, seed=0, purpose=purpose)


def test_shares_are_met_and_nothing_is_called() -> None:
    made = rows(1000)
    assert [sum(task.category == category for task, _ in made) for category in SHARES] == [60, 40]
    assert not [message for _, example in made for message in example.messages if message.get("tool_calls")]


def test_asking_for_more_leaves_the_earlier_rows_alone() -> None:
    few = {example.key: example.digest for _, example in rows(500)}
    many = {example.key: example.digest for _, example in rows(1000)}
    assert few.items() <= many.items()


def test_texts_are_distinct_and_read_well() -> None:
    texts = [task.user_turns[0] for task, _ in rows(1000)]
    assert len(set(texts)) == len(texts)
    assert [text for text in texts if slips_in(text)] == []


def test_out_of_scope_requests_never_touch_the_catalog() -> None:
    entities = {tool.entity for tool in w.catalog("hr").tools}
    for task, _ in rows(2000):
        if task.category == "out_of_scope":
            assert not entities & set(task.user_turns[0].lower().replace("?", "").split())


def test_training_and_evaluation_share_no_row() -> None:
    train = {example.key for _, example in rows(500)}
    held_out = rows(500, purpose="eval")
    assert not train & {example.key for _, example in held_out}
    assert {example.split for _, example in held_out} == {"negative"}
    assert "d" in {task.voice for task, _ in held_out}


def test_a_clarifying_row_asks_before_it_calls() -> None:
    writer, catalog = open_writer("offline"), w.catalog("hr")
    made = [(one, asked) for one in w.hr_trajectories(110) if (asked := clarify_request(one, catalog))]
    assert len(made) > 20
    for (trajectory, asked), answer in zip(made, writer.write_many([asked for _, asked in made]), strict=True):
        task = to_task(trajectory, asked, answer, writer=writer.name)
        example = to_example(trajectory, task, catalog, split="train")
        assert [message["role"] for message in example.messages[:4]] == ["user", "assistant", "user", "assistant"]
        assert "tool_calls" not in example.messages[1]
        assert example.messages[3]["tool_calls"]
        assert task.assistant_turns[0].endswith(("?", "."))


def test_the_missing_value_is_given_later_only() -> None:
    catalog, writer = w.catalog("hr"), open_writer("offline")
    for trajectory in w.hr_trajectories(110):
        request = clarify_request(trajectory, catalog)
        if request is None:
            continue
        missing = next(a for a in request.steps[0].arguments if a.origin == "missing")
        answer = next(writer.write_many([request]))
        assert str(missing.value) not in answer.user_turns[0]
        assert str(missing.value) in answer.user_turns[1]


def test_only_single_calls_with_user_values_can_be_cut() -> None:
    catalog = w.catalog("hr")
    assert all(not slots(t, catalog) for t in w.hr_trajectories(44) if len(t.steps) > 1)
    assert slots(w.hr_trajectories(1)[0], catalog) == []
