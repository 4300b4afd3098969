"""The state of a service as far as it can be read: what the operations named in `state` answer, as rows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loopbuild.digest import digest
from loopbuild.records import Json, ToolSchema
from loopbuild.sandbox.rows import KEYS, VOLATILE, Rows, singular

_WRAPPERS = frozenset({"items", "data", "results", "result", "records", "list", "content"})


def rows_of(tool: ToolSchema, value: Json) -> Rows:
    """Return the rows in one answer: members of its lists by their id, everything else as one row of the tool's own."""
    entity = "_".join(tool.entity.split()) or tool.name
    found: Rows = {}
    for kind, row in _rows(value, entity):
        if isinstance(row, Mapping):
            record = {str(name): item for name, item in row.items() if name not in VOLATILE}
            name = next((name for name in (f"{kind}_id", *KEYS) if record.get(name) is not None), "")
            key = str(record.pop(name)) if name else digest("row", record)[:12]
        else:
            record, key = {}, str(row)
        found[kind, key] = record
    return found


def _rows(value: Json, entity: str) -> Iterator[tuple[str, Json]]:
    if isinstance(value, list):
        yield from ((entity, item) for item in value)
        return
    if not isinstance(value, Mapping):
        return
    plain = {name: item for name, item in value.items() if not isinstance(item, list)}
    for name, item in value.items():
        if isinstance(item, list):
            kind = entity if name in _WRAPPERS else singular(str(name).removesuffix("_ids").removesuffix("_id"))
            yield from ((kind, member) for member in item)
    if len(plain) == len(value) and plain:
        yield entity, plain
