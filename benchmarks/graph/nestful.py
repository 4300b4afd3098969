"""NESTFUL's tasks as questions to a tool graph: for each argument of each gold call, which earlier output feeds it?

Decides what counts: a reference `$var2.name$` is an edge from that tool's output (of an expression the first one),
any other argument of a call that has calls before it is a literal, to which no output should be joined. That is unfair
to a domain whose users often say the value too; it is the same for every rule that is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopbuild.digest import digest
from loopbuild.records import DeclaredTool, Listing, ToolCatalog
from loopbuild.stages.catalog.canonical import build_catalog

SETS = {"executable": "executable", "sgd": "non-executable-sgd"}
_REFERENCE = re.compile(r"\$(\w+?)((?:\.[^$]+)?)\$")
_INPUTS = ("arguments", "parameters", "query_parameters", "path_parameters")
_TYPES = {"float": "number", "dict": "object", "list": "array", "enum": "string", "int": "integer"}
_JSON_TYPES = frozenset({"string", "number", "integer", "boolean", "object", "array"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One argument of one gold call."""

    consumer: str
    """Tool id."""
    parameter: str
    """As the task writes it."""
    earlier: tuple[str, ...]
    """Tool ids of the calls before, first call first, each once."""
    gold: tuple[str, str] | None
    """(tool id, names on the way joined by `.`); None for a literal."""

    @property
    def half(self) -> int:
        """The half this question's pair of tools belongs to: 0 or 1."""
        producer = self.gold[0] if self.gold else self.earlier[0]
        return int(digest("half", [producer, self.consumer])[:2], 16) % 2


def questions(folder: Path, name: str) -> list[Question]:
    """Return the questions of one set in the order of its tasks."""
    tasks = json.loads((folder / f"{SETS[name]}-data.json").read_text(encoding="utf-8"))
    return [question for task in tasks for question in _of_task(name, task)]


def catalog_of(folder: Path, name: str, *, is_silent: bool = False) -> ToolCatalog:
    """Return the tools of one set; a type nobody knows is no type. Silent tools declare no returns."""
    specs = json.loads((folder / f"{SETS[name]}-spec.json").read_text(encoding="utf-8"))
    tools = tuple(
        DeclaredTool(
            source=name,
            name=spec["name"],
            description=spec.get("description") or "",
            input_schema=_object({key: value for word in _INPUTS for key, value in (spec.get(word) or {}).items()}),
            output_schema=None if is_silent else _object(spec.get("output_parameters") or {}),
            output_origin="none" if is_silent else "declared",
            hints={"method": spec["method"]} if spec.get("method") else {},
        )
        for spec in specs
    )
    return build_catalog([Listing(source=name, tools=tools)])


def path_of(pointer: str) -> str:
    """Return a pointer as tasks write paths: names alone, joined by `.`."""
    return ".".join(part for part in pointer.split("/")[1:] if part != "[]" and not part.startswith("|"))


def _of_task(name: str, task: Mapping[str, Any]) -> Iterator[Question]:
    made: dict[str, str] = {}
    for call in task["output"]:
        if call["name"] == "var_result":
            break
        earlier = tuple(dict.fromkeys(f"{name}/{tool}" for tool in made.values()))
        for parameter, value in sorted((call["arguments"] or {}).items()) if earlier else ():
            yield Question(
                consumer=f"{name}/{call['name']}",
                parameter=parameter,
                earlier=earlier,
                gold=_gold(name, value, made),
            )
        made[call.get("label") or f"#{len(made)}"] = call["name"]


def _gold(name: str, value: Any, made: Mapping[str, str]) -> tuple[str, str] | None:
    found = [match for match in _REFERENCE.findall(value) if match[0] in made] if isinstance(value, str) else []
    if not found:
        return None
    label, path = found[0]
    return f"{name}/{made[label]}", ".".join(re.sub(r"\[\w*\]", "", part) for part in path.split(".")[1:])


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    inner = {key: _schema(value) for key, value in properties.items()}
    required = sorted(
        key for key, value in properties.items() if isinstance(value, dict) and value.get("required") is True
    )
    return {"type": "object", "properties": inner, "required": required}


def _schema(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        return {}
    written = str(entry.get("type") or "").lower()
    kind = _TYPES.get(written, written)
    schema: dict[str, Any] = {"description": entry.get("description") or ""}
    values = entry.get("enum") or entry.get("allowed_values") or entry.get("possible_values")
    if isinstance(values, list) and values:
        schema["enum"] = values
    if isinstance(entry.get("properties"), dict):
        return {**schema, **_object(entry["properties"])}
    if kind == "array" and isinstance(entry.get("items"), dict):
        return {**schema, "type": "array", "items": _schema(entry["items"])}
    if kind in _JSON_TYPES:
        schema["type"] = kind
    return schema
