"""Whether calls of one assistant turn may run in any order: found out by running them in the other one.

Knows no plans; what is executed is what was executed before, turn by turn, the last call of a turn first.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from loopbuild.errors import SandboxError
from loopbuild.judging.compare import same_state
from loopbuild.records import Json, StateFact, Step
from loopbuild.sandbox.protocol import Sandbox


def commutes(steps: Sequence[Step], sandbox: Sandbox, start: Any) -> bool:
    """Say whether the same results and the same state come of `steps` when the calls of each turn are turned round.

    `start` is a snapshot from before the first step. The sandbox is left as it was found. Ids minted on the way may
    differ.
    """
    end, diff = sandbox.snapshot(), sandbox.state_diff()
    sandbox.restore(start)
    try:
        results = _reversed(steps, sandbox)
        other = sandbox.state_diff()
    except SandboxError:
        results, other = None, ()
    sandbox.restore(end)
    if results is None or not same_state(diff, other):
        return False
    mine, theirs = _minted(diff), _minted(other)
    return all(
        _plain(step.result.value, mine) == _plain(result, theirs) for step, result in zip(steps, results, strict=True)
    )


def _reversed(steps: Sequence[Step], sandbox: Sandbox) -> list[Json] | None:
    """Return the results in the order of `steps`; None when a call is refused."""
    results: dict[int, Json] = {}
    for _, group in groupby(enumerate(steps), key=lambda one: one[1].turn):
        for place, step in reversed(list(group)):
            result = sandbox.call(step.call.tool, step.call.arguments)
            if result.status != "ok":
                return None
            results[place] = result.value
    return [results[place] for place in range(len(steps))]


def _minted(diff: Sequence[StateFact]) -> frozenset[str]:
    return frozenset(fact.key for fact in diff if fact.change == "added")


def _plain(value: Json, minted: frozenset[str]) -> Json:
    if isinstance(value, dict):
        return {name: _plain(one, minted) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, minted) for one in value]
    return "#" if isinstance(value, str) and value in minted else value
