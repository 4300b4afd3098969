"""Remarks on tools: what makes them hard to choose, to call or to trust, each under a code that loop.yaml can silence.

Pure. Remarks condemn nothing and change no key. Texts of schemas are data here: what reads like an order to a model is
pointed out, never followed. Knows no graph: which required inputs nothing feeds is told by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from loopbuild.pointers import unescaped
from loopbuild.records import DeclaredTool, Json, SchemaLeaf, ToolCatalog, ToolSchema, fact_name
from loopbuild.stages.catalog.lint_names import same_reading
from loopbuild.stages.catalog.lint_text import hidden, orders, texts_of
from loopbuild.stages.catalog.vocabulary import VERBS
from loopbuild.stages.catalog.words import words_of
from loopbuild.visible import named

CODES = {
    "no-description": "a tool without a description",
    "thin-description": "a description that only repeats the name",
    "same-description": "two tools described in the same words",
    "undescribed-parameter": "a required parameter of which neither name, format nor text says what it is",
    "opaque-enum": "values like `1`, `2` that nothing explains",
    "untyped-parameter": "a parameter that takes anything",
    "unreachable-parameter": "a required id that no tool returns and no person is said to know",
    "near-names": "two names that read the same",
    "same-name": "a name that another source has too",
    "rewritten-name": "a name a model cannot be given, so that it sees a made-up one",
    "instructs-model": "a text that gives orders to the model that reads it",
    "hidden-text": "characters nobody sees",
    "contradicting-hint": "an annotation that says the opposite of the name",
}
_FILLER_TEXT = "a an the of for to this that tool function api by with from in on it is be and or"
_FILLER = frozenset(_FILLER_TEXT.split())
_CODES = tuple((word,) for word in ("country", "language", "lang", "locale", "currency"))
"""Last words of parameters whose short values are codes that everybody knows."""
_DIGEST = re.compile(r"_[0-9a-f]{6}\Z")
_WRITES_TEXT = "create add insert update edit modify write send approve cancel"
_WRITES = frozenset(_WRITES_TEXT.split())
"""Verbs that are no nouns: an annotation that calls them reads is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One remark on a tool, or on one of its leaves."""

    code: str
    tool: str
    message: str
    side: str = ""
    pointer: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known beside the tools themselves."""

    declared: Mapping[str, DeclaredTool]
    """Tool id -> the tool as its source declares it."""
    others: Collection[str] = ()
    """Ids of tools of other sources."""
    unfed: Collection[str] = ()
    """Facts of required inputs nothing can fill: `hr/get_role input /role_id`."""
    guessed: Mapping[str, str] = field(default_factory=dict)
    """Such facts -> the tool that is guessed to fill them, where one is."""


def remarks(
    catalog: ToolCatalog, around: Surroundings, *, ignore: Mapping[str, Sequence[str]] | None = None
) -> tuple[Remark, ...]:
    """Return the remarks that are wanted, sorted by tool, code and leaf."""
    found = [remark for tool in catalog.tools for remark in _on_tool(tool, around)]
    found += _on_names(catalog.tools, around.others)
    found += _on_descriptions(catalog.tools)
    silenced = ignore or {}
    kept = (
        remark for remark in found if not any(fnmatchcase(remark.tool, glob) for glob in silenced.get(remark.code, ()))
    )
    return tuple(sorted(kept, key=lambda one: (one.tool, one.code, one.side, one.pointer, one.message)))


def _on_tool(tool: ToolSchema, around: Surroundings) -> Iterator[Remark]:
    name = f"`{named(tool.id)}`"

    def say(code: str, message: str, *, leaf: SchemaLeaf | None = None, hint: str = "") -> Remark:
        side, pointer = (leaf.side, leaf.pointer) if leaf is not None else ("", "")
        return Remark(code=code, tool=tool.id, message=message, side=side, pointer=pointer, hint=hint)

    said = set(words_of(tool.description)) - _FILLER
    if not said:
        yield say("no-description", f"{name} has no description", hint="say when to call it and what it returns")
    elif not said - set(words_of(tool.name)) and not _tells_inputs(tool):
        yield say("thin-description", f"the description of {name} says no more than its name")
    if _DIGEST.search(tool.call_name) and not tool.name.endswith(tool.call_name[-6:]):
        yield say(
            "rewritten-name", f"a model sees {name} as `{tool.call_name}`", hint="at most 64 letters, digits, `_-`"
        )
    for leaf in tool.inputs:
        yield from _on_leaf(leaf, name, around, tool, say)
    yield from _on_texts(tool, name, say)
    declared = around.declared.get(tool.id)
    is_write = tool.verb in _WRITES or VERBS.get(tool.verb) == "delete"
    if declared is not None and declared.hints.get("readOnlyHint") is True and is_write:
        message = f"{name} is annotated `readOnlyHint: true`, but `{tool.verb}` is no read"
        yield say("contradicting-hint", message, hint="`effects:` of its source in loop.yaml decides")


def _on_leaf(leaf: SchemaLeaf, name: str, around: Surroundings, tool: ToolSchema, say) -> Iterator[Remark]:  # type: ignore[no-untyped-def]
    called = f"`{named(leaf.pointer.removeprefix('/'))}` of {name}"
    is_told = bool(leaf.description or leaf.kind or leaf.enum or leaf.format or leaf.examples or leaf.pattern)
    is_told = is_told or set(leaf.words) <= {*words_of(tool.description)}
    if leaf.is_required and not is_told and "boolean" not in leaf.types and leaf.types:
        yield say("undescribed-parameter", f"nothing says what {called} is", leaf=leaf, hint="give it a `description`")
    if not leaf.types and not leaf.enum and not _has_branches(tool.input_schema, leaf.pointer):
        yield say("untyped-parameter", f"{called} takes anything", leaf=leaf, hint="give it a `type`")
    is_short = all(not isinstance(value, str) or len(value) < 3 for value in leaf.enum)
    is_code = leaf.words[-1:] in _CODES and all(isinstance(value, str) for value in leaf.enum)
    if len(leaf.enum) > 1 and is_short and not is_code and "boolean" not in leaf.types and not leaf.description:
        yield say("opaque-enum", f"nothing explains the values of {called}", leaf=leaf)
    if fact_name(tool.id, "input", leaf.pointer) in around.unfed:
        hint = f"`sampling: {{user_known: [{leaf.pointer.rstrip('[]/').rpartition('/')[2]}]}}` if people know it"
        if guessed := around.guessed.get(fact_name(tool.id, "input", leaf.pointer)):
            hint = f"`{named(guessed)}` may do, by its name: `loopbuild graph --verify` tries it in a real sandbox"
        yield say("unreachable-parameter", f"no tool returns {called}, which is required", leaf=leaf, hint=hint)


def _tells_inputs(tool: ToolSchema) -> bool:
    """Say whether every required input is described: then a verb and a noun do for the tool."""
    required = [leaf for leaf in tool.inputs if leaf.is_required]
    return bool(required) and all(leaf.description for leaf in required)


def _has_branches(schema: Json, pointer: str) -> bool:
    """Say whether alternatives stand at a leaf or above it: what it takes is said there."""
    for part in pointer.split("/")[1:]:
        if not isinstance(schema, dict) or {"anyOf", "oneOf", "allOf", "$ref"} & schema.keys():
            return True
        inside = schema.get("items") if part == "[]" else (schema.get("properties") or {}).get(unescaped(part))
        schema = inside if inside is not None else schema.get("additionalProperties")
    return isinstance(schema, dict) and bool({"anyOf", "oneOf", "allOf", "$ref"} & schema.keys())


def _on_texts(tool: ToolSchema, name: str, say) -> Iterator[Remark]:  # type: ignore[no-untyped-def]
    orders_seen: set[str] = set()
    hidden_seen: set[str] = set()
    for text in texts_of(tool):
        for quoted in orders(text):
            orders_seen.add(quoted)
        hidden_seen |= hidden(text)
    for quoted in sorted(orders_seen)[:3]:
        hint = "a description says what a tool does; its text is data here and is obeyed by nothing"
        yield say("instructs-model", f"a text of {name} gives orders: `{named(quoted)}`", hint=hint)
    if hidden_seen:
        shown = ", ".join(sorted(hidden_seen)[:5])
        yield say("hidden-text", f"texts of {name} hold characters nobody sees: {shown}")


def _on_names(tools: Sequence[ToolSchema], others: Collection[str]) -> Iterator[Remark]:
    own = {tool.name: tool.id for tool in tools}
    elsewhere: dict[str, list[str]] = {}
    for tool_id in sorted({*others, *own.values()}):
        elsewhere.setdefault(tool_id.partition("/")[2], []).append(tool_id)
    for tool in tools:
        twins = [one for one in elsewhere[tool.name] if one != tool.id]
        if twins:
            shown = ", ".join(f"`{named(one)}`" for one in twins[:3])
            message = f"`{named(tool.id)}` has the name of {shown}: a model sees them with their sources as prefix"
            yield Remark(code="same-name", tool=tool.id, message=message)
    for tool, twin in same_reading(tools):
        message = f"`{named(tool.id)}` and `{named(twin.name)}` read the same"
        yield Remark(code="near-names", tool=tool.id, message=message, hint="name them by what tells them apart")


def _on_descriptions(tools: Iterable[ToolSchema]) -> Iterator[Remark]:
    by_text: dict[str, list[ToolSchema]] = {}
    for tool in tools:
        if words_of(tool.description):
            by_text.setdefault(" ".join(tool.description.split()).casefold(), []).append(tool)
    for bearers in by_text.values():
        for tool in bearers[1:]:
            message = f"`{named(tool.id)}` is described as `{named(bearers[0].id)}` is, word for word"
            yield Remark(code="same-description", tool=tool.id, message=message)
