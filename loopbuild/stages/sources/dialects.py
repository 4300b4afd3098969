"""One entry of a tool list -> a declared tool, whichever of the four common spellings it uses.

The dialect is decided by the shape of each entry, so one file may mix them. Knows no files and no other entries.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loopbuild.records import DeclaredTool, Json, OutputOrigin, Span
from loopbuild.stages.sources.shorthand import BadShape, is_json_schema, schema_of

NAME_LIMIT = 128
DESCRIPTION_LIMIT = 8192
"""Characters kept of a description: it travels into prompts, a megabyte of it must not."""

_HINTS = ("readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint")
_INPUTS = ("parameters", "arguments", "params", "input")
_OUTPUTS = ("returns", "output_parameters", "response", "outputs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A read entry and what had to be cut or guessed to read it."""

    tool: DeclaredTool
    notes: tuple[str, ...] = field(default=())


def entry_name(entry: Json) -> str:
    """Return the name an entry declares, empty when it declares none."""
    if not isinstance(entry, dict):
        return ""
    inner = entry.get("function") if isinstance(entry.get("function"), dict) else entry
    name = inner.get("name") if isinstance(inner, dict) else None
    return name if isinstance(name, str) else ""


def read_entry(source: str, entry: Json, *, span: Span | None = None) -> Entry:
    """Return the tool that `entry` declares; raises BadShape with the place inside the entry that cannot be read."""
    if not isinstance(entry, dict):
        raise BadShape(f"a tool is an object, this is {_kind(entry)}")
    if isinstance(entry.get("function"), dict):
        return _finish(source, entry["function"], _openai(entry["function"], "/function"), "/function", span)
    if "inputSchema" in entry:
        return _finish(source, entry, _mcp(entry), "", span)
    if "input_schema" in entry:
        return _finish(source, entry, _anthropic(entry), "", span)
    if is_json_schema(entry.get("parameters")):
        return _finish(source, entry, _openai(entry, ""), "", span)
    return _finish(source, entry, _plain(entry), "", span)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    dialect: str
    inputs: Json
    outputs: Json = None
    origin: OutputOrigin = "none"
    hints: dict[str, Json] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def _finish(source: str, entry: dict[str, Json], shape: _Shape, pointer: str, span: Span | None) -> Entry:
    name = entry.get("name")
    if not isinstance(name, str) or not name.strip():
        raise BadShape("a tool without a name", pointer=pointer)
    if len(name) > NAME_LIMIT:
        raise BadShape(f"a name of {len(name)} characters, {NAME_LIMIT} are allowed", pointer=pointer + "/name")
    description = entry.get("description")
    if description is None:
        description = ""
    if not isinstance(description, str):
        raise BadShape(f"`description` is {_kind(description)}, not text", pointer=pointer + "/description")
    notes = list(shape.notes)
    if len(description) > DESCRIPTION_LIMIT:
        notes.append(f"its description of {len(description)} characters was cut to {DESCRIPTION_LIMIT}")
        description = description[:DESCRIPTION_LIMIT]
    tool = DeclaredTool(
        source=source,
        name=name,
        description=description,
        input_schema=shape.inputs,
        output_schema=shape.outputs,
        output_origin=shape.origin,
        hints={"dialect": shape.dialect, **shape.hints, **_deprecated(entry, shape)},
        span=span,
    )
    return Entry(tool=tool, notes=tuple(notes))


def _deprecated(entry: dict[str, Json], shape: _Shape) -> dict[str, Json]:
    """No dialect has a word for it; people write JSON Schema's, beside the name or in the schema of the input."""
    inputs = shape.inputs if isinstance(shape.inputs, dict) else {}
    return {"deprecated": True} if True in (entry.get("deprecated"), inputs.get("deprecated")) else {}


def _mcp(entry: dict[str, Json]) -> _Shape:
    inputs = _schema(entry["inputSchema"], "/inputSchema")
    outputs = entry.get("outputSchema")
    annotations = entry.get("annotations")
    hints = {}
    if isinstance(annotations, dict):
        hints = {key: annotations[key] for key in _HINTS if isinstance(annotations.get(key), bool)}
    if outputs is None or outputs is True:  # `true` allows anything, which is as much as saying nothing
        return _Shape(dialect="mcp", inputs=inputs, hints=hints)
    if not isinstance(outputs, dict):
        note = f"its `outputSchema` is {_kind(outputs)}, not an object: what it returns is not known"
        return _Shape(dialect="mcp", inputs=inputs, hints=hints, notes=(note,))
    return _Shape(dialect="mcp", inputs=inputs, outputs=outputs, origin="declared", hints=hints)


def _anthropic(entry: dict[str, Json]) -> _Shape:
    return _with_outputs("anthropic", entry, _schema(entry["input_schema"], "/input_schema"), "")


def _openai(entry: dict[str, Json], pointer: str) -> _Shape:
    return _with_outputs("openai", entry, schema_of(entry.get("parameters"), pointer + "/parameters"), pointer)


def _plain(entry: dict[str, Json]) -> _Shape:
    named = [key for key in _INPUTS if key in entry]
    if named:
        return _with_outputs("plain", entry, _object_schema(entry[named[0]], "/" + named[0]), "")
    split = [key for key in ("path_parameters", "query_parameters") if key in entry]
    properties: dict[str, Json] = {}
    required: list[str] = []
    for key in split:
        part = _object_schema(entry[key], "/" + key)
        properties.update(part.get("properties", {}))
        required.extend(name for name in part.get("required", ()) if name not in required)
    inputs: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        inputs["required"] = required
    return _with_outputs("plain", entry, inputs, "")


def _with_outputs(dialect: str, entry: dict[str, Json], inputs: Json, pointer: str) -> _Shape:
    for key in _OUTPUTS:
        if entry.get(key) is not None:
            outputs = schema_of(entry[key], f"{pointer}/{key}")
            return _Shape(dialect=dialect, inputs=inputs, outputs=outputs, origin="declared")
    return _Shape(dialect=dialect, inputs=inputs)


def _object_schema(value: Json, pointer: str) -> dict[str, Json]:
    schema = schema_of(value, pointer)
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise BadShape(f"parameters are an object, this is {_kind(value)}", pointer=pointer)
    return schema


def _schema(value: Json, pointer: str) -> Json:
    if value is True:
        return {"type": "object"}
    if not isinstance(value, dict):
        raise BadShape(f"`{pointer[1:]}` is {_kind(value)}, not an object", pointer=pointer)
    return value


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds.get(type(value), "no JSON value")
