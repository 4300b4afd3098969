"""The nouns that travel between stages: frozen records, readable from and writable to plain JSON values.

Knows no files, no YAML and no engine. Sequences are tuples, mappings are plain dicts that nobody changes after
construction. `to_json` and `from_json` are the one way in and out; missing and mistyped fields are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Json = Any
"""A JSON value: None, bool, int, float, str, list or dict with text keys."""

Effect = Literal["read", "create", "update", "delete", "unknown"]
Side = Literal["input", "output"]
OutputOrigin = Literal["override", "declared", "observed", "guessed", "none"]
Topology = Literal["single", "chain", "fan_out", "join", "map", "conditional", "parallel"]
Category = Literal["call", "no_tool", "out_of_scope", "missing_tool", "clarify", "retired", "error_recovery"]
Purpose = Literal["train", "eval"]
Level = Literal["low", "high"]
Split = Literal["train", "values", "wordings", "paths", "negative"]
"""`values`: trained paths and voices, unseen ids and values. `wordings`: a voice no training text uses. `paths`: a call
path no training row takes. `negative`: no call is due."""

R = TypeVar("R")


def to_json(record: Any) -> Json:
    """Return `record` (a record, or a container of records) as plain JSON values."""
    import msgspec

    return msgspec.to_builtins(record)


def from_json(kind: type[R], value: Json) -> R:
    """Return `value` as a `kind`; raises ValueError naming the path of what does not fit."""
    import msgspec

    try:
        return msgspec.convert(value, type=kind)
    except msgspec.ValidationError as exc:
        raise ValueError(str(exc)) from exc


# --- places and mistakes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place in a file; line and column count from 1 (column in code points), 0 when not known."""

    file: str
    line: int = 0
    column: int = 0
    width: int = 1
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One mistake or oddity in something a person or another program wrote."""

    severity: Literal["error", "warning", "note"]
    code: str
    message: str
    span: Span | None = None
    hint: str = ""


# --- tools ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTool:
    """A tool as its source declares it, brought to JSON Schema but not yet interpreted."""

    source: str
    name: str
    """As the source calls it; the id is `source/name`."""
    description: str = ""
    input_schema: Json = field(default_factory=dict)
    """An object schema (JSON Schema 2020-12)."""
    output_schema: Json = None
    output_origin: OutputOrigin = "none"
    hints: dict[str, Json] = field(default_factory=dict)
    """Untrusted annotations: `readOnlyHint`, `destructiveHint`, `method`, ..."""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a source yielded: tools sorted by name, and what could not be read."""

    source: str
    tools: tuple[DeclaredTool, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaLeaf:
    """One leaf of a tool's input or output."""

    side: Side
    pointer: str
    """`/role_id`, `/role_ids/[]`, `/pets/[]/id`, `/*` for additional properties."""
    types: tuple[str, ...] = ()
    """Sorted JSON types; empty when anything goes."""
    format: str = ""
    enum: tuple[Json, ...] = ()
    is_required: bool = False
    """The leaf and every object above it is required."""
    default: Json = None
    has_default: bool = False
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    description: str = ""
    examples: tuple[Json, ...] = ()
    words: tuple[str, ...] = ()
    """The normalised words of the leaf's own name, singular: `role_ids` is ("role", "id")."""
    entity: str = ""
    """The entity whose id or field this is, by name: `role` for `role_id`; empty when unknown."""
    kind: str = ""
    """The semantic kind: id, email, person, phone, date, time, datetime, amount, text, ..."""
    fingerprint: str = ""
    """Digest of everything but wording; what a row that reads this leaf depends on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSchema:
    """A canonical tool."""

    id: str
    """`source/name`"""
    source: str
    name: str
    call_name: str
    """What a model writes: `^[A-Za-z0-9_-]{1,64}$`, unique in the catalog."""
    description: str = ""
    input_schema: Json = field(default_factory=dict)
    output_schema: Json = None
    output_origin: OutputOrigin = "none"
    effect: Effect = "unknown"
    verb: str = ""
    """First verb of the name, `get` in `get_open_roles`."""
    entity: str = ""
    """The entity the tool is about, singular, words joined by a space: `role`, `interview`."""
    inputs: tuple[SchemaLeaf, ...] = ()
    outputs: tuple[SchemaLeaf, ...] = ()
    gate: str = ""
    """Digest of what makes a call valid beyond the leaves it sets: required pointers, defaults, combinators."""
    params: str = ""
    returns: str = ""
    docs: str = ""
    """Roll-ups: equal means nothing to look at."""
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCatalog:
    """All tools, sorted by id."""

    tools: tuple[ToolSchema, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    def by_id(self) -> dict[str, ToolSchema]:
        """Return the tools by id."""
        return {tool.id: tool for tool in self.tools}

    def by_call_name(self) -> dict[str, ToolSchema]:
        """Return the tools by the name a model writes."""
        return {tool.call_name: tool for tool in self.tools}


ChangeLevel = Literal["breaking", "behavioural", "compatible", "safety", "doc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafChange:
    """One changed leaf, gate or text of a tool present on both sides."""

    change: str
    """`parameter_added`, `parameter_removed`, `parameter_renamed`, `became_required`, `enum_changed`, `type_changed`,
    `return_added`, `return_removed`, `return_changed`, `description_changed`, ..."""
    level: ChangeLevel
    side: Side | Literal[""] = ""
    pointer: str = ""
    old: Json = None
    new: Json = None
    detail: str = ""
    """For a screen: "enum lost `onsite`"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChange:
    """What happened to one tool."""

    tool: str
    """The new id; the old one for a removed tool."""
    change: Literal["added", "removed", "renamed", "changed"]
    level: ChangeLevel
    old_tool: str = ""
    score: float = 1.0
    """Certainty of a rename."""
    leaves: tuple[LeafChange, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogDiff:
    """The difference of two catalogs, sorted by tool."""

    changes: tuple[ToolChange, ...] = ()
    notes: tuple[str, ...] = ()


# --- graph ---------------------------------------------------------------------------------------------------------

EdgeStatus = Literal["declared", "inferred", "observed", "verified", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFlowEdge:
    """An output leaf of one tool that may feed an input leaf of another."""

    producer: str
    producer_leaf: str
    consumer: str
    consumer_leaf: str
    score: float
    rule: str
    conversion: Literal["same", "pick", "map", "wrap"] = "same"
    """`pick`: an array item feeds a scalar."""
    status: EdgeStatus = "inferred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """The unit of work: some goal tools of one source and all that can feed them."""

    name: str
    """`source/group`"""
    goals: tuple[str, ...]
    tools: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolGraph:
    """Edges sorted by (consumer, leaf, -score, producer), subgraphs by name."""

    edges: tuple[DataFlowEdge, ...] = ()
    subgraphs: tuple[Subgraph, ...] = ()
    flat_sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


# --- trajectories --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A place in the coverage plan: what one trajectory shall exercise. Nothing in it depends on other tools."""

    goal: str
    """Id of the tool the trajectory ends with (for negatives: the tool asked about, or empty)."""
    topology: Topology
    length: int
    index: int
    purpose: Purpose
    category: Category = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where an argument's value came from."""

    kind: Literal["user", "tool", "derived", "constant"]
    step: int = -1
    """For `tool`: index of the step whose result holds the value."""
    path: str = ""
    """For `tool`: concrete JSON pointer into that result, `/candidate_ids/0`."""
    leaf: str = ""
    """For `tool`: the schema pointer of that path, `/candidate_ids/[]`."""
    rule: str = ""
    """For `tool` and `derived`: how it was chosen: only, first, second, last, top, match, count, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call: tool id, arguments, and the provenance of every argument leaf by pointer (`/role_id`)."""

    tool: str
    arguments: dict[str, Json] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a sandbox answered. `infra_error` says nothing about the call."""

    status: Literal["ok", "tool_error", "infra_error"]
    value: Json = None
    code: str = ""
    """For errors: not_found, invalid_argument, conflict, unknown_tool, timeout, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A call and its result; steps with the same `turn` are issued in one assistant turn."""

    call: ToolCall
    result: ToolResult
    turn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFact:
    """One difference between two states of a sandbox."""

    change: Literal["added", "removed", "changed"]
    entity: str
    key: str
    field: str = ""
    before: Json = None
    after: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trajectory:
    """A verified execution of one plan."""

    key: str
    """The plan key: digest of (cell, sampling seed, sampling version)."""
    cell: Cell
    sandbox: str
    fixture: int
    steps: tuple[Step, ...] = ()
    state_diff: tuple[StateFact, ...] = ()
    reads: tuple[str, ...] = ()
    """Names of the catalog facts this row depends on, sorted (see `fact_name`)."""
    digest: str = ""
    """Over calls, values read from results, and the state difference: what texts are written from."""
    signature: str = ""
    """Digest of the call path (tools and data links): the unit of held-out splits."""


def fact_name(tool: str, side: str, pointer: str = "") -> str:
    """Return the name under which a row records that it read a leaf: `hr/get_role input /role_id`, `hr/x gate`."""
    return f"{tool} {side} {pointer}" if pointer else f"{tool} {side}"


# --- texts and rows ------------------------------------------------------------------------------------------------


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


# --- training and evaluation ---------------------------------------------------------------------------------------


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
    group: Literal["all", "unchanged", "changed", "new"] = "all"
    """Relative to the last schema change."""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What a model did with one task: the messages it produced, with the results it received."""

    key: str
    messages: tuple[dict[str, Json], ...]
    status: Literal["finished", "call_limit", "truncated", "environment"] = "finished"
    state_diff: tuple[StateFact, ...] = ()
    response_tokens: int = 0
    prompt_tokens: int = 0


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
