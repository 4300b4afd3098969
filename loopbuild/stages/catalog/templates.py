"""Shared schemas looked at once: what one consists of is the same wherever it stands, but for the way there.

Decides when that holds. What lies within depends on how deep the walk is already, and on which references led there,
as far as they can be met again within. Only of schemas all of whose references name shared schemas of their source.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from loopbuild.records import Json
from loopbuild.stages.catalog.found import Found, Place, Walk
from loopbuild.stages.catalog.references import Resolver, Shared, component_of


class Key(NamedTuple):
    """What the inside of a shared schema depends on."""

    ref: str
    depth: int
    trail: tuple[str, ...]
    """The references that led there and can be met again within, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What a shared schema consists of, from its own top, at a depth."""

    found: Walk
    depth: int
    followed: int
    """References that were followed to find it."""
    nested: int
    """Parts of its longest pointer."""


def key_of(schema: Json, resolver: Resolver, place: Place) -> Key | None:
    """Return what the inside of a plain reference to a shared schema depends on; None for any other schema."""
    shared = resolver.shared
    if shared is None or not isinstance(schema, dict) or len(schema) != 1:
        return None
    ref = schema.get("$ref")
    if not isinstance(ref, str) or component_of(ref) not in shared.definitions or _has_own_names(resolver.root):
        return None
    within = _reach(ref, shared)
    if within is None or ref in place.trail:
        return None
    return Key(ref, len(place.path), tuple(one for one in place.trail if one in within))


def copied(template: Template, result: Walk, place: Place) -> None:
    """Add to `result` what a template holds, as it stands at `place`."""
    before, found = place.pointer, template.found
    depth = before.count("/")
    result.leaves += [
        Found(
            pointer=before + leaf.pointer,
            path=(*place.path, *leaf.path[template.depth :]),
            types=leaf.types,
            schema=leaf.schema,
            is_required=place.is_required and leaf.is_required,
            description=leaf.description,
            rules=leaf.rules,
            container=leaf.container,
            component=leaf.component,
            nulls=tuple(sorted({*place.nulls, *(depth + at for at in leaf.nulls)})),
            is_shared=True,
        )
        for leaf in found.leaves
    ]
    for kept, own in (
        (result.wording, found.wording),
        (result.required, found.required),
        (result.defaults, found.defaults),
        (result.combinators, found.combinators),
    ):
        kept.update({before + pointer: value for pointer, value in own.items()})


def _has_own_names(root: Json) -> bool:
    return isinstance(root, dict) and ("$defs" in root or "definitions" in root)


def _reach(ref: str, shared: Shared) -> frozenset[str] | None:
    """Return every reference in reach of a shared schema; None where one of them leads anywhere else."""
    if ref not in shared.reach:
        found: set[str] = set()
        stack: list[Json] = [{"$ref": ref}]
        while stack:
            item = stack.pop()
            if isinstance(item, list):
                stack.extend(item)
            elif isinstance(item, dict):
                stack.extend(item.values())
                named = item.get("$ref")
                if not isinstance(named, str) or named in found:
                    continue
                target = shared.definitions.get(component_of(named))
                if not isinstance(target, dict):
                    shared.reach[ref] = None
                    return None
                found.add(named)
                stack.append(target)
        shared.reach[ref] = frozenset(found)
    return shared.reach[ref]
