"""Entities with their ids, and parameters with the words that introduce them in a request.

It knows how one value is asked for; which tool takes it is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import values
import words
from values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A kind of thing: how it is called, other words for it, and how its ids look."""

    noun: str
    synonyms: tuple[str, ...]
    mint: Callable[[Random], Any]

    @property
    def key(self) -> str:
        return self.noun.replace(" ", "_")

    @property
    def id_type(self) -> str:
        return "integer" if isinstance(self.mint(Random(0)), int) else "string"

    @property
    def plural(self) -> str:
        return words.plural(self.noun)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """One parameter; `cues` put the spoken value into the request (`{}` is the value)."""

    name: str
    type: str
    draw: Callable[[Random], Value]
    cues: tuple[str, ...]
    required: bool = True
    entity: Entity | None = None
    flag: bool = False
    options: tuple[str, ...] = ()


def entity(rng: Random) -> Entity:
    """A familiar noun, a compound or a pseudo-word."""
    draw = rng.random()
    synonyms: tuple[str, ...] = ()
    if draw < 0.25:
        noun = rng.choice(tuple(words.SYNONYMS))
        synonyms = words.SYNONYMS[noun]
    elif draw < 0.52:
        noun = rng.choice(words.NOUNS)
    elif draw < 0.64:
        noun = f"{rng.choice(words.NOUNS)} {rng.choice(words.NOUNS)}"
    elif draw < 0.70:
        noun = f"{words.pseudo(rng)} {rng.choice(words.NOUNS)}"
    else:
        noun = words.pseudo(rng)
    return Entity(noun=noun, synonyms=synonyms, mint=values.minter(noun, rng))


NUMBERS: dict[str, tuple[int, int, tuple[str, ...]]] = {
    "limit": (
        1,
        50,
        ("max {}", "limit {}", "at most {}", "up to {}", "{} results", "no more than {}", "only {}", "(limit {})"),
    ),
    "count": (1, 99, ("{} of them", "count {}", "a count of {}")),
    "quantity": (1, 500, ("quantity {}", "{} pieces", "{} units", "{} of them")),
    "year": (1990, 2035, ("in {}", "for {}", "year {}", "for the year {}", "of {}")),
    "minutes": (5, 240, ("for {} minutes", "{} minutes", "{} min", "lasting {} minutes", "for {} min")),
    "hours": (1, 48, ("for {} hours", "{} hours", "lasting {} hours")),
    "days": (1, 90, ("for {} days", "{} days", "over {} days", "by {} days")),
    "people": (1, 40, ("for {} people", "{} people", "for a party of {}")),
    "page": (1, 40, ("page {}", "on page {}")),
    "score": (0, 100, ("score {}", "with a score of {}", "with {} points", "at {} points")),
    "percent": (1, 100, ("{} percent", "by {} percent", "at {}%")),
    "weight": (1, 2000, ("weighing {} kg", "weight {}", "{} kg")),
    "budget": (100, 250000, ("budget {}", "with a budget of {}", "for {} in total")),
    "floor": (1, 40, ("on floor {}", "floor {}")),
}
FREE: dict[str, tuple[str, ...]] = {
    "reason": ("because {}", "due to {}", "reason: {}", "since {}", "with reason {}", "the reason is {}"),
    "title": ("titled {}", "called {}", "with title {}", "title {}", "about {}"),
    "description": ("described as {}", "description {}", "with the description {}", "saying {}"),
    "note": ("with note {}", "note {}", "saying {}", "and note {}", "with the note {}"),
    "subject": ("about {}", "subject {}", "regarding {}", "with subject {}", "on the subject of {}"),
    "message": ("saying {}", "message {}", "with the message {}", "that {}", "telling {}"),
    "comment": ("with comment {}", "comment {}", "commenting {}"),
}
FLAGS = {
    "urgent": ("and it is urgent", "urgent", "as urgent"),
    "notify": ("and notify everybody", "with notification"),
    "gift_wrap": ("gift wrapped", "with gift wrap"),
    "recurring": ("recurring", "as a recurring one"),
    "include_details": ("with details", "including details"),
    "dry_run": ("as a dry run", "dry run only"),
    "private": ("and keep it private", "privately"),
    "active_only": ("active only", "only active ones"),
    "express": ("express", "with express handling"),
    "force": ("by force", "and force it"),
}
FACTS = tuple(
    """total cost price balance distance weight duration capacity score area speed volume tax discount fee average size
    length""".split()
)


def number(rng: Random, name: str = "", *, required: bool = True) -> Param:
    name = name or rng.choice(tuple(NUMBERS))
    low, high, cues = NUMBERS[name]
    return Param(name=name, type="integer", draw=values.integer(low, high), cues=cues, required=required)


def choice(rng: Random, label: str = "", *, required: bool = True) -> Param:
    label = label or rng.choice(tuple(words.CHOICES))
    options = tuple(rng.choice(words.CHOICES[label].split("|")).split())
    if rng.random() < 0.25:
        options = tuple(dict.fromkeys(values.word(rng) for _ in range(rng.randint(2, 4))))
    said = label.replace("_", " ")
    cues = (f"with {said} {{}}", f"{said} {{}}", f"{said}: {{}}", f"{{}} {said}", f"with {{}} {said}")
    return Param(
        name=label,
        type="string",
        draw=lambda r: values.plain(r.choice(options)),
        cues=cues,
        required=required,
        options=options,
    )


def status(rng: Random, *, required: bool = True) -> Param:
    options = tuple(rng.sample(words.STATUSES, 3))
    return Param(
        name="status",
        type="string",
        draw=lambda r: values.plain(r.choice(options)),
        required=required,
        options=options,
        cues=("that are {}", "which are {}", "with status {}", "{} ones", "status {}"),
    )


def free(rng: Random, name: str = "", *, required: bool = True) -> Param:
    name = name or rng.choice(tuple(FREE))
    return Param(name=name, type="string", draw=values.text, cues=FREE[name], required=required)


def flag(rng: Random) -> Param:
    name = rng.choice(tuple(FLAGS))
    return Param(
        name=name, type="boolean", draw=lambda r: values.plain(True), cues=FLAGS[name], required=False, flag=True
    )


def simple(rng: Random, kind: str, *, required: bool = True) -> Param:
    """A parameter of a common kind, named after the kind."""
    table: dict[str, tuple[str, Callable[[Random], Value], tuple[str, ...]]] = {
        "date": ("string", values.date, ("on {}", "for {}", "date {}", "dated {}", "on {}", "{}")),
        "time": ("string", values.time, ("at {}", "at {}", "at {} sharp", "time {}", "{}")),
        "start_time": ("string", values.moment, ("starting {}", "from {}", "start {}")),
        "start_date": (
            "string",
            values.date,
            ("from {}", "starting {}", "starting on {}", "start {}", "between {}", "beginning {}", "from {}"),
        ),
        "end_date": (
            "string",
            values.date,
            ("to {}", "until {}", "ending {}", "ending on {}", "and {}", "through {}", "till {}", "end {}"),
        ),
        "due_date": ("string", values.date, ("due {}", "due on {}", "by {}", "until {}")),
        "name": ("string", values.person, ("named {}", "called {}", "name {}", "by the name {}", "with name {}")),
        "owner": ("string", values.person, ("owned by {}", "owner {}", "with owner {}", "of {}")),
        "email": ("string", values.email, ("({})", "<{}>", "email {}", "with email {}", "reachable at {}", "mail {}")),
        "phone": ("string", values.phone, ("phone {}", "with phone {}", "number {}", "call {}")),
        "city": ("string", values.place, ("in {}", "near {}", "city {}", "around {}", "for the city {}")),
        "destination": ("string", values.place, ("to {}", "towards {}", "with destination {}", "going to {}")),
        "origin": ("string", values.place, ("from {}", "starting in {}", "origin {}")),
        "url": ("string", values.url, ("at {}", "url {}", "with link {}", "with url {}")),
        "code": ("string", values.code, ("with code {}", "code {}", "using {}", "using code {}")),
        "amount": ("number", values.price, ("amount {}", "of {}", "for {}", "over {}", "worth {}")),
        "price": ("number", values.price, ("price {}", "at {}", "priced at {}", "with a price of {}", "to {}")),
        "tags": ("array", values.texts, ("tagged {}", "with tags {}", "tags {}", "with the tags {}")),
        "guests": ("array", lambda r: people(r), ("with guests {}", "guests {}", "inviting {}")),
        "items": ("array", values.lines, ("with {}", "containing {}", "items: {}", "for {}", "with items {}")),
        "address": ("object", values.address, ("address {}", "at address {}", "to the address {}", "with address {}")),
        "contact": ("object", values.contact, ("contact {}", "with contact {}", "contact person {}")),
        "label": ("string", values.proper, ("labelled {}", "label {}", "with label {}", "and label it {}")),
    }
    type_, draw, cues = table[kind]
    return Param(name=kind, type=type_, draw=draw, cues=cues, required=required)


def people(rng: Random) -> Value:
    names = list(dict.fromkeys(values.person(rng).value for _ in range(rng.choice((1, 2, 2, 3)))))
    said = names[0] if len(names) == 1 else ", ".join(names[:-1]) + rng.choice((" and ", ", ")) + names[-1]
    return Value(said=said, value=names)


def reference(target: Entity, *, required: bool = True) -> Param:
    """A parameter that takes the id of another entity."""
    noun = target.noun
    return Param(
        name=f"{target.key}_id",
        type=target.id_type,
        draw=lambda r: values.plain(target.mint(r)),
        required=required,
        entity=target,
        cues=(f"for {noun} {{}}", f"with {noun} {{}}", f"{noun} {{}}", f"by {noun} {{}}", f"from {noun} {{}}"),
    )
