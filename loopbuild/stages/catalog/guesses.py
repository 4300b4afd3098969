"""What a tool that declares no return is likely to hand out, by its name and description: the evidence `guessed`.

Decides names alone: a guess says that an answer tells a role's id, not where in it. Local to one tool and
deterministic. Refuses what would say nothing new: the id that the tool is asked by. What a guess is good for, and that
it is never sampled before something better speaks for it, is the graph's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.pointers import escaped
from loopbuild.records import DeclaredTool, SchemaLeaf
from loopbuild.stages.catalog.meaning import entity_of_leaf, kind_of, tool_words
from loopbuild.stages.catalog.vocabulary import ADJECTIVES, FACETS, IDENTIFIERS, PREPOSITIONS
from loopbuild.stages.catalog.words import singular, words_of

MOST = 8
"""Guesses of one tool; a description that names more tells a story."""
_GIVES = """list search find query browse lookup get fetch retrieve create add insert new register open post submit plan
schedule make place start"""
_GIVING = frozenset(_GIVES.split())
"""Verbs after which a noun is what comes back, and with it an id."""
_CLAUSE = re.compile(r"\b(?:returns?|returning|yields?|outputs?|responds with|gives)\b[\s:]*([^.;\n]{2,240})", re.I)
_NAMED = re.compile(r"`([A-Za-z_][A-Za-z0-9_]{0,63})`|\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+|[a-z]+(?:[A-Z][a-z0-9]+|ID)+)\b")
_ID_OF = re.compile(r"\b([A-Za-z]{3,40})(?:['’]s?)?[ -](?:ids?|identifiers?|uuids?)\b", re.I)
_SAYS_NOTHING = (
    ADJECTIVES | PREPOSITIONS | {"its", "their", "this", "that", "unique", "generated", "created", "and", "or"}
)


def guesses(
    tool: DeclaredTool, *, verb: str, entity: str, inputs: Sequence[SchemaLeaf], synonyms: Mapping[str, str]
) -> tuple[SchemaLeaf, ...]:
    """Return the names that a call of `tool` probably tells, each as a leaf at the outside of its answer."""
    asked = {(leaf.words[-1:] in (("id",), ("uuid",)), leaf.entity) for leaf in inputs if leaf.is_required}
    known = {leaf.words for leaf in inputs}
    found: dict[tuple[tuple[str, ...], str], SchemaLeaf] = {}
    for name in (*_by_name(tool, verb, entity), *_by_description(tool.description, entity)):
        leaf = _leaf(name, entity, synonyms)
        is_asked = leaf.kind == "id" and (True, leaf.entity) in asked
        if not is_asked and leaf.words not in known:
            found.setdefault((leaf.words, leaf.entity), leaf)
    return tuple(list(found.values())[:MOST])


def _by_name(tool: DeclaredTool, verb: str, entity: str) -> Iterator[str]:
    """`get_role_id_by_name` tells an `id`; list, find, get or create and a noun tell the `<noun>_id`."""
    words = tool_words(tool.name, source=tool.source)
    if verb not in _GIVING or verb not in words or not entity:
        return
    after = words[words.index(verb) + 1 :]
    at = next((place for place, word in enumerate(after) if word in PREPOSITIONS), len(after))
    phrase = [singular(word) for word in after[:at] if word not in ADJECTIVES]
    if phrase[-1:] and phrase[-1] in IDENTIFIERS:
        yield phrase[-1]
        return
    while len(phrase) > 1 and phrase[-1] in FACETS:
        phrase.pop()
    yield f"{entity.replace(' ', '_')}_id"
    if len(phrase) > 1:
        yield f"{'_'.join(phrase)}_id"


def _by_description(description: str, entity: str) -> Iterator[str]:
    """Names in what follows "returns": written like names, in backquotes, or as the id of something."""
    for clause in _CLAUSE.findall(description[:4096]):
        for quoted, plain in _NAMED.findall(clause):
            yield quoted or plain
        for noun in _ID_OF.findall(clause):
            whose = singular(noun.casefold())
            if whose not in _SAYS_NOTHING:
                yield f"{whose}_id"
            elif entity:
                yield f"{entity.replace(' ', '_')}_id"


def _leaf(name: str, entity: str, synonyms: Mapping[str, str]) -> SchemaLeaf:
    words = words_of(name)
    whose = entity_of_leaf(words, (), entity, synonyms=synonyms)
    pointer = f"/{escaped(name)}"
    return SchemaLeaf(
        side="output",
        pointer=pointer,
        words=words,
        entity=whose,
        kind=kind_of(words, (), "", whose),
        fingerprint=digest("guessed leaf", [pointer, list(words), whose]),
        origin="guessed",
    )
