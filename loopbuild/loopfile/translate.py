"""Pydantic's errors as diagnostics: our codes, our words, the place in the file.

Decides the words of everything that is wrong with a key or a value on its own; what is wrong between settings is in
checks.py.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from loopbuild.documents import Path, pointer_of
from loopbuild.loopfile.diagnostics import key_path
from loopbuild.loopfile.sections.base import Json
from loopbuild.loopfile.sections.sandbox import BELOW, HEADER, VARIABLE
from loopbuild.loopfile.shape import homes, kind_of, locate, section_at, sections_of
from loopbuild.loopfile.spans import Settings
from loopbuild.records import Diagnostic

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "`true` or `false`",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "tuple_type": "a list",
    "finite_number": "a finite number",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_NAME = ("not a name: small letters, digits, `_` and `-`, a letter first, 32 at most", "", True)
_PATTERNS = {
    VARIABLE: ("no name of an environment variable", "write the name alone: neither its value nor `${...}`", False),
    HEADER: ("no name of a header", "letters, digits and `-`", False),
    BELOW: ("no path below `url`", "it begins with `/`", False),
}
"""Pattern -> what a text that does not match is, the way out, whether the key itself is meant. The text is not quoted:
who writes a secret where its name belongs shall not find it in a log."""
_SPOKEN = {"on": "true", "yes": "true", "y": "true", "off": "false", "no": "false", "n": "false"}


def translate(error: Mapping[str, Any], settings: Settings) -> Diagnostic:
    """Return one error of `ValidationError.errors()` as a diagnostic."""
    path, annotation = locate(tuple(error["loc"]), settings.value)
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        return _unknown_key(path, settings)
    if kind == "missing":
        return _missing_key(path, settings)
    if kind == "union_tag_invalid":
        return _unknown_kind(path, annotation, settings)
    if kind == "union_tag_not_found":
        return _missing_kind(path, annotation, settings)
    if kind in _WANTED:
        return _wrong_type(path, _WANTED[kind], error["input"], settings)
    name = f"`{path[-1]}`" if path and isinstance(path[-1], str) else f"`{_shown(path)}`"
    given = settings.spelled(path) or str(error["input"])
    if kind == "literal_error":
        # Pydantic spells the choices `'read', 'create' or 'update'`.
        choices = [part.strip(" '") for part in str(context["expected"]).replace(" or ", ", ").split(",")]
        hint = did_you_mean(str(error["input"]), choices)
        return _mistake("bad-value", f"{name} must be {_listed(choices)}, not `{given}`", path, settings, hint=hint)
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        hint = ""
        if key == "le" and context[key] == 1 and error["input"] <= 100:
            hint = f"a share: write `{error['input'] / 100:g}` for {error['input']:g}%"
        return _mistake(
            "bad-value", f"{name} must be {words} {context[key]:g}, not `{given}`", path, settings, hint=hint
        )
    if kind == "string_pattern_mismatch":
        wanted, hint, is_key = _PATTERNS.get(context["pattern"], _NAME)
        return _mistake("bad-value", f"{name} is {wanted}", path, settings, key=is_key, hint=hint)
    if kind == "too_short":
        return _mistake("bad-value", f"{name} is empty", path, settings, key=True)
    return _mistake("bad-value", f"{name}: {error['msg'][:1].lower()}{error['msg'][1:]}", path, settings)


def did_you_mean(word: str, names: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return the hint naming the nearest of `names`, empty when none is near."""
    near = difflib.get_close_matches(word.lower(), sorted(names), n=1, cutoff=cutoff)
    return f"did you mean `{near[0]}`?" if near else ""


def _unknown_key(path: Path, settings: Settings) -> Diagnostic:
    key = str(path[-1])
    parent, annotation = locate(path[:-1], settings.value)
    value = _value_at(settings.value, parent)
    section = section_at(annotation, value)
    keys = list(section.model_fields) if section is not None else []
    hint = did_you_mean(key, [name for name in keys if not isinstance(value, dict) or name not in value])
    if not hint:
        others = [kind_of(other) for other in sections_of(annotation) if key in other.model_fields]
        places = [place or "the top level" for place in homes().get(key, ())]
        if others:
            hint = f"`{key}` belongs to `kind: {others[0]}`"
        elif places:
            # The home that shares most with where the key stands comes first; the sort is stable.
            here = _shown(path[:-1])
            places.sort(key=lambda place: -_shared(place, here))
            hint = (
                f"`{key}` belongs under `{places[0]}`" if places[0] != "the top level" else f"`{key}` stands at the top"
            )
        elif keys:
            hint = did_you_mean(key, homes(), cutoff=0.8) or (
                f"keys here: {_listed(keys, last='and')}" if len(keys) <= 8 else "`loopbuild schema` lists every key"
            )
    return _mistake("unknown-key", f"unknown key `{key}`", path, settings, key=True, hint=hint)


def _missing_key(path: Path, settings: Settings, *, hint: str = "") -> Diagnostic:
    parent = path[:-1]
    if not parent:
        hint = hint or ("write `version: 1` above the other keys" if path[-1] == "version" else _EXAMPLE)
    where = f" in `{_shown(parent)}`" if parent else ""
    return _mistake("missing-key", f"missing key `{path[-1]}`{where}", parent, settings, key=True, hint=hint)


_EXAMPLE = "name one source: `sources: {hr: {kind: toolspec, path: tools/hr.json}}`"


def _missing_kind(path: Path, annotation: Any, settings: Settings) -> Diagnostic:
    kinds = [kind_of(section) for section in sections_of(annotation)]
    value = _value_at(settings.value, path)
    if path[0] == "filters" and isinstance(value, dict) and len(value) == 1 and next(iter(value)) in kinds:
        ((kind, options),) = value.items()
        if not isinstance(options, dict):
            return _wrong_type((*path, kind), "a mapping", options, settings)
        return _mistake("unknown-key", "unknown key `kind`", (*path, kind, "kind"), settings, key=True)
    return _missing_key((*path, "kind"), settings, hint=f"`kind` is one of {_listed(kinds)}")


def _unknown_kind(path: Path, annotation: Any, settings: Settings) -> Diagnostic:
    value = _value_at(settings.value, path)
    given = value.get("kind") if isinstance(value, dict) else None
    kinds = [kind_of(section) for section in sections_of(annotation)]
    place = (*path, "kind")
    if given is None or isinstance(given, dict | list):
        return _wrong_type(place, "text", given, settings)
    hint = did_you_mean(str(given), kinds) or f"known are {_listed(kinds, last='and')}"
    noun = {"filters": "filter", "sources": "source", "sandbox": "sandbox"}
    shown = given if isinstance(given, str) else settings.spelled(place)
    inner = {"sandbox": "sandbox", "of": "sandbox", "auth": "credential"}
    name = inner.get(str(path[-1])) or noun.get(str(path[0]), str(path[0]))
    return _mistake("unknown-kind", f"unknown {name} kind `{shown}`", place, settings, hint=hint)


def _wrong_type(path: Path, wanted: str, given: Json, settings: Settings) -> Diagnostic:
    name = str(path[-1]) if path and isinstance(path[-1], str) else _shown(path)
    written = settings.spelled(path)
    hint = ""
    if given is None:
        hint = _hint_for_nothing(path, settings)
    elif wanted == "text" and isinstance(given, bool | int | float):
        hint = f'quote it: `"{written}"`'
    elif wanted == "`true` or `false`" and str(given).lower() in _SPOKEN:
        hint = f"write `{_SPOKEN[str(given).lower()]}`"
    elif wanted == "a whole number" and isinstance(given, float) and given.is_integer():
        hint = f"write `{int(given)}`"
    elif "number" in wanted and isinstance(given, str) and _is_number(given):
        hint = f"write it without quotes: `{given}`"
    elif wanted == "a list" and isinstance(given, str | int | float):
        hint = f"write `[{written}]`"
    elif wanted == "a mapping" and isinstance(given, str):
        hint = _hint_for_mapping(path, given, settings)
    return _mistake(
        "wrong-type", f"`{name}` must be {wanted}, not {_described(given, written)}", path, settings, hint=hint
    )


def _hint_for_nothing(path: Path, settings: Settings) -> str:
    parent, annotation = locate(path[:-1], settings.value)
    section = section_at(annotation, _value_at(settings.value, parent))
    if section is None:
        only = sections_of(locate(path, settings.value)[1])
        return f"write `{path[-1]}: {{}}` for its defaults" if len(only) == 1 else ""
    return "" if section.model_fields[str(path[-1])].is_required() else "leave the key out for its default"


def _hint_for_mapping(path: Path, given: str, settings: Settings) -> str:
    sections = sections_of(locate(path, settings.value)[1])
    kinds = [kind_of(section) for section in sections]
    if given in kinds:
        return f"write `{{kind: {given}}}`"
    if len(sections) == 1:
        first, field = next(iter(sections[0].model_fields.items()))
        if field.annotation is str:
            return f"write `{{{first}: {given}}}`"
    return f"its `kind` is one of {_listed(kinds)}" if len(kinds) > 1 else ""


def _mistake(
    code: str, message: str, path: Path, settings: Settings, *, key: bool = False, hint: str = ""
) -> Diagnostic:
    value = _value_at(settings.value, path)
    # A mapping or list has no line of its own: its key shows it.
    span = settings.span(path, key=key or isinstance(value, dict | list) or value is None)
    return Diagnostic(severity="error", code=code, message=message, span=span, hint=hint)


def _described(given: Json, written: str) -> str:
    if given is None:
        return "null"
    if isinstance(given, dict):
        return "a mapping"
    if isinstance(given, list):
        return "a list"
    if isinstance(given, str):
        return f"the text `{given}`" if len(given) <= 40 else "text"
    return f"`{written or given}`"


def _shown(path: Path) -> str:
    return key_path(pointer_of(path))


def _value_at(value: Json, path: Path) -> Json:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _listed(names: Iterable[str], *, last: str = "or") -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {last} {quoted[-1]}"


def _shared(place: str, here: str) -> int:
    ours, theirs = place.split("."), here.split(".")
    return next((index for index, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]), len(ours))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
