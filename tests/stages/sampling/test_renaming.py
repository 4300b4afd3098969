"""A trajectory under new names: the same execution, written otherwise."""

from __future__ import annotations

from loopbuild.records import Cell, Provenance, StateFact, Step, ToolCall, ToolResult, ToolSchema, Trajectory
from loopbuild.stages.sampling.renaming import Renames, renamed, renamed_call, vacant


def trajectory() -> Trajectory:
    call = ToolCall(
        tool="hr/book",
        arguments={"when": {"start_day": "2026-02-01"}, "guests": [{"mail": "a@b.c"}], "tags": ["x"]},
        provenance={"/when/start_day": Provenance(kind="user"), "/guests/0/mail": Provenance(kind="user")},
    )
    return Trajectory(
        key="k",
        cell=Cell(goal="hr/book", topology="single", length=1, index=0, purpose="train"),
        sandbox="hr",
        fixture=3,
        steps=(Step(call=call, result=ToolResult(status="ok", value={"id": 1}), turn=0),),
        state_diff=(StateFact(change="added", entity="meeting", key="1", field="start_day", after="2026-02-01"),),
        reads=("hr/book gate",),
        digest="d",
        signature="s",
    )


RENAMES = Renames(
    tools={"hr/book": "hr/book_room"},
    parameters={
        "hr/book_room": {
            "/when/start_day": "/when/first_day",
            "/guests/[]/mail": "/guests/[]/email",
            "/tags/[]": "/labels/[]",
        }
    },
)
TOOLS = {"hr/book_room": ToolSchema(id="hr/book_room", source="hr", name="book_room", call_name="book_room")}


def test_names_change_wherever_they_stand_and_values_nowhere() -> None:
    made = renamed(trajectory(), RENAMES, TOOLS)
    assert made is not None
    call = made.steps[0].call
    assert call.tool == made.cell.goal == "hr/book_room"
    assert call.arguments == {
        "when": {"first_day": "2026-02-01"},
        "guests": [{"email": "a@b.c"}],
        "labels": ["x"],
    }
    assert set(call.provenance) == {"/when/first_day", "/guests/0/email"}
    assert made.state_diff[0].field == "first_day"


def test_it_stays_the_execution_of_its_plan() -> None:
    made = renamed(trajectory(), RENAMES, TOOLS)
    assert made is not None
    assert (made.key, made.signature, made.formerly, made.fixture) == ("k", "s", ("d",), 3)
    assert made.digest != "d"
    assert vacant(made, TOOLS) == ("hr/book gate",)


def test_what_has_no_like_is_not_written_otherwise() -> None:
    assert renamed(trajectory(), RENAMES, {}) is None
    assert renamed_call("hr/other", {"a": 1}, RENAMES) == ("hr/other", {"a": 1})
