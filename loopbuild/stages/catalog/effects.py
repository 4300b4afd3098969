"""What calling a tool does: by the word of its author, else by its HTTP method and its name, else by its name alone.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import cast, get_args

from loopbuild.records import DeclaredTool, Effect, SchemaLeaf
from loopbuild.stages.catalog.meaning import effect_of, phrase_of
from loopbuild.stages.catalog.vocabulary import NOUN_VERBS, PHRASES, VERBS
from loopbuild.stages.catalog.words import split_words


def effect_of_tool(
    tool: DeclaredTool, verb: str, entity: str, inputs: Sequence[SchemaLeaf], outputs: Sequence[SchemaLeaf]
) -> Effect:
    """Return the word of loop.yaml, else that of the HTTP method, else what name and annotations suggest."""
    yields = _yields_id_of((entity,), inputs, outputs)
    phrase = phrase_of(tool.name, source=tool.source)
    by_method = tool.hints.get("effect_by_method")
    if "effect" in tool.hints or by_method not in get_args(Effect):
        return effect_of(verb, tool.hints, yields_own_id=yields, phrase=phrase)
    said = cast(Effect, by_method)
    if method_and_path(tool)[0] != "post":
        return said
    meant = PHRASES.get(phrase) or VERBS.get(verb, "unknown")
    if said == "read":  # it ends in a word of asking, which is a noun where something is done with it
        return meant if verb not in NOUN_VERBS and meant not in ("read", "unknown") else said
    is_action = meant in ("update", "delete") and (verb not in NOUN_VERBS or split_words(tool.name)[:1] == (verb,))
    is_making = _yields_id_of((entity, verb), inputs, outputs)  # a refund is a thing as well
    return meant if is_action and not is_making and _is_about_one(tool, verb, entity, inputs) else said


def method_and_path(tool: DeclaredTool) -> tuple[str, str]:
    """Return where a call goes over HTTP, empty words where it does not."""
    transport = tool.hints.get("transport")
    found = transport if isinstance(transport, dict) else {}
    return str(found.get("method", "")), str(found.get("path", ""))


def _is_about_one(tool: DeclaredTool, verb: str, entity: str, inputs: Sequence[SchemaLeaf]) -> bool:
    """Say whether a call is told which thing it is about: by its id, or by a path that ends in `{thing}/verb`."""
    if any(leaf.is_required and leaf.kind == "id" and leaf.entity == entity for leaf in inputs):
        return True
    action = re.search(r"\}[/:]([^/{}]+)/?$", method_and_path(tool)[1])
    return action is not None and verb in split_words(action[1])


def _yields_id_of(entities: Collection[str], inputs: Sequence[SchemaLeaf], outputs: Sequence[SchemaLeaf]) -> bool:
    """Say whether a call returns a new id of what it is about: then it creates, whatever its verb."""
    fed = {leaf.words for leaf in inputs}
    return any(
        leaf.kind == "id" and leaf.entity in entities and leaf.words not in fed and "[]" not in leaf.pointer
        for leaf in outputs
    )
