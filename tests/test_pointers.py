"""Names in JSON pointers, and what fragments point at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.pointers import escaped, scalars, unescaped, within


@given(st.text(max_size=8))
def test_a_name_comes_back_from_its_token_whatever_it_holds(name: str) -> None:
    assert unescaped(escaped(name)) == name
    assert "/" not in escaped(name)


@given(st.lists(st.text(alphabet="a~/b%$", max_size=4), max_size=4))
def test_a_pointer_of_escaped_names_leads_to_what_lies_there(names: list[str]) -> None:
    root: object = "here"
    for name in reversed(names):
        root = {name: root, "beside": 0} if name != "beside" else {name: root}
    assert within(root, "".join("/" + escaped(name) for name in names)) == "here"


_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a~/[]", max_size=3), inner, max_size=3),
    max_leaves=8,
)


def _count(tree: object) -> int:
    if isinstance(tree, list | dict):
        return sum(map(_count, tree.values() if isinstance(tree, dict) else tree))
    return 1


@given(_trees)
def test_every_scalar_lies_where_its_pointer_leads(tree: object) -> None:
    found = list(scalars(tree))
    assert len({pointer for pointer, _ in found}) == len(found) == _count(tree)
    for pointer, value in found:
        assert within(tree, pointer) is value


@pytest.mark.parametrize("fragment", ["/b", "/a/2", "/a/x", "/a/-1", "/a/0/c", "/a/\u0661"])
def test_a_pointer_that_leads_nowhere_is_an_error(fragment: str) -> None:
    root = {"a": [1, {"b~c/d": True}]}
    assert within(root, "/a/1/b~0c~1d") is True
    assert within(root, "/a/1/b%7E0c~1d") is True
    with pytest.raises(LookupError):
        within(root, fragment)
