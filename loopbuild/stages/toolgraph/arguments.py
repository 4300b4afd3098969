"""Finds arguments with which a tool can really be called: from what a sandbox knows, from other tools, or made up.

Never invents an id. What one call was given is handed on to the next under the same name, so that two ids of one plan
belong together (the candidates *of this role*).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loopbuild.errors import SandboxError
from loopbuild.pointers import unescaped
from loopbuild.records import DataFlowEdge, Json, SchemaLeaf, ToolCatalog, ToolResult, ToolSchema
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.sandbox.synthetic import synthesize

Context = Mapping[tuple[str, str], Json]
"""(entity, words) of inputs given before -> their values."""
_DEPTH = 7
_SURE = 0.85
"""An edge below proves itself before its values are used elsewhere."""


class NoValue(Exception):
    """An input that no call, no knowledge and no schema gives a value for."""

    def __init__(self, leaf: SchemaLeaf) -> None:
        super().__init__(leaf.pointer)
        self.leaf = leaf


class Lost(Exception):
    """The sandbox did not answer; says nothing about any edge."""


class Arguments:
    """Argument values in the open world of a sandbox; edges say which calls to make for an id."""

    def __init__(self, catalog: ToolCatalog, edges: Sequence[DataFlowEdge], sandbox: Sandbox) -> None:
        self.tools = catalog.by_id()
        self.sandbox = sandbox
        self.calls = 0
        self._fixture = -1
        self.trusted: set[tuple[str, str, str, str]] = set()
        """Edges that were verified: tried before all others."""
        self._into: dict[tuple[str, str], list[DataFlowEdge]] = {}
        self._alike: dict[tuple[str, str], list[DataFlowEdge]] = {}
        """Edges into any input of the same entity and name."""
        self._slots = {(tool.id, leaf.pointer): _slot(leaf) for tool in catalog.tools for leaf in tool.inputs}
        for edge in edges:
            self._learn(edge)

    def trust(self, edge: DataFlowEdge) -> None:
        """Take the values of an edge that was verified, before all others."""
        if name_of(edge) not in self.trusted:
            self.trusted.add(name_of(edge))
            self._learn(edge)

    def _learn(self, edge: DataFlowEdge) -> None:
        self._into.setdefault((edge.consumer, edge.consumer_leaf), []).append(edge)
        self._alike.setdefault(self._slots[edge.consumer, edge.consumer_leaf], []).append(edge)

    def open(self, fixture: int) -> None:
        """Go to the start of a world; where nothing is ever written it is still there. Raises Lost."""
        if self.sandbox.sees_state or fixture != self._fixture:
            try:
                self.sandbox.open(fixture)
            except SandboxError as error:
                raise Lost(error.message) from error
        self._fixture = fixture

    def call(self, tool: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Run one call; raises Lost when the sandbox did not answer."""
        self.calls += 1
        result = self.sandbox.call(tool, arguments)
        if result.status == "infra_error":
            raise Lost(str(result.value))
        return result

    def may_call(self, tool: ToolSchema) -> bool:
        """Say whether calling does no harm: reading never, writing where the state can be seen and put back."""
        return tool.effect == "read" or (tool.effect != "delete" and self.sandbox.sees_state)

    def of(
        self,
        tool: ToolSchema,
        *,
        given: Mapping[str, Json] | None = None,
        context: Context | None = None,
        variant: int = 0,
        above: tuple[str, ...] = (),
    ) -> dict[str, Json]:
        """Return arguments for all required inputs, `given` ones as they are; raises NoValue naming the first missing.

        Another `variant` is another choice where there is one.
        """
        made: dict[str, Json] = {}
        known = dict(context or {})
        for pointer, value in (given or {}).items():
            put(made, pointer, value)
        known |= {_slot(leaf): given[leaf.pointer] for leaf in tool.inputs if given and leaf.pointer in given}
        for leaf in tool.inputs:
            if not leaf.is_required or leaf.pointer in (given or {}):
                continue
            value = self._value(tool, leaf, known, variant, (*above, tool.id))
            known[_slot(leaf)] = value
            put(made, leaf.pointer, value)
        return made

    def _value(self, tool: ToolSchema, leaf: SchemaLeaf, known: Context, variant: int, above: tuple[str, ...]) -> Json:
        if _slot(leaf) in known:
            return known[_slot(leaf)]
        if leaf.enum:
            return leaf.enum[variant % len(leaf.enum)]
        for value in self._from_calls(tool, leaf, known, variant, above):
            return value
        values = self.sandbox.known(tool.id, leaf.pointer)
        if values:
            return values[variant % len(values)]
        if leaf.has_default:
            return leaf.default
        if leaf.examples:
            return leaf.examples[variant % len(leaf.examples)]
        if leaf.kind == "id" or "object" in leaf.types:
            raise NoValue(leaf)
        return synthesize(leaf, [tool.id, leaf.pointer, variant], purpose="train", entity=leaf.entity)

    def _from_calls(
        self, tool: ToolSchema, leaf: SchemaLeaf, known: Context, variant: int, above: tuple[str, ...]
    ) -> Iterator[Json]:
        edges = {name_of(edge): edge for edge in self._into.get((tool.id, leaf.pointer), ())}
        edges |= {name: edge for edge in self._alike.get(_slot(leaf), ()) if (name := name_of(edge)) in self.trusted}
        for edge in sorted(
            edges.values(), key=lambda edge: (name_of(edge) not in self.trusted, -edge.score, edge.producer)
        ):
            producer = self.tools[edge.producer]
            if edge.score < _SURE and name_of(edge) not in self.trusted:
                continue
            if producer.id in above or len(above) > _DEPTH or not self.may_call(producer):
                continue
            try:
                arguments = self.of(producer, context=known, variant=variant, above=above)
            except NoValue:
                continue
            result = self.call(producer.id, arguments)
            values = list(find(result.value, edge.producer_leaf)) if result.status == "ok" else []
            if values:
                yield values[variant % len(values)]


def context_of(tool: ToolSchema, arguments: Mapping[str, Json]) -> dict[tuple[str, str], Json]:
    """Return what a call was given, for the next one."""
    return {_slot(leaf): value for leaf in tool.inputs for value in list(find(arguments, leaf.pointer))[:1]}


def name_of(edge: DataFlowEdge) -> tuple[str, str, str, str]:
    """Return what identifies an edge."""
    return (edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf)


def find(value: Json, pointer: str) -> Iterator[Json]:
    """Yield the values at a schema pointer: every item of a list, any branch, additional properties for `*`."""
    yield from _find(value, pointer.split("/")[1:])


def put(arguments: dict[str, Json], pointer: str, value: Json) -> None:
    """Set a value at a schema pointer; a list on the way gets one item."""
    parts = [part for part in pointer.split("/")[1:] if not part.startswith("|")]
    here: Json = arguments
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        fresh: Json = value if following is None else [] if following == "[]" else {}
        if part == "[]":
            if not here or following is None:
                here[:] = [fresh]
            here = here[0]
        else:
            name = _name(part)
            if following is None or name not in here:
                here[name] = fresh
            here = here[name]


def _find(value: Json, parts: Sequence[str]) -> Iterator[Json]:
    if not parts:
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            yield value
        return
    head, rest = parts[0], parts[1:]
    if head.startswith("|"):
        yield from _find(value, rest)
    elif head == "[]":
        for item in value if isinstance(value, list) else ():
            yield from _find(item, rest)
    elif isinstance(value, dict):
        for item in value.values() if head == "*" else [value[_name(head)]] if _name(head) in value else ():
            yield from _find(item, rest)


def _name(part: str) -> str:
    return unescaped(part.removeprefix("~2"))


def _slot(leaf: SchemaLeaf) -> tuple[str, str]:
    return (leaf.entity, " ".join(leaf.words))
