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


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (("zip",), r"\d{5}"),
        (("billing", "address", "zip"), r"\d{5}"),
        (("postal", "code"), r"\d{5}"),
        (("postcode",), r"\d{5}"),
        (("bic",), r"[A-Z]{6}[A-Z]{2}"),
        (("etag",), r"[0-9a-f]{32}"),
        (("branch",), r"(feature|fix|chore|docs)/[a-z-]+"),
        (("branch", "name"), r"(feature|fix|chore|docs)/[a-z-]+"),
        (("repository", "name"), r"[a-z-]+"),
        (("revision",), r"[0-9a-f]{8}|v\d+\.\d+\.\d+"),
    ],
)
def test_codes_of_one_form_have_it_whatever_they_are_the_code_of(words: tuple[str, ...], pattern: str) -> None:
    assert re.fullmatch(pattern, value(*words))


@pytest.mark.parametrize("words", [("iban",), ("customer", "iban"), ("iban", "number"), ("debit", "iban")])
def test_an_iban_has_its_check_digits(words: tuple[str, ...]) -> None:
    text = value(*words)
    turned = text[4:] + text[:4]
    assert int("".join(str(int(char, 36)) for char in turned)) % 97 == 1


@pytest.mark.parametrize("words", [("start", "date"), ("absence", "day"), ("due", "date")])
def test_a_moment_that_is_called_a_day_is_midnight(words: tuple[str, ...]) -> None:
    assert value(*words, form="date-time").endswith("T00:00:00Z")


def test_a_moment_that_is_called_a_time_is_in_the_day() -> None:
    assert "T00:00" not in value("start", "time", form="date-time")


@pytest.mark.parametrize("words", [("folder",), ("target", "directory"), ("repo", "path"), ("root", "dir")])
def test_a_folder_is_no_file(words: tuple[str, ...]) -> None:
    assert re.fullmatch(r"[a-z]+/[a-z_]+", value(*words))


def test_the_name_of_a_thing_that_is_called_by_slugs_is_one() -> None:
    leaf = SchemaLeaf(side="output", pointer="/name", types=("string",), words=("name",))
    assert re.fullmatch(r"[a-z-]+", str(synthesize(leaf, 1, purpose="train", entity="repository")))


@pytest.mark.parametrize(
    ("words", "entity", "pattern"),
    [
        (("source",), "file", r"[a-z_]+/[a-z]+\.[a-z]+"),
        (("destination",), "file", r"[a-z_]+/[a-z]+\.[a-z]+"),
        (("path",), "file", r"[a-z_]+/[a-z]+\.[a-z]+"),
        (("path",), "directory", r"[a-z]+/[a-z_]+"),
        (("exclude", "pattern"), "directory tree", r"[a-z*/]*\*[a-z.*]*"),
    ],
)
def test_tools_about_files_are_told_places_and_patterns(words: tuple[str, ...], entity: str, pattern: str) -> None:
    leaf = SchemaLeaf(side="input", pointer="/x", types=("string",), words=words)
    for number in range(20):
        assert re.fullmatch(pattern, str(synthesize(leaf, number, purpose="train", entity=entity)))


@pytest.mark.parametrize("word", ["head", "tail", "count", "page"])
def test_what_is_counted_is_whole(word: str) -> None:
    leaf = SchemaLeaf(side="input", pointer="/x", types=("number",), words=(word,))
    assert all(synthesize(leaf, number, purpose="train") % 1 == 0 for number in range(50))


@pytest.mark.parametrize(("low", "high"), [(0.1, 0.9), (1.5, 1.9), (0.5, 1.0)])
def test_what_is_counted_stays_within_bounds_that_hold_no_whole_number(low: float, high: float) -> None:
    leaf = SchemaLeaf(side="input", pointer="/x", types=("number",), words=("limit",), minimum=low, maximum=high)
    assert all(low <= synthesize(leaf, number, purpose="train") <= high for number in range(20))
