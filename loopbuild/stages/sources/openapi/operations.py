"""The operations of a document, with names that are unique.

Decides what an operation is called: its `operationId` if that is usable and its own, else method and path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from loopbuild.records import Json
from loopbuild.stages.sources.dialects import NAME_LIMIT
from loopbuild.stages.sources.openapi.spec import Place, Spec
from loopbuild.visible import named

METHODS = ("get", "put", "post", "delete", "patch", "head", "query")
_UNREAD = ("options", "trace")
_HOPS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as it stands in its document."""

    name: str
    method: str
    path: str
    value: dict[str, Json]
    at: Place
    shared: tuple[tuple[Json, Place], ...] = ()
    """Parameters declared for the whole path."""


def operations(spec: Spec) -> list[Operation]:
    """Return the operations by path and method, each with a name of its own."""
    found: list[Operation] = []
    paths = spec.root.get("paths") or {}
    for path in sorted(paths):
        at = Place(spec.file, "/paths").below(path)
        item, at = deref(spec, paths[path], at)
        if not isinstance(item, dict):
            if not path.startswith("x-"):
                spec.say("error", "bad-path", f"path `{named(path)}` is no object and is skipped", at)
            continue
        shared = tuple(listed(item.get("parameters"), at.below("parameters")))
        for method, value, place in _methods(item, at):
            if not isinstance(value, dict):
                message = f"`{method.upper()} {named(path)}` is skipped: it is no object"
                spec.say("error", "bad-tool", message, place)
                continue
            name = value.get("operationId")
            found.append(
                Operation(
                    name=name if isinstance(name, str) else "",
                    method=method,
                    path=path,
                    value=value,
                    at=place,
                    shared=shared,
                )
            )
    return _named(spec, found)


def deref(spec: Spec, value: Json, at: Place) -> tuple[Json, Place]:
    """Return what a value that may be a reference stands for, and where; None where it leads nowhere."""
    for _ in range(_HOPS):
        if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
            return value, at
        found = spec.follow(value["$ref"], at)
        if found is None:
            return None, at
        value, at = found
    spec.say("error", "ref-cycle", "this `$ref` leads in a circle", at)
    return None, at


def listed(value: Json, at: Place) -> list[tuple[Json, Place]]:
    """Return the members of a list with their places; nothing for what is no list."""
    return [(item, at.below(index)) for index, item in enumerate(value)] if isinstance(value, list) else []


def _methods(item: dict[str, Json], at: Place) -> list[tuple[str, Json, Place]]:
    found = [(method, item[method], at.below(method)) for method in METHODS if method in item]
    more = item.get("additionalOperations")
    if isinstance(more, dict):
        known = (*METHODS, *_UNREAD)
        found += [
            (name.lower(), more[name], at.below("additionalOperations", name))
            for name in sorted(more)
            if name.lower() not in known
        ]
    return found


def _named(spec: Spec, found: list[Operation]) -> list[Operation]:
    bearers: dict[str, list[Operation]] = {}
    for operation in found:
        bearers.setdefault(operation.name, []).append(operation)
    out, taken = [], {name for name, those in bearers.items() if len(those) == 1}
    for name in sorted(bearers):
        if name and len(bearers[name]) > 1:
            places = ", ".join(f"`{one.method.upper()} {named(one.path)}`" for one in bearers[name])
            message = f"`operationId` `{named(name)}` is given to {places}: each is called by its method and path"
            spec.say("error", "duplicate-name", message, bearers[name][1].at.below("operationId"))
    for operation in found:
        name = operation.name
        is_usable = name.strip() and len(name) <= NAME_LIMIT and len(bearers[name]) == 1
        if not is_usable:
            if len(name) > NAME_LIMIT:
                message = f"an `operationId` of {len(name)} characters, {NAME_LIMIT} are allowed: called by its path"
                spec.say("note", "long-name", message, operation.at)
            name = _derived(operation, taken)
        taken.add(name)
        out.append(replace(operation, name=name))
    return out


def _derived(operation: Operation, taken: set[str]) -> str:
    words = re.findall(r"[^\W_]+", operation.path)
    name = "_".join([operation.method, *words])[: NAME_LIMIT - 8] or operation.method
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
