"""Whose login an output holds, and of whom a part of a path asks for one.

Whoever has an account goes by one name in all of an API, so a login is an id: what differs is whose it is. A listing's
own rows are the members of its collection, whatever their schema is called; people of any kind are users. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator

from loopbuild.stages.toolgraph.lists import LOGINS
from loopbuild.stages.toolgraph.names import SHORTEST, Words, alternatives, is_short_for
from loopbuild.stages.toolgraph.ports import Port

_OWN, _PEOPLE, _MENTIONED = 0.95, 0.92, 0.90
"""Rows of the collection asked for come before people in another role, and those before whom an answer mentions."""
_DOERS = ("er", "or", "ee", "person")
"""Endings of nouns for people: `member`, `contributor`, `assignee`. Only ever asked of what has a login."""


def login_score(producer: Port, consumer: Port, words: Words) -> float:
    """Return how well a login says which member is meant; zero where it is that of somebody else, or of nobody."""
    given, member = producer.words, consumer.member
    if given[0] not in LOGINS or producer.container == ("owner",) or not _asks(consumer, words):
        return 0.0
    rows = _rows(producer)
    if rows and is_short_for(rows, member):
        return _OWN
    if _is_people(rows) and _is_everybody(consumer):
        return _PEOPLE
    return _MENTIONED if is_short_for(producer.entity, member) else 0.0


def login_offers(producer: Port) -> Iterator[tuple[str, ...]]:
    """Yield the keys under which an index has a login, so that `login_wants` meets all that may score."""
    if producer.words[0] in LOGINS:
        rows = _rows(producer)
        yield from {_key(noun) for noun in (rows, producer.entity) if noun}
        if _is_people(rows):
            yield ("login",)


def login_wants(consumer: Port) -> Iterator[tuple[str, ...]]:
    """Yield the keys under which the logins are that `consumer` may take."""
    if any(_asks(consumer, words) for words in alternatives(consumer.words)):
        yield _key(consumer.member)
        if _is_everybody(consumer):
            yield ("login",)


def _asks(consumer: Port, words: Words) -> bool:
    """Say whether a part of a path is a login: called so, or by the noun of the members: `/orgs/{org}`."""
    return bool(consumer.member) and bool(words) and (words[0] in LOGINS or is_short_for(words, consumer.member))


def _rows(producer: Port) -> Words:
    """Return the collection that a listing lists and whose rows have this login; empty for what a row only mentions."""
    collection = producer.scope.collection if producer.scope is not None else ()
    is_row = len(producer.words) == 1 and producer.is_listed and producer.container in ((), collection)
    return collection if is_row else ()


def _is_everybody(consumer: Port) -> bool:
    """Say whether all people there are belong to the collection: `/users` at the root of an API."""
    return consumer.scope is not None and consumer.scope.is_root and _is_people(consumer.member)


def _is_people(noun: Words) -> bool:
    return bool(noun) and noun[-1].endswith(_DOERS)


def _key(noun: Words) -> tuple[str, ...]:
    return ("login", noun[-1][:SHORTEST])
