"""Which call paths are kept from training, and what a held-out task holds."""

from __future__ import annotations

from hr_world import CHAIN

from loopbuild.records import Category, Cell, Task, Trajectory
from loopbuild.stages.evaluation.tasks import is_held_out, to_task


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
