"""What a walk through a JSON Schema finds, and where it stands while it walks."""

from __future__ import annotations

from dataclasses import dataclass, field

from loopbuild.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A leaf before its name is interpreted."""

    pointer: str
    path: tuple[str, ...]
    """Property names on the way, array markers left out."""
    types: tuple[str, ...]
    schema: dict[str, Json]
    is_required: bool
    description: str
    rules: Json
    """Everything but wording that says which values are allowed; the stuff of the fingerprint."""
    container: str = ""
    """The shared schema whose property this is, empty when the object around it is nobody else's."""
    component: str = ""
    """The shared schema that stands here and is not looked into, or whose id this is."""
    nulls: tuple[int, ...] = ()
    """How many parts of the pointer lead to each object or list on the way that may be null instead."""
    is_shared: bool = False
    """Seen within a shared schema: `rules` and `schema` are the same objects wherever that schema stands."""


@dataclass(slots=True)
class Walk:
    """What one schema consists of, in pointer order once `walk` has returned."""

    leaves: list[Found] = field(default_factory=list)
    wording: dict[str, Json] = field(default_factory=dict)
    required: dict[str, Json] = field(default_factory=dict)
    """Pointer of an object -> names it cannot do without."""
    defaults: dict[str, Json] = field(default_factory=dict)
    combinators: dict[str, Json] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a walk stands."""

    pointer: str = ""
    path: tuple[str, ...] = ()
    is_required: bool = True
    trail: tuple[str, ...] = ()
    arrays: tuple[Json, ...] = ()
    description: str = ""
    """Of the array around an item that has none of its own."""
    container: str = ""
    """The shared schema of the object around."""
    nulls: tuple[int, ...] = ()
    """See `Found`; of what lies around."""

    def below(
        self, token: str, *, name: str = "", is_required: bool, trail: tuple[str, ...], container: str = ""
    ) -> Place:
        """Return the place one step further in: below a property or a marker."""
        return Place(
            pointer=f"{self.pointer}/{token}",
            path=(*self.path, name) if name else self.path,
            is_required=self.is_required and is_required,
            trail=trail,
            container=container,
            nulls=self.nulls,
        )
