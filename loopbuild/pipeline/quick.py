"""loop.yaml as far as questions about tools need it, read without the records that validate it.

Importing and running those takes longer than all of `check`. What is not plainly right is no business of this file: it
returns None, and the caller reads in full, which says what is wrong. Defaults are repeated here; a test compares.
"""

from __future__ import annotations

import copy
from typing import Any

from loopbuild.engine.target import Json

_SOURCE: dict[str, Json] = {
    "include": [],
    "exclude": [],
    "effects": {},
    "returns": {},
    "observe": False,
    "deprecated": "keep",
    "allow_empty": False,
}
_BY_KIND: dict[str, dict[str, Json]] = {
    "toolspec": {"path": ""},
    "openapi": {"path": "", "url": "", "refs": {}},
    "python": {"module": "", "import": False},
    "mcp": {"command": [], "url": "", "path": ""},
}
_SECTIONS: dict[str, dict[str, Json]] = {
    "check": {"ignore": {}, "fail_on": "never"},
    "graph": {"min_score": 0.6, "per_input": 5, "edges": {}, "entities": {}, "renames": {}},
    "sampling": {"per_tool": 150, "user_known": [], "coverage": False, "derived": 0.0},
    "evaluation": {"per_tool": 12},
    "synthesis": {
        "writers": [{"model": "offline"}],
        "levels": ["low", "high"],
        "texts_per_level": 1,
        "retired": 8,
        "redirected": 0,
        "categories": {},
    },
}  # fmt: skip
_FAIL_ON = ("never", "breaking", "behavioural", "compatible", "doc")
_EDGES: dict[str, Json] = {"allow": [], "deny": []}
_INCREMENTAL: dict[str, Json] = {"max_rows": 200, "full_rebuild_above": 0.5}
_PHASES: dict[str, Json] = {"teach": {"schemas_in_prompt": True}, "recall": {"schemas_in_prompt": False}}


def quick_settings(content: bytes, *, file: str) -> Json | None:
    """Return the settings that are about tools, None for a file with anything unusual in what it says of them."""
    from loopbuild.documents import Unreadable, read_yaml

    try:
        document = read_yaml(content, file=file)
    except Unreadable:
        return None
    value = document.value
    if document.diagnostics or not isinstance(value, dict) or value.get("version") != 1:
        return None
    try:
        return _settings(value)
    except _Unusual:
        return None


class _Unusual(Exception):
    """Something here needs the full reading."""


def _settings(value: dict[str, Json]) -> dict[str, Json]:
    sources = value.get("sources")
    if not isinstance(sources, dict) or not sources:
        raise _Unusual
    found: dict[str, Json] = {"sources": {name: _source(source) for name, source in sources.items()}}
    sandboxes = [value.get("sandbox"), *(source.get("sandbox") for source in sources.values())]
    if any(isinstance(one, dict) and one.get("entities") for one in sandboxes):
        raise _Unusual  # what is said of entities decides which rows a tool of the source concerns
    for section, defaults in _SECTIONS.items():
        found[section] = _like(defaults, value.get(section, {}))
    found["graph"]["edges"] = _like(_EDGES, found["graph"]["edges"])
    found["synthesis"]["categories"] = _like({"dialogue": 0.0}, found["synthesis"]["categories"])
    ignored = found["check"]["ignore"]
    if not all(isinstance(globs, list) and all(isinstance(glob, str) for glob in globs) for globs in ignored.values()):
        raise _Unusual
    from loopbuild.stages.catalog.lint import CODES

    if not ignored.keys() <= CODES.keys() or found["check"]["fail_on"] not in _FAIL_ON:
        raise _Unusual
    for section in ("check", "graph"):
        if not (value.get(section) or {}).keys() <= found[section].keys() | {"propose"}:
            raise _Unusual  # a misspelt key is told by the full reading
    training = value.get("training", {})
    if not isinstance(training, dict):
        raise _Unusual
    phases = training.get("phases", _PHASES)
    if not isinstance(phases, dict) or not phases:
        raise _Unusual
    found["training"] = {
        "base": training.get("base", "nano"),
        "preset": training.get("preset", "auto"),
        "phases": {name: _phase(phase) for name, phase in phases.items()},
        "incremental": _like(_INCREMENTAL, training.get("incremental", {})),
    }
    return found


def _phase(given: Json) -> dict[str, Json]:
    found = _like({"schemas_in_prompt": False}, given)
    takes_part = given.get("on_increment")
    if takes_part not in (None, True, False) or isinstance(takes_part, int) != isinstance(takes_part, bool):
        raise _Unusual
    return {**found, "on_increment": takes_part}


_ALSO_TEXT = "kind sandbox env headers start_timeout_seconds call_timeout_seconds python import_timeout_seconds"
_ALSO = frozenset(_ALSO_TEXT.split())
"""Keys that questions about tools do not read."""


def _source(source: Json) -> dict[str, Json]:
    if not isinstance(source, dict) or source.get("kind") not in _BY_KIND:
        raise _Unusual
    defaults = _SOURCE | _BY_KIND[source["kind"]]
    if not source.keys() <= defaults.keys() | _ALSO:
        raise _Unusual
    found = _like(defaults, source) | {"kind": source["kind"]}
    if not any(found.get(key) for key in ("path", "url", "module", "command")):
        raise _Unusual
    texts = [*found["include"], *found["exclude"], *found["effects"].values(), found.get("path", "")]
    texts += found.get("refs", {}).values()
    if not all(isinstance(text, str) for text in texts) or "$" in found.get("path", ""):
        raise _Unusual
    if source["kind"] == "openapi" and set("*?[") & set(found.get("path", "")):
        raise _Unusual
    return found


def _like(defaults: dict[str, Json], given: Json) -> dict[str, Any]:
    """Return the keys of `defaults` as given where they have the default's type."""
    if not isinstance(given, dict):
        raise _Unusual
    found = copy.deepcopy(defaults)
    for key, default in defaults.items():
        if key not in given:
            continue
        value = given[key]
        is_number = isinstance(default, float) and type(value) is int
        if type(value) is not type(default) and not is_number:
            raise _Unusual
        found[key] = float(value) if is_number else value
    return found
