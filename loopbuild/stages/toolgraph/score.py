"""How well an output fits an input: evidence from names, then gates and factors from types and roles.

A score depends on the two leaves and their two tools, never on the rest of the catalog: editing one description or
adding a tool moves no other edge. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from loopbuild.stages.toolgraph.lists import (
    CONTROL,
    FREE_TEXT,
    GENERIC,
    LISTING_VERBS,
    ROLES,
    TAKING_VERBS,
    WEAK,
)
from loopbuild.stages.toolgraph.logins import login_score
from loopbuild.stages.toolgraph.names import Words, alternatives, is_bare_id, is_generic, without_roles
from loopbuild.stages.toolgraph.ports import Port
from loopbuild.stages.toolgraph.scope import is_within, repeats

Conversion = Literal["same", "pick", "map", "wrap"]
_ALIKE_KINDS = (frozenset({"name", "person"}), frozenset({"date", "datetime"}), frozenset({"text", "name"}))
_PARTLY_EQUAL = frozenset({"suffix", "longer"})
_OF_ONE = frozenset({"id", "login", "entity_id", "bare_noun", "names"})
"""Rules that find whose id an input is."""
OTHER_SOURCE = 0.5
"""What is left of a score between sources that share no entity."""
_SCALARS = frozenset({"string", "integer", "number"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What speaks for an edge: the score, and the rule that gave the most."""

    score: float
    rule: str
    conversion: Conversion


def score_pair(producer: Port, consumer: Port) -> Match | None:
    """Return how well `producer` fits `consumer`; None when nothing speaks for it, or both are one tool.

    None too where they live in different places: see `scope`.
    """
    if producer.tool.id == consumer.tool.id or not is_within(producer, consumer):
        return None
    return score_fit(producer, consumer)


def score_fit(producer: Port, consumer: Port) -> Match | None:
    """Return the same without asking which tools both ends are of: the index asks on behalf of many that are alike.

    Whatever this reads of a port has to be in the keys of `index`.
    """
    if not _is_possible(producer, consumer):
        return None
    factor = _types(producer, consumer) * _values(producer, consumer) * _distance(producer, consumer)
    if not factor:
        return None
    best, rule = max(_evidence(producer, consumer), default=(0.0, ""))
    if consumer.leaf.enum and rule in _OF_ONE:
        return None  # nobody lists the ids there are
    if not best or (rule in _PARTLY_EQUAL and (consumer.is_new or (producer.leaf.enum and not consumer.leaf.enum))):
        return None
    if consumer.is_chosen and producer.leaf.kind != "id" and rule not in _OF_ONE:
        return None
    return Match(score=round(best * factor, 4), rule=rule, conversion=conversion(producer, consumer))


def conversion(producer: Port, consumer: Port) -> Conversion:
    """Return how the value has to be reshaped: an item picked from a list, or a scalar wrapped into one."""
    if producer.is_many and not consumer.is_many:
        return "pick"
    return "wrap" if consumer.is_many and not producer.is_many else "same"


def _is_possible(producer: Port, consumer: Port) -> bool:
    """Say whether the roles of both ends allow an edge at all, whatever their names."""
    if producer.tool.effect == "delete":
        return False
    if consumer.leaf.enum and not consumer.leaf.is_required:
        return False  # a choice among a few is made, not passed on
    if " ".join(consumer.words) in CONTROL or (consumer.words and consumer.words[-1] in FREE_TEXT):
        return False
    if producer.echo and not _is_news(producer, consumer):
        return False
    return not (consumer.is_new and consumer.leaf.entity == producer.leaf.entity)


def _is_news(producer: Port, consumer: Port) -> bool:
    """Say whether an output that repeats an input of its own tool still tells something.

    Whoever has it passed it in, unless the input was optional. An optional input of the consumer needs a better reason.
    What a search was asked for is a part of each offer it found, and goes with it when the offer is taken.
    """
    if not consumer.leaf.is_required:
        return False
    if producer.echo == "optional":
        return True
    is_taken = consumer.tool.verb in TAKING_VERBS and producer.tool.verb in LISTING_VERBS
    return is_taken and producer.tool.source == consumer.tool.source


def _evidence(producer: Port, consumer: Port) -> Iterator[tuple[float, str]]:
    readings = alternatives(consumer.words)
    for words in readings:
        for base, rule in _rules(producer, consumer, words):
            yield (base, rule) if len(readings) == 1 else (0.95 * base, "alternative")
    if consumer.is_place and producer.place_name and not consumer.is_in_path:
        if producer.named == consumer.core[0]:
            yield 0.75, "place"
        else:
            yield (0.65 if producer.named == producer.tool.entity else 0.60), "place"
    if producer.named and producer.named in consumer.subjects:
        yield 0.65, "search"


def _rules(producer: Port, consumer: Port, words: Words) -> Iterator[tuple[float, str]]:
    given, entity = producer.words, producer.entity
    if not given or not words:
        return
    member = consumer.member
    is_after = bool(member) and consumer.leaf.kind == "id" and given[-len(member) :] == member
    if is_after and not producer.is_plural and "string" in (producer.leaf.types or ("string",)):
        yield _names(producer, consumer, words), "names"
    if login := login_score(producer, consumer, words):
        yield login, "login"
    if repeats(producer, consumer):
        yield 0.90, "state"
    is_same_entity = bool(entity) and bool(consumer.entity) and entity[-1] == consumer.entity[-1]
    if given == words and producer.is_plural and not producer.is_many and not consumer.is_plural:
        return  # `days` says how many
    if given == words:
        is_weak = bool(consumer.tool.transport) and words[0] in WEAK and len(words) == 1
        if not is_generic(words) and not is_weak:
            yield 1.0, "equal"
        elif is_bare_id(words):
            if is_same_entity:
                yield 0.90, "id"
        else:
            yield max(_generic(producer, consumer, is_same_entity), 0.70 if len(words) > 1 else 0.0), "generic"
        return
    if is_bare_id(given) and entity:
        if words == (*entity, *given):
            yield 0.95, "entity_id"
        if words == entity and _share_a_type(producer, consumer):
            yield 0.95, "bare_noun"
    if is_bare_id(words) and consumer.entity and given == (*consumer.entity, *words):
        yield 0.90, "id"
    joined = [(*around, *given) for around in (producer.container, entity) if around]
    wanted = [(*around, *words) for around in (consumer.container, consumer.entity) if around]
    if words in joined or given in wanted:
        yield 0.90, "container"
    core, own_core = without_roles(words), producer.core
    if core == own_core and core and not is_generic(core) and (core == words or own_core == given):
        yield 0.85, "role"
    if len(given) < len(words) and words[-len(given) :] == given:
        rest = words[: -len(given)]
        if entity and entity[-1] in rest:
            yield 0.80, "suffix"
        elif not is_generic(given):
            yield 0.75, "suffix"
    if len(words) < len(given) and given[-len(words) :] == words and not is_generic(words):
        is_role_only = all(word in ROLES for word in given[: -len(words)])
        yield (0.70 if is_role_only else 0.55), "longer"


def _names(producer: Port, consumer: Port, words: Words) -> float:
    """Return how well a text that is called like the members of a collection says which of them is meant."""
    given, member = producer.words, consumer.member
    if given != member:
        return 0.0 if given[-1] in GENERIC else 0.85
    is_sure = not is_generic(given) and producer.leaf.kind in ("", "id", "name")
    # An `order` or a `link` may be what the word means elsewhere; a `user` beside a `user_id` is mostly a name.
    return 0.95 if is_sure and (len(words) == 1 or words == member) else 0.80


def _share_a_type(producer: Port, consumer: Port) -> bool:
    """Say whether a noun may stand for an id: where ids are numbers, a text of that noun is a name."""
    given, wanted = set(producer.leaf.types) - {"null"}, set(consumer.leaf.types) - {"null"}
    return not given or not wanted or bool(given & wanted) or "string" not in given | wanted


def _generic(producer: Port, consumer: Port, is_same_entity: bool) -> float:
    if is_same_entity:
        return 0.60
    kind = producer.leaf.kind
    if not kind or kind != consumer.leaf.kind or kind == "text":
        return 0.40
    # A name finds its own entity only; for creating something it may come from anywhere.
    is_lookup = kind in ("name", "person") and consumer.tool.effect != "create"
    return 0.40 if is_lookup else 0.60


def _types(producer: Port, consumer: Port) -> float:
    given = set(producer.leaf.types) - {"null"}
    wanted = set(consumer.leaf.types) - {"null"}
    if given == {"boolean"} or wanted == {"boolean"}:
        return 0.0
    if not given and producer.is_incidental:
        return 0.0  # an object that lies too deep to have been looked into
    if not given or not wanted or given & wanted & (_SCALARS | {"object", "array"}):
        return 1.0
    if not given & _SCALARS or not wanted & _SCALARS:
        return 0.0
    if "string" not in given and "string" not in wanted:
        return 1.0
    if producer.leaf.kind == consumer.leaf.kind == "id":
        return 0.95  # declared number, returned text: common enough for ids
    return 0.8 if "string" in wanted else 0.5


def _values(producer: Port, consumer: Port) -> float:
    given, wanted = producer.leaf, consumer.leaf
    if given.format and wanted.format and given.format != wanted.format:
        return 0.0
    if given.kind and wanted.kind and given.kind != wanted.kind and len(alternatives(consumer.words)) == 1:
        is_named = producer.words == consumer.member and wanted.kind == "id"
        if not is_named and frozenset({given.kind, wanted.kind}) not in _ALIKE_KINDS:
            return 0.0
    elif given.kind == wanted.kind == "id" and not _is_same_owner(producer, consumer):
        return 0.0
    if given.enum and wanted.enum and not any(value in wanted.enum for value in given.enum):
        return 0.0
    return 0.9 if wanted.enum and not given.enum else 1.0


def _is_same_owner(producer: Port, consumer: Port) -> bool:
    """Say whether two ids may be of one entity: unknown owners may, and any alternative of `a_or_b_id`."""
    if not producer.entity or not consumer.entity:
        return True
    return producer.entity[-1] == consumer.entity[-1] or producer.entity[-1] in consumer.words


def _distance(producer: Port, consumer: Port) -> float:
    if producer.tool.source == consumer.tool.source:
        return 1.0
    is_shared = bool(producer.entity) and producer.entity[-1:] == consumer.entity[-1:]
    return 1.0 if is_shared else OTHER_SOURCE
