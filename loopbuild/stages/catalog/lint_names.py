"""Which tools' names read the same to whoever has to choose between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loopbuild.records import ToolSchema
from loopbuild.stages.catalog.words import split_words, words_of

_SAME_VERBS = (
    "get fetch retrieve read show lookup load",
    "list search find query browse",
    "create add insert new make",
    "delete remove destroy drop erase",
    "update edit modify change patch",
    "send post submit",
    "start run execute launch trigger",
)
_VERB = {verb: group.split()[0] for group in _SAME_VERBS for verb in group.split()}


def same_reading(tools: Sequence[ToolSchema]) -> Iterator[tuple[ToolSchema, ToolSchema]]:
    """Yield (tool, an earlier one of its source) for names that differ in order, number or a synonym of the verb only.

    `get_role` and `role_get` are such; so are `fetch_user` and `get_user`. A list and a look-up by id (`get_roles`,
    `get_role`) are told apart by what they take: those with other required inputs are no such pair, unless the names
    are the same but for case and punctuation.
    """
    seen: dict[tuple[str, tuple[str, ...]], ToolSchema] = {}
    words: dict[tuple[str, tuple[str, ...]], ToolSchema] = {}
    for tool in tools:
        plain = tuple(sorted(words_of(tool.name)))
        meant = tuple(sorted(_VERB.get(word, word) for word in plain))
        takes = tuple(leaf.pointer for leaf in tool.inputs if leaf.is_required)
        exact, loose = (tool.source, split_words(tool.name)), (tool.source, (*meant, "|", *takes))
        twin = words.setdefault(exact, tool)
        if twin is tool:
            twin = seen.setdefault(loose, tool)
        else:
            seen.setdefault(loose, tool)
        if twin is not tool:
            yield tool, twin
