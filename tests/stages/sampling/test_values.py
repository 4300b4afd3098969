"""Laws of the values a person says."""

from __future__ import annotations

import re
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.pointers import at, find
from loopbuild.records import Json, SchemaLeaf, ToolSchema
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.patterns import MAX_LENGTH, from_pattern, is_too_much
from loopbuild.sandbox.pools import side_of
from loopbuild.sandbox.synthetic import synthesize
from loopbuild.stages.sampling.pointers import concrete, place, shared_item
from loopbuild.stages.sampling.values import choose, is_given


def leaf(name: str, **over: Json) -> SchemaLeaf:
    words = tuple(name.split("_"))
    return SchemaLeaf(side="input", pointer=f"/{name}", **{"types": ("string",), "words": words, **over})


def said(one: SchemaLeaf, key: str = "k", **over: Json) -> Json:
    tool = over.pop("tool", ToolSchema(id="s/t", source="s", name="t", call_name="t", inputs=(one,)))
    chosen = {"index": 0, "place": 0, "attempt": 0, "purpose": "train", "known": (), "given": {}, **over}
    return choose(one, tool=tool, key=key, **chosen)


@pytest.mark.parametrize(
    "name", ["name", "reason", "subject", "message", "title", "topic", "address", "department", "email", "url"]
)
def test_common_kinds_have_hundreds_of_values_on_both_sides(name: str) -> None:
    for purpose, least in (("train", 200), ("eval", 50)):
        one = leaf(name, entity="employee" if name == "name" else "")
        values = {str(synthesize(one, ["x", number], purpose=purpose)) for number in range(1500)}  # type: ignore[arg-type]
        assert len(values) >= least
        assert {side_of(value) for value in values} == {purpose}


def test_a_value_is_a_function_of_plan_tool_and_leaf() -> None:
    one = leaf("reason")
    assert said(one) == said(one)
    assert said(one) != said(one, key="other")
    two = leaf("reason_text")
    tool = ToolSchema(id="s/t", source="s", name="t", call_name="t", inputs=(one, two))
    assert said(one, tool=tool) == said(one)


def test_known_values_come_first_and_items_differ() -> None:
    one = leaf("names")
    known = ("Ada", "Grace", "Alan")
    assert {said(one, key=str(number), known=known) for number in range(30)} == set(known)
    assert said(one, known=known, place=0) != said(one, known=known, place=1)


def test_enum_values_take_turns() -> None:
    one = leaf("mode", enum=("onsite", "video", "phone"))
    assert {said(one, index=number) for number in range(3)} == {"onsite", "video", "phone"}


@given(st.text(max_size=6))
def test_an_end_date_lies_after_its_start(key: str) -> None:
    start, end = leaf("start_date", format="date"), leaf("end_date", format="date")
    tool = ToolSchema(id="s/t", source="s", name="t", call_name="t", inputs=(start, end))
    first = said(start, key=key, tool=tool)
    last = said(end, key=key, tool=tool, given={"/start_date": first})
    assert date.fromisoformat(first) < date.fromisoformat(last)
    assert date.fromisoformat(first) > date(2026, 1, 15)


def test_an_address_is_made_of_the_name_beside_it() -> None:
    assert said(leaf("email", kind="email"), given={"/name": "Ada Quirk"}).startswith("ada.quirk@")


@given(st.integers(-50, 50), st.integers(0, 100), st.text(max_size=5))
def test_numbers_keep_their_bounds(low: int, span: int, key: str) -> None:
    for types in (("integer",), ("number",)):
        one = leaf("level", types=types, minimum=float(low), maximum=float(low + span))
        assert low <= said(one, key=key) <= low + span
    assert said(leaf("level", types=("integer",), minimum=500.0), key=key) >= 500
    assert said(leaf("level", types=("integer",), maximum=-500.0), key=key) <= -500


@pytest.mark.parametrize(
    "pattern", [r"^R-\d{4}$", r"[a-f0-9]{6}", r"^(cus|acc)_[A-Za-z0-9]{3,5}$", r"\w+@\w+\.com", r"a?b*c+", r"[^0-9]x"]
)
def test_patterns_are_kept(pattern: str) -> None:
    for number in range(50):
        assert re.search(pattern, from_pattern(pattern, Draws(number).below))


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-z]{40000000}$", "a{99999999999999999999}", "(){40000000}", "(((a{50}){50}){50}){50}",
        "((a|b){900}|c){900}", "(" * 5000, "(" * 5000 + ")" * 5000, "[\\x00-\U0010ffff]{3000}.{3000}", "(x{9}|){99999}",
    ],
)  # fmt: skip
def test_a_pattern_that_asks_for_too_much_is_known_and_costs_little(pattern: str) -> None:
    start = time.monotonic()
    assert is_too_much(pattern)
    for number in range(3):
        assert len(from_pattern(pattern, Draws(number).below)) <= MAX_LENGTH
    assert time.monotonic() - start < 2


def test_patterns_of_this_world_are_not_too_much() -> None:
    for pattern in [r"^R-\d{4}$", "^.{1,65536}$", r"^[\w-]{1,4096}$", "a{b}", "^[0-9a-f]{64}$", "^(a(b(c(d)))){3}$"]:
        assert not is_too_much(pattern)
    assert from_pattern("a{b}", Draws(1).below) == "a{b}"


@given(st.text(alphabet="ab01{},?*+()[]|^$\\.-:dw\ud800\U0010ffff", max_size=40), st.integers(0, 3))
def test_whatever_a_pattern_is_a_text_comes_out(pattern: str, number: int) -> None:
    assert len(from_pattern(pattern, Draws(number).below)) <= MAX_LENGTH
    is_too_much(pattern)


def test_optional_parameters_are_given_by_their_share() -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {}, "b": {}, "box": {"type": "object", "required": ["c"], "properties": {"c": {}}}},
    }
    tool = ToolSchema(id="s/t", source="s", name="t", call_name="t", input_schema=schema)
    inner = SchemaLeaf(side="input", pointer="/box/c")
    given_ = [
        [is_given(tool, one, key=str(key), share=0.3) for one in (leaf("a"), leaf("b"), inner)] for key in range(600)
    ]
    assert all(row[0] for row in given_)
    assert 0.22 < sum(row[1] for row in given_) / 600 < 0.38
    assert 0.22 < sum(row[2] for row in given_) / 600 < 0.38
    assert any(row[1] != row[2] for row in given_)


def test_pointers_write_what_they_read() -> None:
    root: dict[str, Json] = {}
    for path, value in [("/a/0/b", 1), ("/a/0/c/0", 2), ("/a/1/b", 3), ("/d", 4)]:
        place(root, path, value)
        assert at(root, path) == value
    assert root == {"a": [{"b": 1, "c": [2]}, {"b": 3}], "d": 4}
    assert [found.path for found in find(root, "/a/[]/b")] == ["/a/0/b", "/a/1/b"]
    assert concrete("/a/[]/c/[]", (1,)) == "/a/1/c/0"
    assert shared_item("/r/[]/from", "/r/[]/to") == "/r/[]"
    assert shared_item("/ids/[]", "/scores/[]") == ""
    assert shared_item("/e/[]/name", "/e/[]/obs/[]") == "/e/[]"


SECRETS = ("password", "api_key", "client_secret", "access_token", "new_password")


@pytest.mark.parametrize("name", SECRETS)
@given(number=st.integers(0, 10_000))
def test_a_secret_is_made_up_whatever_the_world_holds(name: str, number: int) -> None:
    """Neither what a service knows nor an example or default of the schema, which may be somebody's."""
    one = leaf(name, examples=("hunter2",), default="hunter2", has_default=True)
    value = said(one, key=str(number), known=("hunter2", "letmein"))
    assert re.fullmatch(r"test-[0-9a-f]{12}", str(value))


@pytest.mark.parametrize("name", ["page_token", "next_token", "secret_name", "key", "key_id", "max_tokens", "spin"])
def test_what_only_sounds_like_a_secret_is_none(name: str) -> None:
    assert not leaf(name, types=("integer",) if name == "max_tokens" else ("string",)).is_sensitive
