"""What the alternatives of a union are called in a pointer, and which of two versions are the same alternative.

An alternative has the name of what it is: its types, the constant by which it is told from others, else the names of
its properties. Nothing else of its union has a say, so one more alternative renames none, and neither wording nor the
name of a shared schema has. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from loopbuild.digest import canonical, digest
from loopbuild.pointers import alternatives, escaped
from loopbuild.records import Json
from loopbuild.stages.catalog.jsontypes import types_of
from loopbuild.stages.catalog.renames import jaccard, pair_scored

MARK = "|"
_LONGEST = 60
_DIGITS = 6
_NEST = 4
"""Lists of lists are named as such so deep."""
ALIKE = 0.5
"""An alternative that shares fewer leaves with another is another one."""

Flatten = Callable[[Json], dict[str, Json]]


def named_branches(parts: Sequence[Json], flatten: Flatten, rules: Callable[[Json], Json]) -> list[tuple[str, Json]]:
    """Return (token, alternative) by token, each alternative once; `rules` is all that one says about values.

    Only alternatives that would have the same name are told apart by a digest of their rules.
    """
    grouped: dict[str, list[Json]] = {}
    for part in parts:
        grouped.setdefault(_name(flatten(part), flatten), []).append(part)
    found: dict[str, Json] = {}
    for name, group in grouped.items():
        if len(group) == 1:
            found[name] = group[0]
        else:
            found |= {f"{name}-{digest('branch', rules(part))[:_DIGITS]}": part for part in group}
    return [(MARK + escaped(name), found[name]) for name in sorted(found)]


def _name(schema: dict[str, Json], flatten: Flatten, depth: int = 0) -> str:
    types = types_of(schema)
    if set(types) == {"object"} and isinstance(schema.get("properties"), dict):
        return _object_name(schema["properties"], flatten)
    if set(types) == {"array"} and isinstance(schema.get("items"), dict) and depth < _NEST:
        return f"list-{_name(flatten(schema['items']), flatten, depth + 1)}"
    return "-".join(types) or "any"


def _object_name(properties: dict[str, Json], flatten: Flatten) -> str:
    constant = {name: found[0] for name, item in sorted(properties.items()) if (found := _constant(item, flatten))}
    if constant:
        text = ",".join(f"{name}={_plain(value)}" for name, value in constant.items())
        plain = re.sub(r"[^\w=,.-]+", "-", text)
        return plain if plain == text and len(plain) <= _LONGEST else f"{plain[:_LONGEST]}-{_short(constant)}"
    return f"object-{_short(sorted(properties))}"


def _constant(schema: Json, flatten: Flatten) -> list[Json]:
    """Return the one value a property may have, in a list; an empty one where it may have several."""
    if not isinstance(schema, dict):
        return []
    schema = flatten(schema) if "$ref" in schema else schema
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    return values if isinstance(values, list) and len(values) == 1 and isinstance(values[0], str | bool | int) else []


def _plain(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value).decode()


def _short(value: Json) -> str:
    return digest("branch", value)[:_DIGITS]


def successors(old: Iterable[str], new: Iterable[str]) -> dict[str, str]:
    """Return old prefix -> new prefix of the alternatives that have another name now, by the leaves they share.

    What stood alone and is one of several now, or the other way round, is such a pair as well.
    """
    moved: dict[str, str] = {}
    before, after = list(old), list(new)
    for _ in range(_NEST):
        known = {translated(pointer, moved) for pointer in before}
        gone, come = _alternatives(known - set(after), after), _alternatives(set(after) - known, known)
        scored = [
            ((parent, one), (parent, other), score)
            for parent in sorted(gone.keys() & come.keys())
            for one, left in gone[parent].items()
            for other, right in come[parent].items()
            if (score := jaccard(left, right)) >= ALIKE
        ]
        found = pair_scored(scored, lambda pair: "".join(pair))
        pairs = {"".join(one): "".join(other) for one, other, _ in (*found.certain, *found.doubtful)}
        if not pairs:
            break
        moved = {name: translated(place, pairs) for name, place in moved.items()} | pairs
    return moved


def translated(pointer: str, moved: Mapping[str, str]) -> str:
    """Return where a leaf stands once the alternatives on the way to it have their new names."""
    for prefix in sorted(moved, key=len, reverse=True):
        if pointer == prefix or pointer.startswith(f"{prefix}/"):
            return moved[prefix] + pointer[len(prefix) :]
    return pointer


def _alternatives(pointers: Iterable[str], others: Iterable[str]) -> dict[str, dict[str, set[str]]]:
    """Return place of a union -> alternative -> its leaves, of those `pointers` whose alternative `others` lack.

    Where `others` have a union and these do not, what stands there is an alternative without a name.
    """
    there = {prefix for pointer in others for prefix in alternatives(pointer)}
    unions = {prefix.rpartition("/")[0] for prefix in there}
    found: dict[str, dict[str, set[str]]] = {}
    for pointer in pointers:
        own = next((prefix for prefix in alternatives(pointer) if prefix not in there), "")
        if own:
            parent, _, token = own.rpartition("/")
            found.setdefault(parent, {}).setdefault(f"/{token}", set()).add(pointer[len(own) :])
            continue
        parts = pointer.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            if parent in unions and not parts[end].startswith(MARK):
                found.setdefault(parent, {}).setdefault("", set()).add(pointer[len(parent) :])
                break
    return found
