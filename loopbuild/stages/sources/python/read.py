"""Bytes of a Python module -> a `Listing`, by reading alone.

Decides which functions are tools: the public ones that the module itself defines (`__all__` has the last word), or the
public methods of the class that `module: pkg.mod:Class` names. A listing made by importing is read here too.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from loopbuild.digest import digest_bytes
from loopbuild.errors import MissingExtra, SourceError
from loopbuild.records import DeclaredTool, Diagnostic, Json, Listing, OutputOrigin, Span
from loopbuild.stages.sources.dialects import DESCRIPTION_LIMIT
from loopbuild.stages.sources.listing import MAX_TOOLS, nothing_left, read_listing
from loopbuild.stages.sources.python.annotations import Annotation, is_json
from loopbuild.stages.sources.python.docstrings import described
from loopbuild.stages.sources.python.modules import Modules, Unparsable
from loopbuild.stages.sources.selection import select
from loopbuild.stages.sources.usable import usable
from loopbuild.visible import named

_CONTEXTS = frozenset({"Context", "RunContext", "RunContextWrapper", "ToolContext", "Request"})


def read(
    source: str, content: bytes, *, file: str, settings: Json, beside: Mapping[str, bytes] | None = None
) -> Listing:
    """Return the functions of a module as tools, sorted by name; `beside` holds the project's modules it imports.

    Raises SourceError when the file is no Python or defines nothing that could be called.
    """
    if settings.get("is_live"):
        return _imported(source, content, file=file, settings=settings, beside=beside or {})
    try:
        import griffe  # noqa: F401
    except ImportError as exc:
        raise MissingExtra("a source of kind `python`", extra="python") from exc
    modules = Modules()
    diagnostics: list[Diagnostic] = []
    for path, other in sorted((beside or {}).items()):
        try:
            modules.add(path, other)
        except Unparsable as exc:
            message = f"`{path}` is not read, types defined there allow anything: {exc.message}"
            diagnostics.append(_said("warning", "not-python", message, Span(file=path, line=exc.line, column=1)))
    try:
        module = modules.add(file, content)
    except Unparsable as exc:
        raise SourceError(
            f"{file}:{exc.line}:1: source `{source}` cannot be read: {exc.message}",
            source=source,
            hint="a module for a newer Python is read with `import: true` and that interpreter under `python`",
        ) from exc
    lines = content.decode("utf-8", errors="replace").splitlines()
    functions = _functions(source, module, settings.get("module", "").partition(":")[2], file)
    if len(functions) > MAX_TOOLS:
        raise SourceError(f"source `{source}`: `{file}` defines {len(functions)} functions", source=source)
    tools = [_tool(source, one, module, modules, file, lines, diagnostics) for one in functions]
    kept, notes = select(tools, settings)
    diagnostics += notes
    kept, notes = usable(kept)
    diagnostics += notes
    if not kept and not settings.get("allow_empty"):
        raise nothing_left(source, Span(file=file, line=1, column=1), diagnostics, is_bare=not functions)
    kept.sort(key=lambda tool: tool.name)
    return Listing(source=source, tools=tuple(kept), diagnostics=tuple(diagnostics))


def _functions(source: str, module: Any, owner: str, file: str) -> list[Any]:
    members = module.members
    wanted = set(map(str, module.exports)) if module.exports is not None and not owner else None
    if owner:
        found = members.get(owner)
        if found is None or found.is_alias or found.kind.value != "class":
            raise SourceError(
                f"{file}:1:1: source `{source}`: `{module.name}` defines no class `{named(owner)}`", source=source
            )
        members = found.members
    return [
        member
        for name, member in members.items()
        if not member.is_alias
        and member.kind.value == "function"
        and (name in wanted if wanted is not None else not name.startswith("_"))
    ]


def _tool(
    source: str,
    function: Any,
    module: Any,
    modules: Modules,
    file: str,
    lines: list[str],
    diagnostics: list[Diagnostic],
) -> DeclaredTool:
    line = int(function.lineno or 1)
    text = lines[line - 1] if line <= len(lines) else ""
    span = Span(file=file, line=line, column=len(text) - len(text.lstrip()) + 1, pointer=function.name)
    told = described(function.docstring)
    reader = modules.annotation(module)
    properties, required, is_open = _parameters(function, told, reader, (module, modules), diagnostics, span)
    inputs: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        inputs["required"] = required
    if is_open:
        inputs["additionalProperties"] = True
    outputs, origin = _returns(function, told, reader)
    if reader.notes:
        names = ", ".join(f"`{named(name, limit=40)}`" for name in dict.fromkeys(reader.notes))
        message = f"function `{function.name}`: {names} cannot be read as a type and allows anything"
        diagnostics.append(_said("note", "unknown-type", message, span))
    hints: dict[str, Json] = {"dialect": "python"}
    if getattr(function, "deprecated", None):
        hints["deprecated"] = True
    return DeclaredTool(
        source=source,
        name=function.name,
        description=told.summary[:DESCRIPTION_LIMIT],
        input_schema=_standing_alone(inputs, modules.definitions),
        output_schema=_standing_alone(outputs, modules.definitions) if outputs is not None else None,
        output_origin=origin,
        hints=hints,
        span=span,
    )


def _parameters(
    function: Any, told: Any, reader: Annotation, home: tuple[Any, Modules], diagnostics: list[Diagnostic], span: Span
) -> tuple[dict[str, Json], list[str], bool]:
    module, modules = home
    properties: dict[str, Json] = {}
    required: list[str] = []
    is_open = False
    is_method = function.parent is not None and function.parent.kind.value == "class"
    skips_first = is_method and "staticmethod" not in function.labels
    for index, parameter in enumerate(function.parameters):
        kind = parameter.kind.value
        written = str(parameter.annotation) if parameter.annotation is not None else ""
        if (index == 0 and skips_first) or written.partition("[")[0].rpartition(".")[2] in _CONTEXTS:
            continue
        if kind == "variadic keyword":
            is_open = True
            continue
        if kind == "variadic positional":
            message = f"function `{function.name}`: `*{parameter.name}` cannot be given by name and is left out"
            diagnostics.append(_said("note", "variadic", message, span))
            continue
        schema = reader.schema(written or told.types.get(parameter.name, "Any"))
        schema = dict(schema) if isinstance(schema, dict) else {}
        if parameter.name in told.parameters:
            schema.setdefault("description", told.parameters[parameter.name])
        if parameter.default is None:
            required.append(parameter.name)
        else:
            _set_default(schema, str(parameter.default), modules.constant(str(parameter.default), module))
        properties[parameter.name] = schema
    return properties, required, is_open


def _set_default(schema: dict[str, Json], text: str, member: Json) -> None:
    if member is not None:
        schema["default"] = member
        return
    try:
        value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return
    if is_json(value):
        schema["default"] = list(value) if isinstance(value, tuple) else value


def _returns(function: Any, told: Any, reader: Annotation) -> tuple[Json, OutputOrigin]:
    origin: OutputOrigin = "declared"
    written = str(function.returns) if function.returns is not None else ""
    if not written:
        written, origin = told.return_type, "guessed"
    if not written:
        return None, "none"
    before = len(reader.notes)
    schema = reader.schema(written)
    if origin == "guessed" and len(reader.notes) > before:
        # A docstring's "list of roles" is prose, not a type that went wrong.
        del reader.notes[before:]
        return None, "none"
    if schema in ({}, {"type": "null"}) or not isinstance(schema, dict):
        return None, "none"
    return ({**schema, "description": told.returns} if told.returns and "$ref" not in schema else schema), origin


def _standing_alone(schema: dict[str, Json], definitions: Mapping[str, Json]) -> dict[str, Json]:
    """Attach the classes a schema refers to."""
    needed: dict[str, Json] = {}
    stack: list[Json] = [schema]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            ref = item.get("$ref")
            name = ref.removeprefix("#/$defs/") if isinstance(ref, str) else ""
            if name and name not in needed and name in definitions:
                needed[name] = definitions[name]
                stack.append(needed[name])
            stack.extend(item.values())
    return {**schema, "$defs": {name: needed[name] for name in sorted(needed)}} if needed else schema


def _imported(source: str, content: bytes, *, file: str, settings: Json, beside: Mapping[str, bytes]) -> Listing:
    """Read what the child process found; say so when the module has changed since."""
    listing = read_listing(source, content, file=file, settings=settings)
    found = json.loads(content)
    notes = [
        _said(
            "error",
            "bad-tool",
            f"function `{named(str(one.get('name')))}` is skipped: {named(str(one.get('reason')), limit=200)}",
            Span(file=file),
        )
        for one in found.get("skipped") or ()
        if isinstance(one, dict)
    ]
    for path, now in beside.items():
        if found.get("module_digest") != digest_bytes("module", now):
            message = f"`{path}` has changed since it was imported: its tools may be others by now"
            hint = f"`loopbuild build --refresh source:{source}` imports it again"
            notes.append(
                Diagnostic(severity="warning", code="outdated", message=message, span=Span(file=path), hint=hint)
            )
    tools = tuple(replace(tool, hints={**tool.hints, "dialect": "python"}) for tool in listing.tools)
    return replace(listing, tools=tools, diagnostics=(*listing.diagnostics, *notes))


def _said(severity: str, code: str, message: str, span: Span) -> Diagnostic:
    return Diagnostic(severity=severity, code=code, message=message, span=span)  # type: ignore[arg-type]
