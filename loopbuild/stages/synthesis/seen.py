"""What of a result an answer may quote, and the leaf of a tool that stands at a pointer."""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.llm.names import split_words
from loopbuild.llm.offline.morphology import plural
from loopbuild.llm.protocol import Outcome
from loopbuild.records import Json, SchemaLeaf, ToolSchema


def outcomes_of(value: Json, tool: ToolSchema) -> list[Outcome]:
    """Return what an answer may quote: scalars, lists of scalars, and what names the members of a list of objects."""
    made: list[Outcome] = []
    if isinstance(value, list):
        # A bare list is one of what the tool is about.
        is_id = leaf_of(tool, "/[]", side="output").kind == "id"
        listed = _listed(plural(tool.entity or "item"), value, is_id=is_id)
        return [listed] if listed is not None else []
    for key, item in value.items() if isinstance(value, dict) else ():
        words = " ".join(split_words(key))
        is_id = leaf_of(tool, f"/{key}", side="output").kind == "id" or words == "id" or words.endswith(" id")
        if isinstance(item, list):
            listed = _listed(words, item, is_id=is_id)
            made += [listed] if listed is not None else []
        elif isinstance(item, dict):
            made += [Outcome(words=" ".join(split_words(k)), value=v, is_key=k == "id" or k.endswith("_id"))
                     for k, v in item.items() if not isinstance(v, list | dict) and v is not None]  # fmt: skip
        elif item is not None:
            made.append(Outcome(words=words, value=item, is_key=is_id))
    return made


def _listed(words: str, members: list[Json], *, is_id: bool) -> Outcome | None:
    if members and all(isinstance(member, dict) for member in members):
        members = [_naming_value(member) for member in members]
    if any(isinstance(member, list | dict) or member is None for member in members):
        return None
    return Outcome(words=words, value=list(members), is_key=is_id)


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
