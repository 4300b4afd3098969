"""What the assistant says between calls and at the end: brief reasons, reports that quote what was seen.

It reads calls with their results and decides no call.
"""

from __future__ import annotations

from random import Random
from typing import Any

import words
from world import Call, Turn


def object_phrase(rng: Random, call: Call) -> str:
    """What a thought calls the object of a call."""
    tool, noun = call.tool, call.tool.entity.noun
    shape = tool.klass.shape
    if shape in ("many", "query") or tool.klass.key == "refresh":
        status = call.arguments.get("status")
        return f"the {status} {words.plural(noun)}" if status and rng.random() < 0.6 else f"the {words.plural(noun)}"
    if shape == "under" and tool.other:
        return f"the {tool.other.plural} of " + (f"{call.about}" if rng.random() < 0.6 else f"the {noun}")
    if shape == "named":
        return f"the {noun}" + (f" {next(iter(call.arguments.values()))}" if rng.random() < 0.4 else "")
    if tool.klass.key == "summary":
        return f"the {noun} summary"
    if tool.fact:
        return f"the {tool.fact} of " + (f"{call.about}" if call.about and rng.random() < 0.5 else f"the {noun}")
    if call.about is not None and rng.random() < 0.6:
        return rng.choice((f"{noun} {call.about}", f"{call.about}", f"the {noun} {call.about}"))
    return f"the {noun}"


def thought(rng: Random, turn: Turn, index: int, total: int) -> str:
    """A brief sentence before the calls; sometimes none."""
    if rng.random() < 0.15:
        return ""
    call = turn.calls[0]
    verb = call.tool.klass.verbs[0]
    verb = {"under": "list", "refresh": "refresh", "summary": "read"}.get(call.tool.klass.key, verb)
    if len(turn.calls) > 1:
        what = f"{verb} " + (
            " and ".join(str(c.about) for c in turn.calls)
            if rng.random() < 0.6 and call.about is not None
            else "them together"
        )
    else:
        what = f"{verb} {object_phrase(rng, call)}"
    if index == 0:
        text = rng.choice(
            ("I {}.", "I can {}.", "Let me {}.", "I need to {}.", "I will {}.", "I'll {}.")
            if total == 1
            else ("First I {}.", "First I {}.", "I {} first.", "To begin, I {}.", "Let me {}.", "I'll {} first.")
        )
    else:
        text = rng.choice(("Now I {}.", "Next I {}.", "Then I {}.", "I {} now.", "Now I can {}."))
        if index == total - 1 and rng.random() < 0.15:
            text = "Finally I {}."
    text = text.format(what)
    if turn.because and rng.random() < 0.65:
        return f"{turn.because} {text}" if rng.random() < 0.7 else turn.because
    return text


def _facts(result: Any) -> list[tuple[str, Any]]:
    """Scalar fields of a result, one level of nesting opened."""
    found: list[tuple[str, Any]] = []
    for key, value in result.items() if isinstance(result, dict) else ():
        if isinstance(value, dict):
            found += [(k, v) for k, v in value.items() if not isinstance(v, (dict, list))]
        elif not isinstance(value, list):
            found.append((key, value))
    return found


def report(rng: Random, call: Call) -> str:
    """What came of one call, in a sentence that quotes what was seen."""
    tool, noun = call.tool, call.tool.entity.noun
    shape, done = tool.klass.shape, tool.klass.done
    if tool.klass.key == "count":
        return rng.choice(("There are {0} {1}.", "{0} {1} in total.", "I counted {0} {1}.")).format(
            next(iter(call.result.values())), words.plural(noun)
        )
    if shape in ("many", "query", "under"):
        many = tool.other.plural if shape == "under" and tool.other else words.plural(noun)
        if not call.found:
            return rng.choice((f"There are no {many}.", f"I found no {many}.", f"No {many} found."))
        listed = ", ".join(str(i) for i in call.found)
        if len(call.found) > 1 and rng.random() < 0.6:
            listed = ", ".join(str(i) for i in call.found[:-1]) + f" and {call.found[-1]}"
        if len(call.found) > 3 and rng.random() < 0.6:
            first = call.found[:3]
            return f"There are {len(call.found)} {many}, the first are {first[0]}, {first[1]} and {first[2]}."
        return rng.choice(
            (
                f"I found {len(call.found)} {many}: {listed}.",
                f"The {many} are {listed}.",
                f"Here are the {many}: {listed}.",
                f"{len(call.found)} {many}: {listed}.",
            )
        )
    if shape == "named":
        return rng.choice(
            (
                f"I found {noun} {call.found[0]}.",
                f"It is {noun} {call.found[0]}.",
                f"The {noun} has id {call.found[0]}.",
            )
        )
    facts = _facts(call.result)
    if tool.klass.key in ("get", "track", "check", "compute", "summary"):
        shown = [(k, v) for k, v in facts if not k.endswith("id") and v is not True][: rng.choice((1, 2))]
        if shown:
            head = (
                f"{noun} {call.about}".capitalize()
                if call.about is not None and noun[0].islower()
                else noun.capitalize()
            )
            head = head[:1] + f"{noun} {call.about}"[1:] if call.about is not None else head
            body = " and ".join(f"{k.replace('_', ' ')} {v}" for k, v in shown)
            one = f"The {shown[0][0].replace('_', ' ')} is {shown[0][1]}."
            if len(facts) > 1 and rng.random() < 0.35:
                pairs = [f"{k.replace('_', ' ')}: {v}" for k, v in facts if v is not True][:3]
                return (
                    ", ".join(pairs).capitalize() + "."
                    if rng.random() < 0.3 and not any(map(str.isupper, "".join(pairs)))
                    else ", ".join(pairs) + "."
                )
            return rng.choice((one, one, f"{head}: {body}.", f"{head} has {body}."))
        return "Done."
    ident = call.about if call.about is not None else call.found[0] if call.found else None
    state = next((v for k, v in facts if k == "status"), "")
    if ident is None:
        return rng.choice((f"The {noun} is {done}.", f"Done, the {noun} is {done}.", "Done."))
    return rng.choice(
        (
            f"{noun[0].upper()}{noun[1:]} {ident} is {done}.",
            f"Done: {noun} {ident} is {done}.",
            f"I {done} {ident}." if done.endswith("ed") else f"{ident} is {done}.",
            f"The {noun} {ident} is {done}.",
            *((f"{noun[0].upper()}{noun[1:]} {ident} is {done}, status {state}.",) if state else ()),
        )
    )


def answer(rng: Random, turns: list[Turn]) -> str:
    """The final answer: the last calls' outcome."""
    calls = turns[-1].calls
    same = [c for t in turns for c in t.calls if c.tool is calls[-1].tool]
    if (
        len(same) > 1
        and all(c.about is not None for c in same)
        and calls[-1].tool.klass.shape not in ("under", "compute")
        and calls[-1].tool.klass.key not in ("get", "track", "check")
    ):
        listed = ", ".join(str(c.about) for c in same[:-1]) + f" and {same[-1].about}"
        return rng.choice(
            (
                f"Done: {listed} are {calls[-1].tool.klass.done}.",
                f"{listed} are {calls[-1].tool.klass.done}.",
                f"The {words.plural(calls[-1].tool.entity.noun)} {listed} are {calls[-1].tool.klass.done}.",
            )
        )
    if len(calls) > 1 or (len(same) > 1 and len(same) <= 3):
        return " ".join(report(rng, c) for c in (same if len(same) > 1 else calls))
    return report(rng, calls[-1])
