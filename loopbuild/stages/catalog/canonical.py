"""Listings -> the catalog: canonical tools with interpreted leaves, fingerprints and roll-ups.

Pure. A tool whose schema cannot be satisfied is left out with a diagnostic; it never costs the others. Everything
about one tool is a function of that tool alone (and of `entities`), except a call name that clashes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from loopbuild.digest import canonical, digest
from loopbuild.judging.validate import unusable
from loopbuild.records import (
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
from loopbuild.stages.catalog.impossible import flaws
from loopbuild.stages.catalog.leaves import Found, Walk, walk
from loopbuild.stages.catalog.meaning import effect_of, entity_of_leaf, entity_of_tool, kind_of, noun_words, verb_of
from loopbuild.stages.catalog.references import without_unresolved
from loopbuild.stages.catalog.spelling import ordered, plain
from loopbuild.stages.catalog.words import words_of

_WRAPPERS = frozenset({"content", "result", "output", "text", "data"})


def build_catalog(listings: Sequence[Listing], *, entities: Mapping[str, str] | None = None) -> ToolCatalog:
    """Return the tools of all listings sorted by id; `entities` maps a word to the entity word it stands for.

    Diagnostics of the listings are not repeated; those of the catalog come in the order of the tools' ids.
    """
    declared = sorted(
        (tool for listing in listings for tool in listing.tools), key=lambda tool: (tool.source, tool.name)
    )
    names = call_names((tool.source, tool.name) for tool in declared)
    tools: list[ToolSchema] = []
    diagnostics: list[Diagnostic] = []
    for tool in declared:
        built = _tool(tool, names[f"{tool.source}/{tool.name}"], entities or {}, diagnostics)
        if built is not None:
            tools.append(built)
    return ToolCatalog(tools=tuple(sorted(tools, key=lambda tool: tool.id)), diagnostics=tuple(diagnostics))


def printable(name: str) -> str:
    """Return a foreign name for a message: control and format characters escaped."""
    return "".join(char if unicodedata.category(char)[0] != "C" else f"\\u{ord(char):04x}" for char in name[:120])


def _tool(
    tool: DeclaredTool, call_name: str, entities: Mapping[str, str], diagnostics: list[Diagnostic]
) -> ToolSchema | None:
    tool_id = f"{tool.source}/{tool.name}"

    def say(severity: str, code: str, message: str) -> None:
        diagnostics.append(
            Diagnostic(severity=severity, code=code, message=f"tool `{printable(tool_id)}`{message}", span=tool.span)  # type: ignore[arg-type]
        )

    wrong = flaws(tool.input_schema)
    if wrong:
        say("error", "impossible-schema", f" is skipped: its input {wrong[0]}")
        return None
    input_schema, reason = _usable(tool.input_schema)
    if reason:
        say("error", "unusable-schema", f" is skipped: its input schema cannot be used: {printable(reason)}")
        return None
    output_schema, origin = _outputs(tool)
    if output_schema is not None and origin != "none":
        wrong = flaws(output_schema, is_strict=False)
        if wrong:
            say("warning", "impossible-schema", f": its declared return is not used, {wrong[0]}")
            origin = "none"
    taken = walk(tool.input_schema)
    given = walk(output_schema) if origin != "none" else Walk()
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
    inputs = tuple(_leaf(leaf, "input", entity, nouns, entities) for leaf in taken.leaves)
    outputs = tuple(_leaf(leaf, "output", entity, nouns, entities) for leaf in given.leaves)
    gate = digest("gate", {"required": taken.required, "defaults": taken.defaults, "combinators": taken.combinators})
    return ToolSchema(
        id=tool_id,
        source=tool.source,
        name=tool.name,
        call_name=call_name,
        description=tool.description,
        input_schema=input_schema,
        output_schema=output_schema,
        output_origin=origin,
        effect=effect_of(verb, tool.hints, yields_own_id=_yields_own_id(inputs, outputs, entity)),
        verb=verb,
        entity=entity,
        inputs=inputs,
        outputs=outputs,
        gate=gate,
        params=digest("params", [gate, [[leaf.pointer, leaf.fingerprint] for leaf in inputs]]),
        returns=digest("returns", [origin, [[leaf.pointer, leaf.fingerprint] for leaf in outputs]]),
        docs=digest("docs", [tool.description, taken.wording, given.wording]),
        span=tool.span,
    )


def _usable(schema: Json) -> tuple[Json, str]:
    """Return the schema calls are checked against, and why none can be; references to nowhere are open where asked."""
    reason = unusable(schema)
    if not reason:
        return schema, ""
    opened = without_unresolved(schema)
    return opened, unusable(opened)


def _too_much(found: Walk) -> str:
    """Return which leaf of a schema has a pattern nobody can write a text for; empty when none has."""
    for leaf in found.leaves:
        pattern = leaf.schema.get("pattern")
        if isinstance(pattern, str) and is_too_much(pattern):
            return f"`{printable(leaf.pointer)}` has a pattern that asks for more than {MAX_LENGTH:,} characters"
    return ""


def _outputs(tool: DeclaredTool) -> tuple[Json, OutputOrigin]:
    """Return the return schema and its standing: an MCP envelope around text or media says nothing about the value."""
    schema = tool.output_schema
    if schema is None or schema == {} or schema is True:
        return schema, "none"
    if tool.output_origin == "declared" and tool.hints.get("dialect") == "mcp" and _is_wrapper(schema):
        return schema, "none"
    return schema, tool.output_origin


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


def _yields_own_id(inputs: Sequence[SchemaLeaf], outputs: Sequence[SchemaLeaf], entity: str) -> bool:
    """Say whether a call returns a new id of the entity it is about: then it creates, whatever its verb."""
    fed = {leaf.words for leaf in inputs}
    return any(
        leaf.kind == "id" and leaf.entity == entity and leaf.words not in fed and "[]" not in leaf.pointer
        for leaf in outputs
    )


def _leaf(
    found: Found, side: Side, tool_entity: str, nouns: tuple[str, ...], entities: Mapping[str, str]
) -> SchemaLeaf:
    words = words_of(found.path[-1]) if found.path else nouns
    container = words_of(found.path[-2]) if len(found.path) > 1 else ()
    entity = entity_of_leaf(words, container, tool_entity, synonyms=entities)
    schema = found.schema
    format_name = schema["format"] if isinstance(schema.get("format"), str) else ""
    fingerprint = dict(found.rules)
    if side == "output":
        fingerprint["required"] = found.is_required
    return SchemaLeaf(
        side=side,
        pointer=found.pointer,
        types=found.types,
        format=format_name,
        enum=tuple(ordered(schema["enum"])) if isinstance(schema.get("enum"), list) else (),
        is_required=found.is_required,
        default=plain(schema.get("default")),
        has_default="default" in schema,
        minimum=_bound(schema, "minimum", "exclusiveMinimum", 1, found.types),
        maximum=_bound(schema, "maximum", "exclusiveMaximum", -1, found.types),
        pattern=schema["pattern"] if isinstance(schema.get("pattern"), str) else "",
        description=found.description,
        examples=_examples(schema),
        words=words,
        entity=entity,
        kind=kind_of(words, found.types, format_name, entity),
        fingerprint=digest("leaf", fingerprint),
    )


def _bound(schema: dict[str, Json], plain_key: str, open_key: str, step: int, types: tuple[str, ...]) -> float | None:
    """Return a bound as an inclusive one; an exclusive bound of a real number stays as it is."""
    value, opened = schema.get(plain_key), schema.get(open_key)
    if opened is True:  # draft 4 spelling
        opened, value = value, None
    bounds = [float(value)] if _is_number(value) else []
    if _is_number(opened):
        bounds.append(float(opened) + (step if "integer" in types else 0))
    if not bounds:
        return None
    return max(bounds) if step > 0 else min(bounds)


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _examples(schema: dict[str, Json]) -> tuple[Json, ...]:
    listed = schema.get("examples")
    values = list(listed) if isinstance(listed, list) else []
    if "example" in schema:
        values.append(schema["example"])
    return tuple(sorted((plain(value) for value in values), key=canonical)[:20])
