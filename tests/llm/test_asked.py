"""Laws of questions: one asks for what is missing, by its name, and for nothing that was given."""

from __future__ import annotations

import pytest

from loopbuild.llm.asked import asks_wrongly

GIVEN = [("end date", "2026-03-06"), ("employee", "E-12"), ("type", "vacation")]


@pytest.mark.parametrize(
    "question",
    [
        "What is the start date?",
        "What date should the leave start?",
        "Please tell me the start date.",
        "I still need the start date. What is it?",
        "Which start date should I use for E-12, the employee?",
        "When the leave of type vacation begins: which start date?",
    ],
)
def test_a_question_for_what_is_missing_is_right(question: str) -> None:
    assert asks_wrongly(question, ["start date"], GIVEN, deed="submit leave") == ""


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        ("What is the end date?", "does not name"),
        ("Which date?", "does not name"),
        ("Which employee is it for?", "does not name"),
        ("How is the weather?", "does not name"),
        ("", "does not name"),
        ("What are the start date and the end date?", "`date end`"),
        ("What is the start date, and for which employee?", "`employee`"),
        ("The start date.", "no question"),
    ],
)
def test_a_question_for_anything_else_or_for_more_is_wrong(question: str, fault: str) -> None:
    assert fault in asks_wrongly(question, ["start date"], GIVEN, deed="submit leave")


def test_a_name_that_something_given_has_too_asks_for_neither() -> None:
    given = [("account", "A-2"), ("to account", "A-2")]
    assert asks_wrongly("Which account?", ["from account", "account"], given) == "it does not name what is missing"
    assert asks_wrongly("From which account?", ["from account", "account"], given) == ""


def test_what_the_deed_is_called_may_be_said() -> None:
    given = [("interview", "I-3")]
    fault = asks_wrongly("Which role is the interview for?", ["role"], given)
    assert fault == "it names `interview`, which was given"
    assert asks_wrongly("Which role is the interview for?", ["role"], given, deed="schedule interview") == ""
