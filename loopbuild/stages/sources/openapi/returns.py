"""Responses of an operation -> what a call returns, and the links they declare to other operations.

Decides which of several responses is the return: the first good one with a schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loopbuild.pointers import escaped, unescaped
from loopbuild.records import DataFlowEdge, Json
from loopbuild.stages.sources.openapi.media import preferred
from loopbuild.stages.sources.openapi.operations import Operation, deref
from loopbuild.stages.sources.openapi.schemas import Converter
from loopbuild.stages.sources.openapi.spec import Place, Spec
from loopbuild.visible import named

_FIRST = ("200", "201", "202")
_SUCCESS = re.compile(r"2(?:\d\d|XX)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A declared link, with the operation it names not yet looked up."""

    producer: str
    """Name of the operation whose response it stands in."""
    value: dict[str, Json]
    at: Place


def returns_of(operation: Operation, converter: Converter) -> tuple[Json, list[Link]]:
    """Return the return schema, None where nothing is declared, and the links of the good responses."""
    spec = converter.spec
    responses = operation.value.get("responses")
    if not isinstance(responses, dict):
        return None, []
    at = operation.at.below("responses")
    good = sorted(
        (code for code in responses if _SUCCESS.match(code)),
        key=lambda code: (_FIRST.index(code) if code in _FIRST else len(_FIRST), code),
    )
    # `default` is the error answer wherever a good one is declared.
    codes = good or [code for code in ("default",) if code in responses]
    schema, links = None, []
    for code in codes:
        value, place = deref(spec, responses[code], at.below(code))
        if not isinstance(value, dict):
            continue
        links += _links(spec, operation, value.get("links"), place.below("links"))
        if schema is None:
            _, declared, where = preferred(spec, value.get("content"), place.below("content"))
            if declared is None and isinstance(value.get("schema"), dict):
                declared, where = value["schema"], place.below("schema")
            if declared is not None:
                schema = converter.schema(declared, where)
    return schema, links


def _links(spec: Spec, operation: Operation, links: Json, at: Place) -> list[Link]:
    found = []
    for name in sorted(links) if isinstance(links, dict) else ():
        value, place = deref(spec, links[name], at.below(name))
        if isinstance(value, dict):
            found.append(Link(producer=operation.name, value=value, at=place))
    return found


def edges_of(
    links: list[Link], found: list[Operation], schemas: dict[str, tuple[Json, Json]], converter: Converter
) -> list[DataFlowEdge]:
    """Return the links as edges; what names no operation, parameter or value of the response is said and left out.

    `schemas`: operation name -> its input and its return schema.
    """
    spec = converter.spec
    by_id = {str(one.value.get("operationId")): one.name for one in found}
    by_place = {one.at.pointer: one.name for one in found}
    edges: dict[tuple[str, str, str, str], DataFlowEdge] = {}
    for link in links:
        consumer = _consumer(link, by_id, by_place)
        if consumer is None:
            spec.say("warning", "bad-link", f"a link of `{named(link.producer)}` names no operation", link.at)
            continue
        parameters = link.value.get("parameters")
        for name, expression in sorted(parameters.items()) if isinstance(parameters, dict) else ():
            if consumer not in schemas or link.producer not in schemas:
                continue
            leaf = name.partition(".")[2] if name.split(".")[0] in ("path", "query", "header", "cookie") else name
            known = schemas[consumer][0].get("properties", {})
            if leaf not in known:
                message = f"a link of `{named(link.producer)}` sets `{named(name)}`, which `{named(consumer)}` lacks"
                spec.say("warning", "bad-link", message, link.at)
                continue
            pointer = _response_pointer(expression, schemas[link.producer][1], converter.definitions)
            if pointer is None:
                message = f"a link of `{named(link.producer)}`: `{named(str(expression))}` is no value of its response"
                spec.say("note", "bad-link", message, link.at)
                continue
            edge = DataFlowEdge(
                producer=f"{spec.source}/{link.producer}",
                producer_leaf=pointer,
                consumer=f"{spec.source}/{consumer}",
                consumer_leaf="/" + escaped(leaf),
                score=1.0,
                rule="link",
                conversion="pick" if "/[]" in pointer else "same",
                status="declared",
            )
            edges[(edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf)] = edge
    return [edges[key] for key in sorted(edges)]


def _consumer(link: Link, by_id: dict[str, str], by_place: dict[str, str]) -> str | None:
    named = link.value.get("operationId")
    if isinstance(named, str):
        return by_id.get(named)
    ref = link.value.get("operationRef")
    return by_place.get(ref.partition("#")[2]) if isinstance(ref, str) else None


def _response_pointer(expression: Json, schema: Json, definitions: dict[str, Json]) -> str | None:
    """Return our pointer for `$response.body#/id`; where the body is an array, its items are tried."""
    if not isinstance(expression, str) or not expression.startswith("$response.body#/"):
        return None
    tokens = [unescaped(token) for token in expression.partition("#/")[2].split("/")]
    out: list[str] = []
    for token in tokens:
        schema = _target(schema, definitions)
        while isinstance(schema, dict) and isinstance(schema.get("items"), dict) and not token.isdigit():
            out.append("[]")
            schema = _target(schema["items"], definitions)
        if isinstance(schema, dict) and token.isdigit() and isinstance(schema.get("items"), dict):
            out.append("[]")
            schema = schema["items"]
            continue
        properties = schema.get("properties") if isinstance(schema, dict) else None
        if not isinstance(properties, dict) or token not in properties:
            return None
        out.append(escaped(token))
        schema = properties[token]
    return "/" + "/".join(out)


def _target(schema: Json, definitions: dict[str, Json]) -> Json:
    for _ in range(16):
        if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
            break
        schema = definitions.get(unescaped(schema["$ref"].removeprefix("#/$defs/")))
    return schema
