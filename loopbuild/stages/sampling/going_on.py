"""Goes on with an executed path: what a person says after the answer, and the call that takes, in the same world.

Decides how many turns a dialogue has and what each is about: a value corrected, the same for another member of a list,
another tool with what a result showed or with what was named before. Every call is run and must come to something; one
that is refused is undone, and the next is tried. Nothing is ever deleted, and nothing is spoken of that two results of
one tool could mean.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from loopbuild.digest import canonical
from loopbuild.records import DataFlowEdge, Json, Later, Provenance, SchemaLeaf, Step, ToolCall
from loopbuild.stages.sampling.arguments import bind, is_blank, picks_of
from loopbuild.stages.sampling.execution import CALLS, Run, attempt_call
from loopbuild.stages.sampling.feeds import Feed, Node, Skeleton
from loopbuild.stages.sampling.reach import rank, ranked
from loopbuild.stages.sampling.record import signature_of
from loopbuild.stages.sampling.skeleton import fed
from loopbuild.stages.sampling.values import choose

_TURNS = {1: 0.4, 2: 0.3, 3: 0.18, 4: 0.08, 5: 0.04}
"""How many times the person speaks again, and how often that is so."""
_KINDS = {"corrected": 1.5, "same": 1.0, "refers": 1.5, "asks": 1.0}
_BY_EFFECT = {"read": 2.0, "create": 1.0, "update": 1.0, "unknown": 0.5, "delete": 0.0}
_MOMENTS = ("date", "date-time", "datetime", "time")
_TRIES = 8
"""Calls tried for one turn of the person."""
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
    for _ in range(_wanted(run.key)):
        for tried, wish in enumerate(_wishes(run, nodes, steps, later), 1):
            step = _run(run, wish)
            if step is not None:
                path = _path([*nodes, wish.node])
                steps, nodes = (*steps, step), [*nodes, wish.node]
                later.append(replace(wish.later, path=path))
                break
            if tried >= _TRIES or run.calls >= CALLS or run.broken:
                return steps, tuple(later)
        else:
            break
    return steps, tuple(later)


def _wanted(key: str) -> int:
    return min(_TURNS, key=lambda count: rank(key, ["turns", count], _TURNS[count]))


def _run(run: Run, wish: _Wish) -> Step | None:
    """Run a call; None, and undone, where it is refused, changes nothing it should change, or shows nothing."""
    sandbox, effect = run.sandbox, run.reach.tools[wish.call.tool].effect
    token = sandbox.snapshot()
    before = sandbox.state_diff() if sandbox.sees_state and effect in ("create", "update") else None
    step = attempt_call(run, wish.call, turn=wish.later.turn)
    if step is not None and (before is None or sandbox.state_diff() != before) and not is_blank(step.result.value):
        return step
    sandbox.restore(token)
    return None


def _wishes(run: Run, nodes: list[Node], steps: tuple[Step, ...], later: Sequence[Later]) -> Iterator[_Wish]:
    turn, done = steps[-1].turn + 1, {one.kind for one in later[-1:]}
    kinds = sorted(_KINDS, key=lambda kind: (kind in done, rank(run.key, ["kind", turn, kind], _KINDS[kind])))
    counts = Counter(step.call.tool for step in steps)
    for kind in kinds:
        if kind == "corrected":
            # Who corrects a correction is not sure what is wanted; one of them is enough.
            found = _corrections(run, nodes, steps, turn) if kind not in {one.kind for one in later} else iter(())
        elif kind == "same":
            found = _repetitions(run, nodes, steps, turn)
        else:
            found = _further(run, nodes, steps, turn, has_result=kind == "refers")
        for wish in found:
            if _is_plain(wish, steps, counts, later) and not _was_called(wish.call, steps):
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


def _corrections(run: Run, nodes: list[Node], steps: tuple[Step, ...], turn: int) -> Iterator[_Wish]:
    """The last thing with another value: by a tool that updates what was made, else by the same call once more."""
    about = len(steps) - 1
    step, tools = steps[about], run.reach.tools
    effect = tools[step.call.tool].effect
    leaves = [leaf for leaf in tools[step.call.tool].inputs if _is_correctable(leaf, step, effect)]
    for leaf in sorted(leaves, key=lambda leaf: rank(run.key, ["corrects", turn, leaf.pointer], 1.0)):
        value = _another(run, step, leaf, turn)
        if value is None:
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
    others = [tool for tool in sorted(tools) if tool not in path and _BY_EFFECT[tools[tool].effect]]
    for tool in sorted(others, key=lambda one: rank(run.key, ["next", turn, one], _BY_EFFECT[tools[one].effect])):
        edges: list[DataFlowEdge] = [
            edge for leaf in tools[tool].inputs for edge in run.reach.into.get((tool, leaf.pointer), ())
            if edge.producer in path
        ]  # fmt: skip
        ways = ranked(edges, run.reach, key=run.key, step=["next", tool])[:3] if has_result else [None]
        for edge in ways:
            asked = [edge] if edge is not None else []
            node = fed(tool, len(path), [*path, tool], nodes, asked, run.reach, key=run.key, near=range(len(path)))
            about = _spoken_of(node)
            call = _bound(run, node, steps) if node is not None and about >= 0 else None
            if node is not None and call is not None:
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
