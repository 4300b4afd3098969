"""The starting world of one fixture: which rows there are, what their fields hold, and who belongs to whom.

Everything is a function of (fixture, entity, row key, the leaf's own name and type), computed when asked for and kept.
No tool, no other leaf and no order of asking plays a part, so a new tool changes nothing that was there before. How
keys are spelled is said from outside, by the tools that are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loopbuild.digest import digest, seed, unit_interval
from loopbuild.records import Json, SchemaLeaf
from loopbuild.sandbox.draws import Draws
from loopbuild.sandbox.pools import PEOPLE
from loopbuild.sandbox.protocol import purpose_of
from loopbuild.sandbox.simulated.columns import place_of
from loopbuild.sandbox.simulated.ids import IdForm, make_id, make_name
from loopbuild.sandbox.simulated.model import LINKS, Entity, Forms, Model
from loopbuild.sandbox.simulated.statuses import Choices, is_same
from loopbuild.sandbox.spans import earlier_name, later
from loopbuild.sandbox.synthetic import email_of, person_name, shown_choice, synthesize

_ROWS = (12, 40)
_LISTED = (3, 6)
_CHILDREN = (2, 5)
_CONTENT_ROWS = 8
_CHILDLESS = 0.35
"""Share of the things that have nothing under them, where that decides whether they may be deleted."""

_INITIAL = {
    "appointment": "scheduled", "event": "scheduled", "interview": "scheduled", "meeting": "scheduled",
    "application": "pending", "claim": "pending", "leave": "pending", "request": "pending", "offer": "pending",
    "order": "placed", "invoice": "unpaid", "issue": "open", "role": "open", "task": "open", "ticket": "open",
}  # fmt: skip

_LATER = {
    "active": ("inactive", "paused"), "open": ("closed", "pending"), "pending": ("approved", "rejected"),
    "placed": ("shipped", "cancelled"), "scheduled": ("completed", "cancelled"), "unpaid": ("paid", "overdue"),
}  # fmt: skip
"""What becomes of things that start in a state."""
_FIRST = 0.6
"""Share of the rows that are still in their first state, where states vary."""


class World:
    """Rows and fields of one fixture."""

    def __init__(
        self,
        model: Model,
        fixture: int,
        forms: Forms = (),
        choices: Choices = (),
        *,
        is_varied: bool = False,
        has_childless: bool = False,
    ) -> None:
        self.fixture = fixture
        self.is_varied = is_varied
        """Whether rows start in different states."""
        self._has_childless = has_childless
        """Whether some things have nothing under them, so that they may be deleted."""
        self._choices = {entity: (column, options) for entity, column, options in choices}
        self.purpose = purpose_of(fixture)
        self._model = model
        self._forms = dict(forms)
        self._rows: dict[str, tuple[Json, ...]] = {}
        self._sets: dict[str, frozenset[Json]] = {}
        self._fields: dict[tuple[str, Json, str, int], Json] = {}
        self._content: dict[str, dict[str, dict[str, Json]]] = {}
        self._with_children: dict[str, tuple[Json, ...]] = {}
        self._children: dict[tuple[str, str], dict[Json, tuple[Json, ...]]] = {}

    def rows(self, entity: str) -> tuple[Json, ...]:
        """Return the keys of all rows of an entity, in a fixed order."""
        rows = self._rows.get(entity)
        if rows is None:
            rows = self._rows[entity] = self._make_rows(entity)
            self._sets[entity] = frozenset(rows)
        return rows

    def holds(self, entity: str, key: Json) -> bool:
        """Say whether an entity starts with a row of this key."""
        self.rows(entity)
        return not isinstance(key, list | dict) and key in self._sets[entity]

    def form(self, entity: str) -> IdForm:
        """Return how keys of an entity are spelled in this world."""
        return self._forms.get(entity) or self._model.entities[entity].form

    def listed(self, entity: str) -> tuple[Json, ...]:
        """Return the few rows an unfiltered list shows."""
        low, high = _LISTED
        return self.rows(entity)[: low + int(unit_interval("listed", [self.fixture, entity]) * (high - low + 1))]

    def value(self, entity: str, key: Json, name: str, leaf: SchemaLeaf) -> Json:
        """Return what the column `name` of a row holds; rows made later have their unset columns from here too."""
        leaf = self.counting(entity, name, leaf)
        slot = (entity, key, name, id(leaf))
        if slot not in self._fields:
            self._fields[slot] = self._make_value(entity, key, name, leaf)
        return self._fields[slot]

    def counting(self, entity: str, name: str, leaf: SchemaLeaf) -> SchemaLeaf:
        """Return the leaf that says what a column holds, where several tools show it and not all say the same."""
        return self._model.agreed.get(place_of(entity, name, leaf), leaf)

    def initial_status(self, entity: str) -> str:
        """Return the status rows of an entity are made with."""
        if said := self.statuses(entity):
            return said[0]
        return _INITIAL.get(entity.split()[-1] if entity else "", "active")

    def statuses(self, entity: str) -> tuple[str, ...]:
        """Return the statuses that somebody says an entity has; none where nobody does."""
        known = self._model.entities.get(entity)
        return known.statuses if known is not None else ()

    def status(self, entity: str, key: Json) -> str:
        """Return the status a row of the world starts with: what is shown of it, where that is a choice of own words.

        In worlds of varied states such a choice counts only where none of its words is one of those states.
        """
        first = self.initial_status(entity)
        column, options = self._choices.get(entity, ("", ()))
        if options and not (self.is_varied and any(is_same(first, option) for option in options)):
            return str(shown_choice(options, ["field", self.fixture, entity, key, column]))
        # People come and go; they are not paused.
        said = self.statuses(entity)
        if said:
            place = unit_interval("state", [self.fixture, entity, key]) if self.is_varied else 0.0
            return said[0] if place < _FIRST else said[int((place - _FIRST) / (1 - _FIRST) * len(said))]
        later = ("inactive",) if entity.split()[-1:] and entity.split()[-1] in PEOPLE else _LATER[first]
        place = unit_interval("state", [self.fixture, entity, key]) if self.is_varied else 0.0
        return first if place < _FIRST else later[int((place - _FIRST) / (1 - _FIRST) * len(later))]

    def children(self, parent: str, key: Json, entity: str) -> tuple[Json, ...]:
        """Return the rows of `entity` that belong to a row of `parent`, best match first."""
        table = self._children.get((parent, entity))
        if table is None:
            table = self._children[parent, entity] = self._make_children(parent, entity)
        return table.get(key, ())

    def parent(self, entity: str, key: Json, parent: str) -> Json:
        """Return the row of `parent` a row belongs to; None when there is no row of that entity."""
        rows = self._owners(parent)
        return rows[seed("parent", [self.fixture, entity, key, parent]) % len(rows)] if rows else None

    def _owners(self, parent: str) -> tuple[Json, ...]:
        """Return the rows that have something under them."""
        rows = self.rows(parent)
        if not self._has_childless:
            return rows
        if parent not in self._with_children:
            places = [unit_interval("childless", [self.fixture, parent, row]) for row in rows]
            having = tuple(row for row, place in zip(rows, places, strict=True) if place >= _CHILDLESS)
            self._with_children[parent] = having or rows
        return self._with_children[parent]

    def closeness(self, parent: str, key: Json, entity: str, child: Json) -> float:
        """Return how well a child fits its parent, in [0, 1): what scores show and best-first order follows."""
        return unit_interval("closeness", [self.fixture, parent, key, entity, child])

    def _make_rows(self, entity: str) -> tuple[Json, ...]:
        known = self._model.entities.get(entity)
        if known is None:
            return ()
        if known.form.kind == "content":
            return tuple(self._contents(known))
        low, high = _ROWS
        count = low + int(unit_interval("rows", [self.fixture, entity]) * (high - low + 1))
        rows: dict[Json, None] = {}
        for place in range(count):
            if known.form.kind == "name":
                made: Json = make_name(
                    entity, known.leaf, fixture=self.fixture, key=place, purpose=self.purpose, taken=rows
                )
            else:
                made = make_id(
                    self.form(entity), entity, fixture=self.fixture, key=place, purpose=self.purpose, taken=rows
                )
            rows[made] = None
        return tuple(rows)

    def content(self, entity: str, key: Json) -> Mapping[str, Json]:
        """Return the columns of a row that is told apart by them."""
        return self._contents(self._model.entities[entity]).get(str(key), {})

    def _contents(self, entity: Entity) -> dict[str, dict[str, Json]]:
        rows = self._content.get(entity.name)
        if rows is None:
            rows = self._content[entity.name] = {}
            names = self.rows(entity.linked) if entity.linked else ()
            for place in range(_CONTENT_ROWS):
                row: dict[str, Json] = {}
                for name, leaf in entity.columns:
                    source = ["content", self.fixture, entity.name, place, name]
                    if names and name in LINKS:
                        row[name] = names[seed("link", source) % len(names)]
                    else:
                        row[name] = synthesize(leaf, source, purpose=self.purpose, entity=entity.name)
                rows[content_key(row)] = row
        return rows

    def _make_value(self, entity: str, key: Json, name: str, leaf: SchemaLeaf) -> Json:
        known = self._model.entities.get(entity)
        if known is not None and known.form.kind == "content":
            return self.content(entity, key).get(name)
        source = ["field", self.fixture, entity, key, name]
        is_person = entity.split()[-1:] != [] and entity.split()[-1] in PEOPLE
        if (leaf.format == "email" or leaf.kind == "email") and not leaf.enum:
            base = ["field", self.fixture, entity, key, "name"]
            owner = name.removesuffix("email").strip("_")
            base = base if not owner else [*base, owner]
            return email_of(person_name(base, purpose=self.purpose), source)
        if name == "full_name" or (is_person and name == "name"):  # only people have a full name
            return person_name(["field", self.fixture, entity, key, "name"], purpose=self.purpose)
        return self._after(entity, key, name, leaf) or synthesize(leaf, source, purpose=self.purpose, entity=entity)

    def _after(self, entity: str, key: Json, name: str, leaf: SchemaLeaf) -> str:
        """Return a moment after the column that starts the same pair, shown or not; empty for any other column."""
        start = "" if leaf.enum else earlier_name(name, about=entity.split())
        if not start or "string" not in (leaf.types or ("string",)):
            return ""
        first = self._make_value(entity, key, start, replace(leaf, words=tuple(start.split("_"))))
        return later(first, Draws(["field", self.fixture, entity, key, name]).below, words=leaf.words)

    def _make_children(self, parent: str, entity: str) -> dict[Json, tuple[Json, ...]]:
        rows = self.rows(entity)
        if not self.rows(parent):
            return {}
        found: dict[Json, list[Json]] = {key: [] for key in self.rows(parent)}
        for row in rows:
            found[self.parent(entity, row, parent)].append(row)
        low, high = _CHILDREN
        table = dict.fromkeys(found, tuple[Json, ...]())
        for key, children in ((key, found[key]) for key in self._owners(parent)):
            draw = seed("children", [self.fixture, parent, key, entity])
            wanted = low + draw % (high - low + 1)
            # A world where most lists are empty teaches nothing: rows lent from a fixed place fill the short ones up.
            for step in range(len(rows)):
                if len(children) >= wanted:
                    break
                lent = rows[(draw // 7 + step) % len(rows)]
                if lent not in children and not (parent == entity and lent == key):
                    children.append(lent)
            children = children[: high + 1]
            table[key] = tuple(sorted(children, key=lambda row: (-self.closeness(parent, key, entity, row), str(row))))
        return table


def content_key(row: Mapping[str, Json]) -> str:
    """Return the key of a row that is told apart by its content."""
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
    return digest("content-row", plain)[:12]
