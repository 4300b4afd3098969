"""Which cells have no trajectory and which tools no row: gathered from tables, told in sentences.

Decides what counts as a gap. Knows no screens; the same sentences stand in the summary of a build and in the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from loopbuild.engine.target import Json
from loopbuild.pipeline.refilling import is_reserve
from loopbuild.pipeline.shared import is_dialogue
from loopbuild.records.words import code_words

_SHOWN = 5


def gaps(trajectories: Mapping[str, Json], examples: Iterable[Json]) -> Json:
    """Return {cells, unreachable: [{tool, reason, cells, of, detail}], untaught: [tool]}.

    `trajectories` are rows by key, `examples` the rows that train. A tool is untaught when it was aimed at and no row
    calls it.
    """
    aimed: Counter[str] = Counter()
    missed: Counter[tuple[str, str]] = Counter()
    details: dict[tuple[str, str], str] = {}
    for _, row in sorted(trajectories.items()):
        tool = row["goal"] if "unreachable" in row else row["cell"]["goal"]
        if is_dialogue(row) or is_reserve(row):
            continue
        aimed[tool] += 1
        if "unreachable" in row:
            place = (tool, row["unreachable"]["reason"])
            missed[place] += 1
            details.setdefault(place, row["unreachable"]["detail"])
    taught = {tool for example in examples for tool in example["tools"]}
    return {
        "cells": aimed.total(),
        "unreachable": [
            {"tool": tool, "reason": reason, "cells": count, "of": aimed[tool], "detail": details[tool, reason]}
            for (tool, reason), count in sorted(missed.items())
        ],
        "untaught": sorted(aimed.keys() - taught),
    }


def said(found: Json, *, most: int = _SHOWN) -> list[str]:
    """Return the gaps as sentences without a full stop, the gravest first; none where nothing is missing."""
    lines = []
    if found["untaught"]:
        lines.append(f"No training row calls {_listed([_name(tool) for tool in found['untaught']], most)}")
    if found["unreachable"]:
        worst = sorted(found["unreachable"], key=lambda one: (-one["cells"] / one["of"], one["tool"], one["reason"]))
        parts = [
            f"{_name(one['tool'])} {one['cells']:,} of {one['of']:,} ({code_words(one['reason'])}: {one['detail']})"
            for one in worst
        ]
        count = sum(one["cells"] for one in worst)
        lines.append(f"No trajectory for {count:,} of {found['cells']:,} cells: {_listed(parts, most)}")
    if found.get("excused"):
        lines.append(f"Fewer rows than asked for: {_listed(found['excused'], most)}")
    lines += found.get("repeated", [])
    return lines


def _listed(parts: list[str], most: int) -> str:
    left = len(parts) - most
    return "; ".join(parts[:most]) + (f"; and {left:,} more (`loopbuild show dataset:main`)" if left > 0 else "")


def _name(tool: str) -> str:
    return f"`{tool.replace('`', chr(39))}`"
