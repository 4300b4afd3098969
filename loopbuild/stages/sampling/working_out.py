"""Values that are worked out from a result: which members a rule singles out there, what is told of it at the end.

Decides which of several ways a plan takes. A way that leaves a doubt, or says nothing, is none: two members that share
the largest amount, a filter that lets everything through. What the functions are is settled in `judging.derive`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loopbuild.judging.derive import EXTREMES, chosen, derive, head_of
from loopbuild.pointers import Found, find
from loopbuild.records import Json, Provenance, SchemaLeaf, Step, ToolSchema
from loopbuild.stages.sampling.feeds import Feed
from loopbuild.stages.sampling.reach import rank

MOST = 4
"""Members that something is done for each of; an answer or a request about more is a list, not a sentence."""
_MEASURES = {
    "money": "amount total price cost fee sum balance budget salary charge payment value spend subtotal",
    "hour": "hour",
    "minute": "minute duration",
    "day": "day",
    "count": "quantity count unit stock copy seat guest people attendee headcount passenger participant",
    "weight": "weight",
    "distance": "distance mileage kilometer",
    "point": "point",
}
_MEASURE_OF = {word: measure for measure, words in _MEASURES.items() for word in words.split()}
_RANKED = {"largest": 1.0, "smallest": 0.6, "latest": 1.0, "earliest": 0.6, "match": 1.0, "matching": 1.0}
_TOLD = {"count": 1.5, "sum": 1.5, "difference": 1.0, **_RANKED}
_LABELS = ("enum", "boolean", "name", "title", "topic", "text", "")
_WORDS = 4
"""Words of a value that people name a member by."""


def measure(leaf: SchemaLeaf) -> str:
    """Return what a number counts (`money`, `day`); empty for what cannot be added up: rates, years, identifiers."""
    if leaf.kind == "id" or leaf.enum or not {"integer", "number"} & set(leaf.types) or "string" in leaf.types:
        return ""
    return next((_MEASURE_OF[word] for word in reversed(leaf.words) if word in _MEASURE_OF), "")


def is_moment(leaf: SchemaLeaf) -> bool:
    """Return whether a leaf holds a day, with or without a time."""
    return (leaf.format in ("date", "date-time") or leaf.kind in ("date", "datetime")) and "string" in leaf.types


def rules_beside(leaf: str, outputs: Sequence[SchemaLeaf]) -> list[tuple[str, str]]:
    """Return (rule, the leaf compared by) for each way in which a member of the list of `leaf` could be chosen."""
    head = head_of(leaf)
    if not head:
        return []
    beside = [one for one in outputs if one.pointer.rpartition("/")[0] == head and one.pointer != leaf]
    found = []
    for one in beside:
        if is_moment(one):
            found += [("latest", one.pointer), ("earliest", one.pointer)]
        elif {"integer", "number"} & set(one.types) and one.kind != "id" and "string" not in one.types:
            found += [("largest", one.pointer), ("smallest", one.pointer)]
        elif one.kind != "id" and not one.is_sensitive and (one.enum or "boolean" in one.types or one.kind in _LABELS):
            found += [("match", one.pointer), ("matching", one.pointer)]
    return found


def choices_of(
    feed: Feed, result: Json, *, key: str, attempt: int, is_many: bool
) -> tuple[tuple[Found, Provenance], ...]:
    """Return the members that the rule of `feed` chooses in a result, each with its origin; none where in doubt.

    What members must be is read off the result: a value that exactly one has, or (`is_many`) some but not all.
    """
    if feed.rule in EXTREMES:
        source = Provenance(kind="derived", step=feed.step, leaf=feed.leaf, rule=feed.rule, by=feed.by)
        return tuple((one, source) for one in chosen(source, result))
    if (feed.rule == "matching") != is_many:
        return ()
    ways = list(_filters(feed, result))
    ways.sort(key=lambda way: rank(key, ["given", feed.by, way[0].given], 1.0))
    if not ways:
        return ()
    source, found = ways[attempt % len(ways)]
    return tuple((one, source) for one in found)


def _filters(feed: Feed, result: Json) -> Iterator[tuple[Provenance, tuple[Found, ...]]]:
    values = [one.value for one in find(result, feed.by)]
    for value in {repr(one): one for one in values}.values():
        source = Provenance(
            kind="derived", step=feed.step, leaf=feed.leaf, rule=feed.rule, by=feed.by, given=value
        )  # fmt: skip
        found = chosen(source, result)
        is_telling = 0 < len(found) < len(values) and is_label(value)
        if is_telling and (feed.rule == "match" or 2 <= len(found) <= MOST):
            yield source, found


def is_label(value: Json) -> bool:
    """Return whether people would name a member by a value: yes or no, a status, a short name; no number, no mark."""
    if isinstance(value, bool):
        return True
    is_plain = isinstance(value, str) and 0 < len(value.split()) <= _WORDS and not any(c.isdigit() for c in value)
    return is_plain and "@" not in value and "/" not in value and '"' not in value


def computed(feed: Feed, result: Json) -> list[tuple[Json, Provenance]]:
    """Return the value that stands nowhere with its origin; nothing where there is none, or none a person would use."""
    source = Provenance(
        kind="derived", step=feed.step, leaf=feed.leaf, rule=feed.rule, by=feed.by, given=feed.given
    )  # fmt: skip
    value = derive(source, result)
    if value is None or (isinstance(value, int | float) and value <= 0):
        return []
    return [(value, source)]


def told_of(number: int, step: Step, tool: ToolSchema, *, key: str) -> Provenance | None:
    """Return what a person asks of a list or a record instead of having it all; None where nothing is worth it."""
    result, asked = step.result.value, set(step.call.arguments)
    ways = [
        one for one in _worth_telling(number, result, tool)
        if derive(one, result) is not None and one.by.rpartition("/")[2] not in asked
    ]  # fmt: skip
    places = [rank(key, ["told", one.rule, one.leaf, one.by, one.given], _TOLD[one.rule]) for one in ways]
    return ways[min(range(len(ways)), key=places.__getitem__)] if ways else None


def _worth_telling(step: int, result: Json, tool: ToolSchema) -> Iterator[Provenance]:
    for leaf in _naming(tool):
        yield from _of_list(step, result, tool, leaf)
    scalars = [leaf for leaf in tool.outputs if "[]" not in leaf.pointer and measure(leaf)]
    for one in scalars:
        for other in scalars:
            source = Provenance(
                kind="derived", step=step, leaf=one.pointer, rule="difference", by=other.pointer
            )  # fmt: skip
            value = derive(source, result)
            if one is not other and measure(one) == measure(other) and value is not None and value > 0:
                yield source


def _of_list(step: int, result: Json, tool: ToolSchema, leaf: SchemaLeaf) -> Iterator[Provenance]:
    if len(find(result, head_of(leaf.pointer))) < 2:
        return
    yield Provenance(kind="derived", step=step, leaf=leaf.pointer, rule="count")
    for rule, by in rules_beside(leaf.pointer, tool.outputs):
        if rule in EXTREMES:
            yield Provenance(kind="derived", step=step, leaf=leaf.pointer, rule=rule, by=by)
        elif rule == "matching":
            feed = Feed(step=step, leaf=leaf.pointer, rule=rule, by=by)
            for source, found in _filters(feed, result):
                if len(found) > 1:
                    yield Provenance(
                        kind="derived", step=step, leaf=leaf.pointer, rule="count", by=by, given=source.given
                    )  # fmt: skip
    head = head_of(leaf.pointer)
    for other in tool.outputs:
        if other.pointer.rpartition("/")[0] == head and measure(other):
            yield Provenance(kind="derived", step=step, leaf=other.pointer, rule="sum")


def lists_of(tool: ToolSchema) -> bool:
    """Return whether a tool reads a list, or a record with two numbers of one measure: something to work on."""
    numbers = [measure(leaf) for leaf in tool.outputs if "[]" not in leaf.pointer and measure(leaf)]
    return tool.effect == "read" and (bool(_naming(tool)) or len(numbers) > len(set(numbers)))


def _naming(tool: ToolSchema) -> list[SchemaLeaf]:
    """Return for each outermost list of a result the leaf its members are called by: a name, else an identifier."""
    by_list: dict[str, list[SchemaLeaf]] = {}
    for leaf in tool.outputs:
        if leaf.pointer.count("[]") == 1 and "|" not in leaf.pointer and "*" not in leaf.pointer:
            by_list.setdefault(head_of(leaf.pointer), []).append(leaf)
    found = []
    for _, leaves in sorted(by_list.items()):
        names = [one for one in leaves if set(one.words[-1:]) & {"name", "title"} and one.pointer.count("/") <= 3]
        keys = [one for one in leaves if one.kind == "id"]
        found += (names or keys)[:1]
    return found
