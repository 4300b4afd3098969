"""A proposer: a model that is shown what a tool needs and what others return, and says what it would pass on.

Decides what it is shown (names and types, no value and no secret) and what of its answer counts: names that it was
given, none it made up. A proposal is no evidence; what becomes of it is the graph's business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loopbuild.llm.hosted.asking import Message
from loopbuild.llm.hosted.identity import asked_identity
from loopbuild.llm.hosted.prompts import prompt, proposer_digest
from loopbuild.llm.hosted.reading import Reading, object_in, strange_key
from loopbuild.llm.hosted.work import Work
from loopbuild.llm.protocol import Proposal
from loopbuild.records import Json

_PARTS = ("input", "tool", "output")
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "edges": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in _PARTS},
                "required": list(_PARTS),
                "additionalProperties": False,
            },
        }
    },
    "required": ["edges"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeRequest:
    """One tool and what may be passed to it."""

    key: str
    tool: str
    inputs: tuple[tuple[str, str], ...]
    """(pointer, types in words) of what it cannot do without."""
    outputs: tuple[tuple[str, str, str], ...]
    """(tool, pointer, types in words) of what the others return."""


def proposer_identity(settings: Mapping[str, Json]) -> dict[str, Json]:
    """Return all that decides a proposer's answers."""
    return asked_identity(settings, prompts=proposer_digest())


def messages_for_tool(request: ProposeRequest, settings: Mapping[str, Json]) -> list[Message]:
    """Return the messages of a first try."""
    del settings
    return [
        {"role": "system", "content": prompt("proposer")},
        {"role": "user", "content": "\n".join(_lines(request))},
    ]


def read_proposal(request: ProposeRequest, content: str, *, finish: str, refusal: str, writer: str) -> Reading:
    """Return what an answer is worth: the edges between names it was given; others are counted and left out."""
    del writer
    value = object_in(content, finish=finish, refusal=refusal)
    if isinstance(value, Reading):
        return value
    if not isinstance(value.get("edges"), list):
        return Reading(reason="wrong_schema", detail="`edges` is no list")
    if (strange := strange_key(value, ("edges",))) is not None:
        return Reading(reason="wrong_schema", detail=f"`{strange}` is no key of the answer")
    wanted = {pointer for pointer, _ in request.inputs}
    given = {(tool, pointer) for tool, pointer, _ in request.outputs}
    edges: dict[tuple[str, str, str], None] = {}
    unknown = 0
    for item in value["edges"]:
        into, tool, output = (str(item.get(name)) if isinstance(item, dict) else "" for name in _PARTS)
        if into in wanted and (tool, output) in given:
            edges[into, tool, output] = None
        else:
            unknown += 1
    return Reading(answer=Proposal(key=request.key, edges=tuple(edges), unknown=unknown))


PROPOSING = Work(
    role="proposer",
    product="proposal",
    place="`graph.propose`",
    cures="another `model` or more `max_tokens`",
    form="proposal",
    schema=SCHEMA,
    identity=proposer_identity,
    put=messages_for_tool,
    read=read_proposal,
)


def _lines(request: ProposeRequest) -> Iterator[str]:
    yield f"Tool: {request.tool}"
    yield "Inputs it cannot do without:"
    for pointer, types in request.inputs:
        yield f"- {pointer} ({types})"
    yield ""
    yield "What other tools return:"
    above = ""
    for tool, pointer, types in request.outputs:
        if tool != above:
            yield f"{tool}:"
            above = tool
        yield f"- {pointer} ({types})"
