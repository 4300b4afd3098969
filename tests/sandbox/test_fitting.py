"""Laws of values: where a schema of scalars allows any, what is made for it is allowed; what fits is left alone."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from loopbuild.records import SchemaLeaf
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.fitting import fitted_to, is_fitting
from loopbuild.sandbox.synthetic import synthesize

FORMATS = ("date", "date-time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname", "time", "duration")


@st.composite
def texts(draw: st.DrawFn) -> dict[str, Any]:
    low = draw(st.none() | st.integers(0, 60))
    high = draw(st.none() | st.integers(max(1, low or 0), 80))
    schema = {"type": "string", "minLength": low, "maxLength": high}
    return {name: rule for name, rule in schema.items() if rule is not None}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(("integer", "number")))
    step = draw(st.sampled_from((None, 1, 5, 7, 0.5, 0.25) if kind == "number" else (None, 1, 5, 7)))
    low = draw(st.none() | st.integers(-500, 500))
    high = draw(st.none() | st.integers(low + 14 if low is not None else -500, 1000))
    schema: dict[str, Any] = {"type": kind, "multipleOf": step}
    schema[draw(st.sampled_from(("minimum", "exclusiveMinimum")))] = low
    schema[draw(st.sampled_from(("maximum", "exclusiveMaximum")))] = high
    return {name: rule for name, rule in schema.items() if rule is not None}


scalars = texts() | numbers() | st.sampled_from(FORMATS).map(lambda name: {"type": "string", "format": name})
schemas = scalars | st.lists(scalars, min_size=1, max_size=3).map(lambda parts: {"anyOf": parts})


def leaf_of(schema: dict[str, Any], words: tuple[str, ...]) -> SchemaLeaf:
    types = schema.get("type") or sorted({part["type"] for part in schema["anyOf"]})
    return SchemaLeaf(
        side="input",
        pointer="/x",
        types=(types,) if isinstance(types, str) else tuple(types),
        format=schema.get("format", ""),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        words=words,
    )


@settings(max_examples=400, deadline=None)
@given(schemas, st.sampled_from((("title",), ("note",), ("price",), ("count",), ("code",))), st.integers(0, 999))
def test_what_is_made_is_allowed(schema: dict[str, Any], words: tuple[str, ...], number: int) -> None:
    value = synthesize(leaf_of(schema, words), number, purpose="train")
    made = fitted_to(value, schema, Draws(number))
    assert made is not None
    assert Draft202012Validator(schema).is_valid(made)
    if is_fitting(value, schema):
        assert made == value


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6, unique=True), st.text(max_size=6), st.integers(0, 999))
def test_a_value_more_moves_only_what_gets_it(values: list[str], more: str, number: int) -> None:
    before, after = (
        synthesize(SchemaLeaf(side="output", pointer="/x", types=("string",), enum=tuple(one)), number, purpose="train")
        for one in (values, [more, *values])
    )
    assert after in (before, more)


def test_nothing_is_made_where_nothing_is_allowed() -> None:
    for schema in ({"type": "string", "minLength": 9, "maxLength": 8}, {"type": "integer", "minimum": 2, "maximum": 1}):
        assert fitted_to("a long enough text" if "minLength" in schema else 1, schema, Draws(0)) is None
