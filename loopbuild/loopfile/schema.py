"""JSON Schema of loop.yaml, for editors: completion, hover texts and the same refusals while typing.

Made from the section records, so it cannot disagree with what `load` reads; only the short spellings of filters are
added, which are brought to the long one before the records see them.
"""

from __future__ import annotations

from typing import Any

from loopbuild.loopfile.model import Loopfile
from loopbuild.loopfile.sections.base import Json
from loopbuild.loopfile.sections.filters import FilterSettings
from loopbuild.loopfile.shape import kind_of, sections_of


def json_schema() -> dict[str, Any]:
    """Return the schema (2020-12), with the records' docstrings as descriptions."""
    schema: dict[str, Any] = _tidy(Loopfile.model_json_schema())
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "loop.yaml"
    filters = schema["properties"]["filters"]
    filters["items"] = {"anyOf": [*_short_filters(schema), filters["items"]]}
    return schema


def _short_filters(schema: dict[str, Any]) -> list[Json]:
    """Return the schemas of `dedup` and of `{dedup: {...}}`."""
    names, mappings = [], {}
    for section in sections_of(FilterSettings):
        options = schema["$defs"][section.__name__]
        inner = {name: option for name, option in options["properties"].items() if name != "kind"}
        description = options.get("description", "")
        names.append({"const": kind_of(section), "description": description})
        mappings[kind_of(section)] = {
            "description": description,
            "type": ["object", "null"],
            "properties": inner,
            "additionalProperties": False,
        }
    short = {"type": "object", "properties": mappings, "minProperties": 1, "maxProperties": 1}
    return [{"oneOf": names}, {**short, "additionalProperties": False}]


def _tidy(value: Json) -> Any:
    """Drop the titles pydantic derives from names, which editors show instead of descriptions; close named mappings."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    tidy = {key: _tidy(item) for key, item in value.items() if key != "title" or not isinstance(item, str)}
    if "patternProperties" in tidy:
        tidy["additionalProperties"] = False
    return tidy
