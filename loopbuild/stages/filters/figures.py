"""Figures about the rows of a dataset: what they are, how long, where their values come from, how varied they are.

Pure, and additive where it can be, so that two datasets can be compared line by line. Decides nothing about any row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loopbuild.records import FROM_RESULT, Example, Json, Trajectory
from loopbuild.stages.filters.masking import masked, said_values, user_text
from loopbuild.stages.filters.rows import bound_values, leaf_pointer
from loopbuild.stages.filters.variety import variety

_SAMPLE = 200
FIDELITY = ("opaque", "simulated", "recorded", "exact")
"""How near to the truth an answer is, the farthest first."""


def origins(trajectory: Trajectory) -> dict[str, Json]:
    """Return where a row's arguments come from, which links between calls it shows, how values are worked out."""
    kinds: Counter[str] = Counter()
    links: set[str] = set()
    derived = {trajectory.told.rule} if trajectory.told is not None else set()
    values = list(bound_values(trajectory))
    for bound in values:
        kinds[bound.origin.kind] += 1
        derived |= {bound.origin.rule} if bound.origin.kind == "derived" else set()
        if bound.origin.kind in FROM_RESULT:
            producer = trajectory.steps[bound.origin.step].call.tool
            links.add(f"{producer} {bound.origin.leaf} -> {bound.tool} {leaf_pointer(bound.pointer)}")
    found: dict[str, Json] = {"origins": dict(sorted(kinds.items())), "links": sorted(links)}
    later: list[str] = [one.kind for one in trajectory.later]
    later += ["taken_back"] * any(bound.origin.rule == "taken_back" for bound in values)
    found |= {"derived": sorted(derived)} if derived else {}
    return found | ({"later": later} if later else {})


def figures(
    made: Sequence[Example],
    kept: Sequence[Example],
    *,
    facts: Mapping[str, Mapping[str, Json]],
    fidelity: Mapping[str, str],
) -> dict[str, Any]:
    """Return the figures of the rows kept, and of those `made` what became of them and how varied they were.

    `facts` are what `origins` gave, by key; `fidelity` says of each tool how near to the truth its answers are.
    """
    sources: Counter[str] = Counter()
    links: Counter[str] = Counter()
    derived: Counter[str] = Counter()
    later: Counter[str] = Counter()
    turns: Counter[str] = Counter()
    for example in kept:
        known = facts.get(example.key, {})
        sources.update(known.get("origins", {}))
        links.update(known.get("links", ()))
        derived.update(known.get("derived", ()))
        if example.category == "dialogue":
            later.update(known.get("later", ()))
            turns[str(sum(message["role"] == "user" for message in example.messages))] += 1
    return {
        "shares": {
            "category": _counted(example.category for example in kept),
            "topology": _counted(example.topology for example in kept if example.tools),
            "calls": _counted(str(_calls(example)) for example in kept),
            "level": _counted(example.level for example in kept if example.tools),
            "writer": _counted(example.writer for example in kept),
            "fidelity": _counted(_weakest(example, fidelity) for example in kept if example.tools),
        },
        "passed": _passed(made, kept),
        "reuse": _reuse(kept),
        "words": {
            "user": _spread([len(user_text(example).split()) for example in kept]),
            "assistant": _spread([_said(example) for example in kept]),
            "messages": _spread([len(example.messages) for example in kept]),
        },
        "tools": dict(sorted(Counter(tool for example in kept for tool in example.tools).items())),
        "links": dict(sorted(links.items())),
        "origins": dict(sorted(sources.items())),
        **({"derived": dict(sorted(derived.items()))} if derived else {}),
        **(
            {"dialogues": {"turns": dict(sorted(turns.items(), key=_number)), "later": dict(sorted(later.items()))}}
            if turns
            else {}
        ),
        "diversity": {"before": diversity(made), "after": diversity(kept)},
    }


def _number(one: tuple[str, int]) -> int:
    return int(one[0])


def diversity(examples: Sequence[Example]) -> dict[str, Any]:
    """Return level -> Self-BLEU@20 (raw and masked), distinct word pairs and distinct masked texts of its requests."""
    found: dict[str, Any] = {}
    for level in ("low", "high"):
        chosen = sorted((e for e in examples if e.tools and e.level == level), key=lambda example: example.key)
        if len(chosen) < 2:
            continue
        bare = [masked(example) for example in chosen]
        raw = variety([user_text(example) for example in chosen], masked=bare, sample=_SAMPLE)
        plain = variety(bare, sample=_SAMPLE)
        found[level] = {
            "texts": raw.texts,
            "self_bleu_20": round(raw.self_bleu_20, 4),
            "self_bleu_20_masked": round(plain.self_bleu_20, 4),
            "distinct_2": round(raw.distinct_2, 4),
            "distinct_masked": round(raw.distinct_masked, 4),
        }
    return found


def _weakest(example: Example, fidelity: Mapping[str, str]) -> str:
    """A row proves no more than the least of its calls does."""
    return min((fidelity.get(tool, FIDELITY[0]) for tool in example.tools), key=FIDELITY.index)


def _passed(made: Sequence[Example], kept: Sequence[Example]) -> dict[str, dict[str, int]]:
    """Of each category, how many rows were made and how many of them are kept."""
    all_of = Counter(example.category for example in made)
    left = Counter(example.category for example in kept)
    return {name: {"made": number, "kept": left[name]} for name, number in sorted(all_of.items())}


def _reuse(kept: Sequence[Example]) -> dict[str, Json]:
    """How often the values that people say come again: few values in many rows are learnt by heart."""
    rows = Counter(value for example in kept if example.tools for value in said_values(example))
    if not rows:
        return {}
    ranked = sorted(rows.items(), key=lambda one: (-one[1], one[0]))
    return {
        "said": sum(rows.values()),
        "distinct": len(rows),
        "rows": _spread(list(rows.values())),
        "most": [[value, number] for value, number in ranked[:3]],
    }


def _calls(example: Example) -> int:
    return sum(len(message.get("tool_calls") or ()) for message in example.messages)


def _said(example: Example) -> int:
    return sum(len(str(m.get("content") or "").split()) for m in example.messages if m["role"] == "assistant")


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _spread(numbers: list[int]) -> dict[str, int]:
    """Return lowest, median, 95th percentile and highest, each of them a number that occurs."""
    if not numbers:
        return {}
    ranked = sorted(numbers)
    last = len(ranked) - 1
    return {"least": ranked[0], "median": ranked[last // 2], "p95": ranked[(95 * last) // 100], "most": ranked[last]}
