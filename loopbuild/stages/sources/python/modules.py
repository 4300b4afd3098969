"""A project's modules as griffe reads them, and what a name in one of them stands for.

Decides how a class becomes a schema: enums, typed dicts, named tuples, dataclasses and pydantic models by their fields.
Nothing is imported and no module outside the files that were handed in is opened.
"""

from __future__ import annotations

import ast
import io
import platform
import tokenize
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loopbuild.records import Json
from loopbuild.stages.sources.python.annotations import Annotation, is_json, limits
from loopbuild.stages.sources.python.docstrings import described
from loopbuild.stages.sources.python.nearby import module_of, relative_names

_ENUMS = frozenset(("Enum", "StrEnum", "IntEnum", "Flag", "IntFlag"))
_RECORDS = frozenset(("TypedDict", "NamedTuple", "BaseModel", "Struct"))
_HOPS = 20


class Unparsable(Exception):
    """A file that is no Python; `line` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message, self.line = message, line


@dataclass(slots=True)
class Modules:
    """The modules by dotted name; `definitions` grows with the classes that annotations name."""

    known: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, Json] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)
    _relative: dict[str, dict[str, str]] = field(default_factory=dict)
    """Module -> what its relative imports stand for: griffe does not know which file is a package."""

    def add(self, path: str, content: bytes) -> Any:
        """Parse a file; raises Unparsable."""
        import griffe

        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            text = content.decode(encoding).replace("\r\n", "\n")
            name = module_of(path)
            # griffe keeps to the text it is given; its `load` would import what it cannot read.
            module = griffe.visit(name, filepath=Path(path), code=text)
            self._relative[name] = relative_names(ast.parse(text), path)
        except SyntaxError as exc:
            own = ".".join(platform.python_version_tuple()[:2])
            raise Unparsable(f"{exc.msg or 'not Python'} (read as Python {own})", exc.lineno or 1) from exc
        except (ValueError, RecursionError, MemoryError, LookupError) as exc:
            raise Unparsable(str(exc).splitlines()[0] if str(exc) else type(exc).__name__, 1) from exc
        self.known[name] = module
        return module

    def annotation(self, module: Any) -> Annotation:
        """Return a reader of annotations that stand in `module`."""
        return Annotation(resolve=lambda name: self._resolve(name, module, 0))

    def constant(self, text: str, module: Any) -> Json:
        """Return the value of an enum's member written `Color.RED`; None for anything else."""
        owner, _, name = text.rpartition(".")
        member, where = module.members.get(owner), module
        if member is not None and member.is_alias:
            home, _, owner = self._target(member, module).rpartition(".")
            where = self.known.get(home)
            member = where.members.get(owner) if where is not None else None
        if member is None or member.is_alias or member.kind.value != "class" or name not in member.members:
            return None
        try:
            value = ast.literal_eval(str(member.members[name].value))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError, AttributeError):
            return None
        return value if is_json(value) else None

    def _resolve(self, name: str, module: Any, hops: int) -> str | Json:
        first, _, rest = name.partition(".")
        member = module.members.get(first)
        if member is None or hops > _HOPS:
            return name
        if member.is_alias:
            target = self._target(member, module) + (f".{rest}" if rest else "")
            return self._elsewhere(target, hops)
        if rest:
            return name
        if member.kind.value == "class":
            return self._class(member, module, hops)
        value = str(getattr(member, "value", "") or "")
        return self._assigned(name, value, module, hops) if value else name

    def _target(self, member: Any, module: Any) -> str:
        """Return what an imported name stands for, as a dotted name."""
        return self._relative.get(str(module.path), {}).get(member.name) or str(member.target_path)

    def _elsewhere(self, target: str, hops: int) -> str | Json:
        """Follow an import to the module of the project that defines the name, if it is one of them."""
        module, _, name = target.rpartition(".")
        if module in self.known and name:
            return self._resolve(name, self.known[module], hops + 1)
        return target

    def _assigned(self, name: str, value: str, module: Any, hops: int) -> str | Json:
        try:
            tree = ast.parse(value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return name
        inner = Annotation(resolve=lambda other: other if other == name else self._resolve(other, module, hops + 1))
        if (
            isinstance(tree, ast.Call)
            and ast.unparse(tree.func).rpartition(".")[2] == "NewType"
            and len(tree.args) == 2
        ):
            schema = inner.schema(ast.unparse(tree.args[1]))
            stem = next((name.removesuffix(end) for end in ("Id", "ID", "Uuid", "UUID") if name.endswith(end)), "")
            return {**schema, "x-expands": [stem]} if stem and isinstance(schema, dict) else schema
        if isinstance(tree, ast.Call) and ast.unparse(tree.func).rpartition(".")[2] in ("TypeVar", "ParamSpec"):
            return {}
        return inner.schema(value)

    def _class(self, found: Any, module: Any, hops: int) -> Json:
        bases = [str(base).partition("[")[0].rpartition(".")[2] for base in found.bases]
        lineage = self._lineage(found, module)
        if any(base in _ENUMS for one, _ in lineage for base in _bases(one)):
            return _enum(found)
        is_record = any(base in _RECORDS for one, _ in lineage for base in _bases(one)) or any(
            "dataclass" in str(mark.value) or str(mark.value).startswith(("define", "attr.", "attrs."))
            for one, _ in lineage
            for mark in one.decorators
        )
        if not is_record:
            scalar = next((base for base in bases if base in ("str", "int", "float")), "")
            return {"type": {"str": "string", "int": "integer", "float": "number"}[scalar]} if scalar else found.name
        path = str(found.canonical_path)
        if path not in self._names:
            name = found.name if found.name not in self.definitions else path
            self._names[path] = name
            self.definitions[name] = {}
            self.definitions[name] = self._record(found, lineage, hops)
        return {"$ref": f"#/$defs/{self._names[path]}"}

    def _lineage(self, found: Any, module: Any, depth: int = 0) -> list[tuple[Any, Any]]:
        """Return a class and those of its bases that the project defines, nearest first."""
        out = [(found, module)]
        for base in found.bases if depth < _HOPS else ():
            name = str(base).partition("[")[0]
            member, where = module.members.get(name), module
            if member is not None and member.is_alias:
                home, _, name = self._target(member, module).rpartition(".")
                where = self.known.get(home)
                member = where.members.get(name) if where is not None else None
            if member is not None and not member.is_alias and member.kind.value == "class" and member is not found:
                out += self._lineage(member, where, depth + 1)
        return out

    def _record(self, found: Any, lineage: list[tuple[Any, Any]], hops: int) -> Json:
        properties: dict[str, Json] = {}
        required: list[str] = []
        is_total = True
        texts: dict[str, str] = {}
        for one, _ in lineage:
            texts = {**described(one.docstring).parameters, **texts}
        for one, module in reversed(lineage):
            keywords = getattr(one, "keywords", None) or {}
            is_total = str(keywords.get("total", "True")) != "False"
            for name, member in one.members.items():
                note = str(getattr(member, "annotation", "") or "")
                if member.is_alias or member.kind.value != "attribute" or not note or name.startswith("_"):
                    continue
                # griffe takes `ClassVar` off the annotation and leaves a label that fields have too, but not alone.
                if name == "model_config" or "instance-attribute" not in member.labels:
                    continue
                inner = Annotation(resolve=lambda other, where=module: self._resolve(other, where, hops + 1))  # type: ignore[misc]
                schema = inner.schema(note)
                value = str(member.value) if member.value is not None else ""
                schema, has_default = _with_value(schema, value)
                text = member.docstring.value if member.docstring else texts.get(name, "")
                if text and isinstance(schema, dict):
                    schema.setdefault("description", text)
                properties[name] = schema
                if name in required:
                    required.remove(name)
                if not has_default and is_total and "NotRequired" not in note:
                    required.append(name)
        out: dict[str, Json] = {"type": "object", "properties": properties}
        summary = described(found.docstring).summary
        if summary:
            out["description"] = summary
        return {**out, "required": required} if required else out


def _bases(found: Any) -> list[str]:
    return [str(base).partition("[")[0].rpartition(".")[2] for base in found.bases]


def _enum(found: Any) -> Json:
    values: list[Json] = []
    for name, member in found.members.items():
        if member.is_alias or member.kind.value != "attribute" or name.startswith("_") or member.value is None:
            continue
        text = str(member.value)
        if text in ("auto()", "enum.auto()"):
            values.append(name.lower() if "StrEnum" in _bases(found) else len(values) + 1)
            continue
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            continue
        if is_json(value):
            values.append(value)
    if not values:
        return {}
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number"}
    names = {kinds.get(type(value), "") for value in values}
    return {"type": names.pop(), "enum": values} if len(names) == 1 and "" not in names else {"enum": values}


def _with_value(schema: Json, value: str) -> tuple[Json, bool]:
    """Return a field's schema with its default, and whether it has one."""
    if not value:
        return dict(schema) if isinstance(schema, dict) else schema, False
    try:
        tree = ast.parse(value, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return schema, True
    if isinstance(tree, ast.Call):
        words = {word.arg: word.value for word in tree.keywords}
        out = {**schema, **limits(tree, schema)} if isinstance(schema, dict) else schema
        first = tree.args[0] if tree.args else words.get("default")
        is_open = isinstance(first, ast.Constant) and first.value is Ellipsis
        has_default = (first is not None and not is_open) or "default_factory" in words or "factory" in words
        return _defaulted(out, first) if has_default and first is not None else out, has_default
    return _defaulted(dict(schema) if isinstance(schema, dict) else schema, tree), True


def _defaulted(schema: Json, node: ast.expr) -> Json:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return schema
    if is_json(value) and isinstance(schema, dict):
        schema = {**schema, "default": list(value) if isinstance(value, tuple) else value}
    return schema
