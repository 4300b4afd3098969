"""Holds a dataset to its promises before it is written; where one is broken, says so at its place in loop.yaml."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from loopbuild.engine.target import Json
from loopbuild.errors import BuildError
from loopbuild.pipeline.refilling import is_reserve
from loopbuild.pipeline.shared import is_dialogue
from loopbuild.records import Example, Verdict
from loopbuild.stages.filters.promises import Breach, Written, broken, repetition

_MORE = 3


def hold(
    examples: Sequence[Example],
    *,
    rows: Mapping[str, Json],
    verdicts: Mapping[str, Verdict],
    tasks: Mapping[str, Json],
    trajectories: Mapping[str, Json],
    shares: Mapping[str, float],
    names: frozenset[str] = frozenset(),
    variety: Mapping[str, float],
    diversity: Mapping[str, Json],
    places: Mapping[str, str],
) -> dict[str, list[str]]:
    """Return what is excused and which texts repeat one another; raises BuildError with every breach, gravest first.

    `names` are those of the tools, `variety` are the limits of loop.yaml, `diversity` what the requests came to.
    """
    planned: Counter[str] = Counter()
    unreached: Counter[str] = Counter()
    unworded: Counter[str] = Counter()
    known = {key: row["example"] for key, row in rows.items()}
    calls = {(example["trajectory"], tool) for example in known.values() for tool in example["tools"]}
    for key, one in trajectories.items():
        if is_dialogue(one) or is_reserve(one):
            continue
        if "unreachable" in one:
            if one.get("purpose") == "eval":
                continue  # no training row was owed
            unreached[one["goal"]] += 1
            planned[one["goal"]] += 1
        elif one["cell"]["purpose"] == "train":
            goal = one["cell"]["goal"]
            planned[goal] += 1
            unworded[goal] += (key, goal) not in calls
    data = Written(
        examples=examples,
        shares=shares,
        verdicts=verdicts,
        made={key: (example["split"], example["category"]) for key, example in known.items()},
        tools={key: tuple(example["tools"]) for key, example in known.items() if not rows[key].get("task")},
        asked={key: task["user_turns"][0] for key, task in tasks.items()},
        fixtures={
            key: trajectories[example["trajectory"]]["fixture"]
            for key, example in known.items()
            if example["trajectory"] in trajectories
        },
        planned=planned,
        unreached=unreached,
        unworded=unworded,
        self_bleu={level: (one["self_bleu_20"], one["texts"]) for level, one in diversity.items()},
        names=names,
        variety=variety,
    )
    breaches, excuses = broken(data)
    if breaches:
        raise _failed(breaches, places)
    return {"excused": excuses, "repeated": repetition(data)}


def _failed(breaches: Sequence[Breach], places: Mapping[str, str]) -> BuildError:
    first, *others = breaches
    hints = [first.hint] if first.hint else []
    if first.row:
        hints.append(f"`loopbuild show {first.row[:12]}` shows the row")
    hints += [f"also: {_line(one, places)}" for one in others[:_MORE]]
    if len(others) > _MORE:
        hints.append(f"and {len(others) - _MORE} more broken promises")
    return BuildError(
        _line(first, places), target="dataset:main", intact="no dataset was written; every row is kept",
        hint="\n".join(hints),
    )  # fmt: skip


def _line(breach: Breach, places: Mapping[str, str]) -> str:
    place = places.get(breach.contract.partition(" ")[0], "")
    return " ".join(filter(None, [place, f"contract {breach.contract}: {breach.message}"]))
