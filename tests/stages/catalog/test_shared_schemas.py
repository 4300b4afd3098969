"""A shared schema is looked at once, and what one finds in it is what looking at every place finds."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.stages.catalog.found import Found, Walk
from loopbuild.stages.catalog.leaves import walk
from loopbuild.stages.catalog.references import Shared
from loopbuild.stages.catalog.values import values_of

NAMES = st.sampled_from(("a", "b", "c", "d"))
REFS = NAMES.map(lambda name: {"$ref": f"#/$defs/{name}"})
SCALARS = st.sampled_from(
    (
        {"type": "string"},
        {"type": "integer", "minimum": 1, "description": "How many."},
        {"enum": ["x", "y"], "default": "x"},
        {"type": ["string", "null"], "format": "date"},
        {},
    )
)


MERGED = {"allOf": [{"$ref": "#/$defs/a"}]}


def _around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    objects = st.fixed_dictionaries(
        {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("pqr"), inner, max_size=3)},
        optional={"required": st.just(["p"]), "title": st.just("A title"), "additionalProperties": inner},
    )
    lists = inner.map(lambda item: {"type": "array", "items": item, "minItems": 1, "description": "All of them."})
    unions = st.lists(inner, min_size=1, max_size=2)
    return st.one_of(
        objects, lists, unions.map(lambda parts: {"anyOf": parts}), unions.map(lambda parts: {"allOf": parts})
    )


SCHEMAS = st.recursive(st.one_of(SCALARS, REFS, REFS), _around, max_leaves=8)
BESIDE = REFS.map(lambda ref: {**ref, "description": "Said here."})
DEFINITIONS = st.fixed_dictionaries({name: st.one_of(SCHEMAS, BESIDE) for name in "abcd"})


def found_in(schema: Any, shared: Shared) -> Walk:
    """What a walk finds, without the mark of where it was found."""
    walked = walk(schema, shared=shared)
    walked.leaves = [replace(leaf, is_shared=False) for leaf in walked.leaves]
    return walked


@given(DEFINITIONS, st.lists(SCHEMAS, min_size=1, max_size=4))
def test_a_shared_schema_is_the_same_wherever_it_stands(definitions: dict[str, Any], answers: list[Any]) -> None:
    """Whatever was looked at before, whichever references led there; cycles and depth included."""
    together = Shared(definitions)
    for answer in answers:
        schema = {"type": "object", "properties": {"top": {"type": "array", "items": answer}}}
        # A schema with names of its own may give them another meaning: nothing is taken over into it.
        alone = found_in({**schema, "$defs": {}}, Shared(definitions))
        assert asdict(found_in(schema, together)) == asdict(alone)


@given(DEFINITIONS, SCHEMAS)
def test_its_values_are_fingerprinted_as_if_they_stood_alone(definitions: dict[str, Any], answer: Any) -> None:
    shared = Shared(definitions)
    leaves: list[Found] = walk({"type": "array", "items": answer}, shared=shared).leaves
    for leaf in [*leaves, *leaves]:
        assert values_of(leaf, "output", shared) == values_of(leaf, "output", None)


def test_names_of_its_own_give_a_schema_its_own_meaning() -> None:
    shared = Shared({"a": {"type": "object", "properties": {"b": {"$ref": "#/$defs/b"}}}, "b": {"type": "string"}})
    schema = {"type": "array", "items": {"$ref": "#/$defs/a"}}
    assert [leaf.types for leaf in walk(schema, shared=shared).leaves] == [("string",)]
    own = {**schema, "$defs": {"b": {"type": "integer"}}}
    assert [leaf.types for leaf in walk(own, shared=shared).leaves] == [("integer",)]


def test_too_much_is_cut_where_it_would_be_without_sharing() -> None:
    """Twelve places of a schema with many leaves: the limits count what stands there, not what was looked at."""
    wide = {"type": "object", "properties": {f"p{number:04}": {"type": "string"} for number in range(900)}}
    shared = Shared({"wide": wide})
    schema = {"type": "object", "properties": {f"q{number:02}": {"$ref": "#/$defs/wide"} for number in range(12)}}
    alone = walk({**schema, "$defs": {}}, shared=Shared({"wide": wide}))
    found = found_in(schema, shared)
    assert found.notes == alone.notes == ["8001 leaves, only the first 2000 are looked at"]
    assert len(found.leaves) == 2000
    assert [leaf.pointer for leaf in found.leaves] == [leaf.pointer for leaf in alone.leaves]


@pytest.mark.parametrize(
    ("inner", "count"), [({"type": "array", "items": MERGED}, 1), ({"anyOf": [MERGED, {"type": "object"}]}, 32)]
)
def test_merged_parts_that_lead_back_have_an_end(inner: Any, count: int) -> None:
    """What `allOf` merges leaves no trail; lists and alternatives in each other end all the same."""
    schema = {"type": "object", "properties": {"x": MERGED}}
    leaves = walk(schema, shared=Shared({"a": inner})).leaves
    assert len(leaves) == count
    assert leaves[0].rules["extra"] == "recursive"
