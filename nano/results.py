"""What a simulated tool answers: listings, records and receipts in many shapes, with fields nobody asked for.

It decides where an id hides in a result; it does not know what the user said.
"""

from __future__ import annotations

from random import Random
from typing import Any

import values
import words
from domain import Tool
from params import FACTS, Entity


def extras(rng: Random, most: int = 3) -> dict[str, Any]:
    """Distractor fields."""
    made: dict[str, Any] = {}
    for _ in range(rng.randint(0, most)):
        name = rng.choice(
            ("status", "name", "total", "title", "date", "city", "ref", "note", "count", "updated_at", "owner", "email")
        )
        made[name] = field(rng, name)
    return made


def field(rng: Random, name: str) -> Any:
    """A plausible content for a field."""
    match name:
        case "status":
            return rng.choice(words.STATUSES)
        case "name" | "owner":
            return values.person(rng).value
        case "title" | "note":
            return values.phrase(rng)
        case "date":
            return values.date(rng).value
        case "updated_at":
            return values.moment(rng).value
        case "city":
            return values.place(rng).value
        case "email":
            return values.email(rng).value
        case "ref":
            return values.code(rng).value
        case "total":
            return rng.choice((rng.randint(1, 9999), round(rng.uniform(1, 999), 2)))
        case _:
            return rng.randint(0, 99)


def record(rng: Random, target: Entity, ident: Any, more: dict[str, Any]) -> Any:
    """One thing: flat, or nested under its noun."""
    key = f"{target.key}_id" if rng.random() < 0.55 else "id"
    body = list((more | {k: v for k, v in extras(rng).items() if k not in more}).items())
    rng.shuffle(body)
    flat = {key: ident} | dict(body)
    if rng.random() < 0.2:
        flat = dict(body) | {key: ident}
    return flat if rng.random() < 0.65 else {target.key: flat}


def listing(rng: Random, target: Entity, idents: list[Any], names: list[str] | None = None) -> Any:
    """A list of ids with parallel arrays, or of objects; scores descend."""
    plural = words.plural(target.key)
    count = len(idents)
    whole = rng.random() < 0.5
    scores = sorted((rng.randint(1, 99) if whole else round(rng.random(), 2) for _ in idents), reverse=True)
    score = rng.choice(("score", "score", "score", "rating", "rank", "match_score"))
    if names is None and rng.random() < 0.5:
        made: dict[str, Any] = {
            rng.choice((f"{target.key}_ids", f"{target.key}_ids", "ids", plural, "results")): idents
        }
        if rng.random() < 0.5:
            made[words.plural(score)] = scores
        if rng.random() < 0.2:
            made["names"] = [values.proper(rng).value for _ in idents]
        if rng.random() < 0.25:
            made[rng.choice(("count", "total"))] = count
        return made
    key = f"{target.key}_id" if rng.random() < 0.45 else "id"
    label = rng.choice(("name", "title", "label")) if names is None else "name"
    labels = names or [values.proper(rng).value if rng.random() < 0.6 else values.person(rng).value for _ in idents]
    more = [name for name in (score, "status", "city", "date", "total") if rng.random() < 0.3][:2]
    with_label = names is not None or rng.random() < 0.7
    rows = []
    for index, ident in enumerate(idents):
        row: dict[str, Any] = {key: ident}
        if with_label:
            row[label] = labels[index]
        for name in more:
            row[name] = scores[index] if name == score else field(rng, name)
        rows.append(row)
    draw = rng.random()
    if draw < 0.12:
        return rows
    outer = plural if draw < 0.7 else rng.choice(("results", "items", "data"))
    made = {outer: rows}
    if rng.random() < 0.3:
        made[rng.choice(("count", "total"))] = count
    return made


def receipt(rng: Random, tool: Tool, ident: Any) -> dict[str, Any]:
    """The answer of a call that changed something; may quote the id."""
    draw = rng.random()
    state = (
        tool.klass.done
        if rng.random() < 0.7
        else rng.choice(("active", "pending", "confirmed", "ready", "new", "accepted", "queued"))
    )
    if ident is None or draw < 0.2:
        return {rng.choice(("ok", "success")): True}
    key = f"{tool.entity.key}_id" if rng.random() < 0.7 else "id"
    made: dict[str, Any] = {key: ident, "status": state}
    if draw < 0.35:
        made = {"ok": True} | made
    if draw > 0.8:
        made |= extras(rng, 1)
    return {tool.entity.key: made} if draw > 0.93 else made


def measured(rng: Random, tool: Tool) -> dict[str, Any]:
    """The answer of a computing or summing tool."""
    name = tool.fact or rng.choice(FACTS)
    number = rng.choice((rng.randint(1, 9999), round(rng.uniform(1, 500), 2)))
    made: dict[str, Any] = {name: number}
    if rng.random() < 0.4:
        made["unit"] = rng.choice(("EUR", "kg", "hours", "km", "USD", "points", "days"))
    if rng.random() < 0.3:
        made["count"] = rng.randint(1, 40)
    return made
