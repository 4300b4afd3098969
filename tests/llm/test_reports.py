"""Laws of what the assistant says when it is done: nothing is told that was not observed of all it is told of."""

from __future__ import annotations

import pytest

from loopbuild.llm.offline import turns
from loopbuild.llm.offline.choices import TRAINING_VOICES, Choices
from loopbuild.llm.offline.reports import answer
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.offline.working_out import told_report
from loopbuild.llm.protocol import Argument, Outcome, StepWords, ToldWords

MANY = [f"row {n}" for n in range(40)]


def step(verb: str, noun: str, *results: dict[str, str], effect: str = "update") -> StepWords:
    keys = [f"{noun[:2].upper()}-{n}" for n in range(len(results))]
    return StepWords(
        turns=tuple(range(len(results))), indices=tuple(range(len(results))), verb=verb, effect=effect, noun=noun,
        arguments=(Argument(words=noun, entity=noun, is_key=True, is_own=effect != "create", value=keys[0]),),
        outcomes=tuple(
            tuple(Outcome(words=words, value=value, is_key=words.endswith("id")) for words, value in one.items())
            for one in results
        ),
        spoken=tuple((key,) for key in keys),
    )  # fmt: skip


def told(one: StepWords) -> set[str]:
    return {answer((one,), Scene(Choices(key, voice=TRAINING_VOICES[0]), steps=(one,))) for key in MANY}


@pytest.mark.parametrize("first", ["loan id", "book id"])
def test_what_was_made_is_told_and_not_what_it_was_made_of(first: str) -> None:
    result = {"loan id": "LOA-8173", "book id": "BOO-978"}
    ordered = {first: result[first], **result}
    for text in told(step("create", "loan", ordered, effect="create")):
        assert "LOA-8173" in text
        assert "BOO-978" not in text


def test_where_no_id_is_that_of_what_was_made_none_is_told() -> None:
    found = told(step("create", "loan", {"book id": "BOO-978", "member id": "MEM-4"}, effect="create"))
    assert found == {"Done. The loan is added.", "The loan is added.", "Done, the loan is added."}


def test_a_single_id_is_told_whatever_it_is_called() -> None:
    for text in told(step("create", "fault", {"ticket id": "TKT-88"}, effect="create")):
        assert "TKT-88" in text


def test_one_status_is_told_of_several_things_only_where_all_have_it() -> None:
    differ = told(step("assign", "asset", {"status": "inactive"}, {"status": "active"}))
    assert differ
    assert all("AS-0 and AS-1 are assigned" in text and "active" not in text for text in differ)
    alike = told(step("assign", "asset", {"status": "active"}, {"status": "active"}))
    assert alike
    assert all("status" in text and "active" in text for text in alike)


def test_of_several_things_read_more_is_told_than_what_they_belong_to() -> None:
    read = step("get", "deal", {"account id": "ACC-1", "title": "Move"}, {"account id": "ACC-1", "title": "Trial"},
                effect="read")  # fmt: skip
    for text in told(read):
        assert "Move" in text
        assert "Trial" in text


def test_a_reply_about_several_things_speaks_of_several() -> None:
    one, two = step("delete", "file", {}, effect="delete"), step("delete", "file", {}, {}, effect="delete")
    said = {text.lower() for key in MANY for text in (turns.consent([two], Choices(key, voice=TRAINING_VOICES[0])),)}
    said |= {turns.refusal([two], Choices(key, voice=TRAINING_VOICES[0])).lower() for key in MANY}
    assert not any(wrong in text for text in said for wrong in ("that one", "keep it", "leave it"))
    assert any("keep them" in text or "leave them" in text for text in said)
    assert any("keep it" in turns.refusal([one], Choices(key, voice=TRAINING_VOICES[0])).lower() for key in MANY)


def reported(one: ToldWords) -> set[str]:
    scenes = (Scene(Choices(key, voice=TRAINING_VOICES[0]), steps=()) for key in MANY)
    return {scene.choices.fill(told_report(one, scene)) for scene in scenes}


@pytest.mark.parametrize("value", [0, 1, 3])
def test_a_count_is_told_of_what_was_counted(value: int) -> None:
    """One open invoice of five is no `1 invoice`."""
    one = ToldWords(rule="count", words="invoice", by="status", given="open", value=value)
    found = reported(one)
    assert all(str(value) in text and "open" in text for text in found)
    assert all(("invoices" in text) == (value != 1) for text in found)


def test_a_difference_below_nothing_is_no_amount_above() -> None:
    less = ToldWords(rule="difference", words="balance", by="limit", value=-5.5)
    found = reported(less)
    assert found == {"The balance is 5.5 below the limit", "The difference is -5.5", "It is -5.5"}
