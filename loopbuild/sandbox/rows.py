"""States as rows, and what differs between two of them. Pure."""

from __future__ import annotations

from loopbuild.digest import canonical, digest
from loopbuild.records import Json, StateFact

Rows = dict[tuple[str, str], dict[str, Json]]
"""(entity, key) -> columns."""

VOLATILE = frozenset({"created_at", "updated_at", "modified_at", "timestamp", "created", "updated", "mtime"})
"""Columns that hold times of writing: no two runs agree on them, so they are no part of a state."""

KEYS = ("id", "uuid", "key", "name")
"""Columns that name a row where no column is declared to."""


def difference(before: Rows, after: Rows) -> tuple[StateFact, ...]:
    """Return what changed between two sets of rows, sorted."""
    facts: list[StateFact] = []
    for place in sorted({*before, *after}):
        entity, key = place
        old, new = before.get(place), after.get(place)
        if new is None:
            facts.append(StateFact(change="removed", entity=entity, key=key))
        elif old is None:
            told = {name: value for name, value in sorted(new.items()) if value is not None}
            facts += [
                StateFact(change="added", entity=entity, key=key, field=name, after=value)
                for name, value in (told or {"": None}).items()
            ]
        else:
            facts += [
                StateFact(
                    change="changed", entity=entity, key=key, field=name, before=old.get(name), after=new.get(name)
                )
                for name in sorted({*old, *new})
                if canonical(old.get(name)) != canonical(new.get(name))
            ]
    return tuple(facts)


def rows_of_state(state: Json) -> Rows:
    """Return the rows of an object's state: a mapping or list of records is a table, anything else a single row."""
    found: Rows = {}
    for name, value in state.items() if isinstance(state, dict) else (("state", state),):
        kind = singular(str(name))
        if isinstance(value, dict):
            for key, item in value.items():
                found[kind, str(key)] = _without_times(item) if isinstance(item, dict) else {"value": item}
        elif isinstance(value, list):
            for item in value:
                record = _without_times(item) if isinstance(item, dict) else {}
                column = next((one for one in (f"{kind}_id", *KEYS) if record.get(one) is not None), "")
                place = (kind, _key_of(item, record.pop(column) if column else None))
                found[place] = record if place not in found else {**record, "count": found[place].get("count", 1) + 1}
        elif name not in VOLATILE:
            found[str(name), ""] = {"value": value}
    return found


def _key_of(item: Json, key: Json) -> str:
    if key is not None:
        return str(key)
    return digest("row", _without_times(item))[:12] if isinstance(item, dict) else str(item)


def _without_times(row: dict[str, Json]) -> dict[str, Json]:
    return {str(name): value for name, value in row.items() if name not in VOLATILE}


def singular(name: str) -> str:
    """Return the name of one of the things a table or a list is named after."""
    if name.endswith("ies"):
        return name[:-3] + "y"
    if name.endswith(("ches", "shes", "sses", "xes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
