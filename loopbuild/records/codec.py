"""Records to and from plain JSON values: the one way in and out."""

from __future__ import annotations

from typing import Any, TypeVar

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with text keys."""

R = TypeVar("R")


def to_json(record: Any) -> Json:
    """Return `record` (a record, or a container of records) as plain JSON values."""
    import msgspec

    return msgspec.to_builtins(record)


def from_json(kind: type[R], value: Json) -> R:
    """Return `value` as a `kind`; missing and mistyped fields raise ValueError naming their path."""
    import msgspec

    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from exc
