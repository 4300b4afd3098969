"""Checkpoints, held-out tasks and their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from loopbuild.records.codec import LEFT_OUT, Json
from loopbuild.records.rows import Level, Split
from loopbuild.records.trajectories import Category, Provenance, StateFact, Step, Topology


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A trained state and how it came about."""

    phase: str
    mode: Literal["fresh", "continue"]
    base: str
    parent: str = ""
    """Digest of the parent's file table; empty for a fresh start from base."""
    files: dict[str, str] = field(default_factory=dict)
    """Path inside the checkpoint -> object digest."""
    is_adapter: bool = False
    rows: int = 0
    replayed: int = 0
    steps: int = 0
    tokens: int = 0
    """Tokens processed in training, padding excluded."""
    supervised_tokens: int = 0
    loss: float = 0.0
    validation_loss: float | None = None
    seconds: float = 0.0
    seen: str = ""
    """Digest of the object listing row key -> row digest of everything this chain was trained on."""
    increments: int = 0
    """How often the chain was continued since its fresh start."""
    libraries: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalTask:
    """A held-out task: what is asked, from which state, and what counts as right."""

    key: str
    trajectory: str
    split: Split
    category: Category
    level: Level
    topology: Topology
    system: str
    user_turns: tuple[str, ...]
    sandbox: str
    fixture: int
    gold: tuple[Step, ...]
    state_diff: tuple[StateFact, ...] = ()
    tools: tuple[str, ...] = ()
    world: tuple[str, ...] = field(default=(), metadata=LEFT_OUT)
    """The tools its world is opened for, where those are not just `tools`."""
    told: Provenance | None = field(default=None, metadata=LEFT_OUT)
    """How what the answer must tell is worked out from the result of a gold step."""
    group: Literal["all", "unchanged", "changed", "new"] = "all"
    """Relative to the last schema change."""
    digest: str = ""


SPLITS = ("values", "wordings", "paths", "negative")
METRICS = (
    "solved",
    "tool_selection",
    "schema_compliance",
    "argument_exact",
    "exact_call",
    "execution",
    "chaining",
    "chains_solved",
    "no_tool",
    "clarify",
    "confirm",
)
"""All rates a split can have; one that applies to no task of a split is absent there."""
REGRESSION = "max_regression"
"""The one gate that is no floor: the largest loss, net, that a comparison with the previous model may not exclude."""

Decoding = Literal["free", "constrained", "steered"]
"""`free`: whatever the model liked; `constrained`: under the tools' schemas, which never refused what the model liked
best, so that any other schemas that allow these calls give the same; `steered`: they did refuse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What a model did with one task: the messages it produced, with the results it received."""

    key: str
    messages: tuple[dict[str, Json], ...]
    status: Literal["finished", "call_limit", "truncated", "environment"] = "finished"
    state_diff: tuple[StateFact, ...] = ()
    response_tokens: int = 0
    prompt_tokens: int = 0
    decoding: Decoding = "free"
    """How the calls came about."""


FailureClass = Literal["", "format", "parameter", "domain", "decomposition", "context", "environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The result of one task. Booleans are None where the metric does not apply."""

    key: str
    status: Literal["scored", "unscorable", "environment"]
    solved: bool
    tool_selection: bool
    schema_compliance: bool | None = None
    argument_exact: bool | None = None
    calls_exact: int = 0
    calls_matched: int = 0
    surplus: int = 0
    """Calls beyond the matched ones, garbled calls, and a call where a question was due."""
    chaining: bool | None = None
    execution: bool | None = None
    no_tool: bool | None = None
    response_tokens: int = 0
    failure: FailureClass = ""
    codes: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """k of n with its Wilson 95% interval; `low` and `high` are 0 and 1 when n is 0."""

    k: int
    n: int
    low: float
    high: float


Table = Mapping[str, Mapping[str, Rate]]
