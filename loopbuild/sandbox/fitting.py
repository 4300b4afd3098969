"""Brings a plausible value within what its schema allows: lengths, bounds, multiples, formats, one of several shapes.

Pure. What already fits stays as it is, so a schema without such rules moves no value. Nothing is returned rather than a
value that would be refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from loopbuild.digest import canonical
from loopbuild.pointers import unescaped, within
from loopbuild.records import Json
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.patterns import from_pattern

_RULES = frozenset(
    {"minLength", "maxLength", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format",
     "pattern", "anyOf", "oneOf", "not"}
)  # fmt: skip
_TRIES = 64
_STEPS = 1000
"""Multiples to choose from where a number has one bound or none."""
_FILLER = "and what follows from it "


def schema_at(schema: Json, pointer: str) -> Mapping[str, Json] | None:
    """Return the schema of the leaf at a schema pointer; None behind what cannot be followed from here."""
    here: Json = schema
    for token in pointer.split("/")[1:]:
        here = _followed(here, schema)
        if not isinstance(here, Mapping):
            return None
        here = here.get("items") if token == "[]" else (here.get("properties") or {}).get(unescaped(token))
    here = _followed(here, schema)
    return here if isinstance(here, Mapping) else None


def is_fitting(value: Json, schema: Mapping[str, Json] | None) -> bool:
    """Say whether a value is allowed; everything is where nobody knows the schema."""
    return schema is None or not _RULES & set(schema) or bool(_validator(canonical(schema)).is_valid(value))


def fitted_to(value: Json, schema: Mapping[str, Json] | None, draws: Draws) -> Json:
    """Return `value` or one like it that `schema` allows; None where none was found."""
    if schema is None or is_fitting(value, schema):
        return value
    for candidate in _candidates(value, schema, draws):
        if candidate is not None and is_fitting(candidate, schema):
            return candidate
    return None


def _candidates(value: Json, schema: Mapping[str, Json], draws: Draws) -> list[Json]:
    found: list[Json] = []
    for key in ("anyOf", "oneOf"):
        rest = {name: rule for name, rule in schema.items() if name not in ("anyOf", "oneOf")}
        for part in schema.get(key) or ():
            if isinstance(part, Mapping):
                found += [*(part.get("enum") or ()), *([part["const"]] if "const" in part else [])]
                found += _candidates(value, {**rest, **part}, draws)
    types = schema.get("type")
    kinds = {types} if isinstance(types, str) else set(types or ("string",))
    if "string" in kinds:
        text = value if isinstance(value, str) else _FILLER.strip()
        found += [_text(text, schema, draws) for _ in range(_TRIES if "pattern" in schema else 3)]
    if {"integer", "number"} & kinds:
        number = value if isinstance(value, int | float) else 1
        found += [_number(number, schema, draws, is_whole="number" not in kinds) for _ in range(3)]
    if "boolean" in kinds:
        found.append(bool(draws.below(2)))
    return found


def _text(text: str, schema: Mapping[str, Json], draws: Draws) -> str:
    low, high = int(schema.get("minLength") or 0), schema.get("maxLength")
    if schema.get("pattern"):
        return from_pattern(str(schema["pattern"]), draws.below)
    make = _FORMATS.get(str(schema.get("format") or ""))
    if make is not None:
        return make(draws)
    if len(text) < low:
        text = (text.rstrip(".") + " " + _FILLER * (1 + low // len(_FILLER)))[: high if high is not None else None]
        return text.rstrip().ljust(low, "s")
    if high is not None and len(text) > int(high):
        cut = text[: int(high)]
        whole = cut if text[int(high)].isspace() else cut.rpartition(" ")[0]
        whole = whole.rstrip(" ,.;:-")
        return whole if len(whole) >= max(low, 1) else cut
    return text


def _number(value: float, schema: Mapping[str, Json], draws: Draws, *, is_whole: bool) -> Json:
    step = float(schema.get("multipleOf") or (1 if is_whole else 0.01))
    if is_whole and not step.is_integer():
        step = _whole_multiple(step)
    lows = [float(schema[key]) for key in ("minimum", "exclusiveMinimum") if _is_number(schema.get(key))]
    highs = [float(schema[key]) for key in ("maximum", "exclusiveMaximum") if _is_number(schema.get(key))]
    first = math.ceil(max(lows) / step - 1e-9) if lows else None
    last = math.floor(min(highs) / step + 1e-9) if highs else None
    if first is not None and "exclusiveMinimum" in schema and first * step <= float(schema["exclusiveMinimum"]):
        first += 1
    if last is not None and "exclusiveMaximum" in schema and last * step >= float(schema["exclusiveMaximum"]):
        last -= 1
    near = round(value / step)
    if first is None:
        first = near if last is None else min(near, last - draws.below(_STEPS))
    if last is None:
        last = max(near, first + draws.below(_STEPS))
    if last < first:
        middle = (max(lows) + min(highs)) / 2 if lows and highs and "multipleOf" not in schema else None
        return None if middle is None or is_whole else middle
    place = near if first <= near <= last else first + draws.below(last - first + 1)
    made = place * step
    return round(made) if is_whole else int(made) if step.is_integer() else round(made, 10)


def _whole_multiple(step: float) -> float:
    return next((step * times for times in range(1, 1001) if (step * times).is_integer()), 1.0)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hex(size: int, draws: Draws) -> str:
    return "".join("0123456789abcdef"[draws.below(16)] for _ in range(size))


def _host(draws: Draws) -> str:
    return f"{draws.pick(('mail', 'shop', 'data', 'docs', 'api'))}{1 + draws.below(90)}.{_hex(6, draws)}.example"


_FORMATS: Mapping[str, Callable[[Draws], str]] = {
    "hostname": _host,
    "idn-hostname": _host,
    "ipv4": lambda draws: f"192.0.2.{1 + draws.below(250)}",
    "ipv6": lambda draws: f"2001:db8::{_hex(4, draws)}",
    "idn-email": lambda draws: f"{_hex(5, draws)}@{_host(draws)}",
    "email": lambda draws: f"{'abcdefgh'[draws.below(8)]}@b{draws.below(9)}.co",
    "iri": lambda draws: f"https://{_host(draws)}/",
    "uri": lambda draws: f"https://a{draws.below(90)}.example",
    "uri-reference": lambda draws: f"/{_hex(6, draws)}",
    "iri-reference": lambda draws: f"/{_hex(6, draws)}",
    "json-pointer": lambda draws: f"/{_hex(6, draws)}",
    "relative-json-pointer": lambda draws: f"{draws.below(4)}/{_hex(4, draws)}",
    "regex": lambda draws: f"^{_hex(4, draws)}$",
    "uuid": lambda draws: f"{_hex(8, draws)}-{_hex(4, draws)}-4{_hex(3, draws)}-a{_hex(3, draws)}-{_hex(12, draws)}",
    "date": lambda draws: f"2026-0{1 + draws.below(9)}-{10 + draws.below(18)}",
    "time": lambda draws: f"1{draws.below(9)}:{15 + draws.below(40)}:00Z",
    "date-time": lambda draws: f"2026-0{1 + draws.below(9)}-{10 + draws.below(18)}T1{draws.below(9)}:30:00Z",
    "duration": lambda draws: f"PT{1 + draws.below(20)}H",
}
"""Short values of each format, for where the usual one does not fit."""


def _followed(schema: Json, root: Json) -> Json:
    for _ in range(8):
        ref = schema.get("$ref") if isinstance(schema, Mapping) else None
        if not isinstance(ref, str) or not ref.startswith("#"):
            return schema
        try:
            schema = within(root, ref[1:])
        except LookupError:
            return None
    return None


@lru_cache(maxsize=5_000)
def _validator(schema: bytes) -> Any:
    import json

    import jsonschema_rs

    plain = json.loads(schema)
    plain.pop("$ref", None)
    try:
        return jsonschema_rs.validator_for(plain, validate_formats=True, offline=True)
    except (ValueError, jsonschema_rs.ReferencingError):
        return jsonschema_rs.validator_for(True)
