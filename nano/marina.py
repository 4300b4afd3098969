"""A held-out domain for probing: twenty tools of a marina, their wordings, and chains. Never part of pretraining.

`marina.txt` holds the wordings, the held-out ones with a star. In a template `{x}` is the value of parameter x.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import dialogue
import values
from values import Value

DRAW: dict[str, Callable[[Random], Value]] = {
    "berth_id": lambda r: values.plain(f"B-{r.randint(100, 9999)}"),
    "skipper_id": lambda r: values.plain(f"S-{r.randint(1000, 99999)}"),
    "mooring_id": lambda r: values.plain(f"moor_{r.randint(1, 9999):04d}"),
    "regatta_id": lambda r: values.plain(f"RG{r.randint(100, 999)}"),
    "buoy_id": lambda r: values.plain(r.randint(100, 9999)),
    "hull_id": lambda r: values.plain(f"H-20{r.randint(10, 30)}-{r.randint(10, 999)}"),
    "permit_id": lambda r: values.plain("".join(r.choice("0123456789abcdef") for _ in range(6))),
    "date": values.date,
    "time": values.time,
    "until": values.date,
    "name": values.person,
    "email": values.email,
    "reason": values.text,
    "query": values.text,
    "remark": values.text,
    "limit": values.integer(2, 9),
    "nights": values.integer(1, 30),
    "depth": values.price,
    "pier": values.choice_of("north", "south", "east", "west"),
    "weather": values.choice_of("calm", "rough", "storm"),
    "rank": values.choice_of("cadet", "mate", "captain"),
}


def _parse() -> dict[str, tuple[list[str], list[str], list[str]]]:
    made: dict[str, tuple[list[str], list[str], list[str]]] = {}
    for line in (Path(__file__).parent / "marina.txt").read_text(encoding="utf-8").strip().split("\n"):
        if not line.startswith(" "):
            name, _, inside = line.rstrip(")").partition("(")
            made[name] = ([p.strip() for p in inside.split(",")], [], [])
        elif line.startswith("  * "):
            made[name][2].append(line[4:])
        else:
            made[name][1].append(line.strip())
    return made


TOOLS = _parse()
_LEADS = ("please {}", "hey, {}", "can you {}", "{} please", "could you {}", "{}, thanks", "i want you to {}")


def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def row(messages: list[dict[str, Any]]) -> dialogue.Row:
    return dialogue.Row(kind="", messages=[{"role": "system", "content": dialogue.SYSTEM}, *messages])


def single(rng: Random, *, held: bool) -> dialogue.Row:
    """One call; a seen or a held-out wording, fresh values."""
    name = rng.choice(list(TOOLS))
    params, seen, unseen = TOOLS[name]
    template = rng.choice(unseen if held else seen)
    given = {p.rstrip("?"): DRAW[p.rstrip("?")](rng) for p in params if "{" + p.rstrip("?") + "}" in template}
    text = template.format(**{k: v.said for k, v in given.items()})
    if rng.random() < 0.4:
        text = rng.choice(_LEADS).format(text)
    if rng.random() < 0.3:
        text = text[0].upper() + text[1:]
    words_ = name.replace("_", " ")
    thought = rng.choice((f"I {words_}.", f"Let me {words_}.", ""))
    result = {"ok": True} if rng.random() < 0.5 else {"status": "done", "note": values.phrase(rng)}
    return row(
        [
            dialogue.user(text),
            {
                "role": "assistant",
                "content": thought,
                "tool_calls": [call(name, {k: v.value for k, v in given.items()})],
            },
            dialogue.returned(result),
            dialogue.said("Done."),
        ]
    )


def chain(rng: Random) -> dialogue.Row:
    """Two to four calls, by steps or by the goal."""
    d = {k: draw(rng) for k, draw in DRAW.items()}
    high = rng.random() < 0.5
    said = {k: v.said for k, v in d.items()}
    ids = [DRAW["skipper_id"](rng).value for _ in range(4)]
    scores = sorted((rng.randint(10, 99) for _ in ids), reverse=True)
    steps: list[tuple[str, str, dict[str, Any], Any]]
    v = {k: x.value for k, x in d.items()}
    match rng.randrange(5):
        case 0:
            text = (
                "reserve the first open berth on the {pier} pier for {skipper_id} on {date} for {nights} nights"
                if high
                else "list the open berths on the {pier} pier, then reserve the first one "
                "for {skipper_id} on {date}, {nights} nights"
            ).format(**said)
            berths = [DRAW["berth_id"](rng).value for _ in range(3)]
            steps = [
                (
                    "First I list the open berths.",
                    "list_open_berths",
                    {"pier": v["pier"]},
                    {"berth_ids": berths, "pier": v["pier"]},
                ),
                (
                    f"The first berth is {berths[0]}.",
                    "reserve_berth",
                    {"berth_id": berths[0], "skipper_id": v["skipper_id"], "date": v["date"], "nights": v["nights"]},
                    {"status": "reserved"},
                ),
            ]
        case 1:
            text = (
                "give {name} a permit until {until}" if high else "find skipper {name} and issue a permit until {until}"
            ).format(**said)
            steps = [
                (
                    "First I find the skipper.",
                    "find_skipper",
                    {"name": v["name"]},
                    {"skipper": {"id": ids[0], "name": v["name"], "rank": v["rank"]}},
                ),
                (
                    f"The skipper is {ids[0]}.",
                    "issue_permit",
                    {"skipper_id": ids[0], "until": v["until"]},
                    {"permit_id": v["permit_id"]},
                ),
            ]
        case 2:
            k = rng.choice((2, 3))
            n = ("two", "three")[k - 2]
            text = (
                f"issue permits until {said['until']} to the {n} best skippers of {said['regatta_id']}"
                if high
                else f"rank {k} skippers of regatta {said['regatta_id']} and give each a permit until {said['until']}"
            )
            found = ids[:k]
            steps = [
                (
                    "First I rank the skippers.",
                    "rank_regatta_skippers",
                    {"regatta_id": v["regatta_id"], "limit": k},
                    {"skipper_ids": found, "scores": scores[:k]},
                )
            ]
            steps += [
                (f"Now {one}.", "issue_permit", {"skipper_id": one, "until": v["until"]}, {"ok": True}) for one in found
            ]
        case 3:
            text = (
                "have the first hull of {name} painted on {date}"
                if high
                else "find the skipper {name}, list the hulls and paint the first one on {date}"
            ).format(**said)
            hulls = [DRAW["hull_id"](rng).value for _ in range(2)]
            steps = [
                (
                    "First I find the skipper.",
                    "find_skipper",
                    {"name": v["name"]},
                    {"skipper_id": ids[0], "name": v["name"]},
                ),
                (
                    "Next I list the hulls.",
                    "list_skipper_hulls",
                    {"skipper_id": ids[0]},
                    {"hulls": [{"hull_id": h, "color": rng.choice(("red", "blue"))} for h in hulls]},
                ),
                (
                    f"The first hull is {hulls[0]}.",
                    "paint_hull",
                    {"hull_id": hulls[0], "date": v["date"]},
                    {"ok": True},
                ),
            ]
        case _:
            text = (
                "enter the two leaders of {regatta_id} in the first regatta with {weather} weather"
                if high
                else "get the top 2 skippers of {regatta_id}, list regattas with {weather} weather "
                "and enter both in the first"
            ).format(**said)
            races = [DRAW["regatta_id"](rng).value for _ in range(3)]
            steps = [
                (
                    "First I rank the skippers.",
                    "rank_regatta_skippers",
                    {"regatta_id": v["regatta_id"], "limit": 2},
                    {"skipper_ids": ids[:2], "scores": scores[:2]},
                ),
                (
                    "Next I list the regattas.",
                    "list_regattas",
                    {"weather": v["weather"]},
                    {"regattas": [{"id": x} for x in races]},
                ),
            ]
            steps += [
                (f"Now {one}.", "enter_regatta", {"regatta_id": races[0], "skipper_id": one}, {"ok": True})
                for one in ids[:2]
            ]
    messages: list[dict[str, Any]] = [dialogue.user(text[0].upper() + text[1:] if rng.random() < 0.4 else text)]
    for thought, name, arguments, result in steps:
        messages += [
            {"role": "assistant", "content": thought, "tool_calls": [call(name, arguments)]},
            {"role": "tool", "content": json.dumps(result)},
        ]
    return row([*messages, dialogue.said("Done.")])
