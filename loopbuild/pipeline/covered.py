"""How much of what a dataset shall show its rows show: tools, edges, parameters, values; and why the rest is missing.

Decides when a target is met and which reason counts. Knows no screens beyond the sentences it gives.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set

from loopbuild.engine.target import Json
from loopbuild.records import ToolCatalog, ToolGraph, Trajectory, from_json
from loopbuild.records.words import code_words

_GROUPS = {
    "tool": "tools", "edge": "edges", "with": "parameters", "without": "parameters", "pair": "pairs of parameters",
    "value": "values",
}  # fmt: skip
_NAMED = 4
"""Targets of one reason that a screen names; the JSON has all of them."""
_OUT_OF_REACH = frozenset({"no_producer", "opaque_id", "exhausted", "one_branch", "sandbox_error"})


def shown_by(trajectories: Mapping[str, Json], catalog: ToolCatalog, graph: ToolGraph) -> dict[str, Set[str]]:
    """Return trajectory -> the targets it shows, of those that train."""
    from loopbuild.stages.sampling.aims import reached, targets_of

    tools, targets = catalog.by_id(), set(targets_of(catalog, graph))
    return {
        key: reached(from_json(Trajectory, row), tools) & targets
        for key, row in sorted(trajectories.items())
        if "unreachable" not in row and row["cell"]["purpose"] == "train"
    }


def covered(
    trajectories: Mapping[str, Json],
    examples: Iterable[Json],
    *,
    shown: Mapping[str, Set[str]],
    catalog: ToolCatalog,
    graph: ToolGraph,
) -> Json:
    """Return {group: {of, reachable, met}} and {unmet: [{target, what, rows, needed, reason, detail}]}.

    `trajectories` are rows by key, `examples` the rows that train, `shown` what each trajectory shows. A target is out
    of reach when a cell was planned for it and could not be walked; else what is missing was not aimed at, or its rows
    were dropped or held out.
    """
    from loopbuild.stages.sampling.aims import NEEDED, aim_words, parts_of, targets_of

    counts: Counter[str] = Counter()
    walked = set().union(*shown.values())
    trained = [example["trajectory"] for example in examples]
    for key in trained:
        counts.update(shown.get(key, ()))
    lost = sorted((row.get("round", 0), key, row) for key, row in trajectories.items() if "aim" in row)
    failed = {row["aim"]: row["unreachable"] for _, _, row in reversed(lost)}
    made: dict[str, dict[str, int]] = {group: {"of": 0, "reachable": 0, "met": 0} for group in _GROUPS.values()}
    unmet = []
    for target in targets_of(catalog, graph):
        kind = parts_of(target)[0]
        group = made[_GROUPS[kind]]
        why = failed.get(target, {}) if target not in walked else {}
        is_met = counts[target] >= NEEDED[kind]
        group["of"] += 1
        group["met"] += is_met
        group["reachable"] += is_met or why.get("reason") not in _OUT_OF_REACH
        if not is_met:
            reason = why.get("reason") or ("dropped" if target in walked else "not_aimed")
            unmet.append({"target": target, "what": aim_words(target), "rows": counts[target], "needed": NEEDED[kind],
                          "reason": reason, "detail": why.get("detail", "")})  # fmt: skip
    return {**made, **_worked_out(trajectories, set(trained)), "unmet": unmet}


def _worked_out(trajectories: Mapping[str, Json], trained: set[str]) -> Json:
    """Return how many of the things planned to be worked out a training row shows; nothing where none was planned.

    A thing is an argument or the answer of one tool.
    """
    planned: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for key, row in trajectories.items():
        is_walked = "unreachable" not in row
        cell = row["cell"] if is_walked else row
        if cell.get("derives"):
            planned.setdefault((cell["goal"], cell["derives"]), []).append((is_walked, key in trained))
    counts = [len(planned), *(sum(any(one[place] for one in all_) for all_ in planned.values()) for place in (0, 1))]
    return {"worked out": dict(zip(("of", "reachable", "met"), counts, strict=True))} if planned else {}


def covered_text(found: Json) -> list[str]:
    """Return what is covered as sentences without a full stop, and what is not by reason."""
    counts = [f"{one['met']:,} of {one['of']:,} {name}" for name, one in found.items() if name != "unmet" and one["of"]]
    lines = [f"Shown often enough: {', '.join(counts)}"] if counts else []
    by_reason = Counter(one["reason"] for one in found["unmet"])
    if by_reason:
        parts = [f"{number:,} ({code_words(reason)})" for reason, number in by_reason.most_common()]
        lines.append(f"Not: {', '.join(parts)}")
    for reason, _ in by_reason.most_common():
        such = [one for one in found["unmet"] if one["reason"] == reason]
        told = "; ".join(f"{one['what']} ({one['rows']} of {one['needed']} rows)" for one in such[:_NAMED])
        left = len(such) - _NAMED
        lines.append(f"  {code_words(reason)}: {told}" + (f"; and {left:,} more" if left > 0 else ""))
    return lines
