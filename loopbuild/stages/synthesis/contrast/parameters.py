"""Class `parameter`: the right tool with a wrong argument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from loopbuild.digest import digest, seed
from loopbuild.pointers import escaped
from loopbuild.records import Json, SchemaLeaf, Step, ToolSchema
from loopbuild.stages.synthesis.contrast.decision import (
    Contrast,
    Decision,
    calling,
    leaf_of,
    name_of,
    replaced,
    siblings,
    top_level,
)

_MADE_UP: dict[str, Json] = {
    "limit": 10, "verbose": True, "dry_run": False, "notify": True, "format": "json", "force": True, "language": "en",
}  # fmt: skip
"""Parameters that many tools have, and models give to those that have not."""


def parameter_contrasts(fault: str, decision: Decision) -> Iterator[Contrast]:
    """Yield the decision with one argument gone wrong in this way, in an order of its own."""
    make = _MAKE[fault]
    for place in sorted(decision.steps, key=lambda at: digest("step", [decision.key, fault, at])):
        step = decision.trajectory.steps[place]
        tool = decision.catalog.by_id()[step.call.tool]
        for arguments, old, new in make(step, tool, decision):
            yield with_arguments("parameter", fault, decision, place, arguments, old=old, new=new)


def with_arguments(
    kind: str, fault: str, decision: Decision, place: int, arguments: dict[str, Json], *, old: Json, new: Json
) -> Contrast:
    """Return the decision with other arguments for one of its calls; its words name the new value."""
    steps = decision.trajectory.steps
    calls = tuple(
        (steps[at].call.tool, arguments if at == place else steps[at].call.arguments) for at in decision.steps
    )
    said = replaced(str(decision.message.get("content") or ""), old, new)
    return Contrast(
        kind=kind,  # type: ignore[arg-type]
        fault=fault,
        decision=decision,
        message=calling(decision, calls, said),
        calls=calls,
        stands_for=decision.steps,
        rest=tuple(range(decision.steps[-1] + 1, len(steps))),
        invented=new if fault == "stale" else None,
    )


_Made = Iterator[tuple[dict[str, Json], Json, Json]]
"""Arguments, and which value became which."""


def _given(step: Step, tool: ToolSchema, decision: Decision, salt: str) -> list[tuple[str, Json, SchemaLeaf]]:
    found = [(name, value, leaf_of(tool, name)) for name, value in step.call.arguments.items()]
    kept = [(name, value, leaf) for name, value, leaf in found if leaf is not None]
    return sorted(kept, key=lambda one: digest("argument", [decision.key, salt, one[0]]))


def _changed(step: Step, name: str, value: Json) -> dict[str, Json]:
    return {**step.call.arguments, name: value}


def _type(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    for name, value, leaf in _given(step, tool, decision, "type"):
        if isinstance(value, bool):
            yield _changed(step, name, "true" if value else "false"), None, None
        elif isinstance(value, int | float):
            yield _changed(step, name, str(value)), None, None
        elif isinstance(value, list) and value and not isinstance(value[0], dict):
            yield _changed(step, name, value[0]), None, None
        elif isinstance(value, str) and leaf.types == ("string",):
            yield _changed(step, name, int(value) if value.isdigit() else [value]), None, None


def _missing(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    for name, _, leaf in _given(step, tool, decision, "missing"):
        if leaf.is_required:
            yield {key: value for key, value in step.call.arguments.items() if key != name}, None, None


def _enum(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    for name, value, leaf in _given(step, tool, decision, "enum"):
        if leaf.enum and isinstance(value, str) and value:
            spelled = [value.replace("_", " "), value.capitalize(), value + "s", value.upper()]
            wrong = [one for one in spelled if one not in leaf.enum]
            yield _changed(step, name, wrong[seed("enum", decision.key) % len(wrong)]), None, None


def _extra(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    taken = {name_of(leaf) for leaf in tool.inputs if leaf.pointer.count("/") == 1}
    names = sorted(_MADE_UP.keys() - taken, key=lambda name: digest("extra", [decision.key, name]))
    yield _changed(step, names[0], _MADE_UP[names[0]]), None, None


def _sibling(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    for name, value, leaf in _given(step, tool, decision, "sibling"):
        if isinstance(value, list | dict) or leaf.kind not in ("id", "name", "person", "email"):
            continue
        others = siblings(step, decision.trajectory, name)
        if not others and leaf.kind == "id":
            others = [one for one in decision.known(tool.id, f"/{escaped(name)}") if one != value]
        for other in sorted(others, key=lambda one: digest("sibling", [decision.key, one]))[:2]:
            yield _changed(step, name, other), value, other


def _stale(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    for name, value, leaf in _given(step, tool, decision, "stale"):
        if leaf.kind == "id" and isinstance(value, str | int) and not isinstance(value, bool):
            other = _shaped_like(value, decision)
            if other != value:
                yield _changed(step, name, other), value, other


def _shaped_like(value: Json, decision: Decision) -> Json:
    """Return an id of the same shape that nobody gave: its digits drawn anew."""
    text = str(value)
    for number in range(8):
        drawn = iter(f"{seed('stale', [decision.key, text, number]):040d}"[::-1])
        made = re.sub(r"\d", lambda _, drawn=drawn: next(drawn, "7"), text)  # type: ignore[misc]
        made = made if made[:1] != "0" or not isinstance(value, int) else f"4{made[1:]}"
        if made != text and not re.search(rf"(?<!\w){re.escape(made)}(?!\w)", decision.before):
            return int(made) if isinstance(value, int) else made
    return value


def _amount(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    for name, value, leaf in _given(step, tool, decision, "amount"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            for other in (value * 10, value + 1, value - 1):
                if other and _fits(other, leaf):
                    yield _changed(step, name, other), value, other
                    break
        elif isinstance(value, str) and (moved := _moved(value, decision)):
            yield _changed(step, name, moved), value, moved


def _fits(value: float, leaf: SchemaLeaf) -> bool:
    low = leaf.minimum is None or value >= leaf.minimum
    return low and (leaf.maximum is None or value <= leaf.maximum)


def _moved(text: str, decision: Decision) -> str:
    """Return another date: day and month exchanged where that is one, else a day, a week or a month later."""
    if not re.match(r"\d{4}-\d\d-\d\d(?!\d)", text):
        return ""
    year, month, day = (int(part) for part in text[:10].split("-"))
    if day <= 12 and day != month:
        return f"{year:04d}-{day:02d}-{month:02d}{text[10:]}"
    days = (1, 7, 30)[seed("moved", decision.key) % 3]
    try:
        return (date(year, month, day) + timedelta(days=days)).isoformat() + text[10:]
    except (ValueError, OverflowError):
        return ""


def _swap(step: Step, tool: ToolSchema, decision: Decision) -> _Made:
    names = {name_of(leaf) for leaf in top_level(tool)}
    given = [(name, value) for name, value, _ in _given(step, tool, decision, "swap") if name in names]
    for place, (one, left) in enumerate(given):
        for other, right in given[place + 1 :]:
            if type(left) is type(right) and left != right and not isinstance(left, list | dict | bool):
                yield {**step.call.arguments, one: right, other: left}, None, None
                return


_MAKE: dict[str, Callable[[Step, ToolSchema, Decision], _Made]] = {
    "type": _type,
    "missing": _missing,
    "enum": _enum,
    "extra": _extra,
    "sibling": _sibling,
    "stale": _stale,
    "amount": _amount,
    "swap": _swap,
}
