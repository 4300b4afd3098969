"""Random tools: verb class, parameters and names.

Without schemas in the prompt a name is a function of the verb class and the nouns of the request, and so are the
parameter names; with schemas both may be anything. Nothing here writes dialogues.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from random import Random
from typing import Any

import values
import words
from classes import KLASSES, Klass
from params import FACTS, Entity, Param, choice, entity, flag, free, number, reference, simple, status


@dataclass(slots=True, kw_only=True)
class Tool:
    """A callable of the domain. `params[0]` is the object's id where the shape has one (`has_id`)."""

    name: str
    klass: Klass
    entity: Entity
    params: list[Param]
    has_id: bool = False
    other: Entity | None = None
    fact: str = ""
    description: str = ""

    def schema(self) -> dict[str, Any]:
        """The OpenAI function schema."""
        properties: dict[str, Any] = {}
        for param in self.params:
            properties[param.name] = {"type": param.type} | ({"enum": list(param.options)} if param.options else {})
        required = [param.name for param in self.params if param.required]
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": {"type": "object", "properties": properties, "required": required},
            },
        }


_NEW = (
    "name",
    "email",
    "date",
    "due_date",
    "owner",
    "phone",
    "city",
    "url",
    "code",
    "amount",
    "price",
    "tags",
    "guests",
    "items",
    "address",
    "contact",
    "label",
    "destination",
    "start_time",
)
_ORDER = (
    "name",
    "title",
    "label",
    "email",
    "phone",
    "contact",
    "items",
    "owner",
    "description",
    "amount",
    "price",
    "quantity",
    "origin",
    "destination",
    "address",
    "city",
    "date",
    "start_time",
    "due_date",
    "time",
)


def _shape(
    rng: Random, klass: Klass, target: Entity, others: list[Entity], *, schemas: bool
) -> tuple[bool, list[Param], str, str, Entity | None]:
    """Parameters of a tool: (has_id, params, name suffix, fact, other entity)."""
    own = Param(
        name=f"{target.key}_id",
        type=target.id_type,
        draw=lambda r: values.plain(target.mint(r)),
        cues=(),
        entity=target,
    )
    maybe = lambda odds: rng.random() < odds  # noqa: E731
    other = rng.choice(others) if others else entity(rng)
    match klass.shape:
        case "one":
            return True, [own] + ([flag(rng)] if maybe(0.12) else []), "", "", None
        case "reason":
            return True, [own] + ([free(rng, "reason", required=maybe(0.4))] if maybe(0.6) else []), "", "", None
        case "many":
            params = []
            if maybe(0.55):
                params.append(status(rng, required=maybe(0.4)) if maybe(0.6) else choice(rng, required=maybe(0.4)))
            if maybe(0.25):
                params.append(simple(rng, rng.choice(("city", "date", "owner")), required=False))
            if maybe(0.35):
                params.append(number(rng, "limit", required=False))
            return False, params, "", "", None
        case "query":
            query = Param(
                name="query",
                type="string",
                draw=values.text,
                cues=("for {}", "about {}", "matching {}", "mentioning {}", "with {}", "containing {}"),
            )
            return False, [query] + ([number(rng, "limit", required=False)] if maybe(0.5) else []), "", "", None
        case "named":
            draw = values.person if maybe(0.6) else values.proper
            return False, [Param(name="name", type="string", draw=draw, cues=())], "", "", None
        case "new":
            kinds = rng.sample(_NEW, rng.choice((1, 2, 2, 3)))
            params = [simple(rng, kind, required=maybe(0.75)) for kind in kinds]
            if maybe(0.6):
                params.append(free(rng, rng.choice(("title", "description", "note")), required=maybe(0.7)))
            if maybe(0.45):
                params.append(choice(rng, required=maybe(0.6)))
            if maybe(0.3):
                params.append(number(rng, rng.choice(("quantity", "weight", "budget", "people")), required=maybe(0.6)))
            params.sort(key=lambda p: _ORDER.index(p.name) if p.name in _ORDER else 99)
            if maybe(0.2):
                params = [p for p in params if not p.name.endswith("date")][:2]
                params += [simple(rng, "start_date"), simple(rng, "end_date")]
            if maybe(0.4):
                params.insert(0, reference(other))
            if maybe(0.12):
                params.append(flag(rng))
            return False, params, "", "", other
        case "change":
            field_ = rng.choice(
                (
                    status(rng),
                    status(rng),
                    choice(rng),
                    number(rng, rng.choice(("quantity", "score", "budget"))),
                    simple(rng, "price"),
                    simple(rng, "due_date"),
                    simple(rng, "owner"),
                    simple(rng, "address"),
                    simple(rng, "tags"),
                )
            )
            label = field_.name.replace("_", " ")
            cues = (
                f"{label} to {{}}",
                f"{label} {{}}",
                f"with {label} {{}}",
                f"to {label} {{}}",
                f": {label} {{}}",
                f"{label} = {{}}",
            )
            return (
                True,
                [own, Param(name=field_.name, type=field_.type, draw=field_.draw, cues=cues, options=field_.options)],
                field_.name,
                "",
                None,
            )
        case "pair":
            return True, [own, reference(other)], "", "", other
        case "send":
            to = Param(name="to", type="string", draw=values.email, cues=("to {}", "to {}", "addressed to {}"))
            return False, [to, free(rng, rng.choice(("subject", "message")))], "", "", None
        case "note":
            return True, [own] + ([free(rng, "message")] if maybe(0.75) else []), "", "", None
        case "slot":
            params = (
                [simple(rng, "date")] + ([simple(rng, "time")] if maybe(0.65) else [])
                if maybe(0.85)
                else [simple(rng, "start_time")]
            )
            if maybe(0.3):
                params = [simple(rng, "start_date"), simple(rng, "end_date")]
            params += (
                [number(rng, rng.choice(("minutes", "people", "days", "hours")), required=maybe(0.5))]
                if maybe(0.4)
                else []
            )
            params += [choice(rng, required=False)] if maybe(0.15) else []
            linked = [reference(e) for e in ([other] if maybe(0.7) else [])]
            if klass.key == "book" and maybe(0.6):
                return True, [own, *linked[: 1 if maybe(0.4) else 0], *params], "", "", other
            second = [reference(e) for e in others if e is not other][:1] if maybe(0.4) else []
            return False, [*linked, *second, *params], "", "", other
        case "format":
            return True, [own] + ([choice(rng, "format", required=maybe(0.5))] if maybe(0.7) else []), "", "", None
        case "place":
            return True, [own, simple(rng, "destination")], "", "", None
        case "rename":
            return (
                True,
                [
                    own,
                    Param(
                        name="new_name",
                        type="string",
                        draw=values.proper,
                        cues=("to {}", "as {}", "into {}", "with the new name {}"),
                    ),
                ],
                "",
                "",
                None,
            )
        case "share":
            return (
                True,
                [own, Param(name="email", type="string", draw=values.email, cues=("with {}", "to {}", "for {}"))],
                "",
                "",
                None,
            )
        case "amount":
            return True, [own] + ([simple(rng, "amount", required=maybe(0.6))] if maybe(0.75) else []), "", "", None
        case "score":
            return (
                True,
                [own, number(rng, "score")] + ([free(rng, "comment", required=False)] if maybe(0.4) else []),
                "",
                "",
                None,
            )
        case "days":
            return True, [own, number(rng, "days")], "", "", None
        case "under":
            extra = [number(rng, "limit", required=False)] if maybe(0.45) else []
            extra += [status(rng, required=False)] if maybe(0.2) else []
            return True, [own, *extra], "", "", other
        case "add":
            params = (
                [free(rng, rng.choice(("note", "comment", "description")))]
                if maybe(0.6)
                else [number(rng, "quantity"), simple(rng, "code")]
            )
            return True, [own, *params], "", "", other
        case "compute":
            return (
                True,
                [own] + ([number(rng, "year", required=False)] if maybe(0.3) else []),
                "",
                rng.choice(FACTS),
                None,
            )
        case _:
            return False, [], "", "", None


def tool(
    rng: Random, key: str, target: Entity, others: list[Entity], *, schemas: bool, child: Entity | None = None
) -> Tool:
    """A tool of verb class `key` for the entity; `child` is what an "under" tool lists."""
    klass = KLASSES[key]
    rest = [e for e in others if e is not target]
    has_id, params, suffix, fact, other = _shape(rng, klass, target, [child] if child else rest, schemas=schemas)
    verb = rng.choice(klass.verbs) if schemas else klass.verbs[0]
    noun = target.key
    if klass.shape in ("many", "query") or key == "refresh":
        noun = words.plural(noun)
    if klass.shape == "under":
        noun = f"{noun}_{words.plural((other or target).key)}"
    elif klass.shape == "add":
        noun = f"{noun}_{(other or target).key}"
    elif key == "summary":
        noun += "_summary"
    elif fact:
        noun += f"_{fact}"
    elif suffix:
        noun += f"_{suffix}"
    name = f"{verb}_{noun}"
    made = Tool(name=name, klass=klass, entity=target, params=unique(params), has_id=has_id, other=other, fact=fact)
    if schemas:
        _disguise(rng, made)
    return made


def unique(params: list[Param]) -> list[Param]:
    return list({param.name: param for param in reversed(params)}.values())[::-1]


def _disguise(rng: Random, made: Tool) -> None:
    """With the schema in the prompt names may be arbitrary, parameters may be renamed and reordered."""
    noun, other = rng.choice((made.entity.noun, *made.entity.synonyms)), (made.other.noun if made.other else "item")
    text = rng.choice([ask for ask in made.klass.asks if not ask.startswith(("{o}", "{w}", "i need"))])
    text = text.replace("{o}", words.article(noun)).replace(
        "{a}", words.article(other if made.klass.shape == "add" else noun)
    )
    text = (
        text.replace("{p}", words.plural(other if made.klass.shape == "under" else noun))
        .replace("{n}", noun)
        .replace("{w}", words.article(other))
    )
    text = text.replace("{f}", made.fact)
    made.description = rng.choice(
        (text[0].upper() + text[1:], text, f"{made.klass.verbs[0]} {words.article(noun)}".replace("_", " "))
    ).rstrip("?")
    draw = rng.random()
    if draw < 0.15:
        made.name = (
            f"{words.pseudo(rng)}_{words.pseudo(rng)}"
            if rng.random() < 0.6
            else words.pseudo(rng) + rng.choice(string.digits)
        )
        if not made.description:
            made.description = text
    elif draw < 0.27:
        head, *tail = made.name.split("_")
        made.name = head + "".join(part.capitalize() for part in tail)
    elif draw < 0.33:
        head, _, tail = made.name.partition("_")
        made.name = f"{tail}.{head}"
    elif rng.random() < 0.3:
        made.description = ""
    renamed = []
    for index, param in enumerate(made.params):
        name = param.name
        if index == 0 and made.has_id and rng.random() < 0.2:
            name = rng.choice(("id", "ref", made.entity.key))
        elif rng.random() < 0.1:
            name = rng.choice((f"new_{name}", f"{made.entity.key}_{name}", f"{name}_value", f"{words.pseudo(rng)}"))
        elif "_" in name and made.name[0].islower() and any(c.isupper() for c in made.name):
            head, *tail = name.split("_")
            name = head + "".join(part.capitalize() for part in tail)
        renamed.append(
            Param(
                name=name,
                type=param.type,
                draw=param.draw,
                cues=param.cues,
                required=param.required,
                entity=param.entity,
                flag=param.flag,
                options=param.options,
            )
        )
    made.params = unique(renamed)
    if rng.random() < 0.3 and len(made.params) > 2:
        tail_ = made.params[1:]
        rng.shuffle(tail_)
        made.params = [made.params[0], *tail_]
