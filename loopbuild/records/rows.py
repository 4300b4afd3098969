"""Texts around trajectories, and the rows made of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loopbuild.records.codec import LEFT_OUT, Json
from loopbuild.records.trajectories import Category, StateFact, ToolCall, ToolResult, Topology

Level = Literal["low", "high"]
Split = Literal["train", "values", "wordings", "paths", "negative"]
"""`values`: trained paths and voices, unseen ids and values. `wordings`: a voice no training text uses. `paths`: a call
path no training row takes. `negative`: no call is due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """The words around one trajectory: what a person asks, what the assistant says before each turn and at the end."""

    key: str
    trajectory: str
    level: Level
    writer: str
    voice: str
    category: Category = "call"
    user_turns: tuple[str, ...] = ()
    """First the request; then what the person answers to a clarifying question, or says `later` in a dialogue."""
    assistant_turns: tuple[str, ...] = ()
    """Plain assistant turns between user turns: the clarifying question; in a dialogue each answer but the last."""
    reasoning: tuple[str, ...] = ()
    """One entry per call turn."""
    answer: str = ""
    structure: str = ""
    """The discourse structure and productions used, for diversity figures."""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """What a trainer or an evaluator reads; messages in the OpenAI chat form plus a boolean `loss` per message."""

    key: str
    trajectory: str
    category: Category
    split: Split
    level: Level
    topology: Topology
    writer: str
    messages: tuple[dict[str, Json], ...]
    tools: tuple[str, ...] = ()
    """Ids of the tools the row calls, in order of first call."""
    withheld: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Ids of tools no list in this row's prompt may show; such a row makes sense only where tools are listed."""
    beside: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """Ids of tools a list must show beside those called."""
    reads: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call made on purpose in place of the right one, and how it was refused."""

    before: int
    """Index of the step whose call it got wrong."""
    kind: Literal["wrong_type", "bad_enum", "missing_required", "stale_id", "rate_limit"]
    pointer: str
    """The argument at fault; empty where none is."""
    call: ToolCall
    result: ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found by running other calls than the row's own."""

    failures: tuple[Failure, ...] = ()
    is_restored: bool = True
    """With the failures in between, every right call is answered as without and the state ends the same."""
    left: tuple[StateFact, ...] = ()
    """What differs from the start when the person declines."""
    other: ToolCall | None = None
    """The call of the tool that is nearly right."""
    outcome: Literal["", "refused", "answer", "state", "same"] = ""
    """How it differs from the right one; `same` is no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a row was kept or dropped; `reason` is a code such as `value_leaked` or `duplicate_of:9f2c`."""

    key: str
    kept: bool
    filter: str = ""
    reason: str = ""
    detail: str = ""
