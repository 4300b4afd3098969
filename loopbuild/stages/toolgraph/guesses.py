"""Guessed returns: where in an answer a guessed name may lie.

A guess is a name without a place: `create_role` tells a role's id, be it at `/role_id`, at `/role/id` or in a list.
Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.pointers import escaped, unescaped
from loopbuild.records import Json, SchemaLeaf, ToolSchema
from loopbuild.stages.toolgraph.lists import CONTAINERS, IDENTIFIERS
from loopbuild.stages.toolgraph.names import split_name

_DEEPEST = 4
_ITEMS = 20


def guess_at(tool: ToolSchema, pointer: str) -> SchemaLeaf | None:
    """Return the guess of a tool that may lie at a place of its answer, None where none does."""
    named = next((leaf for leaf in tool.guesses if leaf.pointer == pointer), None)
    return named or next((leaf for leaf in tool.guesses if may_lie_at(leaf, pointer)), None)


def may_lie_at(guess: SchemaLeaf, pointer: str) -> bool:
    """Say whether a place is called like the guess: by its own name, or as the bare id of what lies around it."""
    return pointer == guess.pointer or _likeness(guess, pointer) is not None


def place_of(guess: SchemaLeaf, answer: Json) -> str | None:
    """Return the pointer at which an answer holds what was guessed, the plainest of several; None where it is not."""
    found = {pointer for pointer in _pointers(answer, "", 0) if may_lie_at(guess, pointer)}
    return min(found, key=lambda pointer: (_likeness(guess, pointer) or 0, pointer.count("/"), pointer), default=None)


def placed(guess: SchemaLeaf, pointer: str) -> SchemaLeaf:
    """Return the guess as a leaf at a place; another place is another fingerprint."""
    if pointer == guess.pointer:
        return guess
    return replace(guess, pointer=pointer, fingerprint=digest("guessed leaf", [guess.fingerprint, pointer]))


def _likeness(guess: SchemaLeaf, pointer: str) -> int | None:
    """Return how a place is called like the guess, the smaller the better; None where it is not."""
    names = [split_name(unescaped(part)) for part in pointer.split("/")[1:] if part != "[]"]
    if not names:
        return 3 if pointer and guess.kind == "id" else None
    around = tuple(names[-2]) if len(names) > 1 else ()
    if names[-1] == guess.words:
        return 0
    whose = tuple(guess.entity.split())
    if guess.kind != "id" or not whose:
        return None
    if names[-1] == (*whose, "id"):
        return 1
    is_bare = len(names[-1]) == 1 and names[-1][0] in IDENTIFIERS
    return 2 if is_bare and (not around or around[-1] in CONTAINERS or around[-len(whose) :] == whose) else None


def _pointers(value: Json, pointer: str, depth: int) -> Iterator[str]:
    """Yield the schema pointers of an answer's scalars."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _pointers(item, f"{pointer}/{escaped(name)}", depth + 1)
    elif isinstance(value, list):
        for item in value[:_ITEMS]:
            yield from _pointers(item, f"{pointer}/[]", depth)
    elif isinstance(value, str | int) and not isinstance(value, bool) and pointer:
        yield pointer
