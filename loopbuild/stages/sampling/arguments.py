"""Fills the inputs of one step: values picked out of earlier results, values a person says, each with its origin.

Every argument leaf gets a provenance that can be checked by looking it up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from loopbuild.digest import seed, unit_interval
from loopbuild.judging.derive import COMPUTED
from loopbuild.pointers import Found, at, find, unescaped
from loopbuild.records import Json, Provenance, Purpose, SchemaLeaf, Step, ToolCall, ToolSchema
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.fitting import fitted_to, is_fitting, schema_at
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.sampling.feeds import Feed, Node
from loopbuild.stages.sampling.pointers import concrete, place, shared_item
from loopbuild.stages.sampling.reach import Reach, rank
from loopbuild.stages.sampling.together import Together
from loopbuild.stages.sampling.values import choose, is_cursor, starts_of
from loopbuild.stages.sampling.working_out import choices_of, computed

Rule = str | Provenance
"""How a value was taken: the place it has in its list, or how it was worked out which one it is."""
Picks = Mapping[tuple[int, str], tuple[tuple[Found, Rule], ...]]
"""(step, output leaf) -> the values taken from there with the rule each was taken by."""

_RULES = {"only": 1.0, "top": 4.0, "first": 3.0, "second": 1.0, "third": 0.7, "last": 1.0}
_MANY = 3


def picks_of(
    node: Node,
    steps: Sequence[Step],
    picks: Picks,
    *,
    key: str,
    attempt: int,
    spread: tuple[Feed, int] | None = None,
) -> Picks | None:
    """Return `picks` with those this node needs; what was picked before stays, so that steps speak of the same thing.

    With `spread` the feed's item of that number is taken instead of a chosen one. None when a result holds nothing.
    """
    chosen = dict(picks)
    # What is worked out decides about the values beside it.
    for pointer, feed in sorted(node.feeds.items(), key=lambda one: (not one[1].rule, one[0])):
        if not feed.leaf or feed.rule in COMPUTED:
            continue
        slot = (feed.step, feed.leaf)
        is_spread = spread is not None and feed == spread[0]
        if slot in chosen and not is_spread:
            continue
        tied = _tied(slot, steps[feed.step].result.value, chosen)
        if tied is not None and not is_spread:
            if not tied:
                return None
            chosen[slot] = tied
            continue
        result = steps[feed.step].result.value
        if feed.rule:
            is_many = is_spread or pointer.endswith("/[]")
            worked_out = choices_of(feed, result, key=key, attempt=attempt, is_many=is_many)
            if is_spread and spread is not None:
                worked_out = worked_out[spread[1] : spread[1] + 1]
            if not worked_out:
                return None
            chosen[slot] = worked_out
            continue
        options: list[tuple[Found, Rule]] = list(_options(result, feed.leaf))
        if is_spread and spread is not None:
            if spread[1] >= len(options):
                return None
            chosen[slot] = (options[spread[1]],)
            continue
        if not options:
            return None
        if feed.conversion == "map" and pointer.endswith("/[]") and pointer.count("[]") == 1:
            count = 1 + seed("many", [key, node.tool, pointer]) % min(_MANY, len(options))
            chosen[slot] = tuple(options[:count])
            continue
        places = [rank(key, ["pick", *slot, rule, found.path], _RULES[str(rule)]) for found, rule in options]
        ordered = [options[number] for number in sorted(range(len(options)), key=places.__getitem__)]
        chosen[slot] = (ordered[attempt % len(ordered)],)
    return chosen


def bind(
    node: Node,
    steps: Sequence[Step],
    picks: Picks,
    reach: Reach,
    sandbox: Sandbox,
    *,
    key: str,
    index: int,
    purpose: Purpose,
    attempt: int,
    item: int = 0,
) -> ToolCall | None:
    """Return the call of a step, with the provenance of every argument leaf; None when an id is known to nobody."""
    arguments: dict[str, Json] = {}
    provenance: dict[str, Provenance] = {}
    given: dict[str, Json] = {}
    used: dict[tuple[int, str], int] = {}
    together = Together(node, reach, sandbox)
    for leaf in _in_order(node, reach):
        feed = node.feeds[leaf.pointer]
        if feed.said:
            origin = concrete(feed.said, ())
            value = at(dict(steps[feed.step].call.arguments), origin)
            sources = [(value, steps[feed.step].call.provenance[origin])]
        elif feed.rule in COMPUTED:
            sources = computed(feed, steps[feed.step].result.value)
        elif feed.leaf:
            sources = _taken(feed, picks, steps, used)
        else:
            sources = _said(leaf, node, reach, sandbox, key=key, index=index, purpose=purpose,
                            attempt=attempt + _TURN * item, given=given, together=together)  # fmt: skip
        if not sources:
            if not feed.leaf and not feed.said and _may_lack(leaf, reach.tools[node.tool]):
                continue  # of a list, the first page is asked for by saying nothing
            return None
        if (feed.leaf or feed.said) and len(sources) == 1:
            together.take(leaf.pointer, sources[0][0])
        for number, (value, source) in enumerate(sources):
            path = concrete(leaf.pointer, _indices(leaf.pointer, number))
            place(arguments, path, value)
            provenance[path] = source
            given.setdefault(leaf.pointer, value)
    return ToolCall(tool=node.tool, arguments=arguments, provenance=dict(sorted(provenance.items())))


_SPARE = 4
"""Tries for each item of a list whose items differ."""
_MOST = 40
"""Items a list is given at most, whatever it must have at least."""
_TURN = 16
"""Attempts of one item of a spread goal; keeps the words said for two items apart."""
_LATE = frozenset({"end", "to", "until", "due", "max", "maximum"})
"""Words of what is chosen after the other half of its pair."""


def is_blank(value: Json) -> bool:
    """Say whether an answer holds nothing but empty lists."""
    if isinstance(value, dict):
        return bool(value) and all(isinstance(item, list | dict) and is_blank(item) for item in value.values())
    return isinstance(value, list) and not value


def _in_order(node: Node, reach: Reach) -> list[SchemaLeaf]:
    """Return the leaves to fill: names and start dates before what is derived from them."""
    tool = reach.tools[node.tool]
    order = {name: number for number, name in enumerate((tool.input_schema or {}).get("properties", {}))}
    leaves = [leaf for leaf in tool.inputs if leaf.pointer in node.feeds]

    def rank_of(leaf: SchemaLeaf) -> tuple[int, int, str]:
        is_late = (
            leaf.kind == "email"
            or leaf.format == "email"
            or bool(_LATE & set(leaf.words))
            or bool(starts_of(leaf, tool))
        )
        return (int(is_late), order.get(leaf.pointer.split("/")[1], 99), leaf.pointer)

    return sorted(leaves, key=rank_of)


def _options(value: Json, leaf: str) -> list[tuple[Found, str]]:
    """Return the values a result offers at a leaf, each with the rule that singles it out."""
    found = find(value, leaf)
    distinct = tuple({repr(one.value): one for one in reversed(found)}.values())[::-1]
    if len(distinct) == 1:
        return [(distinct[0], "only")]
    is_scored = _is_scored(value, leaf)
    options = []
    for number, one in enumerate(distinct):
        if number == 0:
            rule = "top" if is_scored else "first"
        elif number == len(distinct) - 1:
            rule = "last"
        elif number < 3:
            rule = ("second", "third")[number - 1]
        else:
            continue
        options.append((one, rule))
    # A spread takes items in the order of the list; with two of them the second is the last.
    return [(one, "second" if rule == "last" and number == 1 else rule) for number, (one, rule) in enumerate(options)]


def _tied(slot: tuple[int, str], value: Json, chosen: Picks) -> tuple[tuple[Found, Rule], ...] | None:
    """Return the values that stand in the same list items as what was already picked beside them; None if nothing was.

    A relation's `from` and `to` belong to one relation, a person's name and address to one person.
    """
    for (step, leaf), picked in sorted(chosen.items()):
        shared = shared_item(leaf, slot[1])
        if step != slot[0] or not shared:
            continue
        beside = find(value, slot[1])
        depth = shared.count("/")
        tied: list[tuple[Found, Rule]] = []
        for found, rule in picked:
            item = "/".join(found.path.split("/")[: depth + 1]) + "/"
            tied += [(other, rule) for other in beside if other.path.startswith(item)][:1]
        return tuple(tied)
    return None


def _is_scored(value: Json, leaf: str) -> bool:
    """Say whether numbers beside the list fall from item to item, so that its first item is its best."""
    container, _, _ = leaf.removesuffix("/[]").rpartition("/")
    parent = at(value, container) if container and "[]" not in container else value
    items = at(value, leaf.removesuffix("/[]"))
    if leaf.endswith("/[]") and isinstance(parent, dict) and isinstance(items, list):
        columns = [column for column in parent.values() if isinstance(column, list) and len(column) == len(items)]
    elif container.endswith("/[]") and isinstance(at(value, container.removesuffix("/[]")), list):
        rows = at(value, container.removesuffix("/[]"))
        names = sorted(
            {name for row in rows if isinstance(row, dict) for name in row if "score" in name or "rank" in name}
        )
        columns = [[row.get(name) for row in rows] for name in names]
    else:
        return False
    return any(_falls(column) for column in columns)


def _falls(column: Sequence[Json]) -> bool:
    numbers = [item for item in column if isinstance(item, int | float) and not isinstance(item, bool)]
    is_ordered = all(one >= other for one, other in pairwise(numbers))
    return len(numbers) == len(column) > 1 and is_ordered and numbers[0] > numbers[-1]


def _taken(
    feed: Feed, picks: Picks, steps: Sequence[Step], used: dict[tuple[int, str], int]
) -> list[tuple[Json, Provenance]]:
    slot = (feed.step, feed.leaf)
    chosen = picks[slot]
    turn = used.get(slot, 0)
    used[slot] = turn + 1
    if turn:
        # Two inputs of one call from one list: the second gets another item, a transfer has two accounts.
        before = {repr(one.value) for one, _ in chosen}
        others: list[tuple[Found, Rule]] = [
            pair for pair in _options(steps[feed.step].result.value, feed.leaf) if repr(pair[0].value) not in before
        ]
        if turn > len(others):
            return []
        chosen = (others[turn - 1],)
    return [(one.value, _source(feed, one, rule)) for one, rule in chosen]


def _source(feed: Feed, one: Found, rule: Rule) -> Provenance:
    if isinstance(rule, Provenance):
        return replace(rule, path=one.path, leaf=feed.leaf)
    return Provenance(kind="tool", step=feed.step, path=one.path, leaf=feed.leaf, rule=rule)


def _said(
    leaf: SchemaLeaf,
    node: Node,
    reach: Reach,
    sandbox: Sandbox,
    *,
    key: str,
    index: int,
    purpose: Purpose,
    attempt: int,
    given: Mapping[str, Json],
    together: Together,
) -> list[tuple[Json, Provenance]]:
    if (node.tool, leaf.pointer) in reach.said:
        return [(reach.said[node.tool, leaf.pointer], Provenance(kind="user"))]
    if is_cursor(leaf):
        return []
    known = together.known(leaf.pointer)
    if leaf.kind == "id" and not known and not leaf.enum:
        return []
    tool = reach.tools[node.tool]
    count = _count(leaf, node, key, tool)
    schema = schema_at(tool.input_schema, leaf.pointer)
    known = tuple(value for value in known if is_fitting(value, schema)) or known
    values: list[Json] = []
    is_set = "/[]/" not in leaf.pointer
    for number in range(count * (_SPARE if is_set and count > 1 else 1)):
        value = choose(
            leaf, tool=tool, key=key, index=index, place=number, attempt=attempt, purpose=purpose,
            known=known, given=given if number == 0 else {}, offered=together.offered(leaf.pointer),
        )  # fmt: skip
        if not leaf.enum:
            value = fitted_to(value, schema, Draws(["fitted", key, tool.id, leaf.pointer, number, attempt]))
            if value is None:
                return []
        together.take(leaf.pointer, value)
        if value not in values or not is_set:
            values.append(value)
        if len(values) == count:
            break
    return [(value, Provenance(kind="user")) for value in values]


def _count(leaf: SchemaLeaf, node: Node, key: str, tool: ToolSchema) -> int:
    """Return how many items an array input gets: all leaves of one array of objects get the same number."""
    if "[]" not in leaf.pointer:
        return 1
    head = leaf.pointer.partition("/[]")[0]
    if any(feed.leaf for pointer, feed in node.feeds.items() if pointer.startswith(head + "/[]")):
        return 1
    count = 1 + int(unit_interval("count", [key, node.tool, head]) < 0.4)
    array = schema_at(tool.input_schema, head) or {}
    return max(min(count, array.get("maxItems") or count), min(array.get("minItems") or 1, _MOST))


def _may_lack(leaf: SchemaLeaf, tool: ToolSchema) -> bool:
    """Say whether a call is whole without an input that nobody can fill."""
    name = leaf.pointer.split("/")[1]
    is_alone = leaf.pointer.removesuffix("/[]") == f"/{name}"
    return is_alone and unescaped(name) not in (tool.input_schema or {}).get("required", ())


def _indices(pointer: str, number: int) -> tuple[int, ...]:
    """The outermost array counts; an array inside an item holds one value."""
    return (number,) if "[]" in pointer else ()
