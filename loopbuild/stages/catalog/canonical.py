"""Listings -> the catalog: canonical tools with interpreted leaves, fingerprints and roll-ups.

Pure. A tool whose schema cannot be satisfied is left out with a diagnostic; it never costs the others. Everything
about one tool is a function of that tool alone (and of `entities`), except a call name that clashes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from loopbuild.digest import digest
from loopbuild.judging.validate import unusable
from loopbuild.records import (
    DataFlowEdge,
    DeclaredTool,
    Diagnostic,
    Json,
    Listing,
    OutputOrigin,
    SchemaLeaf,
    Side,
    ToolCatalog,
    ToolSchema,
)
from loopbuild.sandbox.patterns import MAX_LENGTH, is_too_much
from loopbuild.stages.catalog.callnames import call_names
from loopbuild.stages.catalog.components import members_of, noun_of
from loopbuild.stages.catalog.effects import effect_of_tool, method_and_path
from loopbuild.stages.catalog.found import Found, Walk
from loopbuild.stages.catalog.guesses import guesses
from loopbuild.stages.catalog.impossible import flaws
from loopbuild.stages.catalog.leaves import MAX_DEPTH, walk
from loopbuild.stages.catalog.meaning import (
    entity_of_leaf,
    entity_of_tool,
    kind_of,
    noun_words,
    verb_of,
)
from loopbuild.stages.catalog.references import Shared
from loopbuild.stages.catalog.values import values_of
from loopbuild.stages.catalog.words import words_of
from loopbuild.visible import named

_KEPT_HINTS = frozenset({"destructiveHint", "idempotentHint", "openWorldHint", "readOnlyHint", "tags"})
_WRAPPERS = frozenset({"content", "result", "output", "text", "data"})


def build_catalog(listings: Sequence[Listing], *, entities: Mapping[str, str] | None = None) -> ToolCatalog:
    """Return the tools of all listings sorted by id; `entities` maps a word to the entity word it stands for.

    Diagnostics of the listings are not repeated; those of the catalog come in the order of the tools' ids.
    """
    declared = sorted(
        (tool for listing in listings for tool in listing.tools), key=lambda tool: (tool.source, tool.name)
    )
    names = call_names((tool.source, tool.name) for tool in declared)
    shared = {listing.source: Shared(listing.definitions) for listing in listings if listing.definitions}
    tools: list[ToolSchema] = []
    diagnostics: list[Diagnostic] = []
    for tool in declared:
        call_name = names[f"{tool.source}/{tool.name}"]
        built = _tool(tool, call_name, entities or {}, diagnostics, shared.get(tool.source))
        if built is not None:
            tools.append(built)
    diagnostics += _cut(tools)
    edges = _standing(tools, [edge for listing in listings for edge in listing.edges])
    tools.sort(key=lambda tool: tool.id)
    return ToolCatalog(tools=tuple(tools), diagnostics=tuple(diagnostics), edges=tuple(edges))


def _cut(tools: Sequence[ToolSchema]) -> list[Diagnostic]:
    """Say once for each source how much of what its tools return lies too deep to be looked into."""
    found: dict[str, list[int]] = {}
    for tool in tools:
        counts = found.setdefault(tool.source, [0, 0, 0])
        # A shared enum or number is a leaf like any other; only an object has something in it.
        opaque = sum(leaf.is_opaque and bool(leaf.component) for leaf in tool.outputs)
        counts[0] += bool(opaque)
        counts[1] += opaque
        counts[2] += len(tool.outputs)
    return [
        Diagnostic(
            severity="note",
            code="opaque",
            message=f"source `{source}`: {opaque} of {leaves} return leaves, of {those} tools, are shared schemas "
            f"that lie {MAX_DEPTH} properties deep or within themselves; what is in them feeds nothing",
        )
        for source, (those, opaque, leaves) in sorted(found.items())
        if opaque
    ]


def _standing(tools: Sequence[ToolSchema], edges: Sequence[DataFlowEdge]) -> list[DataFlowEdge]:
    """Return the declared edges both ends of which are leaves of the catalog."""
    ends = (
        {(tool.id, leaf.side, leaf.pointer) for tool in tools for leaf in (*tool.inputs, *tool.outputs)}
        if edges
        else ()
    )
    kept = [
        edge
        for edge in edges
        if (edge.producer, "output", edge.producer_leaf) in ends
        and (edge.consumer, "input", edge.consumer_leaf) in ends
    ]
    return sorted(kept, key=lambda edge: (edge.consumer, edge.consumer_leaf, edge.producer, edge.producer_leaf))


def _tool(
    tool: DeclaredTool,
    call_name: str,
    entities: Mapping[str, str],
    diagnostics: list[Diagnostic],
    shared: Shared | None,
) -> ToolSchema | None:
    tool_id = f"{tool.source}/{tool.name}"

    def say(severity: str, code: str, message: str) -> None:
        diagnostics.append(
            Diagnostic(severity=severity, code=code, message=f"tool `{named(tool_id)}`{message}", span=tool.span)  # type: ignore[arg-type]
        )

    wrong = flaws(tool.input_schema)
    if wrong:
        say("error", "impossible-schema", f" is skipped: its input {wrong[0]}")
        return None
    # Sources take out what they can; what comes by another way, or only fails once closed, must not stop the others.
    if reason := unusable(tool.input_schema):
        say("error", "unusable-schema", f" is skipped: its input schema cannot be used: {named(reason)}")
        return None
    output_schema, origin = _outputs(tool)
    if output_schema is not None and origin != "none":
        wrong = flaws(output_schema, is_strict=False)
        if wrong:
            say("warning", "impossible-schema", f": its declared return is not used, {wrong[0]}")
            origin = "none"
    taken = walk(tool.input_schema)
    if any(not leaf.pointer and leaf.types and "object" not in leaf.types for leaf in taken.leaves):
        say("error", "impossible-schema", " is skipped: its input is no object")
        return None
    # A schema that says nothing but what an object may not hold, `{"additionalProperties": false}`, has no parameter.
    taken.leaves[:] = [leaf for leaf in taken.leaves if leaf.pointer]
    given = _returned(output_schema, shared) if origin != "none" else Walk()
    if given is None:
        say("warning", "impossible-schema", ": its declared return is not used, it is no JSON Schema")
        output_schema, origin, given = None, "none", Walk()
    if large := _too_much(taken):
        say("error", "unusable-schema", f" is skipped: its input {large}")
        return None
    if large := _too_much(given):
        say("warning", "impossible-schema", f": its declared return is not used, {large}")
        origin, given = "none", Walk()
    verb = verb_of(tool.name, source=tool.source)
    entity = entity_of_tool(tool.name, verb, source=tool.source, synonyms=entities)
    for side, found in (("input", taken), ("output", given)):
        for note in found.notes:
            say("warning", "partly-read", f": its {side} has {note}" if note[0].isdigit() else f": {note}")
    nouns = noun_words(tool.name, verb)
    about = _About(entity=entity, nouns=nouns, synonyms=entities, members=members_of(method_and_path(tool)[1]))
    seen = frozenset(tool.hints.get("observed") or ()), tuple(tool.hints.get("opened") or ())
    inputs = tuple(_leaf(leaf, "input", about) for leaf in taken.leaves)
    outputs = tuple(
        _leaf(leaf, "output", about, shared, origin="observed" if _was_seen(leaf.pointer, *seen) else origin)
        for leaf in given.leaves
    )
    # The type in a docstring is prose: it waits beside the returns until something better speaks for it.
    outputs, probable = ((), outputs) if origin == "guessed" else (outputs, ())
    if not probable and _is_silent(tool, outputs):
        probable = guesses(tool, verb=verb, entity=entity, inputs=inputs, synonyms=entities or {})
    gate = digest("gate", {"required": taken.required, "defaults": taken.defaults, "combinators": taken.combinators})
    return ToolSchema(
        id=tool_id,
        source=tool.source,
        name=tool.name,
        call_name=call_name,
        description=tool.description,
        input_schema=tool.input_schema,
        output_schema=output_schema,
        output_origin=origin,
        effect=effect_of_tool(tool, verb, entity, inputs, outputs),
        verb=verb,
        entity=entity,
        inputs=inputs,
        outputs=outputs,
        guesses=probable,
        gate=gate,
        params=digest("params", [gate, [[leaf.pointer, leaf.fingerprint] for leaf in inputs]]),
        returns=digest("returns", [origin, [[leaf.pointer, leaf.fingerprint] for leaf in outputs]]),
        docs=digest("docs", [tool.description, taken.wording, given.wording]),
        transport=tool.hints.get("transport") or {},
        hints={key: value for key, value in sorted(tool.hints.items()) if key in _KEPT_HINTS},
        is_deprecated=tool.hints.get("deprecated") is True,
        span=tool.span,
    )


def _was_seen(pointer: str, observed: Collection[str], opened: Sequence[str]) -> bool:
    """Say whether calls told what a leaf is: it contradicts its declaration, or lies in a place that was left open."""
    return pointer in observed or any(pointer == place or pointer.startswith(f"{place}/") for place in opened)


def _returned(schema: Json, shared: Shared | None) -> Walk | None:
    """Return what a return schema holds; None where a keyword of it has a type it cannot have: `required: true`."""
    try:
        return walk(schema, shared=shared)
    except (TypeError, AttributeError):
        return None


def _too_much(found: Walk) -> str:
    """Return which leaf of a schema has a pattern nobody can write a text for; empty when none has."""
    for leaf in found.leaves:
        pattern = leaf.schema.get("pattern")
        if isinstance(pattern, str) and is_too_much(pattern):
            return f"`{named(leaf.pointer)}` has a pattern that asks for more than {MAX_LENGTH:,} characters"
    return ""


def _outputs(tool: DeclaredTool) -> tuple[Json, OutputOrigin]:
    """Return the return schema and its standing: an MCP envelope around text or media says nothing about the value."""
    schema = tool.output_schema
    if schema is None or schema == {} or schema is True:
        return schema, "none"
    if tool.output_origin == "declared" and tool.hints.get("dialect") == "mcp" and _is_wrapper(schema):
        return schema, "none"
    return schema, tool.output_origin


def _is_silent(tool: DeclaredTool, outputs: Sequence[SchemaLeaf]) -> bool:
    """Say whether nobody tells what a call returns; an operation over HTTP that declares no answer has none."""
    if tool.output_schema is None and tool.hints.get("transport"):
        return False
    return not any(leaf.tells_something for leaf in outputs) and not any(leaf.types == ("null",) for leaf in outputs)


def _is_wrapper(schema: Json) -> bool:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or len(properties) != 1:
        return False
    ((name, value),) = properties.items()
    if name not in _WRAPPERS or not isinstance(value, dict):
        return False
    if value.get("type") == "string":
        return "enum" not in value and "format" not in value
    return value.get("type") == "array" and _is_media(value.get("items"))


def _is_media(items: Json) -> bool:
    if not isinstance(items, dict):
        return False
    blocks = items.get("anyOf") or items.get("oneOf") or [items]
    return all(
        isinstance(block, dict)
        and isinstance(block.get("properties"), dict)
        and "type" in block["properties"]
        and bool({"data", "text", "resource", "uri"} & set(block["properties"]))
        for block in blocks
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What of its tool a leaf's meaning depends on."""

    entity: str
    nouns: tuple[str, ...]
    synonyms: Mapping[str, str]
    members: Mapping[str, tuple[str, ...]]
    """Path parameter -> the noun of the collection it picks a member of."""


def _leaf(
    found: Found, side: Side, about: _About, shared: Shared | None = None, *, origin: OutputOrigin = "none"
) -> SchemaLeaf:
    words = words_of(found.path[-1]) if found.path else about.nouns
    container = words_of(found.path[-2]) if len(found.path) > 1 else ()
    if found.container:
        container = noun_of(found.container)
    entity = entity_of_leaf(words, container, about.entity, synonyms=about.synonyms)
    whose = noun_of(found.component) if found.component and "x-expands" in found.schema else ()
    if side == "input" and len(found.path) == 1 and not whose:
        whose = about.members.get(found.path[0], ())
    if whose:
        entity = entity_of_leaf((*whose, "id"), (), about.entity, synonyms=about.synonyms)
    values = values_of(found, side, shared)
    return SchemaLeaf(
        side=side,
        pointer=found.pointer,
        types=found.types,
        format=values.format,
        enum=values.enum,
        is_required=found.is_required,
        default=values.default,
        has_default=values.has_default,
        minimum=values.minimum,
        maximum=values.maximum,
        pattern=values.pattern,
        description=found.description,
        examples=values.examples,
        words=words,
        entity=entity,
        kind="id" if whose else kind_of(words, found.types, values.format, entity),
        fingerprint=values.fingerprint,
        origin=origin,
        component=found.component,
        nulls=found.nulls if side == "output" else (),
    )
