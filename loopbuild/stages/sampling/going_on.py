"""Goes on with an executed path: what a person says after the answer, and the call that takes, in the same world.

Decides how many turns a dialogue has and what each is about: a value corrected, the same for another member of a list,
another tool with what a result showed or with what was named before. Every call is run and must come to something; one
that is refused is undone, and the next is tried. Nothing is ever deleted, and nothing is spoken of that two results of
one tool could mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from loopbuild.digest import canonical, seed, unit_interval
from loopbuild.llm.presence import is_said
from loopbuild.pointers import find, scalars
from loopbuild.records import DataFlowEdge, Json, Later, Provenance, SchemaLeaf, Step, ToolCall
from loopbuild.stages.sampling.arguments import bind, is_blank, picks_of
from loopbuild.stages.sampling.execution import Run, attempt_call
from loopbuild.stages.sampling.feeds import Feed, Node, Skeleton
from loopbuild.stages.sampling.reach import rank, ranked
from loopbuild.stages.sampling.record import signature_of
from loopbuild.stages.sampling.skeleton import fed
from loopbuild.stages.sampling.values import choose

_TURNS = {"short": (2, 3), "middle": (4, 5, 6), "long": (7, 8, 9, 10, 11, 12)}
"""How often the person speaks."""
_OFTEN = {"short": 0.7, "middle": 0.3}
_KINDS = {"corrected": 0.3, "same": 0.2, "refers": 0.3, "asks": 0.2}
_SELDOM = {"corrected": 5.0, "asks": 5.0}
"""What there is only now and then something for goes first where there is."""
_APART = 3
"""Turns between two corrections at least: who corrects all the time is not sure what is wanted."""
_BY_EFFECT = {"read": 2.0, "create": 1.0, "update": 1.0, "unknown": 0.5, "delete": 0.0}
_MOMENTS = ("date", "date-time", "datetime", "time")
_TRIES = 8
"""Calls tried for one turn of the person."""
_MEMBERS = 3
"""Members of a list that something is done for once more."""
_LONGEST = 60
"""Characters of a value that somebody corrects in passing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """A call the person may want next, and the node it stands for."""

    later: Later
    node: Node
    call: ToolCall


def go_on(run: Run, skeleton: Skeleton, steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Later, ...]]:
    """Return the steps with those of further turns, and what the person says; nothing further where no call is left.

    The sandbox is left behind the last call.
    """
    nodes = [skeleton.nodes[min(place, len(skeleton.nodes) - 1)] for place in range(len(steps))]
    later: list[Later] = []
    for _ in range(_wanted(run) - 1):
        for tried, wish in enumerate(_taught(run, nodes, _wishes(run, nodes, steps, later)), 1):
            step = _run(run, wish, steps)
            if step is not None:
                path = _path([*nodes, wish.node])
                steps, nodes = (*steps, step), [*nodes, wish.node]
                later.append(replace(wish.later, path=path))
                break
            if tried >= _TRIES or run.calls >= run.most or run.broken:
                return _slipped(run, steps, later), tuple(later)
        else:
            break
    return _slipped(run, steps, later) if later else steps, tuple(later)


def _taught(run: Run, nodes: Sequence[Node], wishes: Iterator[_Wish]) -> Iterator[_Wish]:
    """Yield the wishes whose path is not held out: a dialogue is for training, as a whole."""
    for wish in wishes:
        path = _path([*nodes, wish.node])
        if not path or run.trains(path, 2):
            yield wish


def _slipped(run: Run, steps: tuple[Step, ...], later: Sequence[Later]) -> tuple[Step, ...]:
    """Return the steps with one value said after another that was taken back; mostly as they are.

    The value is short, the person's, and of no other call: what was said in between is not in force anywhere.
    """
    if not later or unit_interval("taken back", run.key) >= float(run.talk.get("taken_back", 0.0)):
        return steps
    corrected = {
        turn for one in later if one.kind in ("corrected", "same") for turn in (one.turn, steps[one.about].turn)
    }
    own = [number for number, step in enumerate(steps) if step.turn not in corrected]
    tools = Counter(step.call.tool for step in steps)
    values = Counter(canonical(value) for step in steps for _, value in scalars(step.call.arguments))
    for number in sorted(own, key=lambda one: rank(run.key, ["slips", one], 1.0)):
        step = steps[number]
        tool = run.reach.tools[step.call.tool]
        for leaf in tool.inputs:
            is_free = tools[tool.id] == 1 and _is_correctable(leaf, step, tool.effect)
            if not is_free or values[canonical(step.call.arguments[leaf.pointer[1:]])] > 1:
                continue
            first = _another(run, step, leaf, -1)
            if first is None or canonical(first) in values:
                continue
            source = Provenance(kind="user", rule="taken_back", given=first)
            call = replace(step.call, provenance={**step.call.provenance, leaf.pointer: source})
            return (*steps[:number], replace(step, call=call), *steps[number + 1 :])
    return steps


def _wanted(run: Run) -> int:
    """Return how often the person speaks in this dialogue."""
    shares = {name: share for name, share in (run.talk.get("turns") or _OFTEN).items() if share} or _OFTEN
    length = min(shares, key=lambda name: rank(run.key, ["turns", name], shares[name]))
    return _TURNS[length][seed("turns", [run.key, length]) % len(_TURNS[length])]


def _run(run: Run, wish: _Wish, steps: Sequence[Step]) -> Step | None:
    """Run a call; None, and undone, where it is refused, changes nothing it should change, or shows nothing new."""
    sandbox, effect = run.sandbox, run.reach.tools[wish.call.tool].effect
    token = sandbox.snapshot()
    before = sandbox.state_diff() if sandbox.sees_state and effect in ("create", "update") else None
    step = attempt_call(run, wish.call, turn=wish.later.turn)
    if (
        step is not None
        and (before is None or sandbox.state_diff() != before)
        and not is_blank(step.result.value)
        and (effect != "read" or _is_news(step, steps))
    ):
        return step
    sandbox.restore(token)
    return None


def _is_news(step: Step, steps: Sequence[Step]) -> bool:
    """Whether a result holds something that no call and no result before it held: nobody asks for what is known."""
    known = {canonical(value) for one in steps for _, value in scalars(one.call.arguments)}
    known |= {canonical(value) for one in steps for _, value in scalars(one.result.value)}
    known |= {canonical(value) for _, value in scalars(step.call.arguments)}
    return any(canonical(value) not in known for _, value in scalars(step.result.value))


def _wishes(run: Run, nodes: list[Node], steps: tuple[Step, ...], later: Sequence[Later]) -> Iterator[_Wish]:
    turn, done = steps[-1].turn + 1, {one.kind for one in later[-1:]}
    shares: dict[str, float] = run.talk.get("kinds") or _KINDS
    kinds = sorted(
        (kind for kind in _KINDS if shares[kind]),
        key=lambda kind: (kind in done, rank(run.key, ["kind", turn, kind], shares[kind] * _SELDOM.get(kind, 1.0))),
    )
    stale = {one.about for one in later if one.kind == "corrected"}
    counts = Counter(step.call.tool for number, step in enumerate(steps) if number not in stale)
    last, known = _spoken_last(run, steps)
    for kind in kinds:
        if kind == "corrected":
            is_soon = "corrected" in {one.kind for one in later[-_APART:]}
            found = iter(()) if is_soon else _corrections(run, nodes, steps, turn)
        elif kind == "same":
            found = _repetitions(run, nodes, steps, turn)
        else:
            found = _further(run, nodes, steps, turn, has_result=kind == "refers")
        for wish in found:
            is_clear = _is_plain(wish, steps, counts, later) and _is_latest(run, wish, last, known)
            if is_clear and not _was_called(wish.call, steps):
                yield wish


def _was_called(call: ToolCall, steps: Sequence[Step]) -> bool:
    asked = canonical([call.tool, call.arguments])
    return any(canonical([step.call.tool, step.call.arguments]) == asked for step in steps)


def _is_plain(wish: _Wish, steps: Sequence[Step], counts: Counter[str], later: Sequence[Later]) -> bool:
    """Whether what a call takes can be said without doubt: of a tool called twice nobody knows which result is meant,
    and what was corrected is not spoken of as it was."""
    stale = {one.about for one in later if one.kind == "corrected"}
    taken = {source.step for source in wish.call.provenance.values() if source.kind == "tool"}
    taken |= {feed.step for feed in wish.node.feeds.values() if feed.said}
    if wish.later.kind == "corrected":
        return True
    return not taken & stale and all(counts[steps[step].call.tool] == 1 for step in taken)


def _spoken_last(run: Run, steps: Sequence[Step]) -> tuple[dict[str, Json], set[bytes]]:
    """Return of each sort of thing the one spoken of last, None where that was several; and all that came up."""
    last: dict[str, Json] = {}
    known: set[bytes] = set()
    for step in steps:
        tool = run.reach.tools[step.call.tool]
        for entity, values in _ids_of(tool.inputs, step.call.arguments).items():
            last[entity] = values[-1] if len({canonical(one) for one in values}) == 1 else None
            known |= {canonical(one) for one in values}
        if tool.effect == "create":
            made = _ids_of([leaf for leaf in tool.outputs if "[]" not in leaf.pointer], step.result.value)
            last |= {entity: values[-1] for entity, values in made.items()}
            known |= {canonical(values[-1]) for values in made.values()}
    return last, known


def _is_latest(run: Run, wish: _Wish, last: Mapping[str, Json], known: Collection[bytes]) -> bool:
    """Whether `that account` is the account spoken of last: an id that came up before is pointed at, not said again."""
    tool = run.reach.tools[wish.call.tool]
    for entity, values in _ids_of(tool.inputs, wish.call.arguments).items():
        if any(canonical(one) in known and one != last.get(entity) for one in values):
            return False
    return True


def _ids_of(leaves: Sequence[SchemaLeaf], value: Json) -> dict[str, list[Json]]:
    """Return the identifiers in a call or result, by what they identify."""
    made: dict[str, list[Json]] = {}
    for leaf in leaves:
        if leaf.kind == "id":
            made.setdefault(leaf.entity, []).extend(one.value for one in find(value, leaf.pointer))
    return {entity: values for entity, values in made.items() if values}


def _corrections(run: Run, nodes: list[Node], steps: tuple[Step, ...], turn: int) -> Iterator[_Wish]:
    """The last thing with another value: by a tool that updates what was made, else by the same call once more."""
    about = len(steps) - 1
    step, tools = steps[about], run.reach.tools
    known = {str(value) for one in steps for _, value in scalars(one.call.arguments)}
    effect = tools[step.call.tool].effect
    leaves = [leaf for leaf in tools[step.call.tool].inputs if _is_correctable(leaf, step, effect)]
    for leaf in sorted(leaves, key=lambda leaf: rank(run.key, ["corrects", turn, leaf.pointer], 1.0)):
        value = _another(run, step, leaf, turn)
        if value is None or any(is_said(value, one) for one in known):
            continue
        later = Later(turn=turn, kind="corrected", about=about, pointer=leaf.pointer)
        if effect in ("read", "update"):
            call = _corrected(step.call, leaf.pointer, value, about)
            yield _Wish(later=later, node=nodes[about], call=call)
        elif effect == "create":
            for node, call in _updates(run, nodes, steps, leaf.pointer):
                yield _Wish(later=later, node=node, call=_corrected(call, leaf.pointer, value, about))


def _is_correctable(leaf: SchemaLeaf, step: Step, effect: str) -> bool:
    """A short value of the person's that stands alone: not one of two dates, and of what is changed not which it is."""
    name = leaf.pointer[1:]
    value = step.call.arguments.get(name)
    if "/" in name or "*" in name or value is None or isinstance(value, bool | list | dict) or leaf.is_sensitive:
        return False
    source = step.call.provenance.get(leaf.pointer)
    if (
        source is None
        or source.kind != "user"
        or len(str(value)) > _LONGEST
        or (leaf.kind == "id" and effect != "read")
    ):
        return False
    moments = [other for other in step.call.arguments if other != name and other.split("_")[-1] in ("date", "time")]
    return leaf.format not in _MOMENTS or not moments


def _another(run: Run, step: Step, leaf: SchemaLeaf, turn: int) -> Json:
    """Return another value a person may give; None where there is none."""
    tool = run.reach.tools[step.call.tool]
    old, known = step.call.arguments[leaf.pointer[1:]], run.sandbox.known(tool.id, leaf.pointer)
    if leaf.kind == "id" and not known:
        return None
    for attempt in range(1, 6):
        value = choose(
            leaf, tool=tool, key=f"{run.key} {turn}", index=run.cell.index, place=0, attempt=attempt,
            purpose=run.purpose, known=known, given={},
        )  # fmt: skip
        if value != old and not isinstance(value, bool | list | dict) and len(str(value)) <= _LONGEST:
            return value
    return None


def _corrected(call: ToolCall, pointer: str, value: Json, about: int) -> ToolCall:
    source = Provenance(kind="user", step=about, rule="corrected")
    return replace(
        call,
        arguments={**call.arguments, pointer[1:]: value},
        provenance=dict(sorted({**call.provenance, pointer: source}.items())),
    )


def _updates(run: Run, nodes: list[Node], steps: tuple[Step, ...], pointer: str) -> Iterator[tuple[Node, ToolCall]]:
    """Calls that would set an argument of the thing the last step made."""
    about, path = len(steps) - 1, [step.call.tool for step in steps]
    if path.index(path[about]) != about:
        return
    for edge in ranked(run.reach.out_of.get(path[about], ()), run.reach, key=run.key, step=["update", about]):
        tool = run.reach.tools[edge.consumer]
        leaves = {leaf.pointer: leaf for leaf in tool.inputs}
        if tool.effect != "update" or leaves[edge.consumer_leaf].kind != "id" or pointer not in leaves:
            continue
        node = fed(tool.id, len(path), [*path, tool.id], nodes, [edge], run.reach, key=run.key)
        if node is None:
            continue
        feeds = {name: feed for name, feed in node.feeds.items() if feed.leaf or leaves[name].is_required}
        if any(not (feed.leaf or feed.said or name == pointer) for name, feed in feeds.items()):
            continue
        call = _bound(run, Node(tool=tool.id, feeds={**feeds, pointer: Feed()}), steps)
        if call is not None:
            yield Node(tool=tool.id, feeds={**feeds, pointer: Feed()}), call


def _repetitions(run: Run, nodes: list[Node], steps: tuple[Step, ...], turn: int) -> Iterator[_Wish]:
    """The last step once more, for another member of the list it took one from."""
    about = len(steps) - 1
    before = steps[about].call
    chosen = {pointer: one for pointer, one in before.provenance.items() if one.kind == "tool" and "/[]" in one.leaf}
    if {one.rule for one in chosen.values()} & {"", "only"} or len({one.step for one in chosen.values()}) != 1:
        return
    for attempt in range(1, 4):
        call = _bound(run, nodes[about], steps, attempt=attempt)
        if call is None or call.provenance.keys() != before.provenance.keys():
            continue
        said = [name for name in before.arguments if before.provenance.get(f"/{name}", _NONE).kind == "user"]
        call = replace(call, arguments={**call.arguments, **{name: before.arguments[name] for name in said}})
        differs = {f"/{name}" for name in call.arguments if call.arguments[name] != before.arguments.get(name)}
        if differs and differs <= chosen.keys():
            yield _Wish(later=Later(turn=turn, kind="same", about=about), node=nodes[about], call=call)


_NONE = Provenance(kind="constant")


def _further(run: Run, nodes: list[Node], steps: tuple[Step, ...], turn: int, *, has_result: bool) -> Iterator[_Wish]:
    """Another tool, with what a result showed, or with what the person named."""
    path = [step.call.tool for step in steps]
    tools = run.reach.tools
    others = [tool for tool in sorted(tools) if _BY_EFFECT[tools[tool].effect]]
    others.sort(key=lambda one: (one in path, rank(run.key, ["next", turn, one], _BY_EFFECT[tools[one].effect])))
    # What was done once is done again only when nothing new is left to do.
    for tool in others:
        edges: list[DataFlowEdge] = [
            edge for leaf in tools[tool].inputs for edge in run.reach.into.get((tool, leaf.pointer), ())
            if edge.producer in path
        ]  # fmt: skip
        ways = ranked(edges, run.reach, key=run.key, step=["next", tool])[:3] if has_result else [None]
        for edge in ways:
            asked = [edge] if edge is not None else []
            node = fed(tool, len(path), [*path, tool], nodes, asked, run.reach, key=run.key, near=range(len(path)))
            about = _spoken_of(node)
            # Done again, it is done for another member.
            for attempt in range(_MEMBERS) if tool in path else (0,):
                call = _bound(run, node, steps, attempt=attempt) if node is not None and about >= 0 else None
                if node is None or call is None:
                    break
                kind = "refers" if any(feed.leaf for feed in node.feeds.values()) else "asks"
                yield _Wish(later=Later(turn=turn, kind=kind, about=about), node=node, call=call)  # type: ignore[arg-type]


def _spoken_of(node: Node | None) -> int:
    """Return the latest step whose result or words a node takes up; -1 where it takes up none."""
    feeds = node.feeds.values() if node is not None else ()
    return max((feed.step for feed in feeds if feed.leaf or feed.said), default=-1)


def _bound(run: Run, node: Node, steps: tuple[Step, ...], *, attempt: int = 0) -> ToolCall | None:
    picks = picks_of(node, steps, {}, key=run.key, attempt=attempt)
    if picks is None:
        return None
    return bind(node, steps, picks, run.reach, run.sandbox, key=run.key, index=run.cell.index, purpose=run.purpose,
                attempt=0)  # fmt: skip


def _path(nodes: Sequence[Node]) -> str:
    """Return the digest of the path that leads to the last node, as that of a row of its own; empty for it alone."""
    wanted, pending = set[int](), [len(nodes) - 1]
    while pending:
        place = pending.pop()
        if place not in wanted:
            wanted.add(place)
            pending += nodes[place].steps()
    if len(wanted) == 1:
        return ""
    places = {place: number for number, place in enumerate(sorted(wanted))}
    kept = []
    for place in sorted(wanted):
        feeds = {pointer: replace(feed, step=places.get(feed.step, -1)) for pointer, feed in nodes[place].feeds.items()}
        kept.append(Node(tool=nodes[place].tool, feeds=feeds))
    return signature_of(Skeleton(nodes=tuple(kept)))
