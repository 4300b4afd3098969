"""Samples both branches of a conditional: one look in two worlds, in one of which the other branch is due.

A pair is made of two cells. Each of them executes both branches, so that either both have a row or neither has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice

from loopbuild.digest import digest
from loopbuild.pointers import Found, at
from loopbuild.records import Cell, Condition, Json, Step, ToolCall, Trajectory
from loopbuild.stages.sampling.arguments import Picks, Rule, bind, picks_of
from loopbuild.stages.sampling.execution import Run, attempt_call, comes_to_nothing, execute
from loopbuild.stages.sampling.feeds import Node, Skeleton
from loopbuild.stages.sampling.forks import Fork, forks
from loopbuild.stages.sampling.record import trajectory_of

_FORKS = 12
_WORLDS = 8
"""Worlds looked into for the second branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What was seen in one world, up to where it is decided."""

    fixture: int
    steps: tuple[Step, ...]
    value: Json


def sample_pair(run: Run, *, cell: Cell, key: str, fixtures: Sequence[int]) -> Trajectory | str:
    """Return the trajectory of `cell`, whose plan key is `key`, or why there is none.

    `run` is that of the pair's first cell: everything is chosen by its key, so that both rows are asked for in the same
    words.
    """
    why = ""
    for fork in islice(forks(cell.goal, cell.length, run.reach, key=run.key), _FORKS):
        found = _both(run, fork, fixtures)
        if not isinstance(found, str):
            made = found[cell.index % 2]
            return replace(made, key=key, cell=cell)
        why = found or why
        if run.calls >= run.most or run.broken:
            break
    return why


def _both(run: Run, fork: Fork, fixtures: Sequence[int]) -> tuple[Trajectory, Trajectory] | str:
    look = fork.trunk[-1].tool
    first: _Look | None = None
    done: Trajectory | None = None
    seen: list[Json] = []
    for fixture in fixtures[:_WORLDS]:
        if run.calls >= run.most or run.broken:
            break
        now = _looked(run, fork, fixture)
        if now is None:
            continue
        seen.append(now.value)
        if first is None:
            if not _is_sayable(now.value, fork):
                continue
            done = _taken(run, fork, now, None, None)
            first = now if done is not None else None
            continue
        if _holds(now.value, first.value, fork) or _rules(now.steps) != _rules(first.steps):
            continue
        other = _taken(run, fork, now, first, done)
        if other is not None and done is not None:
            return done, other
    shown = fork.leaf if fork.test == "is" else fork.leaf.partition("/[]")[0]
    if not seen:
        return run.refused
    told = "the list" if fork.test == "any" else repr(seen[0])
    if first is not None and all(_holds(value, first.value, fork) for value in seen):
        kind = "never empty" if fork.test == "any" else f"always {told}"
        return f"`{shown}` of `{look}` is {kind} ({len(seen)} worlds): only one branch can be reached"
    return run.refused or f"one branch behind `{shown}` of `{look}` cannot be executed"


def _looked(run: Run, fork: Fork, fixture: int) -> _Look | None:
    run.sandbox.open(fixture, sorted({node.tool for node in (*fork.trunk, fork.then, fork.other)}))
    steps = execute(run, Skeleton(nodes=fork.trunk), (), {})
    if steps is None:
        return None
    value = at(steps[-1].result.value, _path(fork))
    return None if value is None else _Look(fixture=fixture, steps=steps, value=value)


def _taken(run: Run, fork: Fork, look: _Look, first: _Look | None, before_it: Trajectory | None) -> Trajectory | None:
    """Take the branch that is due in the world just looked at; `first` is the look whose value the words name.

    `before_it` is what came of that: what is done with the first of a list can be told where the list is empty, too.
    """
    holds = first is None
    named = look.value if first is None else first.value
    picks = _picks(fork.trunk, look.steps)
    before = run.sandbox.state_diff() if run.sandbox.sees_state else None
    due, left = (fork.then, fork.other) if holds else (fork.other, fork.then)
    steps = _step(run, due, look.steps, picks)
    other = _bound(run, left, look.steps, picks)
    if fork.test == "any" and before_it is not None:
        other = before_it.steps[-1].call
    if steps is None or other is None:
        return None
    if run.reach.tools[due.tool].effect != "read" and run.sandbox.state_diff() == before:
        run.refused = f"{due.tool}: nothing changed"
        return None
    if comes_to_nothing(run, steps):
        return None
    condition = Condition(
        step=len(fork.trunk) - 1, path=_path(fork), leaf=fork.leaf, test=fork.test,
        value=named if fork.test == "is" else None, holds=holds, other=other, pair=run.key,
    )  # fmt: skip
    made = trajectory_of(
        steps, cell=run.cell, key=run.key, fixture=look.fixture, sandbox=run.sandbox, skeleton=fork.branch(holds=holds),
        tools=run.reach.tools, condition=condition,
    )  # fmt: skip
    return replace(made, signature=_signature(fork))


def _step(run: Run, node: Node, steps: tuple[Step, ...], picks: Picks) -> tuple[Step, ...] | None:
    call = _bound(run, node, steps, picks)
    step = None if call is None else attempt_call(run, call, turn=len(steps))
    return None if step is None else (*steps, step)


def _bound(run: Run, node: Node, steps: tuple[Step, ...], picks: Picks) -> ToolCall | None:
    chosen = picks_of(node, steps, picks, key=run.key, attempt=0)
    if chosen is None:
        return None
    return bind(node, steps, chosen, run.reach, run.sandbox, key=run.key, index=run.cell.index,
                purpose=run.purpose, attempt=0)  # fmt: skip


def _picks(trunk: tuple[Node, ...], steps: tuple[Step, ...]) -> Picks:
    """What the trunk took from where, so that a branch speaks of the same things."""
    picks: dict[tuple[int, str], tuple[tuple[Found, Rule], ...]] = {}
    for node, step in zip(trunk, steps, strict=True):
        for _, feed in sorted(node.feeds.items()):
            if feed.leaf and (feed.step, feed.leaf) not in picks:
                picks[feed.step, feed.leaf] = tuple(
                    (Found(path=one.path, value=at(steps[one.step].result.value, one.path)), one.rule)
                    for _, one in sorted(step.call.provenance.items())
                    if (one.step, one.leaf) == (feed.step, feed.leaf)
                )[:1]
    return picks


def _path(fork: Fork) -> str:
    return fork.leaf if fork.test == "is" else fork.leaf.partition("/[]")[0]


def _holds(value: Json, named: Json, fork: Fork) -> bool:
    return bool(value) if fork.test == "any" else bool(value == named)


def _is_sayable(value: Json, fork: Fork) -> bool:
    if fork.test == "any":
        return bool(value)
    return isinstance(value, bool) or (isinstance(value, str) and not any(letter.isdigit() for letter in value))


def _rules(steps: Sequence[Step]) -> list[tuple[str, str]]:
    return [(path, one.rule) for step in steps for path, one in sorted(step.call.provenance.items())]


def _signature(fork: Fork) -> str:
    """Both branches are one path: either both are held out or neither is."""
    nodes = [
        [
            node.tool,
            [[pointer, feed.step, feed.leaf or feed.said] for pointer, feed in sorted(node.feeds.items()) if feed.leaf],
        ]
        for node in (*fork.trunk, fork.then, fork.other)
    ]
    return digest("path", ["fork", nodes, fork.leaf, fork.test])
