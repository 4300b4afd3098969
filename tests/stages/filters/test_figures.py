"""What a dataset tells of itself: how far its rows are proven, what became of them, how often values come again."""

from __future__ import annotations

from dataclasses import replace

from test_near_duplicates import row

from loopbuild.stages.filters.figures import FIDELITY, figures

TRUE = {"hr/get": "exact", "hr/put": "simulated", "hr/run": "opaque"}


def told(made, kept):
    return figures(made, kept, facts={}, fidelity=TRUE)


def test_a_row_proves_no_more_than_the_weakest_of_its_calls() -> None:
    rows = [replace(row("a", str(n)), tools=tools) for n, tools in enumerate([
        ("hr/get",), ("hr/get", "hr/put"), ("hr/put", "hr/run", "hr/get"), (),
    ])]  # fmt: skip
    assert told(rows, rows)["shares"]["fidelity"] == {"exact": 1, "simulated": 1, "opaque": 1}
    assert FIDELITY[0] == "opaque"


def test_rows_of_each_category_are_counted_as_made_and_as_kept() -> None:
    rows = [row("a", "1"), row("b", "2"), replace(row("c", "3"), category="clarify")]
    assert told(rows, rows[:1])["passed"] == {"call": {"made": 2, "kept": 1}, "clarify": {"made": 1, "kept": 0}}


def test_values_that_people_say_are_counted_by_the_rows_they_are_said_in() -> None:
    rows = [row("get R-1 and R-1", "1"), row("get R-1", "2"), row("get R-2", "3", value="R-2"), row("get it", "4")]
    reuse = told(rows, rows)["reuse"]
    assert (reuse["said"], reuse["distinct"], reuse["most"]) == (3, 2, [["R-1", 2], ["R-2", 1]])
    assert told([], [])["reuse"] == {}
