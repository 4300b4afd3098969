"""Part of filter `provenance`: what the assistant says was seen or said before it says it."""

from __future__ import annotations

import json
import re

from loopbuild.llm.offline.morphology import spoken_date
from loopbuild.llm.presence import is_said, is_told
from loopbuild.records import Json
from loopbuild.stages.filters.rows import Finding, Row
from loopbuild.stages.filters.worked_out import told_value

_TELLING = re.compile(r"[A-Za-z]*[-_#]?\d[\w@.+:/-]*|[\w.+-]+@[\w.-]+")
_MAX_WORDS = 40
_WORDS_A_STEP = 9
_STUCK = re.compile(r"\\[nrt]|(?<=\d)T(?=\d)")
"""An escape of JSON, the T between date and time: they would stick to the word behind them."""
_DATE = re.compile(r"(?<!\w)\d{4}-\d\d-\d\d(?!\w)")
_KEY = re.compile(r'"(\w*\d\w*)":')
_INSIDE = re.compile(r"_|(?<=[a-z0-9])(?=[A-Z])")
"""Where the words of a name part: `size_m2`, `sizeM2`."""
_LARGE = re.compile(r"(?<![\w.])\d{4,15}(?!\w)")


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
    seen = _as_words(seen)
    for found in _TELLING.finditer(text):
        token = found[0].rstrip(".,:;")
        if not is_said(token, seen) and not (token.isdigit() and int(token) in counts):
            return token
    return ""


def _as_words(seen: str) -> str:
    """Return what was seen so that values stand as whole words; names, dates and numbers as people write them too."""
    words = _STUCK.sub(" ", seen)
    dates = " ".join(spoken_date(found) for found in _DATE.findall(words))
    numbers = " ".join(f"{int(found):,}" for found in _LARGE.findall(words))
    names = " ".join(_INSIDE.sub(" ", name).lower() for name in _KEY.findall(words))
    return f"{words} {dates} {numbers} {names}"


def _text(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


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
