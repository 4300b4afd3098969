"""Schemas of OpenAPI 2.0, 3.0 and 3.1 -> JSON Schema 2020-12, shared ones by name and never written out.

Decides what a foreign keyword means and what is left out for a side: `readOnly` properties are no inputs, `writeOnly`
ones no outputs. A reference stays a reference, `#/$defs/<name>`, so a document whose schemas point at each other in
circles costs what it is long: written out to depth 4, Stripe's 403 operations are millions of leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loopbuild.pointers import escaped, unescaped
from loopbuild.records import Json, Side
from loopbuild.stages.sources.dialects import DESCRIPTION_LIMIT
from loopbuild.stages.sources.openapi.spec import Place, Spec
from loopbuild.stages.sources.shorthand import TYPES
from loopbuild.visible import named

_PLAIN = frozenset(
    """title format const default minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength
    pattern minItems maxItems uniqueItems minProperties maxProperties minContains maxContains deprecated
    contentEncoding contentMediaType dependentRequired""".split()  # noqa: SIM905 - lists of words read best so
)
_ONE = ("additionalProperties", "not", "if", "then", "else", "contains", "propertyNames", "unevaluatedProperties")
_MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")
_SILENT = frozenset(("discriminator", "xml", "externalDocs", "example", "examples", "readOnly", "writeOnly", "required",
                     "nullable", "$schema", "$id", "$comment", "$anchor", "$defs", "definitions", "description",
                     "allowEmptyValue", "collectionFormat", "items", "type", "enum", "$ref", "$dynamicAnchor",
                     "$vocabulary"))  # fmt: skip
_EXPANDS = "x-expansionResources"


@dataclass(slots=True)
class Converter:
    """Converts the schemas of one side of all operations; `definitions` grows with what they refer to."""

    spec: Spec
    side: Side
    definitions: dict[str, Json] = field(default_factory=dict)
    _names: dict[Place, str] = field(default_factory=dict)

    def schema(self, value: Json, at: Place) -> Json:
        """Return a schema in our dialect; what cannot be read becomes one that allows anything."""
        if isinstance(value, bool):
            return {} if value else False
        if not isinstance(value, dict):
            if value is not None:
                self.spec.say("note", "no-schema", "a schema that is neither an object nor a boolean is left open", at)
            return {}
        if isinstance(value.get("$ref"), str):
            return self._reference(value, at)
        if isinstance(value.get(_EXPANDS), dict):
            value = self._unexpanded(value)
        out: dict[str, Json] = {}
        if isinstance(value.get("description"), str):
            out["description"] = value["description"][:DESCRIPTION_LIMIT]
        self._types(value, out, at)
        for key, item in value.items():
            if key in _PLAIN:
                out[key] = item
            elif key in _ONE:
                out[key] = self.schema(item, at.below(key))
            elif key in _MANY and isinstance(item, list):
                out[key] = [self.schema(part, at.below(key, index)) for index, part in enumerate(item)]
            elif key in _NAMED and isinstance(item, dict):
                out[key] = self._named(item, at.below(key), is_pruned=key == "properties")
            elif key == "$dynamicRef" or (key not in _SILENT and not key.startswith("x-")):
                self.spec.say("note", "unknown-keyword", f"the keyword `{named(key)}` is not read", at)
        self._array(value, out, at)
        self._required(value, out)
        self._bounds(out)
        if isinstance(value.get("enum"), list) and value["enum"]:
            out["enum"] = value["enum"]
        if self.side == "input":
            _keep_examples(value, out)
        if "x-expands" in value:
            out["x-expands"] = value["x-expands"]
        if value.get("nullable") is True or value.get("x-nullable") is True:
            if value.get("nullable") and self.spec.version == "3.1":
                self.spec.say("note", "nullable", "`nullable` of OpenAPI 3.0 is honoured in a 3.1 document", at)
            out = _with_null(out)
        return out

    def _reference(self, value: dict[str, Json], at: Place) -> Json:
        found = self.spec.follow(value["$ref"], at)
        if found is None:
            return {}
        target, place = found
        name = self._names.get(place)
        if name is None:
            name = self._names[place] = self._name(place)
            self.definitions[name] = {}
            self.definitions[name] = self.schema(target, place)
        out: dict[str, Json] = {"$ref": "#/$defs/" + escaped(name)}
        beside = {key: item for key, item in value.items() if key != "$ref"}
        if self.spec.version == "3.1" and set(beside) - {"description", "summary"}:
            return {**self.schema(beside, at), **out}
        if isinstance(beside.get("description"), str):
            out["description"] = beside["description"][:DESCRIPTION_LIMIT]
        return _with_null(out) if beside.get("nullable") is True else out

    def _name(self, place: Place) -> str:
        tokens = [unescaped(token) for token in place.pointer.split("/")[1:]]
        if tokens[:-1] in (["components", "schemas"], ["definitions"]):
            name = tokens[-1]
        else:
            stem = place.file.rpartition("/")[2].partition(".")[0]
            name = "_".join(tokens) or stem
        taken = set(self._names.values())
        if name in taken:
            name = f"{place.file.rpartition('/')[2].partition('.')[0]}.{name}"
        while name in taken:
            name += "_"
        return name

    def _unexpanded(self, value: dict[str, Json]) -> dict[str, Json]:
        """Return what a call gives that asks for no expansion: the id, not the object it stands for."""
        branches = value.get("anyOf") or value.get("oneOf") or ()
        scalars = [part for part in branches if isinstance(part, dict) and part.get("type") in ("string", "integer")]
        if len(scalars) != 1:
            return value
        options = value[_EXPANDS].get("oneOf") or value[_EXPANDS].get("anyOf") or [value[_EXPANDS]]
        names = [part["$ref"].rpartition("/")[2] for part in options if isinstance(part, dict) and "$ref" in part]
        rest = {key: item for key, item in value.items() if key not in ("anyOf", "oneOf", _EXPANDS)}
        return {**scalars[0], **rest, "x-expands": names}

    def _types(self, value: dict[str, Json], out: dict[str, Json], at: Place) -> None:
        if "type" not in value:
            return
        given = value["type"]
        names: list[str] = []
        for name in given if isinstance(given, list) else [given]:
            if name == "file":
                names.append("string")
                out["format"] = "binary"
            elif isinstance(name, str) and name.casefold() in TYPES:
                known = TYPES[name.casefold()]
                names += [known["type"]] if "type" in known else []
            else:
                self.spec.say("note", "unknown-type", f"the type `{named(str(name))}` is none and left out", at)
        if names:
            out["type"] = names if isinstance(given, list) else names[0]

    def _named(self, properties: dict[str, Json], at: Place, *, is_pruned: bool) -> dict[str, Json]:
        hidden = "readOnly" if self.side == "input" else "writeOnly"
        return {
            name: self.schema(item, at.below(name))
            for name, item in properties.items()
            if not (is_pruned and isinstance(item, dict) and item.get(hidden) is True)
        }

    def _array(self, value: dict[str, Json], out: dict[str, Json], at: Place) -> None:
        items = value.get("items")
        if isinstance(items, list):
            out["prefixItems"] = [self.schema(part, at.below("items", index)) for index, part in enumerate(items)]
        elif items is not None:
            out["items"] = self.schema(items, at.below("items"))

    def _required(self, value: dict[str, Json], out: dict[str, Json]) -> None:
        listed = value.get("required")
        properties = value.get("properties") if isinstance(value.get("properties"), dict) else {}
        kept = out.get("properties") or {}
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        names += [
            name for name, item in (properties or {}).items() if isinstance(item, dict) and item.get("required") is True
        ]
        # What is required and hidden on this side is required of nobody here.
        names = [name for name in dict.fromkeys(names) if name in kept or name not in (properties or {})]
        if names:
            out["required"] = names

    def _bounds(self, out: dict[str, Json]) -> None:
        for limit, is_open in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(out.get(is_open), bool):
                is_exclusive = out.pop(is_open)
                if is_exclusive and limit in out:
                    out[is_open] = out.pop(limit)


def _with_null(out: dict[str, Json]) -> dict[str, Json]:
    if "type" in out:
        names = out["type"] if isinstance(out["type"], list) else [out["type"]]
        out["type"] = names if "null" in names else [*names, "null"]
        if "enum" in out and None not in out["enum"]:
            out["enum"] = [*out["enum"], None]
        return out
    if any(key in out for key in ("$ref", "anyOf", "oneOf", "allOf")):
        text = {"description": out.pop("description")} if "description" in out else {}
        return {**text, "anyOf": [out, {"type": "null"}]}
    return out


def _keep_examples(value: dict[str, Json], out: dict[str, Json]) -> None:
    found = value.get("examples")
    examples = list(found) if isinstance(found, list) else []
    if "example" in value:
        examples.append(value["example"])
    plain = [item for item in examples if isinstance(item, str | int | float | bool)][:5]
    if plain:
        out["examples"] = plain
