"""Part of filter `provenance`: what is worked out comes out the same when it is worked out again, and can be.

Both ways: the text says all that the working out needs (the status to look for, the days to move by) and not what comes
of it. What is done for each member that matches is done for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from loopbuild.digest import canonical
from loopbuild.judging.derive import chosen, derive
from loopbuild.llm.offline.morphology import spans
from loopbuild.llm.presence import is_said, spellings
from loopbuild.records import Json, Provenance, Trajectory
from loopbuild.stages.filters.rows import Finding, Row, bound_values


def worked_out_wrong(row: Row) -> Finding | None:
    """Return `not_derivable`, `value_missing` or `value_leaked`; None where nothing is worked out, or all is well."""
    trajectory = row.trajectory
    assert trajectory is not None
    for one in bound_values(trajectory):
        if one.origin.kind != "derived":
            continue
        due = derive(one.origin, trajectory.steps[one.origin.step].result.value)
        if canonical(due) != canonical(one.value):
            return Finding(reason="not_derivable", detail=f"`{one.value}` of `{one.pointer}` is no {one.origin.rule}")
    left_out = next(_left_out(trajectory), None)
    if left_out is not None:
        return Finding(reason="not_derivable", detail=f"`{left_out}` matches, too, and nothing is done with it")
    for source in _sources(trajectory):
        if source.given is not None and not _is_given(source, row.said):
            return Finding(reason="value_missing", detail=f"`{source.given}` of `{source.by or source.leaf}`")
    told = told_value(trajectory)
    if trajectory.told is not None and told is None:
        return Finding(reason="not_derivable", detail=f"nothing is the {trajectory.told.rule} of the result")
    if isinstance(told, str) and is_said(told, row.said):
        return Finding(reason="value_leaked", detail=f"`{told}` is what is asked for")
    return None


def told_value(trajectory: Trajectory) -> Json:
    """Return the value the answer is about; None where the person asks for no such value."""
    source = trajectory.told
    return None if source is None else derive(source, trajectory.steps[source.step].result.value)


def given_in(trajectory: Trajectory) -> list[str]:
    """Return the texts by which a person gives what the working out needs, or a value that is taken back."""
    slips = [one.origin for one in bound_values(trajectory) if one.origin.rule == "taken_back"]
    return [
        form for source in (*_sources(trajectory), *slips) if source.given is not None for form in _forms(source)
    ]  # fmt: skip


def _is_given(source: Provenance, text: str) -> bool:
    # Yes and no are said by the sentence: the one that is pending, those that are not available.
    return isinstance(source.given, bool) or any(is_said(form, text) for form in _forms(source))


def _forms(source: Provenance) -> tuple[str, ...]:
    return spans(source.given) if source.rule == "shift" else spellings(source.given)


def _sources(trajectory: Trajectory) -> Iterator[Provenance]:
    yield from (one.origin for one in bound_values(trajectory) if one.origin.kind == "derived")
    if trajectory.told is not None:
        yield trajectory.told


def _left_out(trajectory: Trajectory) -> Iterator[Json]:
    """Members that match as well, of which no call makes use."""
    taken: dict[tuple[Json, ...], tuple[Provenance, set[str]]] = {}
    for one in bound_values(trajectory):
        source = one.origin
        if source.kind == "derived" and source.rule == "matching":
            place = (source.step, source.leaf, source.by, repr(source.given))
            taken.setdefault(place, (source, set()))[1].add(source.path)
    for source, paths in taken.values():
        for found in chosen(source, trajectory.steps[source.step].result.value):
            if found.path not in paths:
                yield found.value
