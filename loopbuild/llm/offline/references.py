"""How a text points at things: by identifier, by name, by the rule that selects one of a list, by pronoun.

Decides words only; which value a rule selects was settled when the calls ran, and every rule is said.
"""

from __future__ import annotations

import re

from loopbuild.judging.derive import CHOICES, COMPUTED
from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.scene import Scene, referent
from loopbuild.llm.offline.working_out import computed, members
from loopbuild.llm.protocol import Argument, StepWords

_BEST = ("best", "top", "strongest", "highest-scoring", "top-ranked", "best-rated", "highest-ranked", "leading")
_QUALIFIED = re.compile(r" (?:one|of|with|listed|at|ranked)\b")
_NARROWING = re.compile(r" (?:of|for|in|from|with|on|at|by|to|that|which|whose|you|called|named|matching|listed) ")
PRONOUNS = frozenset({"it", "them"})


def key_phrase(argument: Argument, scene: Scene) -> str:
    """Return how the user names a thing by its identifier."""
    choices, noun = scene.choices, scene.noun(argument.entity or argument.words)
    if argument.origin == "missing":
        if m.is_mass(noun):
            return choices.pick((f"the {noun}", f"my {noun}", f"that {noun}"))
        return choices.pick((m.with_article(noun), f"the {noun}", f"one of the {m.plural(noun)}", f"my {noun}"))
    value = said(argument, scene)
    forms = [
        f"{noun} {{}}",
        f"{noun} {{}}",
        f"the {noun} {{}}",
        f"{noun} with id {{}}",
        f"{noun} id {{}}",
        f"the {noun} with the id {{}}",
    ]
    if isinstance(argument.value, str) and not argument.value.isdigit():
        forms += ["{}", "{}"]
    return choices.pick(forms).format(value)


def name_phrase(argument: Argument, noun: str, scene: Scene) -> str:
    """Return how the user names a thing by its name."""
    value = said(argument, scene)
    noun = scene.noun(noun)
    forms = (
        f"{noun} {value}",
        f"the {noun} named {value}",
        f"the {noun} called {value}",
        value,
        f"{noun} {value}",
        f"the {noun} with the name {value}",
        f"{m.with_article(noun)} named {value}",
        f"the {noun} {value}",
    )
    # Productions are drawn by their masked form, or each value would make its own.
    return scene.choices.pick([form.replace(value, "{}") for form in forms]).format(value)


def said(argument: Argument, scene: Scene) -> str:
    """Return the placeholder of a user value: dates spoken in a fifth of the texts, all else byte for byte."""
    choices = scene.choices
    if argument.kind == "list" and isinstance(argument.value, list):
        return listed([str(item) for item in argument.value], scene, is_text=False)
    text = shown(argument.value)
    if argument.kind == "date" and choices.spoken_dates:
        return choices.say(m.spoken_date(text))
    if argument.kind == "enum" and choices.enum_spaces and "_" in text:
        return choices.say(text.replace("_", " "))
    return choices.say(text)


def shown(value: object) -> str:
    """Return a scalar as people write it: `true`, `25.5`, text as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def listed(items: list[str], scene: Scene, *, is_text: bool) -> str:
    """Return several values in order so that each can be told apart."""
    choices = scene.choices
    if any(runs_on(item) for item in items) or (is_text and choices.chance(0.4)):
        return m.joined([f'"{choices.say(item)}"' for item in items])
    return m.joined([choices.say(item) for item in items])


def runs_on(text: str) -> bool:
    """Return whether a value's end cannot be seen without quotation marks."""
    return "," in text or " and " in text or text.endswith((".", "!", "?")) or len(text.split()) > 3


def refer(argument: Argument, scene: Scene, *, describe: bool) -> str:
    """Return a phrase for a value an earlier step yields; `describe` spells out where it comes from."""
    producer = scene.step_of(argument)
    spot = referent(argument)
    noun = scene.noun(argument.entity if argument.is_key and argument.entity else argument.words)
    was_mentioned = spot in scene.mentioned
    scene.mentioned.add(spot)
    scene.here.add(spot)
    if argument.rule in COMPUTED:
        whose = "" if scene.is_uttered(producer) or not describe else _whole(argument, producer, scene)
        return computed(argument, whose, scene, is_near=scene.is_previous(producer))
    if not argument.is_key:
        return _field(argument, producer, scene, describe=describe)
    if was_mentioned:
        return _again(argument, noun, scene)
    if describe and not scene.is_uttered(producer):
        return _described(argument, producer, noun, scene)
    if argument.from_list or argument.rule not in ("only", ""):
        return _selected(argument, producer, noun, scene)
    return _just_made(producer, noun, scene)


def _again(argument: Argument, noun: str, scene: Scene) -> str:
    many = len(argument.ranks) > 1
    word = m.plural(noun) if many else noun
    return scene.choices.pick((f"that {noun}", f"the same {noun}", f"that same {noun}", f"this {noun}") if not many
                              else (f"those {word}", f"the same {word}", f"these {word}"))  # fmt: skip


def _selected(argument: Argument, producer: StepWords, noun: str, scene: Scene) -> str:
    """One or several of a list the text has just asked for."""
    forms = selections(argument, noun, scene)
    choices = scene.choices
    if argument.rule in CHOICES:
        return choices.pick(forms)
    if scene.is_previous(producer) and producer.is_plural and producer.noun.endswith(argument.entity):
        forms += _one_forms(argument)
    if len(argument.ranks) <= 1 and argument.rule not in ("only", "open"):
        core = choices.pick(forms)
        if not _QUALIFIED.search(core) and choices.chance(0.22):
            core += choices.pick((" you find", " on the list", " on that list", " in the list", " from the list"))
        return core
    return choices.pick(forms)


def selections(argument: Argument, noun: str, scene: Scene) -> list[str]:
    """Return noun phrases that say which of several is meant."""
    if argument.rule in CHOICES:
        return members(argument, noun, scene)
    rule, count = argument.rule, len(argument.ranks)
    many = m.plural(noun)
    if rule == "open":
        return [f"the {noun}", m.with_article(noun), f"one of the {many}"]
    if rule == "all" or rule == "each":
        return [f"all the {many}", f"every {noun}", f"each {noun}", f"all {many}", f"each of the {many}"]
    if count > 1:
        word = m.number_word(count)
        if rule == "top":
            return [
                f"the top {word} {many}",
                *[f"the {word} {best} {many}" for best in _BEST],
                f"the best {word} {many}",
            ]
        where = "last" if rule == "last" else "first"
        return [f"the {where} {word} {many}"]
    if rule == "top" and (not argument.ranks or argument.ranks[0] == 0):
        return [
            *[f"the {best} {noun}" for best in _BEST],
            f"the {noun} with the highest score",
            f"the {noun} with the best score",
        ]
    if rule == "top":
        return [f"the {m.ordinal(argument.ranks[0])} best {noun}", f"the {noun} ranked {m.ordinal(argument.ranks[0])}"]
    if rule == "last":
        return [f"the last {noun}", f"the final {noun}", f"the very last {noun}", f"the {noun} at the end of the list"]
    if rule in ("second", "third", "fourth", "fifth"):
        return [f"the {rule} {noun}"]
    if rule == "only":
        return [f"the {noun}", f"the only {noun}"]
    if rule == "first" or not argument.ranks or argument.ranks[0] == 0:
        return [
            f"the first {noun}",
            f"the very first {noun}",
            f"the {noun} listed first",
            f"the {noun} at the top of the list",
        ]
    return [f"the {m.ordinal(argument.ranks[0])} {noun}"]


def _one_forms(argument: Argument) -> list[str]:
    rule, count = argument.rule, len(argument.ranks)
    if rule == "open":
        return ["one of them", "one of those", "one"]
    if rule in ("all", "each"):
        return ["all of them", "each of them", "every one of them", "each one"]
    if count > 1:
        word = m.number_word(count)
        where = {"top": "top", "last": "last"}.get(rule, "first")
        return [f"the {where} {word}", f"the {where} {word} of them"]
    if rule == "top":
        place = "" if not argument.ranks or argument.ranks[0] == 0 else f"{m.ordinal(argument.ranks[0])} "
        return [f"the {place}best one", f"the {place}best of them"]
    if rule == "only":
        return ["that one", "the one you find"]
    place = (
        rule
        if rule in ("first", "second", "third", "fourth", "fifth", "last")
        else m.ordinal((argument.ranks or (0,))[0])
    )
    return [f"the {place} one", f"the {place} of them", f"the {place} of those", f"the {place} one on the list"]


def _just_made(producer: StepWords, noun: str, scene: Scene) -> str:
    """The single thing a step the text has named yields."""
    pronoun = "them" if scene.is_person(noun) else "it"
    forms = [f"that {noun}", f"this {noun}"]
    if producer.effect == "create":
        forms += [f"the new {noun}", f"that new {noun}"]
    elif producer.effect == "read":
        forms += [f"the {noun} you found", f"the {noun} you find"]
    if scene.is_previous(producer) and producer.noun.endswith(noun):
        forms += [pronoun, pronoun]
    return scene.choices.pick(forms)


def _field(argument: Argument, producer: StepWords, scene: Scene, *, describe: bool) -> str:
    """A plain fact read from a result: the email you found."""
    words = argument.field or argument.words
    if argument.from_list and argument.item:
        return f"the {words} of {scene.choices.pick(selections(argument, argument.item, scene))}"
    if describe and not scene.is_uttered(producer):
        return scene.choices.pick((f"the {words} of {{}}", f"the {words} from {{}}", f"the {words} for {{}}")).format(
            source_of(producer, scene)
        )
    if scene.is_talk and not argument.from_list:
        whose = "their" if scene.is_person(producer.noun) else "its"
        return scene.choices.pick(
            (
                f"{whose} {words}",
                f"that {words}",
                f"the {words} you found",
                f"{whose} {words}",
                f"the {words} from before",
            )
        )
    return scene.choices.pick(
        (
            f"that {words}",
            f"the {words} you found",
            f"the {words} you got",
            f"the {words} from there",
            f"the same {words}",
        )
    )


def source_of(producer: StepWords, scene: Scene) -> str:
    """Return what a step is about, as a noun phrase: candidate C-501, the best candidate for the first role."""
    for argument in producer.arguments:
        if argument.is_own or argument.is_key:
            if argument.origin == "step":
                return refer(argument, scene, describe=True)
            if argument.origin == "user":
                return (
                    name_phrase(argument, producer.noun, scene) if not argument.is_key else key_phrase(argument, scene)
                )
    return f"the {scene.phrase(producer.noun)}"


def _whole(argument: Argument, producer: StepWords, scene: Scene) -> str:
    """Return what a value is worked out from, where its step stays unsaid: `the open invoices for customer C-1`."""
    if not argument.from_list:
        return source_of(producer, scene)
    full = f"{producer.adjectives} {m.plural(argument.item or producer.noun)}".strip()
    return f"the {full} {_narrowed(producer, full, scene)}".strip()


def _narrowed(producer: StepWords, noun: str, scene: Scene) -> str:
    parts = (_filter_words(part, scene, is_same=noun == producer.noun) for part in producer.arguments)
    return " ".join(filter(None, parts))


def _described(argument: Argument, producer: StepWords, noun: str, scene: Scene) -> str:
    """A referent whose step stays unsaid: the best candidate for the first open role."""
    if not argument.from_list:
        for own in producer.arguments:
            if own.origin == "user" and own.is_own:
                return name_phrase(own, noun, scene) if not own.is_key else f"the {noun} of {key_phrase(own, scene)}"
        inner = source_of(producer, scene)
        if _head(inner).endswith(f" {noun}"):
            return inner  # looked up by its name: no "branch of the branch of the first pull request"
        # Of a thing whose name is still missing nothing can be said but what it is.
        return f"the {noun} of {inner}" if producer.arguments and inner != f"the {noun}" else f"the {noun}"
    word = f"{producer.adjectives} {noun}".strip() if producer.noun.endswith(argument.entity) else noun
    # What follows would attach to the list: no "at the top of the list of the role at the top of the list".
    known = selections(argument, word, scene)
    core = scene.choices.pick([form for form in known if not _QUALIFIED.search(form)] or known)
    tail = _narrowed(producer, noun, scene)
    if len(argument.ranks) <= 1:
        tail = re.sub(r" in them$", " in it", re.sub(r"^that mention ", "that mentions ", tail))
        tail = re.sub(r"^that match ", "that matches ", tail)
    if (
        not producer.arguments
        and not producer.adjectives
        and noun != scene.phrase(producer.noun)
        and scene.choices.chance(0.7)
    ):
        tail = f"in the {producer.noun}"
    return f"{core} {tail}".strip()


def _head(phrase: str) -> str:
    """Return what a noun phrase is about, without what narrows it: `the second employee` in the legal department."""
    return _NARROWING.split(phrase, maxsplit=1)[0]


def _filter_words(argument: Argument, scene: Scene, *, is_same: bool) -> str:
    from loopbuild.llm.offline.modifiers import tail_of

    if argument.origin in ("constant", "missing"):
        return ""
    if argument.is_own and argument.kind == "list" and argument.origin == "user":
        return (
            f"{scene.choices.pick(('called', 'named', 'under the name')) if is_same else 'of'} {said(argument, scene)}"
        )
    return tail_of(argument, scene, verb="list", noun="", describe=True)
