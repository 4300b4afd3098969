"""Rows that were planned in case others are lost: which of them a data set takes, round by round, and which it leaves.

Pure. A row of a later round stays only where its target is still short of rows after the filters; what is taken is held
against the other rows like any row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set

from loopbuild.digest import digest
from loopbuild.engine.target import Json
from loopbuild.records import Example, Verdict


def is_reserve(row: Json) -> bool:
    """Say whether a row of trajectories was planned for a later round: it is owed to nobody."""
    return bool(row.get("round") or row.get("cell", {}).get("round"))


def rounds_of(trajectories: Mapping[str, Json]) -> dict[str, tuple[int, str]]:
    """Return trajectory -> its round and the target it aims at, for those of later rounds."""
    return {
        key: (row["cell"]["round"], row["cell"]["aim"])
        for key, row in trajectories.items()
        if "unreachable" not in row and is_reserve(row)
    }


def refilled(
    kept: Sequence[Example],
    waiting: Sequence[Example],
    *,
    rounds: Mapping[str, tuple[int, str]],
    shown: Mapping[str, Set[str]],
    filters: Sequence[Mapping[str, Json]],
) -> dict[str, Verdict]:
    """Return verdicts for the rows `waiting`, and for those `kept` that go because one of them says the same.

    `rounds` says of their trajectories which round they belong to and what they are for, `shown` what each trajectory
    shows.
    """
    from loopbuild.stages.filters.selection import select_rows

    verdicts: dict[str, Verdict] = {}
    stay = list(kept)
    for turn in sorted({rounds[one.trajectory][0] for one in waiting}):
        now = [one for one in waiting if rounds[one.trajectory][0] == turn]
        taken = _needed(stay, now, rounds=rounds, shown=shown)
        left = {one.key for one in now} - {one.key for one in taken}
        verdicts |= {key: Verdict(key=key, kept=False, filter="rounds", reason="not_needed") for key in left}
        if taken:
            judged = select_rows([*stay, *taken], filters=filters)
            verdicts |= judged
            stay = [one for one in (*stay, *taken) if judged[one.key].kept]
    return dict(sorted(verdicts.items()))


def _needed(
    stay: Iterable[Example],
    now: Iterable[Example],
    *,
    rounds: Mapping[str, tuple[int, str]],
    shown: Mapping[str, Set[str]],
) -> list[Example]:
    """Return those of the rows `now` whose target has too few, plain ones first."""
    from loopbuild.stages.sampling.aims import NEEDED, parts_of

    counts: Counter[str] = Counter()
    for one in stay:
        counts.update(shown.get(one.trajectory, ()))
    taken = []
    for one in sorted(now, key=lambda one: (one.category != "call", digest("refill", one.key))):
        target = rounds[one.trajectory][1]
        if target in shown.get(one.trajectory, ()) and counts[target] < NEEDED[parts_of(target)[0]]:
            taken.append(one)
            counts.update(shown[one.trajectory])
    return taken
