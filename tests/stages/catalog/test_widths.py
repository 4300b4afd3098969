"""A change that is called compatible makes no call invalid, whatever rules it is about."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from declared_tools import catalog, schema_tool
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbuild.judging.validate import Validator
from loopbuild.records import LeafChange, ToolCatalog
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.widths import bounds_wider

SMALL = st.integers(0, 4)
ENDS = st.sampled_from([-2, 0, 1, 2, 2.5, 4, 10])
SCALARS_TRIED: list[Any] = [
    "", "a", "ab", "abc", "B", "2024-05-01", -3, -2, 0, 1, 2, 2.5, 2.51, 3, 4, 5, 6, 10, 10.5, 12, True, False, None,
]  # fmt: skip
OBJECTS_TRIED = [{}, *({"a": one} for one in ("", 1)), {"kind": "b"}, {"a": "x", "kind": "y"}]
TRIED: list[Any] = [
    *SCALARS_TRIED,
    *OBJECTS_TRIED,
    [],
    *([one] for one in (*SCALARS_TRIED, *OBJECTS_TRIED)),
    *([one, other] for one in ("ab", 4, None, {"a": "x"}) for other in ("ab", 10, {"a": "x"})),
    *([one, one, other] for one in ("ab", 4, {}) for other in ("B", 5)),
    ["a", "ab", "abc", "B"],
    [1, 2, 3, 4, 5],
]


def keywords(**choices: Any) -> Any:
    return st.fixed_dictionaries({}, optional=choices)


STEPS = st.sampled_from([0.5, 1, 2, 2.5, 3, 4, 5, 10])
NUMBER = keywords(minimum=ENDS, maximum=ENDS, exclusiveMinimum=ENDS, exclusiveMaximum=ENDS, multipleOf=STEPS)
TEXT = keywords(minLength=SMALL, maxLength=SMALL, pattern=st.sampled_from(["^a", "b"]), format=st.just("date"))
LISTED = keywords(enum=st.lists(st.sampled_from(["a", 1, True, None, 2.5]), min_size=1, max_size=4))
COUNTS = keywords(minItems=SMALL, maxItems=SMALL, uniqueItems=st.booleans(), minContains=st.integers(0, 2),
                  contains=st.sampled_from([{"type": "string"}, {"type": "number"}]))  # fmt: skip
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}, "kind": {"type": "string"}}}
TAGS = {"type": "array", "items": {"type": "string"}}


def typed(names: list[str]) -> Any:
    one = st.sampled_from(names)
    return st.one_of(one, st.lists(one, min_size=1, max_size=2, unique=True)).map(lambda name: {"type": name})


def both(*parts: Any) -> Any:
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


SCALARS = st.one_of(
    both(typed(["integer", "number", "null"]), NUMBER),
    both(typed(["string", "null"]), TEXT),
    both(typed(["string", "integer", "boolean", "null", "number"]), LISTED),
    st.just({}),
)
OBJECTS = st.one_of(
    both(
        st.sampled_from([OBJECT, {**OBJECT, "type": ["object", "null"]}]),
        keywords(
            required=st.sampled_from([["a"], ["a", "kind"], ["kind"]]),
            minProperties=SMALL,
            maxProperties=SMALL,
            dependentRequired=st.sampled_from([{"a": ["kind"]}, {"kind": ["a"]}]),
            propertyNames=st.sampled_from([{"minLength": 2}, {"maxLength": 4}]),
        ),
    ),
)


def lists(inner: Any) -> Any:
    kinds = st.sampled_from(["array", ["array", "null"]])
    return st.builds(lambda item, kind, counts: {"type": kind, "items": item, **counts}, inner, kinds, COUNTS)


def branches(kind: str) -> Any:
    return st.lists(st.one_of(SCALARS, OBJECTS, lists(SCALARS)), min_size=1, max_size=3).map(
        lambda found: {kind: found}
    )


PARAMETERS = st.one_of(SCALARS, OBJECTS, lists(st.one_of(SCALARS, OBJECTS)), branches("anyOf"), branches("oneOf"))


def one_parameter(schema: Any) -> ToolCatalog:
    return catalog(schema_tool({"type": "object", "properties": {"x": schema}}))


def changes(old: ToolCatalog, new: ToolCatalog) -> list[LeafChange]:
    return [leaf for change in diff_catalogs(old, new).changes for leaf in change.leaves]


def mutated(schema: Any) -> Any:
    """Another schema of the same kind, or the same with one keyword more, less or other."""
    return st.one_of(
        PARAMETERS,
        st.tuples(PARAMETERS, st.sets(st.sampled_from(sorted(schema) or [""]))).map(
            lambda found: {**{key: value for key, value in schema.items() if key not in found[1]}, **found[0]}
        ),
        st.sampled_from(sorted(schema) or [""]).map(
            lambda name: {key: value for key, value in schema.items() if key != name}
        ),
    )


@settings(max_examples=600, deadline=None)
@given(PARAMETERS.flatmap(lambda schema: st.tuples(st.just(schema), mutated(schema))))
def test_what_is_called_compatible_refuses_no_call(pair: tuple[Any, Any]) -> None:
    old, new = map(one_parameter, pair)
    if not old.tools or not new.tools or any(one.level == "breaking" for one in changes(old, new)):
        return
    before, after = Validator(old), Validator(new)
    for value in TRIED:
        if not before.check("hr/get_thing", {"x": value}):
            assert not after.check("hr/get_thing", {"x": value}), (pair, value, changes(old, new))


WIDER: list[tuple[Any, Any]] = [
    ({"type": "integer", "multipleOf": 10}, {"type": "integer", "multipleOf": 5}),
    ({"type": "number", "multipleOf": 0.3}, {"type": "number", "multipleOf": 0.1}),
    ({"type": "number", "exclusiveMinimum": 3}, {"type": "number", "minimum": 3}),
    ({"type": "number", "maximum": 3}, {"type": "number", "exclusiveMaximum": 3.5}),
    ({"type": "string", "maxLength": 3, "minLength": 2}, {"type": "string", "maxLength": 4, "minLength": 1}),
    ({"type": "array", "items": OBJECT, "minItems": 2}, {"type": "array", "items": OBJECT, "minItems": 1}),
    (OBJECT, {**OBJECT, "type": ["object", "null"]}),
    ({"type": "array", "items": OBJECT}, {"type": ["array", "null"], "items": OBJECT}),
    ({"type": "array", "items": {}, "contains": {"type": "string"}}, {"type": "array", "items": {}}),
    ({"anyOf": [OBJECT, TAGS]}, {"anyOf": [OBJECT, TAGS, {"type": "array", "items": {"type": "integer"}}]}),
    (
        {"oneOf": [OBJECT, TAGS]},
        {"oneOf": [OBJECT, TAGS, {"type": "integer"}]},
    ),
]


@pytest.mark.parametrize(("narrow", "wide"), WIDER, ids=lambda schema: str(schema)[:40])
def test_one_way_is_compatible_and_the_other_is_breaking(narrow: Any, wide: Any) -> None:
    there = changes(one_parameter(narrow), one_parameter(wide))
    back = changes(one_parameter(wide), one_parameter(narrow))
    assert there
    assert all(one.level == "compatible" for one in there), there
    assert any(one.level == "breaking" for one in back), back


@pytest.mark.parametrize("rules", [{"exclusiveMinimum": 3}, {"minimum": 3.5}])
def test_other_spellings_of_a_bound_of_whole_numbers_are_compatible_both_ways(rules: Any) -> None:
    one, other = one_parameter({"type": "integer", **rules}), one_parameter({"type": "integer", "minimum": 4})
    for found in (changes(one, other), changes(other, one)):
        assert [change.level for change in found] == ["compatible"]


def test_one_is_not_true() -> None:
    old, new = {"enum": [1, 2]}, {"enum": [True, 2]}
    (change,) = [one for one in changes(one_parameter(old), one_parameter(new)) if one.change == "enum_changed"]
    assert (change.level, change.detail) == ("breaking", "enum lost `1`, gained `true`")


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ({"type": "integer", "minimum": 1}, {"type": "integer", "minimum": 2}, "compatible"),
        ({"type": "integer", "minimum": 2}, {"type": "integer", "minimum": 1}, "behavioural"),
        ({"type": "integer", "multipleOf": 5}, {"type": "integer", "multipleOf": 10}, "compatible"),
        ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 6}, "behavioural"),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a"]}, "compatible"),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["a", "b"]}, "behavioural"),
        ({"type": "string"}, {"type": "string", "format": "date"}, "compatible"),
        ({"type": "string", "pattern": "^a"}, {"type": "string"}, "behavioural"),
    ],
)
def test_fewer_values_in_a_return_are_compatible_and_others_are_not(old: Any, new: Any, level: str) -> None:
    before, after = (
        catalog(schema_tool({}, output={"type": "object", "properties": {"x": one}})) for one in (old, new)
    )
    assert [(one.change, one.level) for one in changes(before, after)] == [("return_changed", level)]


RANGES = keywords(minimum=ENDS, maximum=ENDS, exclusiveMinimum=ENDS, exclusiveMaximum=ENDS)


@settings(max_examples=300)
@given(RANGES, RANGES, st.sampled_from(["integer", "number"]))
def test_a_range_is_wider_exactly_where_it_holds_the_other(one: Any, other: Any, kind: str) -> None:
    """Of ranges that are not empty, seen on a grid finer than their ends."""
    step = Fraction(1) if kind == "integer" else Fraction(1, 4)
    grid = [step * at for at in range(-60, 61)]

    def held(rules: Any, value: Fraction) -> bool:
        return (
            value >= rules.get("minimum", value)
            and value <= rules.get("maximum", value)
            and value > rules.get("exclusiveMinimum", value - 1)
            and value < rules.get("exclusiveMaximum", value + 1)
        )

    before, after = ({value for value in grid if held(rules, value)} for rules in (one, other))
    is_wider = bounds_wider({"type": [kind], **one}, {"type": [kind], **other})
    if is_wider:
        assert before <= after
    elif before:
        assert not before <= after
