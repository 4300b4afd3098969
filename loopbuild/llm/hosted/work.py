"""What somebody is asked for over the network: how a request is put, in which form it is answered, what an answer is
worth. Asking, pace, budget and patience are the same whether texts are written or rows are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from loopbuild.llm.hosted.asking import SCHEMA, Message, messages_for
from loopbuild.llm.hosted.identity import identity
from loopbuild.llm.hosted.reading import Reading, read
from loopbuild.records import Json


class Request(Protocol):
    """What somebody is asked for."""

    @property
    def key(self) -> str:
        """The row it is about."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One kind of work."""

    role: str
    """Who does it: `writer`."""
    product: str
    """What comes of one request: `text`."""
    place: str
    """Where loop.yaml says who does it."""
    cures: str
    """What helps where little of it can be used."""
    form: str
    """Name of the schema."""
    schema: Mapping[str, Json]
    identity: Callable[[Mapping[str, Json]], dict[str, Json]]
    """Settings -> all that decides an answer."""
    put: Callable[[Any, Mapping[str, Json]], list[Message]]
    """(request, settings) -> the messages of a first try."""
    read: Callable[..., Reading]
    """(request, content, finish=, refusal=, writer=) -> what it is worth."""


WRITING = Work(
    role="writer",
    product="text",
    place="`synthesis.writers`",
    cures="another `model`, more `max_tokens` or another `voice`",
    form="words",
    schema=SCHEMA,
    identity=identity,
    put=lambda request, settings: messages_for(request, voice=settings["voice"]),
    read=read,
)
