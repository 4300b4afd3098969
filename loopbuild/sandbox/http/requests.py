"""A call of an OpenAPI operation as a request: which argument goes where. Pure; sends nothing.

`ToolSchema.transport` says `method`, `path`, `media` and, for each property, its place (`in`): `path`, `query`,
`querystring`, `header`, `cookie`, `body`, or `body:*` for the one that is the whole body. Where the document gives a
parameter another spelling than the default of its place, `style` has it: property -> {style, explode}; `names` has the
parameter's own name where the property is called otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from loopbuild.records import Json, ToolSchema

READING = frozenset({"GET", "HEAD", "QUERY"})
_OURS = frozenset(
    {"authorization", "connection", "content-length", "content-type", "cookie", "host", "proxy-authorization", "te",
     "trailer", "transfer-encoding", "upgrade"}
)  # fmt: skip
"""Headers no argument may set: they belong to the connection or hold credentials."""
_SLOT = re.compile(r"\{([^{}]+)\}")
_EXPLODED = frozenset({"form", "deepObject"})
_JOINED = {"spaceDelimited": " ", "pipeDelimited": "|"}


class Unplaceable(ValueError):
    """The arguments do not make a request; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent, below the declared base URL and without credentials."""

    method: str
    path: str
    """Encoded, beginning with a slash."""
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    media: str = ""


def is_reading(tool: ToolSchema) -> bool:
    """Say whether a tool only reads: by its effect and by its method, both."""
    return tool.effect == "read" and method_of(tool) in READING


def method_of(tool: ToolSchema) -> str:
    """Return the method in capitals, empty for a tool that is no HTTP operation."""
    return str(tool.transport.get("method", "")).upper()


def request_of(tool: ToolSchema, arguments: Mapping[str, Json]) -> Request:
    """Return the request of a call; raises Unplaceable."""
    transport = tool.transport
    places: Mapping[str, str] = transport.get("in") or {}
    given: dict[str, list[tuple[str, str, Json]]] = {}
    for name in sorted(arguments):
        if arguments[name] is None and places.get(name) not in ("body", "body:*"):
            continue
        place = places.get(name, "")
        given.setdefault(place, []).append((name, _own_name(name, place, transport), arguments[name]))
    if "" in given:
        raise Unplaceable(f"`{given[''][0][0]}` belongs to no part of the request")
    styles = transport.get("style") or {}
    query = [pair for name, own, value in given.get("query", ()) for pair in _query(own, value, styles.get(name) or {})]
    whole = [str(value).lstrip("?") for _, _, value in given.get("querystring", ())]
    body, media = _body(given, str(transport.get("media", "")))
    return Request(
        method=method_of(tool),
        path=_path(str(transport["path"]), {own: value for _, own, value in given.get("path", ())}),
        query="&".join([*filter(None, [urlencode(query, quote_via=quote)]), *whole]),
        headers=tuple(_headers(given)),
        body=body,
        media=media,
    )


def _own_name(name: str, place: str, transport: Mapping[str, Json]) -> str:
    """Return what the parameter is called in the request; of two of one name, the second is called after its place."""
    named = (transport.get("names") or {}).get(name)
    if isinstance(named, str):
        return named
    bare = name.removeprefix(f"{place}_")
    return bare if bare != name and bare in transport["in"] else name


def _path(template: str, values: Mapping[str, Json]) -> str:
    def filled(found: re.Match[str]) -> str:
        name = found[1]
        if name not in values:
            raise Unplaceable(f"`{name}` of the path is missing")
        text = ",".join(_flat(values[name]))
        if text in ("", ".", ".."):
            raise Unplaceable(f"`{name}` of the path cannot be `{text}`")
        return quote(text, safe="")

    path = _SLOT.sub(filled, template)
    return path if path.startswith("/") else f"/{path}"


def _query(name: str, value: Json, style: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    kind = str(style.get("style") or "form")
    explodes = bool(style.get("explode", kind in _EXPLODED))
    if isinstance(value, Mapping):
        for key, item in value.items():
            if kind == "deepObject":
                yield f"{name}[{key}]", _scalar(item)
            elif explodes:
                yield str(key), _scalar(item)
        if kind != "deepObject" and not explodes:
            yield name, ",".join(_flat(value))
    elif isinstance(value, list) and explodes:
        yield from ((name, _scalar(item)) for item in value)
    elif isinstance(value, list):
        yield name, _JOINED.get(kind, ",").join(_scalar(item) for item in value)
    else:
        yield name, _scalar(value)


def _headers(given: Mapping[str, list[tuple[str, str, Json]]]) -> Iterator[tuple[str, str]]:
    for _, name, value in given.get("header", ()):
        if name.lower() in _OURS:
            raise Unplaceable(f"the header `{name}` cannot be set by a call")
        yield name, _visible(name, ",".join(_flat(value)))
    cookies = [
        f"{name}={quote(_visible(name, ','.join(_flat(value))), safe='')}" for _, name, value in given.get("cookie", ())
    ]
    if cookies:
        yield "Cookie", "; ".join(cookies)


def _visible(name: str, text: str) -> str:
    if any(ord(char) < 32 or ord(char) > 255 or ord(char) == 127 for char in text):
        raise Unplaceable(f"`{name}` holds characters a header cannot")
    return text


def _body(given: Mapping[str, list[tuple[str, str, Json]]], media: str) -> tuple[bytes | None, str]:
    if "body:*" in given:
        value: Json = given["body:*"][0][2]
    elif "body" in given:
        value = {own: value for _, own, value in given["body"]}
    else:
        return None, ""
    kind = media.partition(";")[0].strip().lower()
    if kind in ("form", "application/x-www-form-urlencoded"):
        pairs = [pair for name, item in _mapping(value).items() if item is not None for pair in _query(name, item, {})]
        return urlencode(pairs, quote_via=quote).encode(), "application/x-www-form-urlencoded"
    if kind == "multipart/form-data":
        return _multipart(_mapping(value))
    if kind.startswith("text/"):
        return _scalar(value).encode(), f"{kind}; charset=utf-8"
    is_json = kind == "application/json" or kind.endswith("+json")
    return json.dumps(value, ensure_ascii=False).encode(), kind if is_json else "application/json"


def _multipart(value: Mapping[str, Json]) -> tuple[bytes, str]:
    """Write the parts by hand: httpx draws a random boundary, and one request shall be one sequence of bytes."""
    boundary = "loopbuild-part-of-a-form"
    parts = []
    for name, item in value.items():
        text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        if boundary in text:
            raise Unplaceable(f"`{name}` holds the boundary of the form's parts")
        label = quote(name, safe=" ")
        parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="{label}"\r\n\r\n{text}\r\n')
    return ("".join(parts) + f"--{boundary}--\r\n").encode(), f"multipart/form-data; boundary={boundary}"


def _mapping(value: Json) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise Unplaceable("a form takes an object")
    return value


def _flat(value: Json) -> list[str]:
    if isinstance(value, Mapping):
        return [text for key, item in value.items() for text in (str(key), _scalar(item))]
    return [_scalar(item) for item in value] if isinstance(value, list) else [_scalar(value)]


def _scalar(value: Json) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else json.dumps(value, ensure_ascii=False)
