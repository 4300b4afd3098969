"""Part of filter `contract`: a dialogue has several turns of the person, and each is answered from what came before.

What a later call takes up is looked for in the messages before it, never in how the row was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from loopbuild.digest import canonical
from loopbuild.llm.presence import is_said, spellings
from loopbuild.pointers import at, scalars
from loopbuild.records import FROM_RESULT, Json, Step, segments
from loopbuild.stages.filters.rows import Row

_MOST = 12
"""Turns of the person."""


def several_turns(row: Row) -> str:
    """Return what breaks the promise of a dialogue; empty when nothing does."""
    messages = row.example.messages
    places = [place for place, message in enumerate(messages) if message["role"] == "user"]
    if row.trajectory is None or not 2 <= len(places) <= _MOST:
        return f"the person speaks {len(places)} times"
    if len(places) != len(row.trajectory.later) + 1:
        return "what the person says is not what was executed"
    for number, place in enumerate(places):
        end = places[number + 1] if number + 1 < len(places) else len(messages)
        part = messages[place + 1 : end]
        if not part or not part[0].get("tool_calls"):
            return f"turn {number + 1} of the person is followed by no call"
        if part[-1]["role"] != "assistant" or part[-1].get("tool_calls"):
            return f"turn {number + 1} of the person is not answered"
        if number and row.trajectory.later[number - 1].kind in ("same", "refers"):
            named = _named_anew(row, number)
            if named:
                return f"turn {number + 1} of the person names `{named}` instead of pointing at it"
        if number and not _takes_up(part, messages[:place]) and not _corrects(row, number):
            return f"turn {number + 1} of the person needs nothing of what came before"
    return _misdone(row) or _not_taken_back(row)


def _named_anew(row: Row, number: int) -> str:
    """Return a value the turn should point back at, as `the second one` does, and says in full."""
    assert row.trajectory is not None
    text = row.task.user_turns[number]
    for step in segments(row.trajectory)[number]:
        own = {canonical(value) for value in _user_values(step)}
        for pointer, source in step.call.provenance.items():
            value = at(step.call.arguments, pointer)
            is_shown = source.kind in FROM_RESULT and len(str(value)) > 2 and canonical(value) not in own
            if is_shown and not isinstance(value, bool | int) and is_said(value, text):
                return str(value)
    return ""


def _user_values(step: Step) -> Iterator[Json]:
    yield from (
        at(step.call.arguments, pointer) for pointer, source in step.call.provenance.items() if source.kind == "user"
    )


def _not_taken_back(row: Row) -> str:
    """A value that is taken back is said first, and what counts after it, in one turn."""
    assert row.trajectory is not None
    for number, step in enumerate(row.trajectory.steps):
        for pointer, source in step.call.provenance.items():
            if source.rule != "taken_back":
                continue
            text, new = row.task.user_turns[row.place_of(number)], at(step.call.arguments, pointer)
            places = [max(text.rfind(form) for form in spellings(value)) for value in (source.given, new)]
            first = min((text.find(form) for form in spellings(source.given) if form in text), default=-1)
            if first < 0 or places[1] < first:
                return f"`{pointer[1:]}` is not said first and then put right"
    return ""


def _takes_up(part: Sequence[Mapping[str, Json]], before: Sequence[Mapping[str, Json]]) -> bool:
    """Whether a call holds a telling value of an earlier call or result."""
    known = {canonical(value) for message in before for value in _values(message)}
    return any(canonical(value) in known for message in part for value in _arguments(message) if _is_telling(value))


def _is_telling(value: Json) -> bool:
    return value is not None and not isinstance(value, bool) and len(str(value)) > 1


def _corrects(row: Row, number: int) -> bool:
    """Whether the turn gives another value to an argument of an earlier call of the same tool."""
    assert row.trajectory is not None
    later = row.trajectory.later[number - 1]
    step = segments(row.trajectory)[number][0]
    return later.kind == "corrected" and row.trajectory.steps[later.about].call.tool == step.call.tool


def _misdone(row: Row) -> str:
    """A correction says the new value in its own turn, where the person had said another."""
    assert row.trajectory is not None
    parts = segments(row.trajectory)
    for number, later in enumerate(row.trajectory.later, 1):
        if later.kind != "corrected":
            continue
        name = later.pointer[1:]
        old = row.trajectory.steps[later.about].call.arguments.get(name)
        new = parts[number][0].call.arguments.get(name)
        before = "\n".join(row.task.user_turns[:number])
        if new is None or old is None or new == old:
            return f"`{name}` is not corrected"
        if not is_said(new, row.task.user_turns[number]):
            return f"turn {number + 1} of the person does not say the new `{name}`"
        if is_said(new, before):
            return f"the new `{name}` was said before"
    return ""


def _values(message: Mapping[str, Json]) -> Iterator[Json]:
    yield from _arguments(message)
    if message["role"] == "tool":
        yield from (value for _, value in scalars(json.loads(str(message["content"]))))


def _arguments(message: Mapping[str, Json]) -> Iterator[Json]:
    for call in message.get("tool_calls") or ():
        yield from (value for _, value in scalars(call["function"]["arguments"]))
