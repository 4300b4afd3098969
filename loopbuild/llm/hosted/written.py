"""What becomes of a request to a writer, and what of a build its making needs. Data and a protocol only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from loopbuild.llm.hosted.calls import Usage
from loopbuild.llm.protocol import Judgement, Proposal, WriteAnswer
from loopbuild.records import Json


class Ledger(Protocol):
    """What of a build the writers need: a memory that survives kills, the sums, and whether to stop."""

    def recall(self, name: str) -> tuple[Json] | None:
        """Return what was remembered under `name`, in a tuple; else None."""
        ...

    def remember(self, name: str, value: Json) -> None:
        """Keep a value; on the disk when this returns."""
        ...

    def spend(self, **amounts: float) -> None:
        """Add to the sums."""
        ...

    def is_cancelled(self) -> bool:
        """Return whether the build was asked to stop."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A writer that would not write a text, in its own words."""

    writer: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one request: words, a judgement or a proposal, a reason why there is none, or an error after which
    it is asked again."""

    key: str
    writer: str
    answer: WriteAnswer | Judgement | Proposal | None = None
    reason: str = ""
    detail: str = ""
    error: str = ""
    refused_by: Refused | None = None
    """Who was asked before."""
    usage: Usage
    is_more: bool = False
    """The next one is already here."""
