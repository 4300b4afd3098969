"""Random projects: small teams' tool specifications, with the chains real ones allow, none of an evaluated domain.

A project is a few things (`orchard`, `shipment`), some of them people, some belonging to others, and tools over them:
listed, listed under another, read, found by name, entered, scheduled, requested, moved from one status to the next.
Names follow the conventions people use and vary as theirs do. Decides schemas only; who calls them is not its matter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import words

PEOPLE = tuple(
    """customer patient student guest member driver tenant doctor teacher agent owner author player passenger client
    contact""".split()
)
"""Those the sandbox knows to have people's names and addresses."""
_OTHERS = tuple(
    """nurse lawyer visitor supplier volunteer citizen trainee artist coach donor dealer judge buyer pupil""".split()
)
_LISTS = ("list", "list", "list", "get", "get", "fetch", "show", "list_all", "get_all")
_READS = ("get", "get", "get", "read", "fetch", "show", "describe", "retrieve")
_FINDS = ("find", "find", "find", "lookup", "search", "locate")
_NEWS = ("create", "create", "create", "add", "register", "enter", "new")
_MOVES = tuple(
    """cancel cancel cancel approve approve reject close archive confirm complete suspend activate pause publish
    start stop submit resolve reopen accept decline lock unlock delete remove revoke refund""".split()
)
_LINKS = ("schedule", "schedule", "book", "plan", "reserve", "assign", "order")
_ASKS = ("request", "request", "submit", "apply_for", "order")
_LISTED = ("open", "active", "new", "pending", "available", "recent", "upcoming", "overdue", "free")
_FACTS = tuple(
    """balance total cost price distance weight duration capacity score discount fee average size rating limit
    quota history status progress forecast""".split()
)
_ENUMS = {
    "category": "standard premium basic|indoor outdoor|red green blue|metal wood glass plastic",
    "type": "regular express|single double family|annual monthly daily|manual automatic",
    "priority": "low medium high|low normal urgent|p1 p2 p3",
    "region": "north south east west|europe asia africa america",
    "channel": "email phone chat|post courier pickup",
    "level": "junior senior lead|beginner advanced expert|bronze silver gold",
    "size": "small medium large|s m l xl",
    "mode": "online offline|public private|remote local",
    "unit": "kitchen garden garage|north_wing south_wing|logistics planning security transport",
    "format": "pdf csv html|json txt xml",
    "plan": "free basic pro|starter team business",
}
_TEXTS = ("reason", "note", "comment", "message", "description", "title", "subject")


@dataclass(slots=True)
class Thing:
    """One kind of thing: how its id is called, what is known of it."""

    noun: str
    key: str
    is_person: bool
    own: dict[str, Any]
    """Attribute -> schema, as shorthand or JSON Schema."""
    id_name: str = ""
    parents: list[Thing] = field(default_factory=list)


def _enum(rng: Random, name: str) -> dict[str, Any]:
    options = rng.choice(_ENUMS[name].split("|")).split()
    return {"type": "string", "enum": options[: rng.randint(2, len(options))]}


def _thing(rng: Random, taken: set[str]) -> Thing:
    is_person = rng.random() < 0.4
    while True:
        noun = rng.choice((PEOPLE if rng.random() < 0.8 else _OTHERS) if is_person else words.NOUNS)
        if noun not in taken and not words.forbidden_in(noun) and noun not in _FACTS:
            break
    taken.add(noun)
    draw = rng.random()
    if draw < 0.12 and not is_person:
        noun = f"{rng.choice(words.ADJECTIVES)} {noun}"
    elif draw < 0.2:
        noun = words.pseudo(rng)
    key = noun.replace(" ", "_")
    own: dict[str, Any] = {}
    if is_person:
        own["name"] = "string"
        if rng.random() < 0.75:
            own["email"] = {"type": "string", "format": "email"}
        if rng.random() < 0.2:
            own["phone"] = "string"
    elif rng.random() < 0.55:
        own[rng.choice(("name", "name", "title", "label"))] = "string"
    for _ in range(rng.randint(0, 2)):
        pick = rng.random()
        if pick < 0.45:
            name = rng.choice(tuple(_ENUMS))
            own[name] = _enum(rng, name)
        elif pick < 0.65:
            own[rng.choice(("date", "start_date", "due_date", "created_on"))] = {"type": "string", "format": "date"}
        elif pick < 0.85:
            low = rng.choice((0, 1, 10, 2000))
            own[rng.choice(("quantity", "amount", "years", "capacity", "age", "floor", "price"))] = {
                "type": "integer",
                "minimum": low,
                "maximum": low + rng.choice((30, 50, 500)),
            }
        else:
            own["city"] = "string"
    return Thing(noun=noun, key=key, is_person=is_person, own=own, id_name=f"{key}_id" if rng.random() < 0.93 else "id")


def _ref(thing: Thing) -> str:
    return f"{thing.key}_id"


def _optional(rng: Random, params: dict[str, Any], odds: float) -> dict[str, Any]:
    return {f"{name}?" if rng.random() < odds else name: value for name, value in params.items()}


def _listing(rng: Random, thing: Thing) -> dict[str, Any]:
    """What a listing returns: ids, ids with scores, or rows."""
    many = words.plural(thing.key)
    draw = rng.random()
    if draw < 0.55:
        made: dict[str, Any] = {rng.choice((f"{thing.key}_ids", f"{thing.key}_ids", many)): ["string"]}
        if rng.random() < 0.35:
            made[rng.choice(("scores", "scores", "ratings", "ranks"))] = ["number"]
        return made
    row: dict[str, Any] = {_ref(thing) if rng.random() < 0.6 else "id": "string"}
    for name in rng.sample(sorted(thing.own), min(len(thing.own), rng.randint(0, 2))):
        row[name] = thing.own[name]
    if len(row) == 1:
        row["status"] = "string"
    return {many: [row]}


def _dates(rng: Random) -> dict[str, Any]:
    day = {"type": "string", "format": "date"}
    if rng.random() < 0.5:
        return {"start_date": day, "end_date": day}
    return {rng.choice(("date", "date", "due_date", "day")): day}


class Project:
    """The tools of one project, made in order of what their names need."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.tools: dict[str, dict[str, Any]] = {}
        taken: set[str] = set()
        self.things = [_thing(rng, taken) for _ in range(rng.randint(2, 5))]
        self._taken = taken

    def add(self, name: str, description: str, params: dict[str, Any], returns: dict[str, Any]) -> None:
        if name not in self.tools:
            self.tools[name] = {"name": name, "description": description, "parameters": params, "returns": returns}

    def build(self) -> list[dict[str, Any]]:
        rng, things = self.rng, self.things
        for index, thing in enumerate(things):
            if index and rng.random() < 0.8:
                thing.parents.append(things[index - 1 if rng.random() < 0.7 else rng.randrange(index)])
            self._yield_ids(thing, is_child=bool(thing.parents))
            if rng.random() < 0.7:
                self._read(thing)
            if rng.random() < 0.5:
                self._enter(thing)
            if rng.random() < 0.55:
                self._move(thing)
            if rng.random() < 0.25:
                self._fact(thing)
            if rng.random() < 0.2:
                self._update(thing)
        for _ in range(rng.randint(0, 2)):
            self._link(*rng.sample(things, min(len(things), rng.choice((1, 2, 2)))))
        if rng.random() < 0.45:
            self._ask(rng.choice(things))
        if rng.random() < 0.25:
            self._tell(rng.choice(things))
        if rng.random() < 0.3:
            self._bulk(rng.choice(things))
        made = list(self.tools.values())
        rng.shuffle(made)
        return made[: rng.randint(8, 14)]

    def _yield_ids(self, thing: Thing, *, is_child: bool) -> None:
        rng, many = self.rng, words.plural(thing.key)
        if is_child and rng.random() < 0.85:
            parent = thing.parents[0]
            name = f"{rng.choice(_LISTS)}_{parent.key}_{many}" if rng.random() < 0.6 else f"{rng.choice(_LISTS)}_{many}"
            params: dict[str, Any] = {_ref(parent): "string"}
            if rng.random() < 0.12:
                params["limit?"] = {"type": "integer", "minimum": 1, "maximum": 50}
            self.add(name, f"List the {words.plural(thing.noun)} of a {parent.noun}.", params, _listing(rng, thing))
            if rng.random() < 0.6:
                return
        if rng.random() < 0.75 or not thing.own:
            listed = f"{rng.choice(_LISTED)}_" if rng.random() < 0.35 else ""
            params = {}
            if not listed and rng.random() < 0.3:
                name = rng.choice(tuple(_ENUMS))
                params = _optional(rng, {name: _enum(rng, name)}, 0.6)
            self.add(
                f"{rng.choice(_LISTS)}_{listed}{many}",
                f"List the {listed.replace('_', ' ')}{words.plural(thing.noun)}.",
                params,
                _listing(rng, thing),
            )
        label = next((name for name in ("name", "title", "label") if name in thing.own), "")
        if label and rng.random() < 0.55:
            returns: dict[str, Any] = {_ref(thing): "string"}
            for name in rng.sample(sorted(thing.own), min(len(thing.own), 1)):
                if name != label:
                    returns[name] = thing.own[name]
            self.add(
                f"{rng.choice(_FINDS)}_{thing.key}",
                f"Find a {thing.noun} by {label}.",
                {label: thing.own[label]},
                returns,
            )

    def _read(self, thing: Thing) -> None:
        rng = self.rng
        returns = dict(thing.own) or {"status": "string"}
        if rng.random() < 0.3:
            returns["status"] = "string"
        for parent in thing.parents:
            if rng.random() < 0.3:
                returns[_ref(parent)] = "string"
        tail = rng.choice(("", "", "", "_details", "_profile", "_info"))
        self.add(f"{rng.choice(_READS)}_{thing.key}{tail}", f"Read one {thing.noun}.", {_ref(thing): "string"}, returns)

    def _enter(self, thing: Thing) -> None:
        rng = self.rng
        params = dict(thing.own)
        if not params or rng.random() < 0.3:
            name = rng.choice(tuple(_ENUMS))
            params[name] = _enum(rng, name)
        if rng.random() < 0.2:
            params[rng.choice(_TEXTS)] = "string"
        params = _optional(rng, params, 0.15)
        for parent in thing.parents:
            if rng.random() < 0.6:
                params[_ref(parent)] = "string"
        returns: dict[str, Any] = {_ref(thing): "string"}
        if rng.random() < 0.25:
            returns["status"] = "string"
        self.add(f"{rng.choice(_NEWS)}_{thing.key}", f"Enter a new {thing.noun}.", params, returns)

    def _move(self, thing: Thing) -> None:
        rng = self.rng
        for verb in rng.sample(_MOVES, rng.choice((1, 1, 2))):
            params: dict[str, Any] = {_ref(thing): "string"}
            if rng.random() < 0.3:
                params[f"{rng.choice(_TEXTS[:4])}{'?' if rng.random() < 0.8 else ''}"] = "string"
            self.add(f"{verb}_{thing.key}", f"{verb.capitalize()} a {thing.noun}.", params, {"status": "string"})

    def _fact(self, thing: Thing) -> None:
        rng = self.rng
        fact = rng.choice(_FACTS)
        params: dict[str, Any] = {_ref(thing): "string"}
        if rng.random() < 0.35:
            params[f"year{'?' if rng.random() < 0.7 else ''}"] = {"type": "integer", "minimum": 2015, "maximum": 2035}
        self.add(
            f"{rng.choice(('get', 'get', 'check', 'compute', 'calculate'))}_{thing.key}_{fact}",
            f"The {fact} of a {thing.noun}.",
            params,
            {fact if rng.random() < 0.6 else f"{fact}_left": rng.choice(("integer", "number"))},
        )

    def _update(self, thing: Thing) -> None:
        rng = self.rng
        name = rng.choice(tuple(_ENUMS))
        self.add(
            f"{rng.choice(('update', 'set', 'change'))}_{thing.key}{'' if rng.random() < 0.3 else f'_{name}'}",
            f"Change the {name} of a {thing.noun}.",
            {_ref(thing): "string", name: _enum(rng, name)},
            {"status": "string"} if rng.random() < 0.5 else {_ref(thing): "string", name: "string"},
        )

    def _link(self, *linked: Thing) -> None:
        rng = self.rng
        made = _thing(rng, self._taken)
        made.own = {}
        params: dict[str, Any] = {_ref(thing): "string" for thing in linked}
        if rng.random() < 0.45:
            params |= _dates(rng)
        if rng.random() < 0.3:
            name = rng.choice(tuple(_ENUMS))
            params |= _optional(rng, {name: _enum(rng, name)}, 0.4)
        nouns = " and a ".join(thing.noun for thing in linked)
        verb = rng.choice(_LINKS)
        self.add(
            f"{verb}_{made.key}",
            f"{verb.capitalize()} a {made.noun} for a {nouns}.",
            params,
            {_ref(made): "string"} | ({"status": "string"} if rng.random() < 0.3 else {}),
        )
        if rng.random() < 0.6:
            self._move(made)
        if rng.random() < 0.45:
            made.parents.append(linked[0])
            self._yield_ids(made, is_child=True)

    def _ask(self, thing: Thing) -> None:
        rng = self.rng
        made = _thing(rng, self._taken)
        params: dict[str, Any] = {_ref(thing): "string"}
        name = rng.choice(tuple(_ENUMS))
        params[name if rng.random() < 0.5 else f"{made.key}_type"] = _enum(rng, name)
        params |= _dates(rng)
        if rng.random() < 0.25:
            params[f"{rng.choice(_TEXTS)}?"] = "string"
        self.add(
            f"{rng.choice(_ASKS)}_{made.key}",
            f"Request a {made.noun} for a {thing.noun}.",
            params,
            {_ref(made): "string"} | ({"status": "string"} if rng.random() < 0.6 else {}),
        )
        if rng.random() < 0.8:
            self._move(made)

    def _bulk(self, thing: Thing) -> None:
        """Several at once, as rows in one argument or as a list of texts under one name."""
        rng, many = self.rng, words.plural(thing.key)
        label = rng.choice(("name", "title", "label"))
        row: dict[str, Any] = {label: "string"}
        if rng.random() < 0.6:
            row[rng.choice(("type", "category", f"{thing.key}_type"))] = "string"
        if rng.random() < 0.5:
            row[rng.choice(("notes", "remarks", "comments", "tags"))] = ["string"]
        draw = rng.random()
        if draw < 0.6:
            self.add(f"{rng.choice(_NEWS)}_{many}", f"Enter several {words.plural(thing.noun)}.", {many: [row]},
                     {many: [row]} if rng.random() < 0.5 else {"count": "integer"})  # fmt: skip
        elif draw < 0.8:
            name = f"{rng.choice(('delete', 'remove', 'archive', 'open', 'fetch'))}_{many}"
            self.add(name, f"Several {words.plural(thing.noun)} at once.", {f"{thing.key}_names": ["string"]},
                     {"status": "string"})  # fmt: skip
        else:
            name = f"add_{rng.choice(('notes', 'tags', 'comments'))}"
            self.add(name, f"Add texts to {words.plural(thing.noun)}.",
                     {"items": [{f"{thing.key}_name": "string", "contents": ["string"]}]},
                     {"status": "string"})  # fmt: skip

    def _tell(self, thing: Thing) -> None:
        rng = self.rng
        by_mail = "email" in thing.own and rng.random() < 0.5
        params: dict[str, Any] = {"email": thing.own["email"]} if by_mail else {_ref(thing): "string"}
        params[rng.choice(("message", "subject", "note"))] = "string"
        self.add(
            f"{rng.choice(('send', 'notify', 'message'))}_{thing.key}{rng.choice(('', '_message', '_notice'))}",
            f"Send a message to a {thing.noun}.",
            params,
            {"status": "string"},
        )


def project(seed: str) -> list[dict[str, Any]]:
    """The tool specification of one random project."""
    return Project(Random(seed)).build()
