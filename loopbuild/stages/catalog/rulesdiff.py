"""Two versions of one side of a tool -> what changed in the rules that no single leaf attribute shows.

Decides which rules were narrowed and which widened (`widths`); what is neither for certain may break.
Walks the schemas again, because a gate and a fingerprint only say that something differs. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from loopbuild.digest import canonical
from loopbuild.records import ChangeLevel, Json
from loopbuild.stages.catalog.branches import translated
from loopbuild.stages.catalog.found import Walk
from loopbuild.stages.catalog.leaves import walk
from loopbuild.stages.catalog.widths import BOUNDS, bounds_text, bounds_wider, is_wider

_SHOWN_ELSEWHERE = frozenset(["type", "enum", "pattern", "format", *BOUNDS])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One changed rule."""

    change: str
    level: ChangeLevel
    pointer: str
    detail: str
    old: Json = None
    new: Json = None
    is_narrower: bool = False
    """Everything it allows was allowed before."""


class Rules:
    """The rules of both versions, walked when first asked."""

    def __init__(
        self, old: Json, new: Json, *, renamed: Mapping[str, str], moved: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._schemas = (old, new)
        self.renamed = dict(renamed)
        """New pointer of a leaf -> old pointer."""
        self._moved = moved
        """Old prefix -> new one, of alternatives that have another name now."""
        self._walks: tuple[Walk, Walk] | None = None

    def of_leaf(self, pointer: str) -> list[RuleChange]:
        """Return what changed in a leaf's rules beside its type, enum, pattern and format."""
        old, new = self._walked()
        before = {leaf.pointer: leaf.rules for leaf in old.leaves}.get(self.renamed.get(pointer, pointer))
        after = {leaf.pointer: leaf.rules for leaf in new.leaves}.get(pointer)
        if before is None or after is None:
            return []
        one, other = _keywords(before), _keywords(after)
        return _bounds(pointer, one, other) + [
            _keyword(pointer, key, one.get(key), other.get(key))
            for key in sorted({*one, *other} - _SHOWN_ELSEWHERE)
            if canonical(one.get(key)) != canonical(other.get(key))
        ]

    def of_objects(self, explained: Collection[str]) -> list[RuleChange]:
        """Return what changed in the rules of the objects around leaves; `explained` are pointers with own changes."""
        old, new = self._walked()
        found: list[RuleChange] = []
        required = {translated(place, self._moved): names for place, names in old.required.items()}
        for place in sorted({*required, *new.required}):
            before, after = set(required.get(place) or ()), set(new.required.get(place) or ())
            for name in sorted(before ^ after):
                pointer = f"{place}/{name}"
                if any(_is_about(known, pointer) for known in explained):
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
        combinators = {translated(place, self._moved): rules for place, rules in old.combinators.items()}
        for place in sorted({*combinators, *new.combinators}):
            if any(_is_within(place, known) for known in explained):
                continue
            one, other = combinators.get(place) or {}, new.combinators.get(place) or {}
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


def _is_about(explained: str, pointer: str) -> bool:
    """Say whether a change told elsewhere is that of `pointer`, of something in it, or of the alternative around."""
    return explained == pointer or explained.startswith(f"{pointer}/") or _is_within(pointer, explained)


def _is_within(pointer: str, alternative: str) -> bool:
    """Say whether `pointer` lies in an alternative that was told of as a whole."""
    is_one = alternative.rpartition("/")[2].startswith("|")
    return is_one and f"{pointer}/".startswith(f"{alternative}/")


def _keywords(rules: Json) -> dict[str, Json]:
    """Return the rules of a leaf by keyword; those of the arrays around it by keyword and depth."""
    found: dict[str, Json] = dict(rules["schema"])
    for depth, array in enumerate(rules["arrays"]):
        found |= {
            f"{key} of list {depth + 1}" if depth else key: value for key, value in array.items() if value is not False
        }
    if rules["extra"]:
        found[rules["extra"]] = True
    return found


def _keyword(pointer: str, key: str, old: Json, new: Json) -> RuleChange:
    name = key.partition(" ")[0]
    return RuleChange(
        change="constraints_changed",
        level="compatible" if is_wider(name, old, new) else "breaking",
        pointer=pointer,
        detail=f"{key} was {_shown(old)}, is {_shown(new)}",
        old=old,
        new=new,
        is_narrower=is_wider(name, new, old),
    )


def _bounds(pointer: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> list[RuleChange]:
    before, after = ({key: rules[key] for key in BOUNDS if key in rules} for rules in (old, new))
    if canonical(before) == canonical(after):
        return []
    ranges = [{"type": rules.get("type"), **bounds} for rules, bounds in ((old, before), (new, after))]
    return [
        RuleChange(
            change="bounds_changed",
            level="compatible" if bounds_wider(*ranges) else "breaking",
            pointer=pointer,
            detail=f"bounds were {bounds_text(before)}, are {bounds_text(after)}",
            old=before,
            new=after,
            is_narrower=bounds_wider(*reversed(ranges)),
        )
    ]


def _rule(place: str, key: str, old: Json, new: Json) -> RuleChange:
    level: ChangeLevel = "compatible" if is_wider(key, old, new) else "breaking"
    where = f"`{place[1:]}` " if place else ""
    if key == "nullable":
        detail = f"{where}may be null now" if new else f"{where}may not be null any more"
        return RuleChange(change="rules_changed", level=level, pointer=place, detail=detail, old=old, new=new)
    what = "is gone" if new is None else "is new" if old is None else "changed"
    where = f" of `{place[1:]}`" if place else ""
    detail = f"`{key}`{where} {what}: another rule for a valid call"
    return RuleChange(change="rules_changed", level=level, pointer=place, detail=detail, old=old, new=new)


def _shown(value: Json) -> str:
    if value is None:
        return "none"
    text = canonical(value).decode("utf-8", errors="replace")
    return f"`{text}`" if len(text) <= 60 else f"`{text[:57]}...`"
