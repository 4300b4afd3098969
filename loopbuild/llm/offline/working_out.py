"""Values that are worked out, in words: the invoice with the largest amount, the sum of them, two weeks after a date.

Decides how a rule is said so that it singles out what it stands for. What a text must hold for it is a placeholder;
what comes of it is never in a request.
"""

from __future__ import annotations

from loopbuild.judging.derive import CHOICES
from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import Argument, ToldWords
from loopbuild.records import Json

_MOST = {"largest": ("largest", "highest", "biggest", "greatest"), "smallest": ("smallest", "lowest")}
_LAST = {
    "latest": ("last", "most recently", "latest", "most recent"),
    "earliest": ("first", "earliest", "earliest", "earliest"),
}
_HAPPENS = frozenset(
    {"joined", "started", "ended", "happened", "arrived", "left", "expires", "starts", "ends", "begins"}
)
_PRICES = frozenset({"price", "cost", "fee"})
_LABELS = frozenset({"status", "state", "type", "kind", "category", "priority", "severity", "level", "segment"})


def members(argument: Argument, noun: str, scene: Scene) -> list[str]:
    """Return noun phrases for the member, or the members, that a rule chooses from a list."""
    return member_forms(argument.rule, noun, argument.by, argument.given, scene)


def member_forms(rule: str, noun: str, by: str, given: Json, scene: Scene) -> list[str]:
    """Return noun phrases for what `rule` chooses among several: `the card with the highest spending limit`."""
    if rule in _MOST:
        return _by_number(rule, noun, by)
    if rule in _LAST:
        return _by_moment(rule, noun, by, scene)
    if rule == "match":
        return _with(f"the {noun}", noun, by, given, scene)
    many = m.plural(noun)
    leads = (("all {}", many), ("all the {}", many), ("each {}", noun), ("every {}", noun))
    return [form for lead, word in leads for form in _with(lead.format(word), word, by, given, scene)]


def _with(thing: str, noun: str, by: str, given: Json, scene: Scene) -> list[str]:
    """`the card whose status is active`, `every active card`, `all roles that are not open`."""
    is_many = noun.endswith("s") and thing.startswith("all")
    be = "are" if is_many else "is"
    if isinstance(given, bool):
        what = by.removeprefix("is ")
        return [
            f"{thing} {'who' if scene.is_person(m.singular(noun)) else 'that'} {be} {'' if given else 'not '}{what}"
        ]
    text = str(given)
    value = scene.choices.say(text)
    last = by.rsplit(" ", 1)[-1]
    if last in ("name", "title"):
        own = ("called", "named") if last == "name" else ("called", "titled")
        forms = [f"{thing} {word} {value}" for word in own]
        return [*forms, f"{thing} with the {last} {value}"]
    forms = [f"{thing} whose {by} is {value}", f"{thing} with {by} {value}", f"{thing} with the {by} {value}"]
    if last in _LABELS and text.isalpha():
        forms += [f"{thing.removesuffix(noun)}{value} {noun}"] * 2
    return forms


def _by_number(rule: str, noun: str, by: str) -> list[str]:
    forms = [f"the {noun} with the {word} {by}" for word in _MOST[rule]]
    if m.agree(by) == "are":
        forms = [
            f"the {noun} with the {'most' if rule == 'largest' else 'fewest'} {by}",
            f"the {noun} with the {_MOST[rule][1]} number of {by}",
        ]
    if by.rsplit(" ", 1)[-1] in _PRICES:
        forms += [f"the most expensive {noun}" if rule == "largest" else f"the cheapest {noun}"]
    return forms


def _by_moment(rule: str, noun: str, by: str, scene: Scene) -> list[str]:
    last, adverb, adjective, recent = _LAST[rule]
    stem, _, tail = by.rpartition(" ")
    if tail not in ("on", "at") or not stem:
        return [f"the {noun} with the {adjective} {by}", f"the {noun} with the {recent} {by}"]
    who = "who" if scene.is_person(noun) else "that"
    if stem in _HAPPENS:
        return [f"the {noun} {who} {stem} {last}"]
    if stem.endswith("ed"):
        return [f"the {noun} {who} was {stem} {last}", f"the {noun} {stem} {last}", f"the {noun} {stem} {adverb}"]
    return [f"the {noun} {stem} {last}", f"the {noun} that is {stem} {last}"]


def computed(argument: Argument, whose: str, scene: Scene, *, is_near: bool) -> str:
    """Return a phrase for a value that stands nowhere; `whose` it is, where the text has not asked for that yet.

    `is_near`: what it comes from was named last, so that `their` is clear.
    """
    field, by, many = noun_of(argument.field), argument.by, m.plural(argument.item or argument.field)
    pick, of = scene.choices.pick, f" of {whose}" if whose else ""
    if argument.rule == "shift":
        span = scene.choices.say(scene.choices.among(m.spans(int(str(argument.given)))))
        its = f"{span} past the {field}{of}" if of else f"{span} after its {field}"
        return pick((f"{span} after the {field}{of}", its, f"the {field}{of} plus {span}"))
    if argument.rule == "sum":
        some = m.plural(m.singular(field))
        if of:
            return pick((f"the sum of the {some}{of}", f"the total {field}{of}", f"what the {some}{of} add up to"))
        if not is_near:
            return pick((f"the sum of the {some} of those {many}", f"the total {field} of those {many}",
                         f"what the {some} of those {many} add up to",
                         f"the {some} of those {many} added up"))  # fmt: skip
        return pick((f"the sum of their {some}", f"the total of their {some}", f"the total {field} of those {many}",
                     f"what their {some} add up to", f"the {some} of those {many} added up"))  # fmt: skip
    if argument.rule == "count":
        return pick(
            (f"the number of {many}{of}", f"the number of those {many}" if not of else f"the count of {many}{of}")
        )
    return pick((f"the {field}{of} minus the {by}", f"the difference between the {field}{of} and the {by}",
                 f"the {field}{of} less the {by}"))  # fmt: skip


def noun_of(words: str) -> str:
    """Return what a value is called as a noun: `opened date` for what says `opened on`."""
    return f"{words[:-3]} date" if words.endswith((" on", " at")) else words


def told_object(told: ToldWords, whole: str, scene: Scene) -> str:
    """Return what a person wants to know of a list or a record, as an object: `the number of open roles`."""
    pick = scene.choices.pick
    if told.rule == "count":
        many = _some(told, whole, scene)
        return pick(
            (f"the number of {many}", f"how many {many} there are", f"the number of {many}", f"the count of {many}")
        )
    if told.rule == "sum":
        some = m.plural(m.singular(told.words))
        return pick((f"the total {told.words} of the {whole}", f"the sum of the {some} of the {whole}",
                     f"what the {some} of the {whole} add up to",
                     f"the {told.words} of the {whole} taken together"))  # fmt: skip
    if told.rule == "difference":
        return pick((f"the difference between the {told.words} and the {told.by} of {whole}",
                     f"the {told.words} minus the {told.by} of {whole}",
                     f"by how much the {told.words} of {whole} exceeds the {told.by}"))  # fmt: skip
    return pick(member_forms(told.rule, told.words, told.by, None, scene))


def _some(told: ToldWords, whole: str, scene: Scene, *, is_one: bool = False) -> str:
    """Return what is counted with what it must have: `open invoices`; a single one is no `all`, for `that are`."""
    if told.given is None:
        return whole
    noun, lead = (told.words, "the ") if is_one else (m.plural(told.words), "all ")
    return scene.choices.pick(
        [form.removeprefix(lead) for form in _with(lead + noun, noun, told.by, told.given, scene)]
    )


def told_question(told: ToldWords, whole: str, tails: str, scene: Scene) -> str:
    """Return it as a question: `how many open roles do we have?`"""
    pick = scene.choices.pick
    if told.rule == "count":
        many = _some(told, whole, scene)
        if " " in many.removeprefix(whole):
            return pick((f"how many {many} are there{tails}?", f"how many {many} do you see{tails}?"))
        return pick((f"how many {many} are there{tails}?", f"how many {many} do we have{tails}?",
                     f"how many {many} do you see{tails}?", f"what's the number of {many}{tails}?",
                     f"can you count the {many}{tails}?"))  # fmt: skip
    if told.rule == "sum":
        some = m.plural(m.singular(told.words))
        return pick((f"what do the {some} of the {whole}{tails} add up to?",
                     f"what is the total {told.words} of the {whole}{tails}?",
                     f"what's the sum of the {some} of the {whole}{tails}?"))  # fmt: skip
    if told.rule == "difference":
        return pick((f"what is the difference between the {told.words} and the {told.by} of {whole}{tails}?",
                     f"how far apart are the {told.words} and the {told.by} of {whole}{tails}?"))  # fmt: skip
    forms = member_forms(told.rule, told.words, told.by, None, scene)
    which = "who" if scene.is_person(told.words) else "which"
    found = pick(forms)
    has = found.partition(" with ")[2]
    if has and which == "which":
        return pick(
            (
                f"which {told.words}{tails} has {has}?",
                f"which is {found}{tails}?",
                f"which of the {whole}{tails} has {has}?",
            )
        )
    return f"{which} is {found}{tails}?"


def told_report(told: ToldWords, scene: Scene) -> str:
    """Return the answer: the value asked for, and what it was found by."""
    pick, value = scene.choices.pick, str(told.value)
    if told.rule == "count":
        noun = told.words if told.value == 1 else m.plural(told.words)
        said = _some(told, noun, scene, is_one=told.value == 1)
        be = "is" if told.value == 1 else "are"
        return pick(
            (f"There {be} {value} {said}", f"I count {value} {said}", f"{value} {said}", f"I found {value} {said}")
        )
    if told.rule == "sum":
        some = m.plural(m.singular(told.words))
        return pick(
            (
                f"The {some} add up to {value}",
                f"The total {told.words} is {value}",
                f"In total it is {value}",
                f"{value} in total",
            )
        )
    if told.rule == "difference":
        is_less = isinstance(told.value, int | float) and told.value < 0
        side = f"{value.removeprefix('-')} below" if is_less else f"{value} above"
        return pick((f"The difference is {value}", f"The {told.words} is {side} the {told.by}", f"It is {value}"))
    which = pick(member_forms(told.rule, told.words, told.by, None, scene))
    best = f" ({told.best})" if told.best is not None else ""
    return pick((f"{which} is {value}{best}", f"It is {value}{best}", f"That is {value}{best}"))


def thought(argument: Argument, noun: str, scene: Scene) -> str:
    """Return the working out, said before the call that uses it: `the amounts add up to 120`."""
    value = str(argument.picked[0]) if argument.picked else ""
    if argument.rule == "matching":
        items = m.joined([str(one) for one in argument.picked])
        be = "are" if len(argument.picked) > 1 else "is"
        many = m.plural(noun) if len(argument.picked) > 1 else noun
        found = _with(f"the {many}", many, argument.by, argument.given, scene)[0]
        return f"{found} {be} {items}"
    if argument.rule in CHOICES and not argument.is_key:
        return f"the {argument.field} of {members(argument, argument.item or noun, scene)[0]} is {value}"
    if argument.rule in CHOICES:
        return f"{members(argument, noun, scene)[0]} is {value}"
    if argument.rule == "sum":
        return f"the {m.plural(m.singular(argument.field))} add up to {value}"
    if argument.rule == "count":
        return f"there are {value} {m.plural(argument.item or argument.field)}"
    if argument.rule == "shift":
        return f"{m.spans(int(str(argument.given)))[0]} after the {noun_of(argument.field)} is {value}"
    return f"the {argument.field} minus the {argument.by} is {value}"
