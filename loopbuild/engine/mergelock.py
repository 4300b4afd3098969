"""Merging two branches' loop.lock, line by line.

Of two lines for one target the one counts whose key is wanted now. Where neither is, or nobody knows (git asks while
the other files are still being merged), a three-way merge decides, so that nothing paid for is forgotten before the
next build has looked at it; where both sides moved, the same line wins whoever merges: the higher generation, then the
smaller key, then the smaller digest. Of two heads of a history ours stays, and the next build continues from it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from loopbuild.engine.lockfile import Line, Lines, decode, key_in

_OURS, _BASE, _SPLIT, _THEIRS = "<<<<<<< ", "||||||| ", "=======", ">>>>>>> "


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Two branches' lines and, if known, those they started from."""

    base: Lines
    ours: Lines
    theirs: Lines


def merge(sides: Sides, *, wanted: Mapping[str, str] | None = None) -> dict[str, Line]:
    """Return the merged lines.

    `wanted` is target -> key as it would be built now, empty where that is not known; a target of either side it does
    not hold exists no more. Without it nothing is dropped that one side has not taken out itself.
    """
    merged: dict[str, Line] = {}
    for name in sorted(sides.ours.keys() | sides.theirs.keys()):
        line = _three_way(sides.base.get(name), sides.ours.get(name), sides.theirs.get(name))
        if wanted is not None and _is_target(sides, name):
            line = _wanted(sides, name, wanted.get(name), line)
        if line is not None:
            merged[name] = line
    return merged


def split(text: str) -> Sides:
    """Return the sides of a lock that holds conflict markers, with or without the base between them."""
    parts: dict[str, list[str]] = {_OURS: [], _BASE: [], _THEIRS: []}
    inside = ""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith((_OURS, _BASE)):
            inside = _OURS if line.startswith(_OURS) else _BASE
        elif inside and line.startswith(_SPLIT):
            inside = _THEIRS
        elif line.startswith(_THEIRS):
            inside = ""
        else:
            for name in [inside] if inside else parts:
                parts[name].append(line)
    base, ours, theirs = (decode("\n".join(parts[name])) for name in (_BASE, _OURS, _THEIRS))
    return Sides(base=base, ours=ours, theirs=theirs)


def has_markers(text: str) -> bool:
    """Return whether a merge was left to be done."""
    return any(line.startswith((_OURS, _THEIRS)) for line in text.split("\n"))


def _three_way(base: Line | None, ours: Line | None, theirs: Line | None) -> Line | None:
    if ours == theirs or theirs == base:
        return ours
    if ours == base:
        return theirs
    if ours is None or theirs is None:
        return ours or theirs
    if "goal" in ours[1]:
        return ours
    return min((ours, theirs), key=_rank)


def _wanted(sides: Sides, name: str, key: str | None, merged: Line | None) -> Line | None:
    if key is None:
        return None
    if not key or (merged is not None and "goal" in merged[1]):
        return merged
    fitting = [line for line in _lines(sides, name) if key_in(line) == key[: len(key_in(line))]]
    return min(fitting, key=_rank) if fitting else merged


def _lines(sides: Sides, name: str) -> Iterable[Line]:
    return [line for line in (sides.ours.get(name), sides.theirs.get(name)) if line is not None]


def _is_target(sides: Sides, name: str) -> bool:
    return any(key_in(line) for line in _lines(sides, name))


def _rank(line: Line) -> tuple[int, str, str, tuple[tuple[str, str], ...]]:
    generation = line[1].get("generation", "0")
    return (-int(generation if generation.isdecimal() else 0), key_in(line), line[0], tuple(sorted(line[1].items())))
