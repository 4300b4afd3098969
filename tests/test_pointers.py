"""Names in JSON pointers, and what fragments point at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.pointers import escaped, unescaped, within


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


@pytest.mark.parametrize("fragment", ["/b", "/a/2", "/a/x", "/a/-1", "/a/0/c", "/a/\u0661"])
def test_a_pointer_that_leads_nowhere_is_an_error(fragment: str) -> None:
    root = {"a": [1, {"b~c/d": True}]}
    assert within(root, "/a/1/b~0c~1d") is True
    assert within(root, "/a/1/b%7E0c~1d") is True
    with pytest.raises(LookupError):
        within(root, fragment)
