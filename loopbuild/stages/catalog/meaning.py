"""What names say: a tool's verb, effect and entity; a leaf's entity and semantic kind.

Pure and local: nothing here depends on other tools, so adding a tool never changes the meaning of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from loopbuild.records import Effect, Json
from loopbuild.stages.catalog.vocabulary import (
    ADJECTIVES,
    CONTAINERS,
    FACETS,
    FIELDS,
    IDENTIFIERS,
    NOUN_VERBS,
    PEOPLE,
    PHRASES,
    PREPOSITIONS,
    ROLES,
    VERBS,
)
from loopbuild.stages.catalog.words import split_words, words_of

_KIND_BY_FORMAT = {
    "email": "email", "idn-email": "email", "date": "date", "date-time": "datetime", "time": "time",
    "duration": "duration", "uri": "url", "iri": "url", "uri-reference": "url", "url": "url", "uuid": "id",
    "phone": "phone", "ipv4": "ip", "ipv6": "ip", "hostname": "host",
}  # fmt: skip
_KIND_BY_WORD = {
    "id": "id", "uuid": "id", "guid": "id", "identifier": "id", "email": "email", "mail": "email", "phone": "phone",
    "mobile": "phone", "telephone": "phone", "fax": "phone", "date": "date", "birthday": "date", "dob": "date",
    "deadline": "date", "time": "time", "timestamp": "datetime", "datetime": "datetime", "duration": "duration",
    "timezone": "timezone", "tz": "timezone", "amount": "amount", "price": "amount", "cost": "amount",
    "total": "amount", "salary": "amount", "fee": "amount", "budget": "amount", "currency": "currency",
    "country": "country", "city": "city", "address": "address", "street": "address", "lat": "lat", "latitude": "lat",
    "lon": "lon", "lng": "lon", "longitude": "lon", "path": "path", "file": "path", "filename": "path",
    "directory": "path", "folder": "path", "url": "url", "uri": "url", "link": "url", "href": "url",
    "website": "url", "sha": "sha", "ip": "ip", "description": "text", "content": "text", "body": "text",
    "message": "text", "text": "text", "note": "text", "reason": "text", "comment": "text", "summary": "text",
    "observation": "text", "name": "name", "username": "name", "fullname": "name",
}  # fmt: skip
_NUMBER_KINDS = frozenset({"amount", "lat", "lon", "duration", "id", "timestamp", "datetime"})


def verb_of(name: str, *, source: str = "") -> str:
    """Return the first verb of a tool's name, empty when it has none.

    A word that is a noun as well gives way to a plain verb elsewhere in the name: `order_list` lists.
    """
    words = tool_words(name, source)
    verbs = [word for word in words if word in VERBS]
    if not verbs:
        return ""
    plain = [word for word in verbs if word not in NOUN_VERBS]
    return plain[0] if plain and words[0] not in plain and words[0] in NOUN_VERBS and len(verbs) > 1 else verbs[0]


def phrase_of(name: str, *, source: str = "") -> str:
    """Return the verb of two words a tool's name begins with, as far as it changes the effect: `check in`."""
    phrase = " ".join(tool_words(name, source)[:2])
    return phrase if phrase in PHRASES else ""


def effect_of(verb: str, hints: Mapping[str, Json], *, yields_own_id: bool, phrase: str = "") -> Effect:
    """Return what calling a tool does.

    The word of loop.yaml (hint `effect`) is final. A server's annotations are untrusted: they may only make a tool
    look more dangerous than its verb, or harmless where the verb says nothing against it.
    """
    given = hints.get("effect")
    if given in ("read", "create", "update", "delete", "unknown"):
        return given  # type: ignore[no-any-return]
    by_verb: Effect = PHRASES.get(phrase) or VERBS.get(verb, "unknown")
    if by_verb == "update" and yields_own_id:
        by_verb = "create"
    if hints.get("readOnlyHint") is True:
        return "delete" if by_verb == "delete" else "read"
    if hints.get("destructiveHint") is True and by_verb in ("read", "unknown"):
        return "update"
    if hints.get("readOnlyHint") is False and by_verb == "read":
        return "unknown"
    return by_verb


def entity_of_tool(name: str, verb: str, *, source: str = "", synonyms: Mapping[str, str]) -> str:
    """Return the noun a tool is about: `role` for get_open_roles, `candidate` for get_role_candidates."""
    words = list(tool_words(name, source))
    if verb in words:
        at = words.index(verb)
        words = words[at + 1 :] or words[:at]
    nouns: list[str] = []
    for word in words:
        if word in PREPOSITIONS:
            if nouns:
                break
            continue
        nouns.append(word)
    singulars = [word for item in nouns for word in words_of(item)]
    telling = [word for word in singulars if word not in ADJECTIVES and not word.isdigit()]
    while len(telling) > 1 and telling[-1] in FACETS:
        telling.pop()
    entity = telling[-1] if telling else (singulars[-1] if singulars else "")
    return synonyms.get(entity, entity)


def noun_words(name: str, verb: str) -> tuple[str, ...]:
    """Return the words of a tool's name without its verb: what an unnamed result consists of."""
    return tuple(
        word for word in words_of(name) if word != verb and word not in ADJECTIVES and word not in PREPOSITIONS
    )


def entity_of_leaf(
    words: Sequence[str], container: Sequence[str], tool_entity: str, *, synonyms: Mapping[str, str]
) -> str:
    """Return whose id or field a leaf is: by its own name, else by the object it lies in, else by its tool."""
    own = _whose(tuple(words), tuple(container))
    return _meant(own, synonyms) if own else tool_entity


@lru_cache(maxsize=65536)
def _whose(words: tuple[str, ...], container: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of whose a leaf is, empty when only its tool can tell."""
    if len(words) > 1 and (words[-1] in IDENTIFIERS or words[-1] in FIELDS):
        own = without_roles(words[:-1])
        if own and own != ("full",) and own != ("display",):
            return own
    telling = without_roles(container)
    return telling if telling and telling[-1] not in CONTAINERS else ()


def without_roles(words: Sequence[str]) -> tuple[str, ...]:
    """Return `words` without leading and trailing role words; empty when nothing else is left."""
    start, end = 0, len(words)
    while start < end and words[start] in ROLES:
        start += 1
    while end > start and words[end - 1] in ROLES:
        end -= 1
    return tuple(words[start:end])


@lru_cache(maxsize=65536)
def kind_of(words: tuple[str, ...], types: tuple[str, ...], format_name: str, entity: str) -> str:
    """Return the semantic kind of a leaf by its format, else by its last word; empty when neither tells."""
    if format_name in _KIND_BY_FORMAT:
        return _KIND_BY_FORMAT[format_name]
    if not words or "boolean" in types or "object" in types:
        return ""
    last = words[-1]
    if len(words) > 1 and tuple(words[-2:]) == ("time", "zone"):
        return "timezone"
    kind = "datetime" if len(words) > 1 and last == "at" else _KIND_BY_WORD.get(last, "")
    if kind == "name" and entity.rpartition(" ")[2] in PEOPLE:
        kind = "person"
    is_text = not types or "string" in types
    if not is_text and kind not in _NUMBER_KINDS:
        return ""
    return kind


def _meant(words: Sequence[str], synonyms: Mapping[str, str]) -> str:
    joined = " ".join(words)
    if not synonyms:
        return joined
    if joined in synonyms:
        return synonyms[joined]
    return " ".join(synonyms.get(word, word) for word in words)


def tool_words(name: str, source: str) -> tuple[str, ...]:
    """Return the words of a name, a leading repetition of the source's name left out: `git_log` of `git` logs."""
    words = split_words(name)
    prefix = split_words(source)
    if prefix and len(words) > len(prefix) and words[: len(prefix)] == prefix:
        return words[len(prefix) :]
    return words
