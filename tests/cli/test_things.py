"""What `loopbuild show` says of a row is all that explains it."""

from __future__ import annotations

from loopbuild.cli.things import found_json, found_text
from loopbuild.pipeline.lookups import Found, RowView
from loopbuild.records import to_json
from loopbuild.stages.filters.rows import Row
from tests.stages.synthesis.category_rows import rows


def found(row: Row) -> Found:
    other = row.proof.other
    near = None if other is None else {"call": to_json(other), "outcome": row.proof.outcome}
    return Found(
        rows=(RowView(target="rows:hr", key=row.example.key, example=to_json(row.example), nearly_right=near),)
    )


def test_a_row_of_two_tools_alike_names_the_other_and_what_it_comes_to() -> None:
    row = next(row for row in rows("near_miss") if row.proof.outcome == "answer")
    assert row.proof.other is not None
    screen = found_text(found(row))
    assert f"nearly right: {row.proof.other.tool}(" in screen
    assert "run in its place: it answers something else" in screen
    assert found_json(found(row))[0]["nearly_right"]["call"]["tool"] == row.proof.other.tool


def test_calls_made_to_fail_are_marked_as_not_learned() -> None:
    row = next(row for row in rows("error_recovery") if row.proof.failures)
    marked = [line for line in found_text(found(row)).splitlines() if line.endswith("(not learned)")]
    assert len(marked) == len(row.proof.failures)
    assert all(line.split()[0] == "call" for line in marked)


def test_a_refused_text_names_who_refused_it() -> None:
    usage = {"calls": 2, "prompt_tokens": 10, "completion_tokens": 5, "usd": 0.1, "served": [], "requests": []}
    words = {"user_turns": ["Close it."]}
    refused = {"writer": "one", "detail": "I can't help with that."}
    answer = {"writer": "two", "usage": usage, "words": words, "refused_by": refused}
    screen = found_text(Found(rows=(RowView(target="answers:hr", key="ab", answer=answer),)))
    assert "written by two: 2 calls" in screen
    assert "refused by one: I can't help with that." in screen
