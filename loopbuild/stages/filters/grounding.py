"""Part of filter `provenance`: what the assistant says was seen or said before it says it."""

from __future__ import annotations

import json
import re
from functools import lru_cache

from loopbuild.llm.presence import is_told, stands_in
from loopbuild.llm.readings import Meaning, blanked, days_of, readings
from loopbuild.records import Json
from loopbuild.stages.filters.rows import Finding, Row
from loopbuild.stages.filters.worked_out import told_value

_TELLING = re.compile(r"\w*[-#]?\d[\w@.+:/-]*|[\w.+-]+@[\w.-]+")
_MAX_WORDS = 40
_WORDS_A_STEP = 9
_JOINT = re.compile(r"(?<=\d)T(?=\d)")
"""Between date and time."""
_INSIDE = re.compile(r"_|(?<=[a-z0-9])(?=[A-Z])")
"""Where the words of a name part: `size_m2`, `sizeM2`."""


def check_grounding(row: Row) -> Finding | None:
    """Return `ungrounded_answer` or `reasoning_form`; rows without calls pass."""
    if row.trajectory is None:
        return None
    seen, counts = row.heard(0), {len(row.trajectory.steps)}
    turns = sorted({step.turn for step in row.trajectory.steps})
    starts = {one.turn: place for place, one in enumerate(row.trajectory.later)}
    for number, turn in enumerate(turns):
        steps = [step for step in row.trajectory.steps if step.turn == turn]
        if turn in starts:
            strange = _answered(row, starts[turn], seen, counts)
            if strange:
                return Finding(reason="ungrounded_answer", detail=strange)
            seen += " " + row.task.user_turns[starts[turn] + 1]
        calls = " ".join(_text(step.call.arguments) for step in steps)
        said = row.task.reasoning[number] if number < len(row.task.reasoning) else ""
        strange = _strange(said, f"{seen} {calls}", counts)
        if strange:
            return Finding(reason="reasoning_form", detail=f"`{strange}` was not seen before turn {turn + 1}")
        # The plan at the beginning of a turn tells every step to come.
        if len(said.split()) > max(_MAX_WORDS, _WORDS_A_STEP * len(turns)):
            return Finding(reason="reasoning_form", detail=f"{len(said.split())} words")
        seen += f" {calls} " + " ".join(_text(step.result.value) for step in steps)
        for step in steps:
            counts |= _lengths(step.result.value)
    told = told_value(row.trajectory)
    if told is not None:
        if not is_told(told, row.task.answer):
            return Finding(reason="ungrounded_answer", detail=f"`{told}` is asked for, and the answer does not say it")
        seen += f" {_text(told)}"
        counts |= {told} if isinstance(told, int) else set()
    if not row.task.answer.strip():
        return Finding(reason="ungrounded_answer", detail="the answer is empty")
    strange = _strange(row.task.answer, seen, counts)
    return Finding(reason="ungrounded_answer", detail=f"`{strange}` was never seen") if strange else None


def _answered(row: Row, place: int, seen: str, counts: set[int]) -> str:
    """Return what is wrong with an answer that is not the last; empty when nothing is."""
    if place >= len(row.task.assistant_turns) or not row.task.assistant_turns[place].strip():
        return f"answer {place + 1} is empty"
    strange = _strange(row.task.assistant_turns[place], seen, counts)
    return f"`{strange}` was never seen before answer {place + 1}" if strange else ""


def strange_in(row: Row, text: str, *, before: int) -> str:
    """Return the first value in `text` that nobody had said or seen before the turn `before`; empty when all were."""
    if row.trajectory is None:
        return ""
    steps = [step for step in row.trajectory.steps if step.turn < before]
    seen = " ".join([row.said, *(f"{_text(s.call.arguments)} {_text(s.result.value)}" for s in steps)])
    counts = {len(row.trajectory.steps)}.union(*(_lengths(step.result.value) for step in steps))
    return _strange(text, seen, counts)


def _strange(text: str, seen: str, counts: set[int]) -> str:
    """Return the first value told that is nowhere in what was seen, nor a count of it; empty when there is none."""
    if not _TELLING.search(text):
        return ""
    known = _known(seen)
    rest = blanked(text, (one.span for one in readings(text) if one.means in known))
    for found in _TELLING.finditer(text):
        token = found[0].rstrip(".,:;")
        is_read = re.search(r"\w", rest[found.start() : found.end()]) is None
        # What an observation has in its own spelling may be told in that, whatever it looks like.
        if not (is_read or stands_in(token, seen) or stands_in(found[0], seen)) and not (
            token.isdigit() and int(token) in counts
        ):
            return token
    return ""


@lru_cache(maxsize=16)
def _known(seen: str) -> frozenset[Meaning]:
    """The dates, times and numbers of what was seen: of a date-time each alone, too, and dates of unsaid years."""
    found = [*readings(seen), *readings(_JOINT.sub(" ", seen))]
    return frozenset(one.means for one in found) | frozenset(days_of(found))


def _text(value: Json) -> str:
    """Return all that a value holds, each scalar as it is; of names with digits their words, too."""
    if isinstance(value, dict):
        return " ".join(f"{name} {_spoken(name)}: {_text(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return " ; ".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value)


def _spoken(name: str) -> str:
    return _INSIDE.sub(" ", name).lower() if re.search(r"\d", name) else ""


def _lengths(value: Json) -> set[int]:
    found: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            found.add(len(item))
            stack.extend(item)
        elif isinstance(item, dict):
            stack.extend(item.values())
    return found
