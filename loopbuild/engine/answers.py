"""What `state:stale`, `reason:CODE` and `result:failed` stand for at this moment, as ids.

Reads what `plan`, a loop.lock and the journal say; writes nothing. Further methods, which know what the targets are
about, are handed in, and so are refinements of `state:modified`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import get_args

from loopbuild.engine import lockfile
from loopbuild.engine.against import Against
from loopbuild.engine.history import history
from loopbuild.engine.outcome import What
from loopbuild.engine.plan import plan
from loopbuild.engine.planned import Plan, PlanEntry
from loopbuild.engine.selection import Ask, Selection, parse, questions
from loopbuild.engine.staleness import ReasonCode
from loopbuild.engine.target import Target
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import SelectionError


def resolve(
    ws: Workspace,
    targets: Iterable[Target],
    words: Iterable[str],
    *,
    exclude: Iterable[str] = (),
    asks: Mapping[str, Ask] | None = None,
    aspects: Mapping[str, Callable[[], frozenset[str]]] | None = None,
    lines: lockfile.Lines | None = None,
) -> Selection:
    """Return the selection in some words, its questions answered; `asks` are methods beyond the engine's own.

    `aspects`: what `state:modified.NAME` stands for. `lines`: the lock that states are seen against, else loop.lock.

    Raises SelectionError for a word that can not be read and for a question that has no such answer.
    """
    words, exclude = list(words), list(exclude)
    found = _Answers(ws, list(targets), aspects or {}, lines)
    methods: dict[str, Ask] = {"state": found.state, "reason": found.reason, "result": found.result, **(asks or {})}
    answers = {core: _ask(methods, core) for core in questions([*words, *exclude], methods)}
    return parse(words, exclude=exclude, answers=answers)


def _ask(methods: Mapping[str, Ask], core: str) -> frozenset[str]:
    method, _, value = core.partition(":")
    return methods[method](value)


class _Answers:
    def __init__(
        self,
        ws: Workspace,
        targets: list[Target],
        aspects: Mapping[str, Callable[[], frozenset[str]]],
        lines: lockfile.Lines | None,
    ) -> None:
        self._ws = ws
        self._targets = targets
        self._aspects = {f"modified.{name}": ask for name, ask in aspects.items()}
        self._lines = lines

    @cached_property
    def _plan(self) -> Plan:
        return plan(self._ws, self._targets)

    @cached_property
    def _against(self) -> Against:
        return Against(self._ws, self._plan, lockfile.read(self._ws.root) if self._lines is None else self._lines)

    def state(self, value: str) -> frozenset[str]:
        """Return the targets in a state; `stale` and `failed` of this store, the others against a lock."""
        states: dict[str, Callable[[PlanEntry], bool]] = {
            "new": lambda entry: self._against.is_new(entry.target),
            "modified": lambda entry: self._against.is_modified(entry.target),
            "stale": lambda entry: entry.will != "reuse",
        }
        if value == "failed":
            with self._ws.reading() as journal:
                return frozenset(journal.failures())
        if value == "removed":
            return frozenset(self._against.removed)
        if value in self._aspects:
            return self._aspects[value]()
        _check("state", value, (*states, "removed", "failed", *self._aspects))
        entries = self._plan.entries
        return frozenset(name for name, entry in entries.items() if states[value](entry))

    def reason(self, value: str) -> frozenset[str]:
        """Return the targets that would or may run for a reason."""
        _check("reason", value, get_args(ReasonCode))
        return frozenset(
            name
            for name, entry in self._plan.entries.items()
            if any(one.code == value for one in (*entry.reasons, *(one for row in entry.rows for one in row.reasons)))
        )

    def result(self, value: str) -> frozenset[str]:
        """Return the targets that ended so in the last build that did anything."""
        _check("result", value, get_args(What))
        return frozenset(one.target for run in history(self._ws, 1) for one in run.targets if one.outcome == value)


def _check(method: str, value: str, known: Iterable[str]) -> None:
    import difflib

    known = sorted(known)
    if value not in known:
        close = difflib.get_close_matches(value, known, n=1)
        hint = f"did you mean `{method}:{close[0]}`?" if close else f"one of {', '.join(known)}"
        raise SelectionError(f"`{method}:{value}` is no question", hint=hint)
