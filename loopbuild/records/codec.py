"""Records to and from plain JSON values: the one way in and out."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with text keys."""

R = TypeVar("R")
LEFT_OUT = MappingProxyType({"left_out": True})
"""Metadata of a field that is not written while it is empty: what few rows need alters no digest of the others."""


def to_json(record: Any) -> Json:
    """Return `record` (a record, or a container of records) as plain JSON values."""
    import msgspec

    made = msgspec.to_builtins(record)
    for name in _left_out(type(record)):  # type: ignore[arg-type] # types are hashable
        if not made[name]:
            del made[name]
    return made


@cache
def _left_out(kind: type[Any]) -> tuple[str, ...]:
    """Names of the fields of a record to leave out while empty; of records inside others none is looked at."""
    known = fields(kind) if is_dataclass(kind) else ()
    return tuple(one.name for one in known if one.metadata.get("left_out"))


def from_json(kind: type[R], value: Json) -> R:
    """Return `value` as a `kind`; missing and mistyped fields raise ValueError naming their path."""
    import msgspec

    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from exc
