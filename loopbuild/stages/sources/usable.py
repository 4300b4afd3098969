"""Whether calls can be checked against a tool's input schema; what stands in the way is taken out, keyword by keyword.

Decides that a bad pattern costs the pattern and not the tool, and that a reference which leaves its schema is followed
nowhere. Works on the schemas of any source; a schema that is fine is returned as it came.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import replace

from loopbuild.judging.unfolding import unfolded
from loopbuild.pointers import within
from loopbuild.records import DeclaredTool, Diagnostic, Json
from loopbuild.visible import named

_DRAFT = re.compile(r"https?://json-schema\.org/(?:draft-0[4-7]|draft/2019-09|draft/2020-12)/schema#?\Z")
_REPAIRS = 50
"""Keywords taken out of one schema before the tool is given up."""


def usable(tools: Sequence[DeclaredTool]) -> tuple[list[DeclaredTool], list[Diagnostic]]:
    """Return the tools whose calls can be checked, repaired where needed, and what was taken out or given up."""
    kept: list[DeclaredTool] = []
    found: list[Diagnostic] = []
    for tool in tools:
        inputs, notes = _without_bad_refs(tool.input_schema, tool)
        found += notes
        outputs = tool.output_schema
        if tool.hints.get("dialect") != "openapi" and isinstance(outputs, dict):
            outputs, notes = _without_bad_refs(outputs, tool)
            found += notes
        repaired = _repaired(inputs, tool, found)
        if repaired is not None:
            is_same = repaired is tool.input_schema and outputs is tool.output_schema
            kept.append(tool if is_same else replace(tool, input_schema=repaired, output_schema=outputs))
    return kept, found


def _repaired(schema: Json, tool: DeclaredTool, found: list[Diagnostic]) -> Json:
    """Return a schema a validator can be made of, None for one that has to be given up."""
    import jsonschema_rs

    if isinstance(schema, dict) and not _is_known_draft(schema.get("$schema")):
        text = f"tool `{named(tool.name)}`: its `$schema` `{named(str(schema['$schema']))}` is read as 2020-12"
        found.append(Diagnostic(severity="note", code="unknown-draft", message=text, span=tool.span))
        schema = {key: value for key, value in schema.items() if key != "$schema"}
    message = unfolded(schema)
    for attempt in range(_REPAIRS if not message else 0):
        try:
            jsonschema_rs.validator_for(schema, offline=True)
        except (ValueError, jsonschema_rs.ReferencingError) as exc:
            message = named(str(exc).strip().splitlines()[0], limit=160)
            path = list(getattr(exc, "instance_path", ()) or ())
            if not path:
                break
            if path[-1] == "type" or path[-2:-1] == ["properties"]:
                return schema  # a type that is none: the catalog says so and leaves the tool out
            if attempt == 0:
                schema = copy.deepcopy(schema)
            where = _remove(schema, path)
            text = f"tool `{named(tool.name)}`: `{where}` of its input is left out: {message}"
            found.append(Diagnostic(severity="warning", code="bad-keyword", message=text, span=tool.span))
        else:
            return schema
    text = f"tool `{named(tool.name)}` is skipped: no call can be checked against its input, {message}"
    found.append(Diagnostic(severity="error", code="bad-tool", message=text, span=tool.span))
    return None


def _is_known_draft(named: Json) -> bool:
    return named is None or (isinstance(named, str) and _DRAFT.match(named) is not None)


def _remove(schema: Json, path: list[Json]) -> str:
    """Take out what a path names, or the nearest keyword around it; return its pointer."""
    keys = next((path[: end + 1] for end in range(len(path) - 1, -1, -1) if isinstance(path[end], str)), path)
    value = schema
    for key in keys[:-1]:
        value = value[key]
    del value[keys[-1]]
    if isinstance(schema.get("required"), list) and keys[:1] == ["properties"] and len(keys) == 2:
        schema["required"] = [name for name in schema["required"] if name != keys[1]]
    return named("/".join(str(key) for key in keys), limit=120)


def _without_bad_refs(schema: Json, tool: DeclaredTool) -> tuple[Json, list[Diagnostic]]:
    """Return a schema all of whose references point into itself; those that do not are taken out and named."""
    bad = {ref for ref in _texts(schema, "$ref", "$dynamicRef") if not _is_within(schema, ref)}
    if not bad:
        return schema, []
    notes = []
    for ref in sorted(bad):
        is_remote = not ref.startswith("#")
        code = "missing-ref" if not is_remote else "ref-outside-root" if _is_file(ref) else "remote-ref"
        what = "is followed nowhere: only references within the schema are" if is_remote else "points at nothing"
        message = f"tool `{named(tool.name)}`: `$ref` to `{named(ref)}` {what}"
        notes.append(Diagnostic(severity="error", code=code, message=message, span=tool.span))
    return _pruned(schema, bad), notes


def _texts(schema: Json, *keys: str) -> set[str]:
    """Return every text that stands under one of `keys`, however deep."""
    found: set[str] = set()
    stack = [schema]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, dict):
            found |= {item[key] for key in keys if isinstance(item.get(key), str)}
            stack.extend(item.values())
    return found


def _pruned(value: Json, bad: set[str]) -> Json:
    if isinstance(value, list):
        return [_pruned(item, bad) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _pruned(item, bad)
        for key, item in value.items()
        if not (key in ("$ref", "$dynamicRef") and isinstance(item, str) and item in bad)
    }


def _is_within(schema: Json, ref: str) -> bool:
    if not ref.startswith("#"):
        return False
    pointer = ref[1:]
    if pointer and not pointer.startswith("/"):
        return pointer in _texts(schema, "$anchor", "$dynamicAnchor")
    try:
        return isinstance(within(schema, pointer), dict | bool)
    except LookupError:
        return False


def _is_file(ref: str) -> bool:
    return ref.lower().startswith(("file:", "/", ".")) or "://" not in ref
