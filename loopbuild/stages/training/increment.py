"""Whether a changed data set is trained anew, continued on the difference, or needs nothing; and on which rows.

Pure: digests in, a decision out. Every selection is by digest, so that the same change always picks the same rows, and
a further row moves no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Literal

from loopbuild.digest import digest
from loopbuild.records import Json

INCREMENT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do about a data set, given what a checkpoint has seen."""

    mode: Literal["fresh", "continue", "skip"]
    delta: tuple[str, ...] = ()
    """`continue`: keys of changed and added rows to train on, sorted."""
    replay: tuple[str, ...] = ()
    """`continue`: keys of unchanged rows trained on along with them, sorted."""
    changed: int = 0
    """Changed or added rows before the limit was applied."""
    removed: int = 0
    share: float = 0.0
    """`changed` over the rows wanted."""
    reason: str = ""


def decide(
    *,
    wanted: Mapping[str, str],
    seen: Mapping[str, str] | None,
    tools: Mapping[str, Sequence[str]],
    settings: Mapping[str, Json],
) -> Decision:
    """Compare `wanted` (row key -> row digest) with what the head checkpoint has `seen` (None: there is no head).

    `tools` gives the tools each wanted row calls, in order; `settings` is `training.incremental`.
    """
    if seen is None:
        return Decision(mode="fresh", changed=len(wanted), share=1.0, reason="no checkpoint to continue from")
    changed = sorted(key for key, row in wanted.items() if seen.get(key) != row)
    removed = sum(key not in wanted for key in seen)
    share = len(changed) / len(wanted) if wanted else 0.0
    if not changed:
        reason = f"{removed} rows gone, none to learn" if removed else "every row was trained on"
        return Decision(mode="skip", removed=removed, reason=reason)
    figures = f"{len(changed)} of {len(wanted)} rows changed"
    limit = settings["full_rebuild_above"]
    if share > limit:
        return Decision(
            mode="fresh",
            changed=len(changed),
            removed=removed,
            share=share,
            reason=f"{figures}, more than {limit:.0%}",
        )
    delta = stratified({key: tools.get(key, ()) for key in changed}, limit=settings["max_rows"])
    touched = {tool for key in changed for tool in tools.get(key, ())}
    unchanged = {key: tools.get(key, ()) for key in wanted if seen.get(key) == wanted[key]}
    replay = stratified(unchanged, limit=ceil(settings["replay"] * len(delta)), last=touched)
    return Decision(
        mode="continue",
        delta=delta,
        replay=replay,
        changed=len(changed),
        removed=removed,
        share=share,
        reason=f"{figures}, {len(replay)} others replayed",
    )


def stratified(rows: Mapping[str, Sequence[str]], *, limit: int, last: Iterable[str] = ()) -> tuple[str, ...]:
    """Return at most `limit` row keys, sorted, as evenly over tools as there are rows; a `limit` of 0 or below is none.

    Rows fall into strata by the tool they end with, single calls apart from chains. Each round takes one row of every
    stratum; in a round, strata with a tool in `last` come last.
    """
    late = frozenset(last)
    strata: dict[tuple[bool, str], list[str]] = {}
    for key, tools in rows.items():
        name = f"{tools[-1]}{'+' if len(tools) > 1 else ''}" if tools else ""
        strata.setdefault((any(tool in late for tool in tools), name), []).append(key)
    queues = [
        sorted(keys, key=lambda key: digest("stratum-row", key))
        for _, keys in sorted(strata.items(), key=lambda item: (item[0][0], digest("stratum", item[0][1])))
    ]
    made: list[str] = []
    depth = 0
    while len(made) < limit and any(len(queue) > depth for queue in queues):
        made += [queue[depth] for queue in queues if len(queue) > depth][: limit - len(made)]
        depth += 1
    return tuple(sorted(made))
