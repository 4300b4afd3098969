"""Turns that surround a request: what is said before something is destroyed, when no tool is there, when a call failed.

By voice like the requests. Knows what a step is called and the values it treats, nothing of calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.choices import HELD_OUT_VOICE, Choices
from loopbuild.llm.offline.clauses import class_of
from loopbuild.llm.offline.references import runs_on, shown
from loopbuild.llm.offline.register import sentence
from loopbuild.llm.protocol import RESERVED, Argument, StepWords
from loopbuild.records import Json

_ASK_FIRST = (
    "Ask me before you do it",
    "Check with me first",
    "Wait for my okay before anything is gone",
    "I want to confirm it first",
    "Don't do it before I say yes",
    "Let me confirm before it happens",
    "Get my confirmation first",
    "Please ask again before it is final",
    "Make sure to ask me first",
    "I'd like to be asked before",
    "Only after I said yes, please",
    "But ask me once more before",
)
_CONFIRM = (
    "This would {verb} {what}. Shall I go ahead?",
    "Should I really {verb} {what}?",
    "I am about to {verb} {what}. Is that right?",
    "Please confirm: {verb} {what}?",
    "Do you want me to {verb} {what}?",
    "Shall I {verb} {what} now? It cannot be undone.",
    "Just to be sure: {verb} {what}?",
    "Before I {verb} {what}: are you sure?",
)
_YES = (
    "yes", "yes, go ahead", "yes please", "go ahead", "sure, do it", "that's right", "confirmed", "yes, I am sure",
    "do it", "okay, go on", "correct, please do", "yep", "right, go ahead", "yes, that one",
)  # fmt: skip
_NO = (
    "no", "no, leave it", "stop, don't", "no, keep it", "better not", "wait, no", "no thanks, leave it as it is",
    "I changed my mind, leave it", "don't do it", "no, not now", "cancel that, keep it", "nope, keep it",
)  # fmt: skip
_OF_SEVERAL = (
    ("that one", "those"), ("leave it as it is", "leave them as they are"), ("leave it", "leave them"),
    ("keep it", "keep them"),
)  # fmt: skip
_KEPT = (
    "All right, I did not touch {what}.",
    "Okay, I keep {what}.",
    "Then nothing happens to {what}.",
    "Then I leave {what} alone.",
    "Understood. I left {what} alone.",
    "Fine, no change to {what}.",
)
_NO_WAY = (
    "I have no tool to {deed}.",
    "I can't {deed}: no tool I have does that.",
    "Sorry, I have no way to {deed}.",
    "There is no tool here with which I could {deed}.",
    "I'm not able to {deed}; the tool for it is missing.",
    "None of my tools can {deed}.",
    "I can't do that: I have nothing to {deed} with.",
    "Sorry, to {deed} I would need a tool I don't have.",
)
_THERE = (
    "It is there now, please try again",
    "You should have it now",
    "I added what you need. Go on, please",
    "The tool is available now, try again",
    "okay, it has been switched on",
    "Now you can. Please do it",
    "I got you access, try once more",
    "it should work now",
    "You have the tool now, please go on",
)
_AGAIN = {
    "wrong_type": (
        "I gave the {words} in the wrong form. Once more.",
        "That is not how to give the {words}. I send it again.",
        "Wrong form for the {words}, so I correct it.",
        "The form of the {words} was wrong. I try again.",
    ),
    "bad_enum": (
        "That is no value for the {words}. I try again.",
        "I used a wrong value for the {words}. Once more.",
        "There is no such {words}, so I correct it.",
        "That value of the {words} is not known. I send the right one.",
    ),
    "missing_required": (
        "I left out the {words}. Now with it.",
        "I forgot the {words}. Once more.",
        "It needs the {words} too, so I try again.",
        "Without the {words} it does not work. I try again.",
    ),
    "stale_id": (
        "There is no such {words}. I look at it again and use the right one.",
        "No {words} like that exists; I had it wrong. Once more.",
        "I used a wrong {words}. I take the right one now.",
        "I had the wrong {words}, so I correct it.",
    ),
    "rate_limit": (
        "That was too fast. I try the same again.",
        "Too many requests just now, so I repeat it.",
        "The service was busy. I try once more.",
        "I was told to slow down. Once more.",
    ),
}


def choices_for(key: str, voice: str) -> Choices:
    """Return seeded choices for the turns of a row; texts of a writer that only words held-out tasks stay reserved."""
    return Choices(f"turns {key}", voice=HELD_OUT_VOICE if voice.startswith(RESERVED) else voice)


def ask_me_first(text: str, choices: Choices) -> str:
    """Return a request with the wish to be asked before anything is destroyed."""
    text = text.rstrip()
    if not text.endswith((".", "?", "!")):
        text += "."
    wish = choices.pick(_ASK_FIRST)
    return f"{text} {wish}" + ("." if choices.chance(0.6) else "")


def confirmation(steps: Sequence[StepWords], choices: Choices) -> str:
    """Return the assistant's question, which names everything `steps` would destroy."""
    form = choices.pick(_CONFIRM)
    return sentence(form.format(verb=class_of(steps[0]).plain, what=named(steps)))


def consent(steps: Sequence[StepWords], choices: Choices) -> str:
    """Return a yes to destroying what `steps` would."""
    return _typed(_counted(choices.pick(_YES), steps), choices)


def refusal(steps: Sequence[StepWords], choices: Choices) -> str:
    """Return a no to it."""
    return _typed(_counted(choices.pick(_NO), steps), choices)


def _counted(reply: str, steps: Sequence[StepWords]) -> str:
    """The reply as it is said of one thing, or of several: `keep it`, `keep them`."""
    own = [a.value for step in steps for a in step.arguments if a.is_own and isinstance(a.value, list)]
    if sum(step.times for step in steps) == 1 and all(len(value) < 2 for value in own):
        return reply
    for one, many in _OF_SEVERAL:
        reply = reply.replace(one, many)
    return reply


def kept(steps: Sequence[StepWords], choices: Choices) -> str:
    """Return the answer after a no: nothing was destroyed."""
    return sentence(choices.pick(_KEPT).format(what=named(steps)))


def no_way(step: StepWords, choices: Choices) -> str:
    """Return the answer of an assistant that lacks the tool for `step`."""
    thing = f"{step.adjectives} {step.noun}".strip()
    thing = m.plural(thing) if step.is_plural else m.with_article(thing)
    return lacking(f"{class_of(step).plain} {thing}", choices)


def lacking(deed: str, choices: Choices) -> str:
    """Return the sentence that no tool can `deed`."""
    return sentence(choices.pick(_NO_WAY).format(deed=deed))


def available(choices: Choices) -> str:
    """Return what the person says once the tool is there."""
    return _typed(choices.pick(_THERE), choices)


def once_more(kind: str, words: str, choices: Choices) -> str:
    """Return what the assistant says before it calls again; `words` name the argument at fault."""
    return sentence(choices.pick(_AGAIN[kind]).format(words=words or "value"))


def named(steps: Sequence[StepWords]) -> str:
    """Return what `steps` treat, by its values: `draft DRF-12`, `attendees A and B (event E-4)`."""
    noun = steps[0].noun
    items = [_item(group) for step in steps for one in step.arguments for group in one.groups]
    if items:
        return f"{m.plural(noun) if len(items) > 1 else f'the {noun}'} {m.joined(items)}"
    found = [one for step in steps for one in _leaves(step.arguments)]
    telling = [one for one in found if one.is_key or one.is_own or one.kind in ("person", "name", "email")]
    own = [one for one in telling if one.is_own] or telling or found
    values = _values(own)
    if not values:
        return f"the {m.plural(noun) if steps[0].is_plural else noun}"
    beside = list(
        dict.fromkeys(f"{_noun(one)} {value}" for one in telling if one not in own for value in _values([one]))
    )
    where = f" ({', '.join(beside)})" if beside else ""
    return f"{noun if len(values) == 1 else m.plural(noun)} {m.joined(values)}{where}"


def _item(group: Sequence[Argument]) -> str:
    """A member of a list of objects by all its values: `Anna – knows – Ben`; a sentence in quotation marks."""
    parts = _values(list(_leaves(group)))
    return " – ".join(f'"{part}"' if runs_on(part) else part for part in parts)


def _values(arguments: Sequence[Argument]) -> list[str]:
    found: list[str] = []
    for one in arguments:
        values: Sequence[Json] = one.picked or (one.value if isinstance(one.value, list) else [one.value])
        found += [shown(value) for value in values if value is not None and not isinstance(value, dict | list)]
    return list(dict.fromkeys(found))


def _noun(argument: Argument) -> str:
    return argument.entity if argument.is_key and argument.entity else argument.words


def _leaves(arguments: Sequence[Argument]) -> Iterator[Argument]:
    for one in arguments:
        if one.groups:
            yield from (leaf for group in one.groups for leaf in _leaves(group))
        else:
            yield one


def _typed(text: str, choices: Choices) -> str:
    text = text[:1].upper() + text[1:] if choices.chance(0.6) else text
    return text + ("." if choices.chance(0.4) else "")
