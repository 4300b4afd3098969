"""A judge: a model that is shown a finished row and says whether it should be learnt from.

Decides what the judge is shown, and what of its answer counts. It sees the conversation with calls and results and
nothing else; whoever asks keeps rows with secrets away. An answer that is no verdict is none: never a no, never a yes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from loopbuild.llm.hosted.asking import Message
from loopbuild.llm.hosted.identity import asked_identity
from loopbuild.llm.hosted.prompts import judge_digest, prompt
from loopbuild.llm.hosted.reading import Reading, object_in, strange_key
from loopbuild.llm.hosted.work import Work
from loopbuild.llm.protocol import Judgement
from loopbuild.records import Json

Fault = Literal["unnatural", "unclear", "mismatch", "incomplete", "ungrounded", "unsafe", "other"]
FAULTS: tuple[str, ...] = get_args(Fault)
_VERDICTS = ("good", "bad", "unknown")
_SHOWN = 2_000
"""Characters of one result or text that a judge is shown."""
_NOTE = 240
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "verdict": {"type": "string", "enum": list(_VERDICTS)},
        "reason": {"type": "string", "enum": [*FAULTS, "none"]},
        "note": {"type": "string"},
    },
    "required": ["verdict", "reason", "note"],
    "additionalProperties": False,
}
PURPOSES = {
    "no_tool": "The person only talks: nothing should be called.",
    "out_of_scope": "No tool the assistant has can do this: it should call nothing and say so.",
    "missing_tool": "A tool that would be needed is not there: the assistant should say so and call only what is.",
    "clarify": "The person leaves something out at first: the assistant should ask for it before it acts.",
    "confirm": "Something would be destroyed: the assistant should ask first and keep to the reply.",
    "error_recovery": "Calls fail on purpose before the right one: what failed is not learned, only putting it right.",
    "retired": "A tool is gone: the assistant should say so, or use what took its place. A failed call is not learned.",
    "dialogue": "The person speaks several times and may correct or take back what was said.",
}
"""Category -> what such a row is to show; other rows are requests whose calls succeed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeRequest:
    """A row as a judge sees it."""

    key: str
    category: str
    messages: tuple[dict[str, Json], ...]
    """In the chat form; marks of loss are no business of the judge."""


def judge_request(key: str, category: str, messages: Iterable[Mapping[str, Json]]) -> JudgeRequest:
    """Return what a judge is asked about a row."""
    shown = ("role", "content", "tool_calls", "name")
    kept = tuple({name: message[name] for name in shown if message.get(name)} for message in messages)
    return JudgeRequest(key=key, category=category, messages=kept)


def judge_identity(settings: Mapping[str, Json]) -> dict[str, Json]:
    """Return all that decides a judge's answers."""
    return asked_identity(settings, prompts=judge_digest())


def messages_for_row(request: JudgeRequest, settings: Mapping[str, Json]) -> list[Message]:
    """Return the messages of a first try."""
    del settings
    return [
        {"role": "system", "content": prompt("judge")},
        {"role": "user", "content": "\n".join(_lines(request))},
    ]


def read_judgement(request: JudgeRequest, content: str, *, finish: str, refusal: str, writer: str) -> Reading:
    """Return what an answer is worth."""
    del writer
    value = object_in(content, finish=finish, refusal=refusal)
    if isinstance(value, Reading):
        return value
    fault = _fault_of(value)
    if fault:
        return Reading(reason="wrong_schema", detail=fault)
    verdict, reason = _word(value["verdict"]), _word(value["reason"])
    note = " ".join(value["note"].split())[:_NOTE]
    return Reading(
        answer=Judgement(key=request.key, verdict=verdict, reason=reason if verdict == "bad" else "", note=note)  # type: ignore[arg-type]
    )


JUDGING = Work(
    role="judge",
    product="judgement",
    place="`judge` below `filters`",
    cures="another `model` or more `max_tokens`",
    form="judgement",
    schema=SCHEMA,
    identity=judge_identity,
    put=messages_for_row,
    read=read_judgement,
)


def _lines(request: JudgeRequest) -> Iterator[str]:
    if request.category in PURPOSES:
        yield f"About this kind of row: {PURPOSES[request.category]}"
        yield ""
    yield "The conversation, each text as JSON:"
    for message in request.messages:
        who = {"user": "person", "tool": f"result of {message.get('name', 'the call')}"}.get(
            str(message["role"]), str(message["role"])
        )
        if message.get("content"):
            yield f"{who}: {_quoted(message['content'])}"
        for call in message.get("tool_calls") or ():
            function = call["function"]
            yield f"{who} calls {function['name']} with {_quoted(function['arguments'])}"


def _fault_of(value: Mapping[str, Json]) -> str:
    for key in ("verdict", "reason", "note"):
        if not isinstance(value.get(key), str):
            return f"`{key}` is no text"
    if (strange := strange_key(value, ("verdict", "reason", "note"))) is not None:
        return f"`{strange}` is no key of the answer"
    if _word(value["verdict"]) not in _VERDICTS:
        return f"`verdict` is one of {', '.join(_VERDICTS)}"
    if _word(value["verdict"]) == "bad" and _word(value["reason"]) not in FAULTS:
        return f"the `reason` of a bad row is one of {', '.join(FAULTS)}"
    return ""


def _word(text: str) -> str:
    return text.strip().lower()


def _quoted(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
