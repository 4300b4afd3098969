"""Rows that were planned in case others are lost: which of them a data set takes, round by round, and which it leaves.

Pure. A row of a later round stays only where a target it shows is still short of rows after the filters; what is taken
is held against the other rows like any row.
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


def rounds_of(trajectories: Mapping[str, Json]) -> dict[str, int]:
    """Return trajectory -> its round, for those of later ones."""
    return {
        key: row["cell"]["round"] for key, row in trajectories.items() if "unreachable" not in row and is_reserve(row)
    }


def refilled(
    kept: Sequence[Example],
    waiting: Sequence[Example],
    *,
    rounds: Mapping[str, int],
    shown: Mapping[str, Set[str]],
    filters: Sequence[Mapping[str, Json]],
) -> dict[str, Verdict]:
    """Return verdicts for the rows `waiting`, and for those `kept` that go because one of them says the same.

    `rounds` says of their trajectories which round they belong to, `shown` which targets each trajectory shows.
    """
    from loopbuild.stages.filters.selection import select_rows

    verdicts: dict[str, Verdict] = {}
    stay = list(kept)
    for turn in sorted({rounds[one.trajectory] for one in waiting}):
        now = [one for one in waiting if rounds[one.trajectory] == turn]
        taken = _needed(stay, now, shown)
        left = {one.key for one in now} - {one.key for one in taken}
        verdicts |= {key: Verdict(key=key, kept=False, filter="rounds", reason="not_needed") for key in left}
        if taken:
            judged = select_rows([*stay, *taken], filters=filters)
            verdicts |= judged
            stay = [one for one in (*stay, *taken) if judged[one.key].kept]
    return dict(sorted(verdicts.items()))


def _needed(stay: Iterable[Example], now: Iterable[Example], shown: Mapping[str, Set[str]]) -> list[Example]:
    """Return those of the rows `now` that show something of which there is too little, plain ones first."""
    from loopbuild.stages.sampling.aims import NEEDED, parts_of

    counts: Counter[str] = Counter()
    for one in stay:
        counts.update(shown.get(one.trajectory, ()))
    taken = []
    for one in sorted(now, key=lambda one: (one.category != "call", digest("refill", one.key))):
        targets = shown.get(one.trajectory, ())
        if any(counts[target] < NEEDED[parts_of(target)[0]] for target in targets):
            taken.append(one)
            counts.update(targets)
    return taken
