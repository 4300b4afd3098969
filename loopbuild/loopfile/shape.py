"""What keys loop.yaml has, read off the section records: which section stands at a place, which keys it takes.

Pure. Knows the records' types, not their meaning.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from loopbuild.documents import Path
from loopbuild.loopfile.model import Loopfile
from loopbuild.loopfile.sections.base import Json, Section


def sections_of(annotation: Any) -> tuple[type[Section], ...]:
    """Return the section records an annotation allows: several where `kind:` chooses."""
    return tuple(member for member in _members(annotation) if isinstance(member, type) and issubclass(member, Section))


def kind_of(section: type[Section]) -> str:
    """Return the value of `kind:` that chooses this record, empty where nothing is to choose."""
    field = section.model_fields.get("kind")
    values = get_args(field.annotation) if field is not None and field.is_required() else ()
    return str(values[0]) if len(values) == 1 else ""


def section_at(annotation: Any, value: Json) -> type[Section] | None:
    """Return the record that `value` is read as, None when its `kind:` does not say."""
    sections = sections_of(annotation)
    if len(sections) == 1:
        return sections[0]
    kind = value.get("kind") if isinstance(value, dict) else None
    return next((section for section in sections if kind_of(section) == kind), None)


def locate(loc: tuple[Any, ...], settings: Json) -> tuple[Path, Any]:
    """Return the path in `settings` that an error of pydantic means, and the annotation there.

    Pydantic puts the tag of a discriminated union between the keys; it is dropped only where such a union stands, so a
    key that happens to be spelled like the tag stays.
    """
    annotation: Any = Loopfile
    value = settings
    path: list[str | int] = []
    parts = list(loc)
    while parts:
        sections = sections_of(annotation)
        if len(sections) > 1 and parts[0] in [kind_of(section) for section in sections]:
            parts.pop(0)
            if not parts:
                break
        part = parts.pop(0)
        if part == "[key]":
            break
        path.append(part)
        annotation = _below(annotation, value, part)
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            value = None
    return tuple(path), annotation


@cache
def homes() -> dict[str, tuple[str, ...]]:
    """Return where each key of loop.yaml belongs, e.g. `epochs` -> (`training.phases`, `training.incremental`)."""
    found: dict[str, list[str]] = {}
    for name, place in _walk(Loopfile, ""):
        places = found.setdefault(name, [])
        if place not in places:
            places.append(place)
    return {name: tuple(places) for name, places in found.items()}


def _walk(annotation: Any, place: str) -> Iterator[tuple[str, str]]:
    for section in sections_of(annotation):
        for name, field in section.model_fields.items():
            yield name, place
            yield from _walk(field.annotation, f"{place}.{name}" if place else name)
    for member in _members(annotation):
        if get_origin(member) in (dict, tuple):
            yield from _walk(_item(member), place)


def _below(annotation: Any, value: Json, part: str | int) -> Any:
    section = section_at(annotation, value)
    if section is not None:
        field = section.model_fields.get(str(part))
        return field.annotation if field is not None else Any
    for member in _members(annotation):
        if get_origin(member) in (dict, tuple):
            return _item(member)
    return Any


def _item(annotation: Any) -> Any:
    arguments = get_args(annotation)
    return arguments[1] if get_origin(annotation) is dict else arguments[0]


def _members(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return tuple(inner for member in get_args(annotation) for inner in _members(member))
    if origin is Literal or annotation is type(None):
        return ()
    return (annotation,)
