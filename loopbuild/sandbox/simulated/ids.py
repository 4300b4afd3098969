"""What the ids of an entity look like, and which id a seed gives.

An id is a function of its entity, its form and a seed, and of nothing else; whether it belongs to training or to
evaluation is a function of the id itself.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from loopbuild.digest import unit_interval
from loopbuild.records import Json, Purpose, SchemaLeaf
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.patterns import from_pattern
from loopbuild.sandbox.pools import side_of
from loopbuild.sandbox.synthetic import synthesize

_TRIES = 400

_PREFIXES = {
    "account": "ACC", "appointment": "APT", "booking": "BK", "candidate": "C", "customer": "CUS", "employee": "E",
    "event": "EV", "interview": "INT", "invoice": "INV", "issue": "ISS", "leave": "L", "message": "MSG", "offer": "OF",
    "order": "ORD", "payment": "PAY", "product": "P", "project": "PRJ", "request": "REQ", "role": "R", "task": "T",
    "team": "TM", "ticket": "TKT", "user": "U",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IdForm:
    """How ids of one entity are spelled: `text` is the pattern, the example or the prefix."""

    kind: Literal["prefix", "integer", "uuid", "pattern", "example", "name", "content"]
    text: str = ""


def form_of(entity: str, leaf: SchemaLeaf) -> IdForm:
    """Return the form a leaf asks for; a leaf without any wish gets a prefix made from the entity's name."""
    if leaf.pattern and "string" in leaf.types:
        return IdForm(kind="pattern", text=leaf.pattern)
    if leaf.format == "uuid":
        return IdForm(kind="uuid")
    if "integer" in leaf.types and "string" not in leaf.types:
        return IdForm(kind="integer")
    for example in leaf.examples:
        if isinstance(example, str) and any(char.isdigit() for char in example):
            return IdForm(kind="example", text=example)
    return IdForm(kind="prefix", text=prefix_of(entity))


def prefix_of(entity: str) -> str:
    """Return the letters before the dash: `R` for role, `INT` for interview, initials for several words."""
    words = entity.split() or ["x"]
    if len(words) > 1:
        return "".join(word[0] for word in words).upper()
    return _PREFIXES.get(entity) or words[0][:3].upper()


def make_id(form: IdForm, entity: str, *, fixture: int, key: Json, purpose: Purpose, taken: Container[Json]) -> Json:
    """Return the id that `key` gives in a fixture, skipping `taken` ones and those of the other purpose."""
    draws = Draws(["id", fixture, entity, key])
    value: Json = None
    for _ in range(_TRIES):
        value = _spell(form, entity, fixture, draws)
        if value not in taken and side_of(f"{entity}:{value}") == purpose:
            return value
    return value


def make_name(
    entity: str, leaf: SchemaLeaf, *, fixture: int, key: Json, purpose: Purpose, taken: Container[Json]
) -> str:
    """Return a name that serves as a key."""
    value = ""
    for attempt in range(_TRIES):
        value = str(synthesize(leaf, ["name-key", fixture, entity, key, attempt], purpose=purpose, entity=entity))
        if value not in taken:
            break
    return value


def _spell(form: IdForm, entity: str, fixture: int, draws: Draws) -> Json:
    if form.kind == "prefix":
        digits = 3 + int(unit_interval("id-digits", [fixture, entity]) * 4)
        low = 10 ** (digits - 1)
        return f"{form.text}-{low + draws.below(9 * low)}"
    if form.kind == "integer":
        return 1000 + draws.below(9_000_000)
    if form.kind == "pattern":
        return from_pattern(form.text, draws.below)
    if form.kind == "example":
        return "".join(_like(char, draws) for char in form.text)
    text = "".join("0123456789abcdef"[draws.below(16)] for _ in range(32))
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _like(char: str, draws: Draws) -> str:
    return str(draws.below(9) + 1) if char.isdigit() else char
