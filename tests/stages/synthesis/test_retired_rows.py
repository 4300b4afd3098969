"""Rows about tools that are gone: one refused call, under the old name, before the right one."""

from __future__ import annotations

from dataclasses import replace

from loopbuild.records import Example, Json, ToolCatalog, ToolSchema
from loopbuild.stages.filters.promises import Written, broken
from loopbuild.stages.synthesis.retired import retired_rows

FIND = ToolSchema(id="hr/find_person", source="hr", name="find_person", call_name="find_person")
CATALOG = ToolCatalog(tools=(FIND,))


def asking(number: int, *, calls: int) -> Example:
    call = {"type": "function", "function": {"name": "find_person", "arguments": {"name": "Ann"}}}
    answers: list[dict[str, Json]] = [{"role": "tool", "name": "find_person", "content": "{}"}] * calls
    messages: tuple[dict[str, Json], ...] = (
        {"role": "user", "content": f"Find her {number}."},
        {"role": "assistant", "content": "", "tool_calls": [call] * calls, "loss": True},
        *answers,
        {"role": "assistant", "content": "Done.", "loss": True},
    )
    return Example(
        key=f"{number:064d}", trajectory=f"t{number}", category="call", split="train", level="low",
        topology="single" if calls == 1 else "parallel", writer="offline", messages=messages, tools=("hr/find_person",),
    )  # fmt: skip


def test_a_row_that_asks_one_tool_for_two_things_in_one_breath_is_not_told_again() -> None:
    """Both calls would be refused for one name, and a turn with two mistakes breaks the data set's promise."""
    known = [asking(n, calls=1 + n % 2) for n in range(6)]
    made = retired_rows({"hr/look_up": "hr/find_person"}, known, CATALOG, count=8, seed=0)
    assert {one.trajectory for one in made} == {"t0", "t2", "t4"}
    assert broken(Written(examples=made, shares={}, verdicts={}, made={})) == ([], [])


def looked_up_first(number: int) -> Example:
    """A row that finds a person before it asks for the team."""
    one = asking(number, calls=1)
    look = {"type": "function", "function": {"name": "find_team", "arguments": {"of": "Ann"}}}
    turn: tuple[dict[str, Json], ...] = (
        {"role": "assistant", "content": "First the team.", "tool_calls": [look], "loss": True},
        {"role": "tool", "name": "find_team", "content": "{}"},
    )
    messages = (one.messages[0], *turn, *one.messages[1:])
    return replace(one, key=f"{number + 100:064d}", messages=messages, tools=("hr/find_team", "hr/find_person"))


def test_where_nobody_is_asked_alone_the_old_name_fails_in_its_own_place() -> None:
    """Rows that call the successor and nothing else go first; else it is called among others."""
    known = [looked_up_first(n) for n in range(3)] + [asking(7, calls=1)]
    alone, *others = retired_rows({"hr/look_up": "hr/find_person"}, known, CATALOG, count=4, seed=0)
    assert alone.trajectory == "t7"
    for row in others:
        calls = [message for message in row.messages if message.get("tool_calls")]
        names = [message["tool_calls"][0]["function"]["name"] for message in calls]
        assert names == ["find_team", "look_up", "find_person"]
        assert [message["loss"] for message in calls] == [True, False, True]
    names = frozenset({"find_team", "find_person"})
    assert broken(Written(examples=[alone, *others], shares={}, verdicts={}, made={}, names=names)) == ([], [])


def test_a_person_who_wants_the_old_tool_is_told_and_the_new_one_is_called() -> None:
    known = [asking(n, calls=1) for n in range(4)]
    made = retired_rows({"hr/look_up": "hr/find_person"}, known, CATALOG, count=2, redirected=2, seed=0)
    moved = {one.trajectory for one in made[:2]}
    assert {one.trajectory for one in made[2:]} == {"t0", "t1", "t2", "t3"} - moved, "other rows, where there are any"
    for row in made[2:]:
        first, said, *_ = row.messages
        assert "`look_up`" in first["content"]
        assert "`look_up`" in said["content"]
        assert "`find_person`" in said["content"]
        calls = [call for message in row.messages for call in message.get("tool_calls") or ()]
        assert [call["function"]["name"] for call in calls] == ["find_person"]
        assert all(message["loss"] for message in row.messages if message["role"] == "assistant")
    assert retired_rows({"hr/look_up": "hr/find_person"}, known, CATALOG, count=2, seed=0) == made[:2]


def test_a_call_of_a_name_that_no_tool_has_is_never_taught() -> None:
    row = replace(asking(1, calls=1), category="retired")
    (breach,), _ = broken(Written(examples=[row], shares={}, verdicts={}, made={}, names=frozenset({"other"})))
    assert (breach.contract, breach.row) == ("retired", row.key)
    assert "1 of 1 rows teach a call that no tool answers" in breach.message
