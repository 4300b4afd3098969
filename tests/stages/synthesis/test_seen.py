"""What of a result an answer may quote."""

from __future__ import annotations

import pytest

from loopbuild.records import Json
from loopbuild.stages.synthesis.seen import outcomes_of
from tests.stages.synthesis import worded_rows as w


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (["R-1", "R-2"], ["R-1", "R-2"]),
        ([{"role_id": "R-1", "title": "Cook"}], ["Cook"]),
        ([], []),
    ],
)
def test_a_bare_list_is_one_of_what_its_tool_is_about(value: Json, told: Json) -> None:
    tool = w.catalog("hr").by_id()["hr/get_open_roles"]
    (outcome,) = outcomes_of(value, tool)
    assert (outcome.words, outcome.value) == ("roles", told)
