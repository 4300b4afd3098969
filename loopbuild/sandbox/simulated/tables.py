"""What has been written since a world was opened: rows over the world's own, copied on write.

A `Tables` value never changes; each write returns another one, so a snapshot is a reference and going back is free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from loopbuild.digest import canonical
from loopbuild.records import Json, StateFact

Key = tuple[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was written about one row."""

    fields: Mapping[str, Json] = field(default_factory=dict)
    before: Mapping[str, Json] = field(default_factory=dict)
    """Of rows the world started with: what the written fields held."""
    refs: Mapping[str, Json] = field(default_factory=dict)
    """Entity -> key of the row it refers to."""
    is_new: bool = False
    origin: str = ""
    """Digest of the arguments that made it."""
    is_gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """All writes so far, and the calls whose effect no table shows."""

    rows: Mapping[Key, Row] = field(default_factory=dict)
    log: Mapping[tuple[str, str], Json] = field(default_factory=dict)
    """(what was done, digest of its arguments) -> arguments."""

    def row(self, entity: str, key: Json) -> Row | None:
        """Return what was written about a row, also when it is gone."""
        return self.rows.get((entity, key))

    def with_row(self, entity: str, key: Json, row: Row) -> Tables:
        """Return the tables with one row written."""
        return replace(self, rows={**self.rows, (entity, key): row})

    def with_log(self, done: str, key: str, arguments: Json) -> Tables:
        """Return the tables with one more logged call."""
        return replace(self, log={**self.log, (done, key): arguments})

    def living(self, entity: str) -> Iterator[tuple[Json, Row]]:
        """Yield the living rows of an entity written since the start, by key: order does not tell who came first."""
        found = [(key, row) for (name, key), row in self.rows.items() if name == entity and not row.is_gone]
        yield from sorted(found, key=lambda pair: str(pair[0]))

    def created(self, entity: str) -> Iterator[tuple[Json, Row]]:
        """Yield those of them that were made since the start."""
        yield from ((key, row) for key, row in self.living(entity) if row.is_new)

    def facts(self) -> tuple[StateFact, ...]:
        """Return the difference to the start, sorted."""
        facts: list[StateFact] = []
        for (entity, key), row in self.rows.items():
            if row.is_new:
                if not row.is_gone:
                    facts.extend(_added(entity, str(key), row))
            elif row.is_gone:
                facts.append(StateFact(change="removed", entity=entity, key=str(key)))
            else:
                facts.extend(
                    StateFact(
                        change="changed",
                        entity=entity,
                        key=str(key),
                        field=name,
                        before=_plain(row.before.get(name)),
                        after=_plain(value),
                    )
                    for name, value in row.fields.items()
                    if canonical(row.before.get(name)) != canonical(value)
                )
        # Facts are plain JSON: equal before and after being written down.
        for (done, key), arguments in self.log.items():
            facts.append(StateFact(change="added", entity="call", key=key, field=done, after=arguments))
        return tuple(sorted(facts, key=lambda fact: (fact.entity, fact.key, fact.field, fact.change)))


def _added(entity: str, key: str, row: Row) -> Iterator[StateFact]:
    if not row.fields:
        yield StateFact(change="added", entity=entity, key=key)
    for name, value in row.fields.items():
        yield StateFact(change="added", entity=entity, key=key, field=name, after=_plain(value))


def _plain(value: Json) -> Json:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value
