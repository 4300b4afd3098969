"""Tools as declared and as understood, and the difference of two catalogs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from loopbuild.records.codec import LEFT_OUT, Json
from loopbuild.records.graph import DataFlowEdge
from loopbuild.records.places import Diagnostic, Span

Effect = Literal["read", "create", "update", "delete", "unknown"]
Side = Literal["input", "output"]
OutputOrigin = Literal["override", "declared", "observed", "guessed", "none"]


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
    definitions: dict[str, Json] = field(default_factory=dict)
    """Schemas that return schemas share, by the name after `#/$defs/`: once, however many tools refer to them."""
    edges: tuple[DataFlowEdge, ...] = ()
    """What the source itself says may feed what: the `links` of an OpenAPI document."""


_SECRETS = (
    *((word,) for word in ("password", "passwd", "passphrase", "secret", "token", "credential", "cvc", "cvv", "pin")),
    *((word, "key") for word in ("api", "access", "private", "secret", "signing", "encryption")),
)
"""Last words of names of secrets."""


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
    origin: OutputOrigin = "none"
    """Of an output leaf: how it is known that a call returns it."""
    component: str = ""
    """The shared schema that stands here and is not looked into, or whose id this is."""
    nulls: tuple[int, ...] = field(default=(), metadata=LEFT_OUT)
    """Of an output leaf: how many parts of its pointer lead to each object or list around that may be null instead."""

    @property
    def is_sensitive(self) -> bool:
        """Say whether the value is a secret by its name: always made up, and told to no hosted writer."""
        is_text = not self.types or "string" in self.types
        return is_text and (self.words[-1:] in _SECRETS or self.words[-2:] in _SECRETS) and not self._is_cursor

    @property
    def _is_cursor(self) -> bool:
        return self.words[-1:] == ("token",) and self.words[:1] in (("page",), ("next",), ("continuation",), ("sync",))

    @property
    def tells_something(self) -> bool:
        """Say whether the leaf is more than "an object" or "a list" that a whole answer is said to be."""
        is_inside = bool(self.component or self.pointer.strip("/[]"))
        return is_inside or bool(set(self.types) - {"object", "array", "null"})

    @property
    def is_opaque(self) -> bool:
        """Say whether it lies so deep that nobody looked into it: what is in it feeds nothing."""
        is_inside = bool(self.component) and self.kind != "id"
        return "object" in self.types or (is_inside and (not self.types or "array" in self.types))


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
    guesses: tuple[SchemaLeaf, ...] = field(default=(), metadata=LEFT_OUT)
    """What a call probably returns although nothing declares it; nobody may rely on it, the graph proposes by it."""
    gate: str = ""
    """Digest of what makes a call valid beyond the leaves it sets: required pointers, defaults, combinators."""
    params: str = ""
    returns: str = ""
    docs: str = ""
    """Roll-ups: equal means nothing to look at."""
    transport: dict[str, Json] = field(default_factory=dict)
    """Where a call goes over HTTP: `method`, `path`, `media`, and `in`, the part of the request of each property."""
    hints: dict[str, Json] = field(default_factory=dict)
    """What the source adds about a tool: `destructiveHint`, `tags`, ...; untrusted."""
    is_deprecated: bool = False
    span: Span | None = None

    @property
    def returns_known(self) -> OutputOrigin:
        """Return how it is known what a call returns; `none` where all that is known is "an object" or "a list"."""
        return self.output_origin if any(leaf.tells_something for leaf in self.outputs) else "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCatalog:
    """All tools, sorted by id."""

    tools: tuple[ToolSchema, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    edges: tuple[DataFlowEdge, ...] = ()
    """Edges that sources declare, sorted; both ends are leaves of the catalog."""

    def by_id(self) -> dict[str, ToolSchema]:
        """Return the tools by id."""
        return {tool.id: tool for tool in self.tools}

    def by_call_name(self) -> dict[str, ToolSchema]:
        """Return the tools by the name a model writes."""
        return {tool.call_name: tool for tool in self.tools}


ChangeLevel = Literal["breaking", "safety", "behavioural", "compatible", "doc"]
GRAVITY: tuple[str, ...] = get_args(ChangeLevel)
"""The levels, the gravest first."""


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
    concerns: tuple[str, ...] = ()
    """Old pointers of the leaves it is about, where those are others than the one at `pointer`."""


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
    why: str = ""
    """What speaks for a rename: "2 of 3 words of the name, 1 of 1 parameters"."""
    leaves: tuple[LeafChange, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogDiff:
    """The difference of two catalogs, sorted by tool."""

    changes: tuple[ToolChange, ...] = ()
    notes: tuple[str, ...] = ()
