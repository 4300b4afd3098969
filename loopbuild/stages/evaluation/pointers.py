"""Reading JSON values by pointer, and finding the schema leaf a concrete pointer stands for.

Pure. A pointer that leads nowhere is an answer (`MISSING`), never an exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from loopbuild.pointers import escaped, unescaped
from loopbuild.records import Json, SchemaLeaf


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def read_pointer(value: Json, pointer: str) -> Json:
    """Return what `pointer` (`/candidate_ids/0`) names inside `value`, or MISSING."""
    for part in pointer.split("/")[1:]:
        key = unescaped(part)
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list | tuple) and key.isascii() and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return MISSING
    return value


def child(pointer: str, key: str | int) -> str:
    """Return the pointer of a member or item of what `pointer` names."""
    return f"{pointer}/{escaped(key)}"


def leaf_at(leaves: Sequence[SchemaLeaf], pointer: str) -> SchemaLeaf | None:
    """Return the schema leaf a concrete pointer falls under: `/role_ids/0` under `/role_ids/[]`, else under `/*`."""
    parts = pointer.split("/")[1:]
    open_leaf = None
    for leaf in leaves:
        wanted = leaf.pointer.split("/")[1:]
        if len(wanted) != len(parts):
            continue
        if all(want == have or (want == "[]" and have.isdigit()) for want, have in zip(wanted, parts, strict=True)):
            return leaf
        if all(
            want in (have, "*") or (want == "[]" and have.isdigit()) for want, have in zip(wanted, parts, strict=True)
        ):
            open_leaf = open_leaf or leaf
    return open_leaf
