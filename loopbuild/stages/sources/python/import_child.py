"""Runs in a child process under the user's interpreter: imports one module and writes what its functions take.

    python -I import_child.py ROOT MODULE OWNER ANSWER SECONDS MEBIBYTES

Needs nothing of loopbuild, because that interpreter need not have it; pydantic makes the schemas. Whatever the module
prints goes to stderr, the answer into the file ANSWER.
"""

import contextlib
import inspect
import json
import sys
from collections.abc import Iterator
from typing import Any


def main(root: str, module: str, owner: str, answer: str, seconds: str, mebibytes: str) -> None:
    """Import the module and write the answer."""
    _limit(int(seconds), int(mebibytes))
    sys.path.insert(0, root)
    sys.stdout = sys.stderr
    try:
        import pydantic
    except ImportError:
        sys.exit("this interpreter has no pydantic, which makes the schemas: install it there")
    from importlib import import_module

    home = import_module(module)
    place = getattr(home, owner) if owner else home
    tools, skipped = [], []
    for name, function in _functions(home, place, is_class=bool(owner)):
        try:
            tools.append(_entry(pydantic, name, function, is_method=bool(owner)))
        except Exception as exc:
            skipped.append({"name": name, "reason": f"{type(exc).__name__}: {exc}".splitlines()[0][:300]})
    with open(answer, "w", encoding="utf-8") as stream:  # noqa: PTH123
        json.dump({"tools": tools, "skipped": skipped}, stream, ensure_ascii=True, allow_nan=False)


def _limit(seconds: int, mebibytes: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
        resource.setrlimit(resource.RLIMIT_DATA, (mebibytes << 20, mebibytes << 20))


def _functions(home: Any, place: Any, *, is_class: bool) -> Iterator[tuple[str, Any]]:
    wanted = getattr(home, "__all__", None) if not is_class else None
    for name in wanted if wanted is not None else list(vars(place)):
        value = inspect.getattr_static(place, name, None)
        if isinstance(value, (staticmethod, classmethod)):
            value = getattr(place, name)
        if not inspect.isroutine(value) or inspect.isbuiltin(value) or (wanted is None and name.startswith("_")):
            continue
        if is_class or wanted is not None or getattr(value, "__module__", "") == home.__name__:
            yield name, value


def _entry(pydantic: Any, name: str, function: Any, *, is_method: bool) -> dict[str, Any]:
    import typing

    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    is_open = False
    for index, parameter in enumerate(inspect.signature(function).parameters.values()):
        note = hints.get(parameter.name, typing.Any)
        if index == 0 and is_method and parameter.name in ("self", "cls"):
            continue
        if getattr(note, "__name__", "") in ("Context", "RunContext", "RunContextWrapper", "ToolContext", "Request"):
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            is_open = True
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            fields[parameter.name] = (note, ... if parameter.default is parameter.empty else parameter.default)
    inputs = _arguments(pydantic, fields)
    if is_open:
        inputs["additionalProperties"] = True
    entry = {"name": name, "description": inspect.getdoc(function) or "", "inputSchema": inputs}
    returned = hints.get("return")
    if returned not in (None, type(None), typing.Any) and returned is not inspect.Signature.empty:
        entry["outputSchema"] = _schema(pydantic, returned, "serialization")
    return entry


def _arguments(pydantic: Any, fields: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    shared: dict[str, Any] = {}
    for name, (note, default) in fields.items():
        schema = _schema(pydantic, note, "validation")
        shared.update(schema.pop("$defs", {}))
        if default is ...:
            required.append(name)
        else:
            with contextlib.suppress(Exception):
                plain = pydantic.TypeAdapter(note).dump_python(default, mode="json")
                json.dumps(plain, allow_nan=False)
                schema["default"] = plain
        properties[name] = schema
    out: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        out["required"] = required
    if shared:
        out["$defs"] = shared
    return out


def _schema(pydantic: Any, note: Any, mode: str) -> dict[str, Any]:
    schema: dict[str, Any] = pydantic.TypeAdapter(note).json_schema(mode=mode)
    return schema


main(*sys.argv[1:])
