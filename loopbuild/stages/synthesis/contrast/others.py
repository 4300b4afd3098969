"""Classes `domain`, `decomposition` and `context`: the wrong tool, the wrong step, the wrong thing remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from loopbuild.digest import digest, seed
from loopbuild.judging.validate import Validator
from loopbuild.llm.names import split_words
from loopbuild.llm.presence import is_said
from loopbuild.pointers import at
from loopbuild.records import Json, SchemaLeaf, ToolCatalog, ToolSchema
from loopbuild.stages.synthesis.contrast.decision import (
    Call,
    Contrast,
    Decision,
    calling,
    leaf_of,
    length_of,
    name_of,
    replaced,
    siblings,
    top_level,
)
from loopbuild.stages.synthesis.contrast.parameters import with_arguments
from loopbuild.stages.synthesis.contrast.sayings import ANSWERED, DONE, asking, said_within
from loopbuild.stages.synthesis.naming import noun_of_key, words_of_leaf

_NEAREST = 3


def _rest(decision: Decision, after: int = -1) -> tuple[int, ...]:
    start = (decision.steps[-1] if after < 0 else after) + 1
    return tuple(range(start, len(decision.trajectory.steps)))


# -- domain ------------------------------------------------------------------------------------------------------------


def elsewhere(decision: Decision) -> Iterator[Contrast]:
    """The nearest tool of another source."""
    yield from _other_tools("elsewhere", decision, _looked_up(decision.catalog).nearest(_tool(decision)))


def same_verb(decision: Decision) -> Iterator[Contrast]:
    """A tool that does the same to another thing."""
    gold = _tool(decision)
    others = [tool for tool in decision.catalog.tools if tool.verb == gold.verb and tool.id != gold.id]
    yield from _other_tools(
        "same_verb",
        decision,
        sorted(others, key=lambda tool: (tool.source != gold.source, digest("verb", [decision.key, tool.id]))),
    )


def answer(decision: Decision) -> Iterator[Contrast]:
    """Words in place of the first call."""
    if decision.turn == 0:
        yield from _silent("domain", "answer", decision, ANSWERED)


def _other_tools(fault: str, decision: Decision, ranked: list[ToolSchema]) -> Iterator[Contrast]:
    steps = decision.trajectory.steps
    called = {step.call.tool for step in steps}
    place = decision.steps[0]
    found = 0
    for tool in ranked:
        arguments = _filled(tool, steps[place].call.arguments, decision) if tool.id not in called else None
        if arguments is None:
            continue
        calls: list[Call] = [(steps[one].call.tool, steps[one].call.arguments) for one in decision.steps]
        calls[0] = (tool.id, arguments)
        yield Contrast(
            kind="domain",
            fault=fault,
            decision=decision,
            message=calling(decision, calls, str(decision.message.get("content") or "")),
            calls=tuple(calls),
            stands_for=(-1, *decision.steps[1:]),
            rest=_rest(decision),
        )
        found += 1
        if found == _NEAREST:
            return


def _filled(tool: ToolSchema, given: dict[str, Json], decision: Decision) -> dict[str, Json] | None:
    """Return a valid call of another tool with the values at hand; None where it needs what nobody gave."""
    gold = _tool(decision)
    by_meaning = {
        (leaf.kind, leaf.entity): value
        for name, value in given.items()
        if (leaf := leaf_of(gold, name)) is not None and leaf.kind
    }
    made: dict[str, Json] = {}
    leaves = top_level(tool)
    if {leaf.pointer for leaf in tool.inputs if leaf.is_required} - {leaf.pointer for leaf in leaves}:
        return None
    for leaf in leaves:
        name = name_of(leaf)
        if name in given:
            made[name] = given[name]
        elif leaf.is_required:
            value = _value_for(leaf, tool, by_meaning, decision)
            if value is None:
                return None
            made[name] = [value] if leaf.pointer.endswith("/[]") and not isinstance(value, list) else value
    return made if not _looked_up(decision.catalog).validator.check(tool.id, made) else None


def _value_for(leaf: SchemaLeaf, tool: ToolSchema, by_meaning: dict[tuple[str, str], Json], decision: Decision) -> Json:
    if (leaf.kind, leaf.entity) in by_meaning:
        return by_meaning[leaf.kind, leaf.entity]
    if leaf.enum:
        return leaf.enum[0]
    if leaf.has_default:
        return leaf.default
    known = decision.known(tool.id, leaf.pointer)
    if known:
        return known[seed("filled", [decision.key, tool.id, leaf.pointer]) % len(known)]
    same_kind = [value for (kind, _), value in sorted(by_meaning.items(), key=str) if kind == leaf.kind != "id"]
    return same_kind[0] if same_kind else (leaf.examples[0] if leaf.examples else None)


def _likeness(one: ToolSchema, other: ToolSchema) -> float:
    def marks(tool: ToolSchema) -> set[str]:
        return {*split_words(tool.name), *(leaf.pointer for leaf in tool.inputs), tool.entity, tool.effect}

    left, right = marks(one), marks(other)
    return len(left & right) / len(left | right)


class _Known:
    """What every decision about one catalog asks again."""

    def __init__(self, catalog: ToolCatalog) -> None:
        self.catalog, self.validator = catalog, Validator(catalog)
        self._nearest: dict[str, list[ToolSchema]] = {}

    def nearest(self, gold: ToolSchema) -> list[ToolSchema]:
        """Return the tools of other sources, those most like `gold` first."""
        if gold.id not in self._nearest:
            others = [tool for tool in self.catalog.tools if tool.source != gold.source]
            self._nearest[gold.id] = sorted(others, key=lambda tool: (-_likeness(gold, tool), tool.id))
        return self._nearest[gold.id]


_LAST: list[_Known] = []


def _looked_up(catalog: ToolCatalog) -> _Known:
    """Return what is known of a catalog; the last one's is kept, since decisions come one after the other."""
    if not _LAST or _LAST[0].catalog is not catalog:
        _LAST[:] = [_Known(catalog)]
    return _LAST[0]


def _tool(decision: Decision) -> ToolSchema:
    return decision.catalog.by_id()[decision.trajectory.steps[decision.steps[0]].call.tool]


# -- decomposition -----------------------------------------------------------------------------------------------------


def stops(decision: Decision) -> Iterator[Contrast]:
    """Done, it says, with steps to go."""
    if decision.turn > 0:
        yield from _silent("decomposition", "stops", decision, DONE)


def skips(decision: Decision) -> Iterator[Contrast]:
    """The next call at once, with an id that this one would have shown."""
    steps = decision.trajectory.steps
    following = decision.steps[-1] + 1
    if following >= len(steps):
        return
    call = steps[following].call
    arguments, invented = dict(call.arguments), None
    for pointer, source in sorted(call.provenance.items()):
        name = pointer[1:]
        if source.kind == "tool" and source.step in decision.steps and name in arguments:
            gold = arguments[name]
            known = [value for value in decision.known(call.tool, pointer) if value != gold]
            if not known or isinstance(gold, list | dict):
                return
            invented = arguments[name] = known[seed("skipped", decision.key) % len(known)]
    if invented is None:
        return
    yield Contrast(
        kind="decomposition",
        fault="skips",
        decision=decision,
        message=calling(decision, [(call.tool, arguments)], str(decision.message.get("content") or "")),
        calls=((call.tool, arguments),),
        stands_for=(following,),
        rest=_rest(decision, following),
        invented=invented,
    )


def loops(decision: Decision) -> Iterator[Contrast]:
    """The call before once more."""
    steps = decision.trajectory.steps
    if not decision.steps or decision.steps[0] == 0:
        return
    before = steps[decision.steps[0] - 1].call
    words = str(decision.message.get("content") or "")
    yield Contrast(
        kind="decomposition",
        fault="loops",
        decision=decision,
        message=calling(decision, [(before.tool, before.arguments)], words),
        calls=((before.tool, before.arguments),),
        stands_for=(-1,),
        rest=tuple(range(decision.steps[0], len(steps))),
    )


def order(decision: Decision) -> Iterator[Contrast]:
    """A later call first, which needs nothing of this one."""
    steps = decision.trajectory.steps
    done = set(range(decision.steps[0])) if decision.steps else set()
    for later in _rest(decision) if decision.steps else ():
        call = steps[later].call
        if all(source.kind != "tool" or source.step in done for source in call.provenance.values()):
            rest = tuple(one for one in range(decision.steps[0], len(steps)) if one != later)
            message = calling(decision, [(call.tool, call.arguments)], str(decision.message.get("content") or ""))
            yield Contrast(
                kind="decomposition",
                fault="order",
                decision=decision,
                message=message,
                calls=((call.tool, call.arguments),),
                stands_for=(later,),
                rest=rest,
            )


def _silent(kind: str, fault: str, decision: Decision, sayings: tuple[str, ...]) -> Iterator[Contrast]:
    if not decision.steps:
        return
    text = said_within(sayings, length_of(decision.message), key=[decision.key, fault])
    if text:
        message = {"role": "assistant", "content": text}
        yield Contrast(kind=kind, fault=fault, decision=decision, message=message)  # type: ignore[arg-type]


# -- context -----------------------------------------------------------------------------------------------------------


def other_turn(decision: Decision) -> Iterator[Contrast]:
    """An id of another kind that the conversation holds, or that of another turn."""
    trajectory, tools = decision.trajectory, decision.catalog.by_id()
    for place in decision.steps:
        step = trajectory.steps[place]
        tool = tools[step.call.tool]
        for name, gold in sorted(step.call.arguments.items()):
            leaf = leaf_of(tool, name)
            if leaf is None or leaf.kind != "id" or isinstance(gold, list | dict):
                continue
            found = [value for value in _ids_before(decision, place) if value != gold and type(value) is type(gold)]
            near = set(map(str, siblings(step, trajectory, name)))
            found = [value for value in found if str(value) not in near]
            for other in sorted(found, key=lambda one: digest("turn", [decision.key, one]))[:2]:
                arguments = {**step.call.arguments, name: other}
                yield with_arguments("context", "other_turn", decision, place, arguments, old=gold, new=other)


def _ids_before(decision: Decision, place: int) -> list[Json]:
    tools, found = decision.catalog.by_id(), list[Json]()
    for step in decision.trajectory.steps[:place]:
        tool = tools[step.call.tool]
        found += [v for k, v in step.call.arguments.items() if (leaf := leaf_of(tool, k)) and leaf.kind == "id"]
        for leaf in tool.outputs:
            if leaf.kind == "id" and leaf.pointer.count("[]") <= 1:
                head, is_list, tail = leaf.pointer.partition("/[]")
                value = at(step.result.value, head)
                found += [at(one, tail) if tail else one for one in value] if is_list and isinstance(value, list) else (
                    [] if is_list else [value]
                )  # fmt: skip
    return [value for value in dict.fromkeys(map(_plain, found)) if value is not None]


def _plain(value: Json) -> Json:
    return None if isinstance(value, list | dict) else value


def ignores_correction(decision: Decision) -> Iterator[Contrast]:
    """The value as it was before the person corrected it."""
    trajectory = decision.trajectory
    for place in decision.steps:
        for pointer, source in sorted(trajectory.steps[place].call.provenance.items()):
            if source.rule != "corrected" or source.step < 0:
                continue
            name, old = pointer[1:], at(trajectory.steps[source.step].call.arguments, pointer)
            gold = trajectory.steps[place].call.arguments.get(name)
            if old is not None and old != gold:
                arguments = {**trajectory.steps[place].call.arguments, name: old}
                yield with_arguments("context", "ignores_correction", decision, place, arguments, old=gold, new=old)


def asks_again(decision: Decision) -> Iterator[Contrast]:
    """A question for a value the person has given."""
    tools = decision.catalog.by_id()
    for place in decision.steps:
        step = decision.trajectory.steps[place]
        for name, value in sorted(step.call.arguments.items()):
            leaf = leaf_of(tools[step.call.tool], name)
            if leaf is None or isinstance(value, list | dict | bool) or not is_said(value, decision.asked):
                continue
            noun = noun_of_key(leaf) if leaf.kind == "id" else words_of_leaf(leaf)
            text = said_within(asking(noun), length_of(decision.message), key=[decision.key, name])
            if text:
                message = {"role": "assistant", "content": text}
                yield Contrast(kind="context", fault="asks_again", decision=decision, message=message, invented=value)


def contradicts(decision: Decision) -> Iterator[Contrast]:
    """A closing answer with another value than the one that was seen."""
    if decision.steps:
        return
    text, trajectory = str(decision.message.get("content") or ""), decision.trajectory
    tools = decision.catalog.by_id()
    for step in reversed(trajectory.steps):
        for leaf in tools[step.call.tool].outputs:
            value = at(step.result.value, leaf.pointer) if "[]" not in leaf.pointer else None
            if value is None or isinstance(value, bool | list | dict) or not is_said(value, text):
                continue
            other = _another(value, decision)
            changed = replaced(text, value, other)
            if other is not None and changed != text:
                message = {**decision.message, "content": changed}
                yield Contrast(kind="context", fault="contradicts", decision=decision, message=message, invented=other)


def _another(value: Json, decision: Decision) -> Json:
    for number in range(1, 8):
        if isinstance(value, int | float):
            other: Json = value + number
        else:
            text = str(value)
            digits = [place for place, character in enumerate(text) if character.isdigit()]
            if not digits:
                return None
            place = digits[seed("contradicts", decision.key) % len(digits)]
            other = text[:place] + str((int(text[place]) + number) % 10) + text[place + 1 :]
        if not is_said(other, decision.before) and not is_said(other, str(decision.message["content"])):
            return other
    return None


MAKE: dict[str, Callable[[Decision], Iterator[Contrast]]] = {
    "elsewhere": elsewhere,
    "same_verb": same_verb,
    "answer": answer,
    "stops": stops,
    "skips": skips,
    "loops": loops,
    "order": order,
    "other_turn": other_turn,
    "ignores_correction": ignores_correction,
    "asks_again": asks_again,
    "contradicts": contradicts,
}
