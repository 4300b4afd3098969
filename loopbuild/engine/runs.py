"""Questions about earlier builds: what ran and why, what took longest, where two builds differ.

Reads the journal and the records of results; writes nothing. Edges are those of the results in force, so the critical
path of an old build is that of today's graph with the old durations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from loopbuild.engine.commit import decode_record
from loopbuild.engine.history import Run, TargetRun, history
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import SelectionError


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One target of two builds; an absent side did not touch it."""

    target: str
    old: TargetRun | None
    new: TargetRun | None

    @property
    def is_same_output(self) -> bool:
        """Whether both made the same bytes."""
        return bool(self.old and self.new and self.old.output and self.old.output == self.new.output)


def run_of(ws: Workspace, number: int = 0) -> Run:
    """Return an earlier build, the newest for 0. Raises SelectionError when there is none of that number."""
    found = history(ws, 1 if not number else 1_000_000)
    for run in found:
        if not number or run.number == number:
            return run
    if not found:
        raise SelectionError("nothing was built here yet", hint="`loopbuild build` is the first")
    raise SelectionError(
        f"there is no build {number}", hint=f"`loopbuild log` lists them; the newest is {found[0].number}"
    )


def critical_path(ws: Workspace, run: Run) -> tuple[TargetRun, ...]:
    """Return the chain of targets, each waiting for the one before, that took longest together."""
    ran = {target.target: target for target in run.targets}
    needs = _needs(ws, ran)
    best: dict[str, tuple[float, str]] = {}

    def total(name: str) -> float:
        return best[name][0]

    for name in _in_order(needs):
        before = max((other for other in needs[name] if other in best), key=total, default="")
        best[name] = (ran[name].seconds + (total(before) if before else 0.0), before)
    path: list[TargetRun] = []
    name = max(best, key=total, default="")
    while name:
        path.append(ran[name])
        name = best[name][1]
    return tuple(reversed(path))


def difference(old: Run, new: Run) -> tuple[Difference, ...]:
    """Return every target that one of two builds touched, in the order of the newer, then of the older one."""
    before, after = ({target.target: target for target in run.targets} for run in (old, new))
    names = dict.fromkeys([*after, *before])
    return tuple(Difference(target=name, old=before.get(name), new=after.get(name)) for name in names)


def _needs(ws: Workspace, ran: Mapping[str, TargetRun]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in ran}
    with ws.reading() as journal:
        current = journal.current()
    for name in ran:
        entry = current.get(name)
        if entry is None:
            continue
        try:
            inputs = decode_record(ws.objects.get(entry.record)).manifest["inputs"]
        except ObjectDamaged:
            continue
        found[name] = [other for other, _ in inputs.values() if other in ran]
    return found


def _in_order(needs: Mapping[str, list[str]]) -> list[str]:
    """Targets after what they need."""
    done: dict[str, None] = {}
    stack = [(name, False) for name in reversed(list(needs))]
    while stack:
        name, is_ready = stack.pop()
        if name in done:
            continue
        if is_ready:
            done[name] = None
        else:
            stack.append((name, True))
            stack += [(other, False) for other in needs[name] if other not in done]
    return list(done)
