"""Texts around trajectories, and the rows made of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from loopbuild.records.codec import Json
from loopbuild.records.trajectories import Category, Topology

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
    """First the request; then what the person answers to a clarifying question."""
    assistant_turns: tuple[str, ...] = ()
    """Plain assistant turns between user turns (the clarifying question)."""
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
    reads: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Why a row was kept or dropped; `reason` is a code such as `value_leaked` or `duplicate_of:9f2c`."""

    key: str
    kept: bool
    filter: str = ""
    reason: str = ""
    detail: str = ""
