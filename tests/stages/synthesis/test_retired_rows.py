"""Rows about tools that are gone: one refused call, under the old name, before the right one."""

from __future__ import annotations

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
