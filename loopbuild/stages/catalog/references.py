"""Local `$ref`s: where one points, and when following it would go round in circles.

Remote references are never fetched: they become an open schema and a note. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loopbuild.pointers import unescaped, within
from loopbuild.records import Json

if TYPE_CHECKING:
    from loopbuild.stages.catalog.templates import Key, Template
    from loopbuild.stages.catalog.values import Values

MOST_WRITTEN_OUT = 2_000
"""Parts of a schema with its references written out; one that grows larger keeps them."""


def written_out(schema: Json) -> Json:
    """Return `schema` with every reference replaced by what it points to, so that inlining one is no change.

    A schema stays as it is when a reference goes round in circles, leads nowhere or out of the document, or when the
    whole would grow too large.
    """
    if not isinstance(schema, dict) or not ("$defs" in schema or "definitions" in schema):
        return schema
    resolver, budget = Resolver(schema), [MOST_WRITTEN_OUT]
    try:
        found = _written_out(schema, resolver, (), budget)
    except OverflowError:
        return schema
    return schema if resolver.remote or resolver.missing else found


def _written_out(schema: Json, resolver: Resolver, trail: tuple[str, ...], budget: list[int]) -> Json:
    budget[0] -= 1
    if budget[0] < 0:
        raise OverflowError
    if isinstance(schema, list):
        return [_written_out(item, resolver, trail, budget) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("$ref"), str):
        schema, trail, is_cycle = resolver.follow(schema, trail)
        if is_cycle:
            raise OverflowError
        if not isinstance(schema, dict):
            return schema
    out = {}
    for key, value in schema.items():
        if key in ("$defs", "definitions") and isinstance(value, dict):
            continue
        if key in ("properties", "patternProperties") and isinstance(value, dict):
            out[key] = {name: _written_out(item, resolver, trail, budget) for name, item in value.items()}
        elif key in ("enum", "const", "default", "examples", "example"):
            out[key] = value
        else:
            out[key] = _written_out(value, resolver, trail, budget)
    return out


@dataclass(slots=True)
class Shared:
    """Schemas that all tools of a source share, and what was worked out about them once."""

    definitions: Mapping[str, Json]
    digests: dict[str, str] = field(default_factory=dict)
    reach: dict[str, frozenset[str] | None] = field(default_factory=dict)
    """By reference; see `templates`."""
    templates: dict[Key, Template | None] = field(default_factory=dict)
    values: dict[tuple[int, bool, tuple[int, ...]], Values] = field(default_factory=dict)


def component_of(ref: str) -> str:
    """Return the name of the shared schema a reference names, empty when it names none."""
    if not ref.startswith("#/$defs/"):
        return ""
    return unescaped(ref[len("#/$defs/") :])


@dataclass(slots=True)
class Resolver:
    """Follows references within one root schema and collects what could not be followed."""

    root: Json
    shared: Shared | None = None
    """What lies outside the schema and belongs to its whole source."""
    remote: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    followed: int = 0

    def follow(self, schema: Json, trail: tuple[str, ...]) -> tuple[Json, tuple[str, ...], bool]:
        """Return (schema without a top-level `$ref`, the trail of references taken, whether it came full circle).

        Keywords beside `$ref` win over those of the target.
        """
        while isinstance(schema, dict) and isinstance(schema.get("$ref"), str):
            ref = schema["$ref"]
            self.followed += 1
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            if ref in trail:
                return beside, trail, True
            if not ref.startswith("#"):
                self.remote.append(ref)
                return beside, trail, False
            target = self._at(ref)
            if target is None:
                self.missing.append(ref)
                return beside, trail, False
            trail = (*trail, ref)
            if not isinstance(target, dict):
                return target, trail, False
            schema = {**target, **beside}
        return schema, trail, False

    def target(self, schema: Json) -> Json:
        """Return what a reference points to, itself followed no further; a schema that is none comes back."""
        ref = schema.get("$ref") if isinstance(schema, dict) else None
        return self._at(ref) if isinstance(ref, str) and ref.startswith("#") else schema

    def reachable(self, schema: Json) -> dict[str, Json]:
        """Return every local reference that can be reached from `schema`, with its target; linear in their size."""
        found: dict[str, Json] = {}
        stack = [schema]
        while stack:
            item = stack.pop()
            if isinstance(item, list):
                stack.extend(item)
            elif isinstance(item, dict):
                ref = item.get("$ref")
                if isinstance(ref, str) and ref.startswith("#") and ref not in found:
                    found[ref] = self._at(ref)
                    stack.append(found[ref])
                stack.extend(value for key, value in item.items() if key not in ("$defs", "definitions"))
        return found

    def _at(self, ref: str) -> Json:
        pointer = ref[1:]
        if pointer and not pointer.startswith("/"):
            return self._anchor(pointer)
        try:
            return within(self.root, pointer)
        except LookupError:
            return self._shared(ref)

    def _shared(self, ref: str) -> Json:
        return self.shared.definitions.get(component_of(ref)) if self.shared is not None else None

    def _anchor(self, name: str) -> Json:
        for group in ("$defs", "definitions"):
            for item in (self.root.get(group) or {}).values() if isinstance(self.root, dict) else ():
                if isinstance(item, dict) and item.get("$anchor") == name:
                    return item
        return None
