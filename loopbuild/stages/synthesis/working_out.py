"""What is worked out from a result, in words: which values it rests on, and what people call them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from loopbuild.judging.derive import CHOICES, derive, head_of
from loopbuild.llm.protocol import Argument, ToldWords
from loopbuild.pointers import at
from loopbuild.records import Json, Provenance, Step, ToolSchema
from loopbuild.stages.synthesis.naming import is_key, item_noun, noun_of_key, words_of_leaf
from loopbuild.stages.synthesis.seen import leaf_of


def computed_words(made: Argument, origin: Provenance, producer: ToolSchema, value: Json) -> Argument:
    """Return an argument whose value stands in no result: counted, added up, taken away, moved in time."""
    source = leaf_of(producer, origin.leaf, side="output")
    return replace(
        made, origin="step", step=origin.step, rule=origin.rule, is_key=False, picked=(value,),
        field=words_of_leaf(source), from_list="[]" in origin.leaf, item=_member(origin.leaf, producer),
        by=words_of_leaf(leaf_of(producer, origin.by, side="output")) if origin.by else "", given=origin.given,
    )  # fmt: skip


def told_words(source: Provenance, steps: Sequence[Step], tools: Mapping[str, ToolSchema]) -> ToldWords:
    """Return what the person asks of the result of a step."""
    step = steps[source.step]
    tool, result = tools[step.call.tool], step.result.value
    by = words_of_leaf(leaf_of(tool, source.by, side="output")) if source.by else ""
    value = derive(source, result)
    is_member = source.rule in CHOICES or source.rule == "count"
    words = _member(source.leaf, tool) if is_member else words_of_leaf(leaf_of(tool, source.leaf, side="output"))
    best: Json = None
    if source.rule in CHOICES:
        best = _best(source, result, value)
    return ToldWords(rule=source.rule, words=words, by=by, given=source.given, value=value, best=best)


def _best(source: Provenance, result: Json, value: Json) -> Json:
    """Return the number or date of the member that is told."""
    head = head_of(source.leaf)
    items = at(result, head.removesuffix("/[]"))
    for place in range(len(items) if isinstance(items, list) else 0):
        path = f"{head.removesuffix('/[]')}/{place}"
        if at(result, path + source.leaf[len(head) :]) == value:
            return at(result, path + source.by[len(head) :])
    return None


def _member(pointer: str, tool: ToolSchema) -> str:
    """Return what a member of the list of a leaf is called: as the list says, else as its identifier does."""
    leaf = leaf_of(tool, pointer, side="output")
    return item_noun(pointer) or (noun_of_key(leaf) if is_key(leaf) else leaf.entity or words_of_leaf(leaf))
