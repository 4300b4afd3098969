"""Laws of unions: an alternative is what it is, whatever others stand beside it."""

from __future__ import annotations

from typing import Any

from declared_tools import catalog, schema_tool
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loopbuild.records import CatalogDiff, ToolCatalog
from loopbuild.stages.catalog.classes import touched
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.facts import facts

CIRCLE = {
    "type": "object",
    "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}},
    "required": ["kind"],
}
SQUARE = {
    "type": "object",
    "properties": {"kind": {"const": "square"}, "side": {"type": "number"}},
    "required": ["kind"],
}
USER = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "login", "email")}}
TEAM = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "slug", "members_url")}}
TAGS = {"type": "array", "items": {"type": "string"}}
PEOPLE = {"type": "array", "items": USER}
ALTERNATIVES = [CIRCLE, SQUARE, USER, TEAM, TAGS, PEOPLE, {"type": "string"}]
SEVERAL = st.lists(st.sampled_from(ALTERNATIVES), min_size=2, max_size=6, unique_by=str)


def returning(schema: Any, **more: Any) -> ToolCatalog:
    return catalog(schema_tool({}, output={"type": "object", "properties": {"it": schema}, **more}))


def taking(schema: Any) -> ToolCatalog:
    return catalog(schema_tool({"type": "object", "properties": {"it": schema}}))


def union(parts: list[Any]) -> dict[str, Any]:
    return {"anyOf": parts}


def pointers(found: ToolCatalog) -> set[str]:
    return {leaf.pointer for tool in found.tools for leaf in (*tool.inputs, *tool.outputs)}


@settings(max_examples=100, deadline=None)
@given(SEVERAL, st.data())
def test_one_more_alternative_is_one_addition_and_moves_nothing(parts: list[Any], data: Any) -> None:
    assume(any("properties" in part or "items" in part for part in parts[1:]) and len(parts) > 2)
    place = data.draw(st.integers(0, len(parts) - 1))
    fewer = [part for part in parts if part is not parts[0]]
    more = [*fewer[:place], parts[0], *fewer[place:]]
    old, new = returning(union(fewer)), returning(union(more))
    after = facts(new)
    assert {name: after.get(name) for name in facts(old)} == facts(old)
    (change,) = diff_catalogs(old, new).changes
    assert [(leaf.change, leaf.level) for leaf in change.leaves] == [("return_added", "compatible")]
    (back,) = diff_catalogs(new, old).changes
    assert [(leaf.change, leaf.level) for leaf in back.leaves] == [("return_removed", "breaking")]
    gone = facts(new).keys() - facts(old).keys()
    assert set(touched(back, back.leaves[0])) == gone


@settings(max_examples=60, deadline=None)
@given(SEVERAL, st.randoms(use_true_random=False))
def test_order_and_references_are_no_change(parts: list[Any], dice: Any) -> None:
    mixed = list(parts)
    dice.shuffle(mixed)
    names = {f"n{at}": part for at, part in enumerate(mixed)}
    references = [{"$ref": f"#/$defs/{name}"} for name in names]
    one, other, named = (
        returning(union(parts)),
        returning(union(mixed)),
        returning(union(references), **{"$defs": names}),
    )
    assert facts(one) == facts(other) == facts(named)
    assert diff_catalogs(one, other) == diff_catalogs(one, named) == CatalogDiff()


def test_an_alternative_is_called_what_it_is() -> None:
    found = pointers(returning(union([CIRCLE, TAGS, {"type": "string"}, {"type": "null"}])))
    assert found == {"/it/|kind=circle/kind", "/it/|kind=circle/radius", "/it/|list-string/[]", "/it/|string"}


def test_alternatives_that_look_alike_are_told_apart_by_their_rules() -> None:
    longer = {**USER, "properties": {**USER["properties"], "id": {"type": "integer"}}}
    found = pointers(returning(union([USER, longer, USER])))
    assert len(found) == 2 * len(USER["properties"])


def test_one_more_property_is_one_addition_in_the_same_alternative() -> None:
    """Its name is made of its properties, so rows that read it are looked at; nothing is said to be gone."""
    grown = {**USER, "properties": {**USER["properties"], "phone": {"type": "string"}}}
    old, new = returning(union([USER, TEAM])), returning(union([grown, TEAM]))
    (change,) = diff_catalogs(old, new).changes
    assert sorted((leaf.change, leaf.level) for leaf in change.leaves) == [
        ("alternative_renamed", "compatible"),
        ("return_added", "compatible"),
    ]
    renamed = next(leaf for leaf in change.leaves if leaf.change == "alternative_renamed")
    moved = {name for name in facts(old) if name not in facts(new)}
    assert moved
    assert set(touched(change, renamed)) == moved


def test_what_stood_alone_is_found_among_several() -> None:
    (change,) = diff_catalogs(returning(USER), returning(union([USER, TEAM]))).changes
    assert sorted(leaf.change for leaf in change.leaves) == ["alternative_renamed", "return_added"]


def test_a_further_alternative_of_a_parameter_is_compatible() -> None:
    old, new = taking(union([CIRCLE, TAGS])), taking(union([CIRCLE, TAGS, USER]))
    (change,) = diff_catalogs(old, new).changes
    assert {(leaf.change, leaf.level) for leaf in change.leaves} == {
        ("parameter_added", "compatible"),
        ("rules_changed", "compatible"),
    }
    (back,) = diff_catalogs(new, old).changes
    assert back.level == "breaking"
