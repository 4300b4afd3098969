"""Which call paths are kept from training, and what a held-out task holds."""

from __future__ import annotations

from dataclasses import replace

from hr_world import CHAIN
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.records import Category, Cell, Task, ToolCall, Trajectory
from loopbuild.stages.evaluation.tasks import is_held_out, spared, to_task


def test_about_the_share_of_paths_is_held_out() -> None:
    held = sum(is_held_out(f"path-{n}", 0.2, 0) for n in range(2000))
    assert 340 < held < 460
    assert not any(is_held_out(f"path-{n}", 0.0, 0) for n in range(50))
    assert all(is_held_out(f"path-{n}", 1.0, 0) for n in range(50))


def test_a_larger_share_holds_out_all_a_smaller_one_did() -> None:
    for n in range(200):
        assert is_held_out(f"path-{n}", 0.4, 7) or not is_held_out(f"path-{n}", 0.2, 7)


def test_single_calls_are_never_held_out() -> None:
    assert not any(is_held_out(f"path-{n}", 1.0, 0, length=1) for n in range(50))


def made(category: Category, group: str = "all") -> object:
    cell = Cell(goal="hr/x", topology="chain", length=3, index=0, purpose="eval", category=category)
    trajectory = Trajectory(
        key="t", cell=cell, sandbox="hr", fixture=1000, steps=CHAIN.gold, state_diff=CHAIN.state_diff
    )
    words = Task(
        key="k", trajectory="t", level="low", writer="offline", voice="v", category=category, user_turns=("Go.",)
    )
    return to_task(trajectory, words, split="values", group=group, system="Be brief.")


def test_a_task_asks_for_what_the_trajectory_did() -> None:
    task = made("call")
    assert task.gold == CHAIN.gold
    assert task.tools == CHAIN.tools
    assert task.state_diff == CHAIN.state_diff
    assert task.digest == made("call", group="changed").digest


def test_where_no_call_is_due_there_is_no_gold() -> None:
    task = made("no_tool")
    assert task.gold == task.tools == task.state_diff == ()


def walked(paths: dict[str, list[str]]) -> list[Trajectory]:
    """One trajectory per path: its name -> the tools it calls."""
    found = []
    for path, tools in paths.items():
        cell = Cell(goal=tools[-1], topology="chain", length=len(tools), index=0, purpose="train")
        steps = tuple(replace(CHAIN.gold[0], call=ToolCall(tool=tool)) for tool in tools)
        found.append(Trajectory(key=path, cell=cell, sandbox="hr", fixture=0, steps=steps, signature=path))
    return found


@given(
    paths=st.dictionaries(
        st.text("abcdef", min_size=1, max_size=6),
        st.lists(st.sampled_from("tuvwxyz"), min_size=1, max_size=4),
        max_size=12,
    ),
    share=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)
def test_no_tool_is_held_out_with_all_its_paths(paths: dict[str, list[str]], share: float) -> None:
    known = walked(paths)
    kept = spared(known, share)
    assert kept == spared(reversed(known), share)
    trained = [one for one in known if not is_held_out(one.signature, share, length=len(one.steps))]
    taught = {step.call.tool for one in trained for step in one.steps}
    saved = [one for one in known if one.signature in kept]
    assert not {one.key for one in saved} & {one.key for one in trained}
    # Every goal is taught, and no path moves for one that is taught without it.
    goals = {one.cell.goal for one in known}
    assert goals <= taught | {step.call.tool for one in saved for step in one.steps}
    assert all({step.call.tool for step in one.steps} & goals - taught for one in saved)


def test_held_out_tasks_of_other_worlds_spare_nothing() -> None:
    known = [replace(one, cell=replace(one.cell, purpose="eval")) for one in walked({"p": ["t", "u"]})]
    assert spared(known, 1.0) == frozenset()
