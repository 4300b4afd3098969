"""Records to and from plain JSON values: the one way in and out."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar, get_args, get_type_hints

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with text keys."""

R = TypeVar("R")
LEFT_OUT = MappingProxyType({"left_out": True})
"""Metadata of a field that is not written while it is empty: what few rows need alters no digest of the others."""


def to_json(record: Any) -> Json:
    """Return `record` (a record, or a container of records) as plain JSON values."""
    import msgspec

    made = msgspec.to_builtins(record)
    _prune(record, made)
    return made


def _prune(record: Any, made: Json) -> None:
    """Take what is empty and may be left out from `made`, the JSON of `record`, and from the records inside."""
    if isinstance(record, dict):
        for name, item in record.items():
            _prune(item, made[name])
    elif isinstance(record, list | tuple):
        for item, value in zip(record, made, strict=True):
            _prune(item, value)
    elif is_dataclass(record):
        empty, inside = _left_out(type(record))  # type: ignore[arg-type] # types are hashable
        for name in inside:
            _prune(getattr(record, name), made[name])
        for name in empty:
            if made[name] in (None, "", (), [], {}):
                del made[name]


@cache
def _left_out(kind: type[Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the fields to leave out while empty, and of those that hold records with such fields."""
    hints = get_type_hints(kind)
    empty = tuple(one.name for one in fields(kind) if one.metadata.get("left_out"))
    return empty, tuple(name for name, hint in hints.items() if any(_leaves_out(one, set()) for one in _records(hint)))


def _leaves_out(kind: type[Any], seen: set[type[Any]]) -> bool:
    if kind in seen:
        return False
    seen.add(kind)
    inside = {one for hint in get_type_hints(kind).values() for one in _records(hint)}
    return any(one.metadata.get("left_out") for one in fields(kind)) or any(_leaves_out(one, seen) for one in inside)


def _records(hint: Any) -> list[type[Any]]:
    """Return the records a field of this type may hold."""
    if is_dataclass(hint):
        return [hint]  # type: ignore[list-item] # a class, not a record
    return [one for part in get_args(hint) for one in _records(part)]


def from_json(kind: type[R], value: Json) -> R:
    """Return `value` as a `kind`; missing and mistyped fields raise ValueError naming their path."""
    import msgspec

    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from exc
