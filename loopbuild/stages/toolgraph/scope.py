"""Where in an API a value lives: an organisation's secret is no user's secret, whatever its name.

Read off the paths of two operations. A collection under a parent (`/orgs/{org}/secrets`) holds that parent's things
alone, and so does one under the caller's own place (`/user/secrets`). A collection at the root of an API
(`/repos/{owner}/{repo}`, `/contacts/{id}`) holds all of its kind: a listing below a parent is a view of it. Tools
without a path have no scope, and nothing is decided about them. Pure.
"""

from __future__ import annotations

from loopbuild.pointers import escaped
from loopbuild.stages.toolgraph.lists import IDENTIFIERS, STATES
from loopbuild.stages.toolgraph.names import Words, is_short_for
from loopbuild.stages.toolgraph.paths import Scope, Step
from loopbuild.stages.toolgraph.ports import Port

Bound = tuple[tuple[str, str], ...]
_IDS = tuple((word,) for word in sorted(IDENTIFIERS))
_RELATIVE = (("number",), ("ref",))
_GLOBAL = (("login",), ("username",), ("email",), ("sha",), ("digest",))


def is_within(producer: Port, consumer: Port) -> bool:
    """Say whether what `producer` gives can be what `consumer` asks for, as far as their places tell."""
    given, wanted = _scopes(producer, consumer)
    if given is None or wanted is None:
        return True
    if consumer.member and _is_other_edition(producer, consumer.member):
        return False
    is_listed = given.collection[-1:] == wanted.collection[-1:]
    if wanted.is_root:
        return is_listed or not wanted.is_part
    if not _is_prefix(given.steps, wanted.steps):
        # A member's part of a collection: its ids are ids of the whole, its names may be its own.
        is_part = _is_prefix(wanted.steps, given.steps) and given.collection == wanted.collection
        return is_part and producer.leaf.words[-1:] in _IDS
    if not given.steps and wanted.steps:
        # What the answer of a whole API's listing holds: whose is it? Only what hangs on the listed thing is known.
        hangs = is_listed or not consumer.member or is_short_for(given.collection[-1:], wanted.steps[0].noun[-1:])
        if not hangs or _is_relative(consumer):
            return False
    if len(given.steps) < len(wanted.steps) and _is_elsewhere(given, wanted.steps[len(given.steps)].noun):
        return False
    if not is_listed or not given.collection:
        return True
    return (given.space, given.collection) == (wanted.space, wanted.collection)


def bound(producer: Port, consumer: Port) -> Bound:
    """Return the parents both calls must share, each as (input of the producer, input of the consumer).

    Where an output tells the state of one thing, that thing is shared as well.
    """
    given, wanted = _scopes(producer, consumer)
    if given is None or wanted is None or not is_within(producer, consumer):
        return ()
    own = producer.thing if producer.thing is not None and repeats(producer, consumer) else given
    return tuple(
        ("/" + escaped(one), "/" + escaped(other))
        for step, same in zip(own.steps, wanted.steps, strict=False)
        for one, other in zip(step.names, same.names, strict=True)
    )


def repeats(producer: Port, consumer: Port) -> bool:
    """Say whether an output tells the state of the very thing that `consumer` changes and has to name the state of.

    The `sha` of a file, to whoever replaces that file; what else the answer speaks of has a state of its own.
    """
    thing = producer.thing
    if thing is None or consumer.thing is None or producer.words not in STATES or producer.words != consumer.words:
        return False
    is_own = not producer.is_many and producer.container in ((), producer.scope and producer.scope.collection)
    is_change = consumer.tool.effect in ("update", "delete") and not consumer.is_in_path
    is_one = len(thing.steps) == len(consumer.thing.steps) and _is_prefix(thing.steps, consumer.thing.steps)
    return is_own and is_change and is_one and producer.tool.source == consumer.tool.source


def _scopes(producer: Port, consumer: Port) -> tuple[Scope | None, Scope | None]:
    if producer.tool.source != consumer.tool.source:
        return None, None
    return producer.scope, consumer.scope


def _is_prefix(one: tuple[Step, ...], other: tuple[Step, ...]) -> bool:
    return len(one) <= len(other) and all(step.is_same(same) for step, same in zip(one, other, strict=False))


def _is_elsewhere(given: Scope, noun: Words) -> bool:
    """Say whether a producer lies beside the next parent: the key for `actions/secrets` is none for `other/secrets`."""
    own = [word for words in (*given.space, given.collection) for word in words]
    at = own.index(noun[-1]) if noun[-1:] and noun[-1] in own else 0
    return len(noun) > 1 and at > 0 and own[at - 1] != noun[-2]


def _is_relative(consumer: Port) -> bool:
    """Say whether a value says nothing without its parent: issue 7 of which repository? Ids and logins do."""
    if consumer.words[-1:] in (*_IDS, *_GLOBAL):
        return False
    return bool(consumer.member) or consumer.words[-1:] in _RELATIVE


def _is_other_edition(producer: Port, member: Words) -> bool:
    """Say whether a producer speaks of a kindred thing: a runner is no hosted runner, unless it is listed as one."""
    own = producer.entity
    is_kindred = own[-1:] == member[-1:] and own != member and producer.words[-1:] != member[-1:]
    return is_kindred and producer.scope is not None and producer.scope.collection != member
