"""What a tool and its parameters are called in speech: noun, adjectives, number; an argument's words.

Pure, a function of one tool's names and leaves: descriptions are never read, so rewording one stales no text.
"""

from __future__ import annotations

from dataclasses import dataclass

from loopbuild.llm.names import split_words
from loopbuild.llm.offline.morphology import singular
from loopbuild.pointers import unescaped
from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.stages.synthesis.own_verbs import own_verb

_PREPOSITIONS = frozenset(["by", "for", "from", "of", "to", "in", "on", "with", "at", "into", "via", "as"])
_ID_WORDS = frozenset({"id", "uuid", "guid", "identifier", "key"})
_DIRECTIONS = frozenset({"from", "to", "source", "target", "destination"})
_NAMES = frozenset({"name", "title", "label"})
_ALL = ("all", "every", "each")
"""get_all_roles is about roles, not about "all roles": how many are meant is for the sentence to say."""
_MASS = frozenset({"details", "settings", "stats", "statistics", "analytics", "news"})
"""Plural in form, one thing in meaning: get_candidate_details reads one candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """What a tool is about."""

    noun: str
    adjectives: str = ""
    is_plural: bool = False
    verb: str = ""
    """What is done, where the catalog does not know that verb."""


def spoken(tool: ToolSchema) -> Spoken:
    """Return the noun phrase of a tool: (`role`, `open`, plural) for get_open_roles."""
    words = split_words(tool.name)
    prefix = split_words(tool.source)
    if len(words) > len(prefix) and words[: len(prefix)] == prefix:
        words = words[len(prefix) :]
    own = own_verb(words, tool.verb)
    if own:
        words = words[len(own.split()) :]
    elif tool.verb in words:
        words.remove(tool.verb)
    if len(words) > 1 and words[0] in _ALL:
        words = words[1:]
    cut = next((i for i, word in enumerate(words) if word in _PREPOSITIONS and i > 0), len(words))
    words = words[:cut]
    if not words:
        return Spoken(noun=_of_key(tool) if own else tool.verb or tool.entity or "request", verb=own)
    for leaf in tool.inputs:
        owner = leaf.entity.split()
        is_other = leaf.kind == "id" and leaf.entity != tool.entity and 0 < len(owner) < len(words)
        if is_other and [singular(w) for w in words[: len(owner)]] == owner:
            words = words[len(owner) :]
            break
    is_mass = words[-1] in _MASS
    is_plural = (singular(words[-1]) != words[-1] and not is_mass) or _lists_own(tool)
    base = words if is_mass else [*words[:-1], singular(words[-1])]
    whole = " ".join(base)
    is_one = any(leaf.kind == "id" and leaf.entity == whole for leaf in (*tool.inputs, *tool.outputs))
    if is_one or any(words_of_leaf(leaf) == whole for leaf in tool.inputs):
        return Spoken(noun=whole, is_plural=is_plural, verb=own)  # a `pull request` is no kind of request
    entity = tool.entity.split()
    if entity and base[-len(entity) :] == entity and len(base) > len(entity):
        return Spoken(noun=tool.entity, adjectives=" ".join(base[: -len(entity)]), is_plural=is_plural, verb=own)
    return Spoken(noun=whole, is_plural=is_plural, verb=own)


def _of_key(tool: ToolSchema) -> str:
    """The thing a name of a verb alone is about: that of its first identifier."""
    return next((noun_of_key(leaf) for leaf in tool.inputs if is_key(leaf)), "") or tool.entity or "request"


def words_of_leaf(leaf: SchemaLeaf) -> str:
    """Return what people call a parameter: `start date`; `role` for an identifier of a role."""
    words = split_words(_last_name(leaf.pointer)) or list(leaf.words)
    if is_key(leaf):
        kept = [w for w in words if singular(w) not in _ID_WORDS]
        return " ".join([*kept[:-1], singular(kept[-1])]) if kept else leaf.entity
    return " ".join(words)


def noun_of_key(leaf: SchemaLeaf) -> str:
    """Return the noun an identifier is said with: `manager` for manager_id, though it is an employee's."""
    words = [w for w in words_of_leaf(leaf).split() if w not in _DIRECTIONS]
    return " ".join(words) or leaf.entity or "item"


def item_noun(pointer: str) -> str:
    """Return what a member of the innermost list on the way to a leaf is called: `relation` for /relations/[]/to."""
    head = pointer.rpartition("/[]")[0]
    words = split_words(_last_name(head)) if head else []
    return " ".join([*words[:-1], singular(words[-1])]) if words else ""


def is_name_of(leaf: SchemaLeaf, item: str) -> bool:
    """Return whether a leaf names the member of a list it stands in: the `recipient_name` of an order names nobody's
    order."""
    owner = " ".join(split_words(_last_name(leaf.pointer))[:-1])
    own = {"", "full", "first", "last", "display", item, item.rsplit(" ", 1)[-1]}
    return owner in own or not item or leaf.entity == item


def is_key(leaf: SchemaLeaf) -> bool:
    """Return whether a leaf holds identifiers."""
    return leaf.kind == "id"


def is_own(leaf: SchemaLeaf, tool: ToolSchema, noun: str) -> bool:
    """Return whether a leaf identifies the very thing its tool is about, by id or by name."""
    # The balance of an account is not the account.
    is_part = bool(tool.entity) and noun.startswith(f"{tool.entity} ")
    about = {"" if is_part else tool.entity, noun, noun.rsplit(" ", 1)[-1]} - {""}
    words = split_words(_last_name(leaf.pointer)) or list(leaf.words)
    if is_key(leaf):
        is_listing = tool.effect == "read" and _lists_own(tool)
        return (noun_of_key(leaf) in about or (leaf.entity in about and len(words) == 1)) and not is_listing
    if singular(words[-1]) not in _NAMES or leaf.enum:
        return False
    owner = " ".join(words[:-1])
    return owner in ("", "full", "display", *sorted(about)) or owner == "full" or leaf.pointer.endswith("[]")


def _lists_own(tool: ToolSchema) -> bool:
    """Reading that yields identifiers of the tool's own entity in a list."""
    return tool.effect == "read" and any(
        leaf.kind == "id" and leaf.entity == tool.entity and leaf.pointer.count("/") <= 3 and "[]" in leaf.pointer
        for leaf in tool.outputs
    )


def _last_name(pointer: str) -> str:
    parts = [part for part in pointer.split("/") if part and part not in ("[]", "*")]
    return unescaped(parts[-1]) if parts else ""
