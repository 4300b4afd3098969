"""Decides when two values or two states are the same for judging a call: one notion for filters, rewards and scores.

Pure. Ids are compared exactly, numbers by value, instants as instants, free text without case and surplus space.
Knows no tools beyond the leaf a value belongs to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from loopbuild.records import Json, SchemaLeaf, StateFact

_SPACE = re.compile(r"\s+")
_FREE_TEXT = frozenset({"text", "person", "city", "title", "topic", ""})


def same_value(gold: Json, got: Json, leaf: SchemaLeaf | None) -> bool:
    """Say whether `got` is as good as `gold` for the parameter `leaf`; without a leaf, text must be equal."""
    if isinstance(gold, Mapping) or isinstance(got, Mapping):
        if not (isinstance(gold, Mapping) and isinstance(got, Mapping)) or gold.keys() != got.keys():
            return False
        return all(same_value(gold[key], got[key], leaf) for key in gold)
    if isinstance(gold, list | tuple) or isinstance(got, list | tuple):
        if not (isinstance(gold, list | tuple) and isinstance(got, list | tuple)) or len(gold) != len(got):
            return False
        return all(same_value(one, other, leaf) for one, other in zip(gold, got, strict=True))
    if gold is None or got is None or isinstance(gold, bool) or isinstance(got, bool):
        return gold is got
    if isinstance(gold, int | float) and isinstance(got, int | float):
        return _same_number(gold, got, leaf)
    if not (isinstance(gold, str) and isinstance(got, str)):
        return False
    if gold == got:
        return True
    if leaf is None or leaf.enum or leaf.pattern or leaf.kind == "id":
        return False
    if leaf.format in ("date", "date-time", "time") or leaf.kind in ("date", "datetime", "time"):
        return _same_instant(gold, got)
    if leaf.kind == "email":
        return gold.casefold() == got.casefold()
    return leaf.kind in _FREE_TEXT and not leaf.format and _plain(gold) == _plain(got)


def same_state(a: Sequence[StateFact], b: Sequence[StateFact]) -> bool:
    """Say whether two state differences agree up to a one-to-one renaming of the ids minted on the way.

    Minted ids are the keys of added rows. Order does not matter; numbers are compared by value.
    """
    if len(a) != len(b):
        return False
    return _renamed(a) == _renamed(b)


def _renamed(facts: Sequence[StateFact]) -> list[str]:
    """Give every added row a name that depends on its content instead of its id, then write the facts out."""
    minted = {(fact.entity, fact.key) for fact in facts if fact.change == "added"}
    plain = {key for _, key in minted}
    names: dict[tuple[str, str], str] = {row: row[0] for row in minted}
    # Colour refinement: after each round a row's name holds what its facts say, ids already replaced by names. The
    # number of rounds bounds chains of minted ids that refer to each other; real trajectories have one or two links.
    for _ in range(3):
        by_key = {key: name for (_, key), name in sorted(names.items())}
        names = {
            row: row[0]
            + "("
            + ",".join(
                sorted(
                    f"{fact.field}={_written(fact.after, by_key, plain, own=row[1])}"
                    for fact in facts
                    if (fact.entity, fact.key) == row
                )
            )
            + ")"
            for row in minted
        }
    by_key = {key: name for (_, key), name in sorted(names.items())}
    return sorted(
        "|".join(
            (
                fact.change,
                fact.entity,
                names.get((fact.entity, fact.key), fact.key),
                fact.field,
                _written(fact.before, by_key, plain, own=""),
                _written(fact.after, by_key, plain, own=fact.key),
            )
        )
        for fact in facts
    )


def _written(value: Json, names: Mapping[str, str], minted: set[str], *, own: str) -> str:
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{_written(value[key], names, minted, own=own)}" for key in sorted(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_written(item, names, minted, own=own) for item in value) + "]"
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int | float):
        return repr(float(value)) if abs(value) < 2**53 else repr(value)
    if value == own and value in minted:
        return "self"
    return names[value] if value in minted else repr(_plain(value))


def _same_number(gold: float, got: float, leaf: SchemaLeaf | None) -> bool:
    if leaf is not None and leaf.types and "number" not in leaf.types and isinstance(got, float):
        return isinstance(gold, float) and gold == got
    return gold == got or (isinstance(gold, float) and abs(gold - got) <= 1e-9 * max(abs(gold), abs(got)))


def _same_instant(gold: str, got: str) -> bool:
    one, other = _instant(gold), _instant(got)
    return one is not None and one == other


def _instant(text: str) -> object:
    text = text.strip()
    for read in (date.fromisoformat, _moment):
        try:
            return read(text)
        except ValueError:
            continue
    match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::00)?", text)
    return (int(match[1]), int(match[2])) if match else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text.casefold()).strip().rstrip(".")
