"""What is said about cells without a trajectory and tools without a row."""

from __future__ import annotations

from loopbuild.engine.target import Json
from loopbuild.pipeline.coverage import gaps, said


def reached(tool: str) -> Json:
    return {"cell": {"goal": tool}, "steps": []}


def missed(tool: str, reason: str = "no_producer", detail: str = "nothing leads there") -> Json:
    return {"goal": tool, "unreachable": {"reason": reason, "detail": detail}}


def rows(*made: Json) -> dict[str, Json]:
    return {f"{number:03d}": row for number, row in enumerate(made)}


def test_where_nothing_is_missing_nothing_is_said() -> None:
    found = gaps(rows(reached("s/a"), reached("s/b")), [{"tools": ["s/a", "s/b"]}])
    assert (found["cells"], said(found)) == (2, [])


def test_gaps_are_counted_per_tool_and_reason_against_what_was_aimed_at() -> None:
    found = gaps(
        rows(reached("s/a"), missed("s/a"), missed("s/a"), missed("s/b", "exhausted", "s/b: conflict"), missed("s/b")),
        [{"tools": ["s/a"]}],
    )
    counted = [(one["tool"], one["reason"], one["cells"], one["of"]) for one in found["unreachable"]]
    assert counted == [("s/a", "no_producer", 2, 3), ("s/b", "exhausted", 1, 2), ("s/b", "no_producer", 1, 2)]
    assert said(found) == [
        "No training row calls `s/b`",
        "No trajectory for 4 of 5 cells: `s/a` 2 of 3 (no tool leads there: nothing leads there); "
        "`s/b` 1 of 2 (every way was tried: s/b: conflict); `s/b` 1 of 2 (no tool leads there: nothing leads there)",
    ]


def test_a_tool_whose_rows_were_all_dropped_is_untaught_too() -> None:
    assert gaps(rows(reached("s/a"), reached("s/b")), [{"tools": ["s/a"]}])["untaught"] == ["s/b"]


def test_long_lists_are_cut_and_say_where_the_rest_is() -> None:
    found = gaps(rows(*(missed(f"s/t{number}") for number in range(9))), [])
    assert all(line.endswith("; and 4 more (`loopbuild show dataset:main`)") for line in said(found))
    assert len(said(found, most=9)[1].split("; ")) == 9
