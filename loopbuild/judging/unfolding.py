"""How often a validator looks at one value: schemas of a few kilobytes can ask for more steps than there are atoms.

Counted without unfolding anything: each part of a schema once, what refers to it by what it weighs. Decides what is no
schema but a bomb. A reference that goes round in circles weighs nothing, validators leave it there too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from loopbuild.pointers import within
from loopbuild.records import Json

MAX_STEPS = 100_000
"""Looks at one value and at what lies around it; GitHub's and Stripe's operations take 70 at most."""
MAX_CHAIN = 500
"""References and alternatives one behind the other: validators follow them on the stack."""
_LEVELS = 4
"""Objects in objects: as deep as arguments are made, see `stages/catalog/leaves.py`."""
_HERE = ("allOf", "anyOf", "oneOf")
_HERE_ONE = ("not", "if", "then", "else")
_HERE_NAMED = ("dependentSchemas", "dependencies")
_INSIDE = ("items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "additionalItems", "contains",
           "propertyNames")  # fmt: skip
_INSIDE_NAMED = ("properties", "patternProperties")


@dataclass(slots=True)
class _Part:
    here: list[int] = field(default_factory=list)
    """Parts that judge the same value."""
    inside: list[int] = field(default_factory=list)
    """Parts that judge what is in it."""


def unfolded(schema: Json) -> str:
    """Return why no value should be checked against a schema, empty where that costs what its size lets expect."""
    parts = _parts(schema)
    order, chain = _inner_first(parts)
    if chain > MAX_CHAIN:
        return f"more than {MAX_CHAIN} of its references and alternatives lie one behind the other"
    steps = [0] * len(parts)
    for _ in range(_LEVELS):
        below, steps = steps, [0] * len(parts)
        for at in order:
            deepest = max((below[part] for part in parts[at].inside), default=0)
            steps[at] = min(MAX_STEPS + 1, 1 + deepest + sum(steps[part] for part in parts[at].here))
    if steps and steps[0] > MAX_STEPS:
        return f"its references unfold to more than {MAX_STEPS:,} schemas for one value"
    return ""


def _parts(schema: Json) -> list[_Part]:
    """Return the schema and all it leads to, itself first; each place once, however often it is referred to."""
    known: dict[int, int] = {}
    parts: list[_Part] = []
    waiting: list[Any] = []

    def number(item: Json) -> Iterator[int]:
        if isinstance(item, dict):
            if id(item) not in known:
                known[id(item)] = len(parts)
                parts.append(_Part())
                waiting.append(item)
            yield known[id(item)]

    list(number(schema))
    while waiting:
        item = waiting.pop()
        part = parts[known[id(item)]]
        for one in _here(item, schema):
            part.here += number(one)
        for one in _inside(item):
            part.inside += number(one)
    return parts


def _here(item: dict[str, Json], root: Json) -> Iterator[Json]:
    ref = item.get("$ref")
    if isinstance(ref, str) and ref.startswith("#"):
        with contextlib.suppress(LookupError):
            yield within(root, ref[1:])
    for key in _HERE:
        if isinstance(item.get(key), list):
            yield from item[key]
    yield from (item[key] for key in _HERE_ONE if key in item)
    for key in _HERE_NAMED:
        if isinstance(item.get(key), dict):
            yield from item[key].values()


def _inside(item: dict[str, Json]) -> Iterator[Json]:
    for key in _INSIDE:
        yield from item[key] if isinstance(item.get(key), list) else [item.get(key)]
    yield from item["prefixItems"] if isinstance(item.get("prefixItems"), list) else ()
    for key in _INSIDE_NAMED:
        if isinstance(item.get(key), dict):
            yield from item[key].values()


def _inner_first(parts: list[_Part]) -> tuple[list[int], int]:
    """Return all parts, those a part needs before it, and the longest chain; drops what closes a circle."""
    order: list[int] = []
    chain = [0] * len(parts)
    state = bytearray(len(parts))  # 1: on the way down, 2: done
    for first in range(len(parts)):
        stack = [(first, 0)] if not state[first] else []
        while stack:
            at, nth = stack.pop()
            state[at] = 1
            here = parts[at].here
            if nth < len(here):
                stack.append((at, nth + 1))
                if state[here[nth]] == 0:
                    stack.append((here[nth], 0))
                elif state[here[nth]] == 1:
                    here[nth] = -1
                continue
            parts[at].here = [part for part in here if part >= 0]
            chain[at] = 1 + max((chain[part] for part in parts[at].here), default=0)
            state[at] = 2
            order.append(at)
    return order, max(chain, default=0)
