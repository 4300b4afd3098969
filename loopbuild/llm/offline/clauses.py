"""One step as words: an object, its modifiers, and the clause, question or fragment made of them.

Decides which of a step's arguments become the object and which follow it. Knows nothing of the texts around.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.groups import group_object, is_made_of
from loopbuild.llm.offline.modifiers import date_range, join_tails, tail_of
from loopbuild.llm.offline.references import PRONOUNS, key_phrase, listed, name_phrase, refer, said, selections
from loopbuild.llm.offline.scene import Scene, is_person, referent
from loopbuild.llm.offline.verbs import CLASSES, VerbClass, verb_class
from loopbuild.llm.offline.working_out import told_object
from loopbuild.llm.protocol import Argument, StepWords, ToldWords

_SEPARABLE = re.compile(r"^(\w+) (off|up|in|out|down|back|over|away|on|through) \{o\}$")
_QUERY_WORDS = frozenset({"query", "keyword", "term", "text", "q", "search", "search query", "search term", "pattern"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """A step taken apart: verb class, object noun phrase, modifiers in order."""

    step: StepWords
    verbs: VerbClass
    object: str
    tails: tuple[str, ...]
    names_selection: bool = False


def class_of(step: StepWords) -> VerbClass:
    """Return the verb class a step belongs to; what is asked of its result is looked up, whatever the tool does."""
    if step.told is not None:
        return CLASSES["fact"]
    own = next((a for a in step.arguments if a.is_own), None)
    return verb_class(
        step.verb,
        step.effect,
        noun=step.noun,
        is_plural=step.is_plural,
        is_person=is_person(step.noun),
        has_own_key=own is not None and own.is_key,
        has_name=own is not None and not own.is_key,
    )


def clause_of(step: StepWords, scene: Scene, *, describe: bool) -> Clause:
    """Return the parts of one step; marks it as uttered and its referents as mentioned."""
    verbs = class_of(step)
    scene.here.clear()
    arguments = [a for a in step.arguments if a.origin != "constant"]
    if step.told is not None:
        thing, used, first_tails = _told(step, step.told, arguments, scene, describe=describe)
    else:
        thing, used, first_tails = _object(step, verbs, arguments, scene, describe=describe)
    rest = [a for a in arguments if a not in used]
    others = _tails(rest, step, verbs, scene, describe=describe)
    # What an own description drags behind it is long: short modifiers go first.
    tails = [*others, *first_tails] if describe and len(used) > 1 else [*first_tails, *others]
    scene.uttered.append(step)
    return Clause(step=step, verbs=verbs, object=thing, tails=tuple(t for t in tails if t))


def whole_of(step: StepWords, told: ToldWords, scene: Scene) -> str:
    """Return what a value is asked of, without what narrows it: `open invoices`."""
    noun = told.words if told.rule == "count" else step.noun
    return f"{step.adjectives} {m.plural(scene.noun(noun))}".strip()


def _told(
    step: StepWords, told: ToldWords, arguments: list[Argument], scene: Scene, *, describe: bool
) -> tuple[str, list[Argument], list[str]]:
    if told.rule != "difference":
        return told_object(told, whole_of(step, told, scene), scene), [], []
    own = next((a for a in arguments if a.is_own and a.kind != "list"), None)
    if own is None:
        return told_object(told, f"the {scene.phrase(step.noun)}", scene), [], []
    if own.origin == "step":
        thing = refer(own, scene, describe=describe)
    else:
        thing = key_phrase(own, scene) if own.is_key else name_phrase(own, step.noun, scene)
    return told_object(told, thing, scene), [own], []


def imperative(clause: Clause, scene: Scene) -> str:
    """Return the clause as a request: verb, object, modifiers."""
    own = tuple(word if "{o}" in word else f"{word} {{o}}" for word in scene.own_words(clause.step.verb))
    template = fresh_verb((*clause.verbs.phrases, *own, *own), scene)
    if clause.object.startswith("the list of") and template.startswith("list "):
        template = "show me {o}"
    if clause.object in PRONOUNS:
        template = _SEPARABLE.sub(r"\1 {o} \2", template)
    return template.format(o=clause.object) + spaced(join_tails(clause.tails))


def fresh_verb(phrases: tuple[str, ...], scene: Scene) -> str:
    """Return a verb phrase this text has not used yet, if there is one."""
    template = scene.choices.pick(phrases)
    for _ in range(4):
        if template not in scene.verbs:
            break
        template = scene.choices.pick(phrases)
    scene.verbs.add(template)
    return template


def spaced(text: str) -> str:
    """Return modifiers as they follow an object: behind a space unless they open with a comma."""
    return f" {text}" if text and not text.startswith(",") else text


def _object(
    step: StepWords, verbs: VerbClass, arguments: list[Argument], scene: Scene, *, describe: bool
) -> tuple[str, list[Argument], list[str]]:
    """Return the object, the arguments it has taken in, and tails that belong right behind it."""
    groups = next((a for a in arguments if a.kind == "groups" and (len(arguments) == 1 or is_made_of(step, a))), None)
    if groups is not None:
        thing, tail = group_object(step, groups, scene)
        return thing, [groups], [tail]
    own = next((a for a in arguments if a.is_own), None)
    noun = scene.phrase(step.noun)
    if own is not None and own.kind == "list" and own.origin == "user":
        items = listed([str(v) for v in own.value], scene, is_text=False)
        many = noun if len(own.value) == 1 else m.plural(noun)
        these = "this" if len(own.value) == 1 else "these"
        forms = (
            f"the {many} {items}",
            items,
            f"{many} {items}",
            f"the {many} named {items}",
            f"{these} {many}: {items}",
            f"the {many} called {items}",
        )
        return _pick_masked(forms, items, scene), [own], []
    if own is not None and own.is_key:
        return _own_key(step, verbs, own, scene, describe=describe), [own], []
    if own is not None and own.origin == "user":
        return _own_name(step, verbs, own, noun, scene), [own], []
    if own is not None and own.origin == "step":
        together = [a for a in arguments if a.origin == "step" and a.step == own.step and not a.is_key]
        thing = f"the {noun}"
        if step.effect == "create":
            thing = scene.choices.among((thing, m.with_article(noun), m.with_article(noun, adjective="new")))
        return thing, together, [_facts(together, scene, describe=describe)]
    if step.effect == "read":
        return _sought(step, verbs, arguments, noun, scene)
    return _made(step, verbs, arguments, noun, scene)


def _own_key(step: StepWords, verbs: VerbClass, own: Argument, scene: Scene, *, describe: bool) -> str:
    many = len(own.ranks) > 1
    thing = refer(own, scene, describe=describe) if own.origin == "step" else key_phrase(own, scene)
    if verbs.key == "record" and thing not in PRONOUNS and scene.choices.chance(0.45):
        about = scene.choices.pick(
            (
                "the details of {}",
                "the profile of {}",
                "the record of {}",
                "everything on {}",
                "the data on {}",
                "the file of {}",
                "the details for {}",
                "the information on {}",
            )
        )
        return about.format(thing)
    del many, step
    return thing


def _own_name(step: StepWords, verbs: VerbClass, own: Argument, noun: str, scene: Scene) -> str:
    if verbs.key in ("find", "record", "search") or step.effect in ("delete", "update"):
        return name_phrase(own, step.noun, scene)
    value = said(own, scene)
    forms = (
        f"{m.with_article(noun)} named {{}}",
        f"{m.with_article(noun, adjective='new')} called {{}}",
        f"{{}} as {m.with_article(noun, adjective='new')}",
        f"{m.with_article(noun, adjective='new')}, {{}}",
        f"{noun} {{}}",
        f"the new {noun} {{}}",
        f"{{}} as {m.with_article(noun)}",
        f"{m.with_article(noun)} with the name {{}}",
        f"{m.with_article(noun)} called {{}}",
        f"our new {noun} {{}}",
    )
    form = scene.choices.pick(forms)
    return form.format(value)


def _sought(
    step: StepWords, verbs: VerbClass, arguments: list[Argument], noun: str, scene: Scene
) -> tuple[str, list[Argument], list[str]]:
    """The object of reading: a list, a fact, what a search looks for."""
    pick = scene.choices.pick
    if verbs.key in ("list", "search", "count"):
        full = f"{step.adjectives} {m.plural(noun)}".strip()
        status = next((a for a in arguments if a.kind == "enum" and a.origin == "user" and a.words == "status"), None)
        if status is not None and scene.choices.chance(0.4):
            return f"the {said(status, scene)} {full}", [status], []
        query = next((a for a in arguments if a.words in _QUERY_WORDS and a.origin == "user"), None)
        if query is not None:
            value = said(query, scene)
            value = f'"{value}"' if scene.choices.chance(0.35) else value
            tail = pick(
                (
                    "about {}",
                    "matching {}",
                    "for {}",
                    "that mention {}",
                    "that match {}",
                    "to do with {}",
                    "related to {}",
                    "with {} in them",
                )
            ).format(value)
            return pick((full, f"the {full}", f"any {full}", f"all {full}")), [query], [tail]
        forms = [f"the {full}", f"all {full}", f"the {full}", full, f"the list of {full}", f"all the {full}"]
        if not arguments:
            forms += [
                f"all our {full}",
                f"our {full}",
                f"the currently {full}" if step.adjectives == "open" else f"the current {full}",
            ]
        return pick(forms), [], []
    return f"the {f'{step.adjectives} {m.plural(noun) if step.times > 1 else noun}'.strip()}", [], []


def _made(
    step: StepWords, verbs: VerbClass, arguments: list[Argument], noun: str, scene: Scene
) -> tuple[str, list[Argument], list[str]]:
    """The object of making: an interview, vacation leave, two interviews."""
    kind = next((a for a in arguments if _is_kind_of(a, step.noun) and a.origin == "user"), None)
    many = m.plural(noun) if not m.is_mass(noun) else noun
    if step.times > 1 or (step.is_plural and verbs.key != "set"):
        return scene.choices.pick((many, f"{many}", f"the {many}")), [], []
    if kind is not None and scene.choices.chance(0.6):
        value = said(kind, scene)
        bare = f"{value} {noun}" if m.is_mass(noun) else f"{m.article(str(kind.value))} {value} {noun}"
        return bare, [kind], []
    if kind is not None:
        value = said(kind, scene)
        base = m.with_article(noun)
        short = kind.words.rsplit(" ", 1)[-1]
        return (
            scene.choices.pick(
                (
                    f"{base} of {short} {value}",
                    f"{base} of the {short} {value}",
                    f"{base} ({value})",
                    f"{base} of {short} {value}",
                )
            ),
            [kind],
            [],
        )
    if step.effect == "create":
        adjective = "new" if scene.choices.chance(0.15) and not m.is_mass(noun) else step.adjectives
        return m.with_article(noun, adjective=adjective), [], []
    names = next((a for a in arguments if a.kind == "person" and a.origin == "user"), None)
    del names
    return f"the {f'{step.adjectives} {m.plural(noun) if step.times > 1 else noun}'.strip()}", [], []


def _pick_masked(forms: tuple[str, ...], value: str, scene: Scene) -> str:
    """Draw among forms by their wording: with values in them each value would have productions of its own."""
    return scene.choices.pick([form.replace(value, "{}") for form in forms]).replace("{}", value)


def _is_kind_of(argument: Argument, noun: str) -> bool:
    """`leave type` for leave, `type` for anything."""
    if argument.kind != "enum":
        return False
    words = argument.words.split()
    return words[-1] in ("type", "kind") and (len(words) == 1 or " ".join(words[:-1]) == noun)


def _facts(arguments: list[Argument], scene: Scene, *, describe: bool) -> str:
    """Several facts of one earlier result: with that name and email."""
    if len(arguments) == 1:
        return f"with {refer(arguments[0], scene, describe=describe)}"
    from loopbuild.llm.offline.references import source_of

    words = [a.field or a.words for a in arguments]
    producer = scene.step_of(arguments[0])
    for argument in arguments:
        scene.mentioned.add(referent(argument))
    if describe and not scene.is_uttered(producer):
        first = arguments[0]
        if first.from_list and first.item:
            return f"with the {m.joined(words)} of {scene.choices.pick(selections(first, first.item, scene))}"
        return f"with the {m.joined(words)} of {source_of(producer, scene)}"
    return scene.choices.pick(
        (
            f"with that {m.joined(words)}",
            f"with the {m.joined(words)} you found",
            f"with the same {m.joined(words)}",
            f"with the {m.joined(words)} from there",
        )
    )


def _tails(arguments: list[Argument], step: StepWords, verbs: VerbClass, scene: Scene, *, describe: bool) -> list[str]:
    tails: list[str] = []
    done: list[Argument] = []
    for argument in arguments:
        if argument in done:
            continue
        end = _end_of(argument, arguments)
        together = [
            a
            for a in arguments
            if a.origin == "step"
            and not a.is_key
            and a.step == argument.step
            and argument.origin == "step"
            and not argument.is_key
        ]
        if end is not None:
            tails.append(date_range(argument, end, scene))
            done.append(end)
        elif len(together) > 1:
            tails.append(_facts(together, scene, describe=describe))
            done += together
        elif describe and argument.origin == "step" and referent(argument) in scene.here and len(arguments) > 1:
            # The same role twice in one breath: its first mention binds both.
            continue
        else:
            tails.append(tail_of(argument, scene, verb=verbs.key, noun=step.noun, describe=describe))
    return tails


def _end_of(argument: Argument, arguments: list[Argument]) -> Argument | None:
    """Return the end that belongs to a start, when both are the user's."""
    words = argument.words.split()
    if (
        argument.kind not in ("date", "datetime", "time")
        or argument.origin != "user"
        or words[0] not in ("start", "from", "begin", "check")
    ):
        return None
    for other in arguments:
        if (
            other.kind == argument.kind
            and other.origin == "user"
            and other.words.split()[0] in ("end", "to", "until")
            and other is not argument
        ):
            return other
    return None
