"""What of a result an answer may quote, and the leaf of a tool that stands at a pointer."""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.llm.names import split_words
from loopbuild.llm.protocol import Outcome
from loopbuild.records import Json, SchemaLeaf, ToolSchema


def outcomes_of(value: Json, tool: ToolSchema) -> list[Outcome]:
    """Return what an answer may quote: scalars, lists of scalars, and what names the members of a list of objects."""
    made: list[Outcome] = []
    for key, item in value.items() if isinstance(value, dict) else ():
        words = " ".join(split_words(key))
        is_id = leaf_of(tool, f"/{key}", side="output").kind == "id" or words == "id" or words.endswith(" id")
        if isinstance(item, list):
            if item and all(isinstance(member, dict) for member in item):
                item = [_naming_value(member) for member in item]
            if all(not isinstance(member, list | dict) and member is not None for member in item):
                made.append(Outcome(words=words, value=list(item), is_key=is_id))
        elif isinstance(item, dict):
            made += [Outcome(words=" ".join(split_words(k)), value=v, is_key=k == "id" or k.endswith("_id"))
                     for k, v in item.items() if not isinstance(v, list | dict) and v is not None]  # fmt: skip
        elif item is not None:
            made.append(Outcome(words=words, value=item, is_key=is_id))
    return made


def _naming_value(member: Mapping[str, Json]) -> Json:
    for ending in ("name", "title", "id"):
        for key, value in member.items():
            if split_words(key)[-1:] == [ending] and not isinstance(value, list | dict):
                return value
    return next((value for value in member.values() if not isinstance(value, list | dict)), "")


def leaf_of(tool: ToolSchema, pointer: str, *, side: str = "") -> SchemaLeaf:
    """Return the leaf at a pointer, or one of that name where the tool has none."""
    leaves = tool.outputs if side == "output" else (*tool.inputs, *tool.outputs)
    for leaf in leaves:
        if leaf.pointer in (pointer, f"{pointer}/[]"):
            return leaf
    return SchemaLeaf(side="input", pointer=pointer, words=tuple(split_words(pointer.rpartition("/")[2])))
