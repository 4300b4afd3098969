"""Parameters and request body of an operation -> the one object a call takes, and where each part of it goes.

Decides names where two clash, and what is nobody's to choose: credentials and negotiated headers are no inputs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loopbuild.pointers import unescaped
from loopbuild.records import Json
from loopbuild.stages.sources.openapi.inline import self_contained
from loopbuild.stages.sources.openapi.media import preferred
from loopbuild.stages.sources.openapi.operations import Operation, deref, listed
from loopbuild.stages.sources.openapi.schemas import Converter
from loopbuild.stages.sources.openapi.spec import Place, Spec
from loopbuild.stages.sources.shorthand import BadShape

_NEGOTIATED = frozenset({"authorization", "accept", "content-type"})
_SCHEMA_KEYS = ("type", "format", "items", "enum", "default", "minimum", "maximum", "exclusiveMinimum", "pattern",
                "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "multipleOf",
                "x-nullable", "example")  # fmt: skip


@dataclass(slots=True)
class Inputs:
    """The object schema, and for each property the part of the request it belongs to."""

    properties: dict[str, Json] = field(default_factory=dict)
    required: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    """Property -> `path`, `query`, `header`, `cookie`, `body`, or `body:*` for one that is the whole body."""
    media: str = ""
    rules: dict[str, Json] = field(default_factory=dict)
    """What else the body's schema demands."""

    def schema(self) -> dict[str, Json]:
        """Return the input schema, not yet self-contained."""
        out: dict[str, Json] = {**self.rules, "type": "object", "properties": self.properties}
        if self.required:
            out["required"] = self.required
        return out

    def add(self, name: str, schema: Json, place: str, *, is_required: bool) -> None:
        """Add a property; one whose name is taken is called after its place."""
        if name in self.properties:
            name = f"{place}_{name}"
        if name in self.properties:
            return
        self.properties[name] = schema
        self.places[name] = place
        if is_required:
            self.required.append(name)


def inputs_of(operation: Operation, converter: Converter) -> tuple[Json, Inputs]:
    """Return the self-contained input schema of an operation and its parts."""
    spec = converter.spec
    found = Inputs()
    form: list[tuple[dict[str, Json], Place]] = []
    for value, at in _parameters(spec, operation):
        place = value.get("in")
        if place == "body":
            _body(found, value.get("schema"), at.below("schema"), converter, is_required=value.get("required") is True)
            found.media = "application/json"
        elif place == "formData":
            form.append((value, at))
        elif place in ("path", "query", "header", "cookie", "querystring"):
            _parameter(found, value, at, converter)
        else:
            raise BadShape(f"parameter `{value.get('name')}` is `in` no part of a request")
    for value, at in form:
        found.media = "multipart/form-data" if value.get("type") == "file" else found.media or "form"
        found.add(value["name"], _schema(value, at, converter), "body", is_required=value.get("required") is True)
    body, at = deref(spec, operation.value.get("requestBody"), operation.at.below("requestBody"))
    if isinstance(body, dict):
        media, content, where = preferred(spec, body.get("content"), at.below("content"))
        found.media = media
        if content is not None:
            _body(found, content, where, converter, is_required=body.get("required") is True)
    return self_contained(found.schema(), converter.definitions, spec, operation), found


def _parameters(spec: Spec, operation: Operation) -> list[tuple[dict[str, Json], Place]]:
    """Return the parameters of path and operation; of two with one name and place the operation's counts."""
    own = listed(operation.value.get("parameters"), operation.at.below("parameters"))
    chosen: dict[tuple[str, str], tuple[dict[str, Json], Place]] = {}
    secret = _credentials(spec)
    for item, place in (*operation.shared, *own):
        value, at = deref(spec, item, place)
        if value is None:
            continue  # said already: its reference leads nowhere
        if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
            raise BadShape("a parameter without a name")
        where = str(value.get("in"))
        if (where == "header" and value["name"].lower() in _NEGOTIATED) or (where, value["name"]) in secret:
            continue
        chosen[(where, value["name"])] = (value, at)
    return list(chosen.values())


def _credentials(spec: Spec) -> set[tuple[str, str]]:
    components = spec.root.get("components")
    schemes = components.get("securitySchemes") if isinstance(components, dict) else None
    schemes = schemes or spec.root.get("securityDefinitions")
    found = schemes.values() if isinstance(schemes, dict) else ()
    return {
        (str(one.get("in")), str(one.get("name")))
        for one in found
        if isinstance(one, dict) and one.get("type") == "apiKey"
    }


def _parameter(found: Inputs, value: dict[str, Json], at: Place, converter: Converter) -> None:
    place = str(value["in"])
    is_required = value.get("required") is True or place == "path"
    found.add(value["name"], _schema(value, at, converter), place, is_required=is_required)


def _schema(value: dict[str, Json], at: Place, converter: Converter) -> Json:
    declared, where = value.get("schema"), at.below("schema")
    if declared is None and isinstance(value.get("content"), dict):
        _, declared, where = preferred(converter.spec, value["content"], at.below("content"))
    if declared is None:
        # Swagger 2.0 spells the schema beside the name.
        declared, where = {key: value[key] for key in _SCHEMA_KEYS if key in value}, at
    elif "example" in value and isinstance(declared, dict) and "example" not in declared and "$ref" not in declared:
        declared = {**declared, "example": value["example"]}
    schema = converter.schema(declared, where)
    if isinstance(value.get("description"), str) and isinstance(schema, dict):
        schema = {**schema, "description": value["description"]}
    return schema


def _body(found: Inputs, value: Json, at: Place, converter: Converter, *, is_required: bool) -> None:
    target, where = deref(converter.spec, value, at)
    if target is None:
        return
    schema = converter.schema(target, where)
    schema = _merged(schema, converter.definitions) if isinstance(schema, dict) else schema
    is_object = isinstance(schema, dict) and isinstance(schema.get("properties"), dict)
    is_object = is_object and schema.get("type", "object") == "object"
    if not is_object and isinstance(schema, dict) and not schema.get("additionalProperties"):
        is_object = schema.get("type") == "object" and not any(key in schema for key in ("anyOf", "oneOf"))
    clashes = set(schema.get("properties") or ()) & set(found.properties) if isinstance(schema, dict) else set()
    if not is_object or clashes:
        found.add("body", schema, "body:*", is_required=is_required)
        return
    required = schema.get("required") or ()
    for name, item in (schema.get("properties") or {}).items():
        found.add(name, item, "body", is_required=is_required and name in required)
    found.rules = {key: item for key, item in schema.items() if key in ("anyOf", "oneOf", "minProperties")}
    if not is_required:
        found.rules = {}


def _merged(schema: dict[str, Json], definitions: dict[str, Json], depth: int = 0) -> dict[str, Json]:
    """Return a body with its `allOf` parts and references laid together, so that its properties can be named."""
    if depth > 16:
        return schema
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = unescaped(ref.removeprefix("#/$defs/"))
        target = definitions.get(name)
        schema = {**(target if isinstance(target, dict) else {}), **{k: v for k, v in schema.items() if k != "$ref"}}
        return _merged(schema, definitions, depth + 1)
    parts = schema.get("allOf")
    if not isinstance(parts, list):
        return schema
    out = {key: item for key, item in schema.items() if key != "allOf"}
    for part in parts:
        if isinstance(part, dict):
            part = _merged(part, definitions, depth + 1)
            properties = {**(part.get("properties") or {}), **(out.get("properties") or {})}
            required = list(dict.fromkeys([*(part.get("required") or ()), *(out.get("required") or ())]))
            out = {**part, **out}
            if properties:
                out["properties"] = properties
            if required:
                out["required"] = required
    return out
