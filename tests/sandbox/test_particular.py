"""Laws of values of particular things: a dish is a dish, and what had a maker before keeps it."""

from __future__ import annotations

import re

import pytest

from loopbuild.records import SchemaLeaf
from loopbuild.sandbox import pools
from loopbuild.sandbox.synthetic import synthesize


def value(*words: str, form: str = "") -> str:
    leaf = SchemaLeaf(
        pointer="/" + "_".join(words), side="input", types=("string",), words=words, format=form, fingerprint=""
    )
    made = synthesize(leaf, ["test", *words], purpose="train")
    assert isinstance(made, str)
    return made


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (("room", "number"), r"\d{3}"),
        (("isbn",), r"978\d{10}"),
        (("tracking", "number"), r"[A-Z]{3}\d{7}"),
        (("bed",), r"[A-H]\d{1,2}"),
    ],
)
def test_codes_look_like_codes(words: tuple[str, ...], pattern: str) -> None:
    assert re.fullmatch(pattern, value(*words))


def test_an_isbn_has_its_check_digit() -> None:
    digits = [int(one) for one in value("isbn")]
    assert sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def test_a_thing_is_of_its_kind() -> None:
    assert value("dish") in pools.DISHES
    assert value("medication") in pools.MEDICINES
    assert value("date", "of", "birth", form="date") < "2026"
    assert value("country", "code") in pools.COUNTRIES


def test_what_nothing_tells_of_is_still_a_piece_of_work() -> None:
    assert any(value("thing").endswith(noun) for noun in pools.NOUNS)


@pytest.mark.parametrize("form", ["date", "date-time"])
@pytest.mark.parametrize("word", ["created", "updated", "sent", "hired"])
def test_what_has_happened_lies_before_the_clock(word: str, form: str) -> None:
    leaf = SchemaLeaf(side="output", pointer="/x", types=("string",), format=form, words=(word, "at"))
    moments = [synthesize(leaf, number, purpose="train") for number in range(50)]
    assert all(re.match(r"20\d\d-\d\d-\d\d", moment) for moment in moments)
    assert max(moments) < "2026-01-15"
