"""What a model wrote -> words, or why they can not be used.

Tolerant where nothing is lost by it: text around the JSON object, code fences, thoughts between tags. Strict about
what the object holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopbuild.llm.hosted.checks import faults_in
from loopbuild.llm.protocol import Judgement, Proposal, WriteAnswer, WriteRequest, reserved
from loopbuild.records import Json

_THOUGHTS = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL)
_REFUSAL = re.compile(
    r"\W*(?:i'?m sorry|i am sorry|sorry|i apologi[sz]e|i can(?:no|')?t|i'?m unable|i am unable|i won'?t|as an ai)",
    re.IGNORECASE,
)
_SHOWN = 160
_FAULTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Words or a judgement, or a reason code with a detail; a reason that asking again may change says so."""

    answer: WriteAnswer | Judgement | Proposal | None = None
    reason: str = ""
    """refused, truncated, empty, unparsable, wrong_schema or failed_checks."""
    detail: str = ""
    may_repair: bool = True


def read(request: WriteRequest, content: str, *, finish: str, refusal: str, writer: str) -> Reading:
    """Return what an answer is worth; `finish` and `refusal` are what the provider said about it."""
    value = object_in(content, finish=finish, refusal=refusal)
    if isinstance(value, Reading):
        return value
    fault = _schema_fault(value)
    if fault:
        return Reading(reason="wrong_schema", detail=fault)
    answer = WriteAnswer(
        key=request.key,
        user_turns=_texts(value["user_turns"]),
        assistant_turns=_texts(value["assistant_turns"]),
        reasoning=_texts(value["reasoning"]),
        answer=" ".join(value["answer"].split()),
        voice=reserved(writer) if request.wording == "held_out" else writer,
    )
    faults = faults_in(request, answer)
    if faults:
        more = f"; and {len(faults) - _FAULTS} more" if len(faults) > _FAULTS else ""
        return Reading(reason="failed_checks", detail="; ".join(faults[:_FAULTS]) + more)
    return Reading(answer=answer)


def object_in(content: str, *, finish: str, refusal: str) -> dict[str, Json] | Reading:
    """Return the object an answer holds, or why it holds none."""
    if refusal or finish == "content_filter":
        return Reading(reason="refused", detail=_cut(refusal or "stopped by the content filter"), may_repair=False)
    text = _THOUGHTS.sub("", content).strip()
    if not text:
        reason = "truncated" if finish == "length" else "empty"
        return Reading(reason=reason, detail="no text at all")
    value = _first_object(text)
    if value is not None:
        return value
    if finish == "length":
        return Reading(reason="truncated", detail=f"cut off after {len(content):,} characters")
    if _REFUSAL.match(text):
        return Reading(reason="refused", detail=_cut(text), may_repair=False)
    return Reading(reason="unparsable", detail=f"no JSON object in {len(content):,} characters: {_cut(text)}")


def strange_key(value: Mapping[str, Json], known: Sequence[str]) -> str | None:
    """Return a key that no answer has, None where there is none."""
    return next((_cut(key) for key in sorted(value) if key not in known), None)


def _first_object(text: str) -> dict[str, Json] | None:
    """The first JSON object of a text; the decoder itself finds where it ends."""
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(8):
        if start < 0:
            return None
        try:
            value, _end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            return value
        start = text.find("{", start + 1)
    return None


def _schema_fault(value: dict[str, Json]) -> str:
    for key in ("user_turns", "assistant_turns", "reasoning"):
        if key not in value:
            return f"the key `{key}` is missing"
        if not isinstance(value[key], list) or not all(isinstance(item, str) for item in value[key]):
            return f"`{key}` is no list of texts"
    if not isinstance(value.get("answer"), str):
        return "`answer` is no text"
    strange = strange_key(value, ("user_turns", "assistant_turns", "reasoning", "answer"))
    return f"`{strange}` is no key of the answer" if strange is not None else ""


def _texts(items: list[str]) -> tuple[str, ...]:
    return tuple(" ".join(item.split()) for item in items)


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
