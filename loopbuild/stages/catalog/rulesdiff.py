"""Two versions of one side of a tool -> what changed in the rules that no single leaf attribute shows.

Decides which rules were narrowed and which widened: lengths and counts by their direction, everything else may break.
Walks the schemas again, because a gate and a fingerprint only say that something differs. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from loopbuild.digest import canonical
from loopbuild.records import ChangeLevel, Json
from loopbuild.stages.catalog.found import Walk
from loopbuild.stages.catalog.leaves import walk

_LOW = ("minLength", "minItems", "minProperties", "minContains")
_HIGH = ("maxLength", "maxItems", "maxProperties", "maxContains")
_SHOWN_ELSEWHERE = frozenset(
    ["type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "format"]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One changed rule."""

    change: str
    level: ChangeLevel
    pointer: str
    detail: str
    old: Json = None
    new: Json = None


class Rules:
    """The rules of both versions, walked when first asked."""

    def __init__(self, old: Json, new: Json, *, renamed: Mapping[str, str]) -> None:
        self._schemas = (old, new)
        self._renamed = renamed
        """New pointer -> old pointer."""
        self._walks: tuple[Walk, Walk] | None = None

    def of_leaf(self, pointer: str) -> list[RuleChange]:
        """Return what changed in a leaf's rules beside its type, enum, bounds, pattern and format."""
        old, new = self._walked()
        before = {leaf.pointer: leaf.rules for leaf in old.leaves}.get(self._renamed.get(pointer, pointer))
        after = {leaf.pointer: leaf.rules for leaf in new.leaves}.get(pointer)
        if before is None or after is None:
            return []
        one, other = _keywords(before), _keywords(after)
        return [
            _keyword(pointer, key, one.get(key), other.get(key))
            for key in sorted({*one, *other} - _SHOWN_ELSEWHERE)
            if canonical(one.get(key)) != canonical(other.get(key))
        ]

    def of_objects(self, explained: Collection[str]) -> list[RuleChange]:
        """Return what changed in the rules of the objects around leaves; `explained` are pointers with own changes."""
        old, new = self._walked()
        found: list[RuleChange] = []
        for place in sorted({*old.required, *new.required}):
            before, after = set(old.required.get(place) or ()), set(new.required.get(place) or ())
            for name in sorted(before ^ after):
                pointer = f"{place}/{name}"
                if any(known == pointer or known.startswith(f"{pointer}/") for known in explained):
                    continue
                word = "required" if name in after else "optional"
                level: ChangeLevel = "breaking" if name in after else "compatible"
                inside = f" inside `{place[1:]}`" if place else ""
                found.append(
                    RuleChange(
                        change=f"became_{word}",
                        level=level,
                        pointer=pointer,
                        detail=f"is now {word}{inside}",
                        old=name in before,
                        new=name in after,
                    )
                )
        for place in sorted({*old.combinators, *new.combinators}):
            one, other = old.combinators.get(place) or {}, new.combinators.get(place) or {}
            found += [
                _rule(place, key, one.get(key), other.get(key))
                for key in sorted({*one, *other})
                if canonical(one.get(key)) != canonical(other.get(key))
            ]
        return found

    def _walked(self) -> tuple[Walk, Walk]:
        if self._walks is None:
            self._walks = (walk(self._schemas[0]), walk(self._schemas[1]))
        return self._walks


def _keywords(rules: Json) -> dict[str, Json]:
    """Return the rules of a leaf by keyword; those of the arrays around it by keyword and depth."""
    found: dict[str, Json] = dict(rules["schema"])
    for depth, array in enumerate(rules["arrays"]):
        found |= {f"{key} of list {depth + 1}" if depth else key: value for key, value in array.items() if value}
    if rules["extra"]:
        found[rules["extra"]] = True
    return found


def _keyword(pointer: str, key: str, old: Json, new: Json) -> RuleChange:
    level: ChangeLevel = "compatible" if _is_wider(key.partition(" ")[0], old, new) else "breaking"
    detail = f"{key} was {_shown(old)}, is {_shown(new)}"
    return RuleChange(change="constraints_changed", level=level, pointer=pointer, detail=detail, old=old, new=new)


def _rule(place: str, key: str, old: Json, new: Json) -> RuleChange:
    level: ChangeLevel = "compatible" if new is None or _is_wider(key, old, new) else "breaking"
    what = "is gone" if new is None else "is new" if old is None else "changed"
    where = f" of `{place[1:]}`" if place else ""
    detail = f"`{key}`{where} {what}: another rule for a valid call"
    return RuleChange(change="rules_changed", level=level, pointer=place, detail=detail, old=old, new=new)


def _is_wider(key: str, old: Json, new: Json) -> bool:
    if new is None or new is False:
        return key in (*_LOW, *_HIGH, "uniqueItems", "multipleOf", "contains") or (new is None and key == "nullable")
    if not isinstance(new, int | float) or not isinstance(old, int | float):
        return key == "nullable" and new is True
    return new <= old if key in _LOW else new >= old if key in _HIGH else False


def _shown(value: Json) -> str:
    if value is None:
        return "none"
    text = canonical(value).decode("utf-8", errors="replace")
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"
