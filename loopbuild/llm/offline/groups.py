"""Lists of objects in words: people with their type and facts, relations from one thing to another.

Decides how each member's fields are told apart, so that a reader can put every value back into its field.
"""

from __future__ import annotations

import re
from dataclasses import replace

from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.references import listed, refer, runs_on, said
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import Argument, StepWords

_HABIT = re.compile(
    r"^(likes|works|lives|prefers|speaks|has|owns|plays|manages|loves|drinks|drives|studies|reads|collects|knows|wants|needs|enjoys|hates|runs|leads|uses|is|was|joined|moved|met)\b"
)


def is_made_of(step: StepWords, argument: Argument) -> bool:
    """Return whether the members of `argument` are what the step is about: the entities of `create entities`."""
    return m.singular(argument.words.rsplit(" ", 1)[-1]) == step.noun.rsplit(" ", 1)[-1]


def group_tail(argument: Argument, scene: Scene) -> str:
    """Return objects that only modify a step: `with edits: old text "a", new text "b"`, `with a line: product P-3`."""
    is_deep = any(field.groups for group in argument.groups for field in group)
    if not is_deep and not (isinstance(argument.value, dict) and len(argument.groups[0]) < 4):
        told = [", ".join(_plainly(field, scene, quote=True) for field in group) for group in argument.groups]
        return f"with {argument.words}: " + "; ".join(told)
    told = [m.joined([_part(field, scene) for field in group]) for group in argument.groups]
    if isinstance(argument.value, dict):
        return scene.choices.pick((f"with {argument.words} {{}}", f"with the {argument.words} {{}}")).format(told[0])
    noun = m.singular(argument.words)
    if len(told) == 1:
        forms = (
            f"with {m.with_article(noun)} with {{}}",
            f"with one {noun}: {{}}",
            f"with {m.with_article(noun)}: {{}}",
        )
        return scene.choices.pick(forms).format(told[0])
    count = m.number_word(len(told))
    all_of = (f"with {count} {m.plural(noun)}: {{}}", f"with {count} {m.plural(noun)}, {{}}")
    each = scene.choices.pick(("one with {}", "{}", f"{m.with_article(noun)} with {{}}"))
    return scene.choices.pick(all_of).format(m.joined([each.format(one) for one in told], comma="; ", last="; and "))


def _part(field: Argument, scene: Scene) -> str:
    """One field of an object as people say it: `quantity 2`, `a price of 14.50`, `the product P-3 (blue)`."""
    if field.kind == "number" and field.origin == "user":
        form = scene.choices.pick((f"{field.words} {{}}", f"{m.with_article(field.words)} of {{}}"))
        return form.format(_value(field, scene))
    return _plainly(field, scene, quote=True)


def _object_of(field: Argument, scene: Scene) -> str:
    """An object inside another: what it is called by, the rest of it in brackets."""
    told = []
    for group in field.groups:
        name = _name_of(group)
        rest = [_plainly(other, scene, quote=True) for other in group if other is not name]
        head = _value(name, scene) if name is not None and not name.groups else ""
        told.append(f"{head} ({', '.join(rest)})".strip() if head and rest else head or ", ".join(rest))
    return "; ".join(told)


def group_object(step: StepWords, argument: Argument, scene: Scene) -> tuple[str, str]:
    """Return (object, tail) for a step whose argument is a list of objects."""
    members = argument.groups
    noun = scene.phrase(step.noun)
    if members and _ends(members[0]):
        return _links(noun, members, scene)
    named = _name_of(members[0]) if members else None
    lists = [f for f in members[0] if f.kind == "list"] if members else []
    if (
        named is not None
        and lists
        and step.noun.split()[-1] in lists[0].words + " observation content"
        and not _type_of(members[0])
    ):
        return _notes(step, noun, members, scene)
    return _things(noun, members, scene)


def _things(noun: str, members: tuple[tuple[Argument, ...], ...], scene: Scene) -> tuple[str, str]:
    style = scene.choices.pick(("clause", "brackets", "colon", "with"))
    told = [_thing(fields, scene, style=style) for fields in members]
    lead = scene.choices.pick(("", f"the {noun if len(members) == 1 else m.plural(noun)} ", ""))
    last = (
        scene.choices.among((", and ", "; ", ", and also "))
        if style != "brackets"
        else scene.choices.among((" and ", ", and "))
    )
    return lead + m.joined(told, last=last, comma="; "), ""


def _thing(fields: tuple[Argument, ...], scene: Scene, *, style: str) -> str:
    name, kind = _name_of(fields), _type_of(fields)
    rest = [f for f in fields if f is not name and f is not kind]
    head = _value(name, scene) if name is not None else ""
    kind_text = str(kind.value) if kind is not None and kind.origin == "user" else ""
    if style == "brackets":
        inside = ([_value(kind, scene)] if kind is not None else []) + [_plainly(f, scene) for f in rest]
        return f"{head} ({'; '.join(inside)})" if inside else head
    said_kind = _value(kind, scene) if kind is not None else ""
    if kind is not None and style in ("clause", "with"):
        first = scene.choices.pick(
            (
                f"the {said_kind} {head}",
                f"{head}, {m.article(kind_text)} {said_kind}",
                f"{head} as {m.article(kind_text)} {said_kind}",
                f"{m.article(kind_text)} {said_kind} called {head}",
            )
        )
        if first.endswith(said_kind) and rest and first.startswith(head):
            first += ","
    elif kind is not None:
        first = f"{head} (type {said_kind})"
    else:
        first = head
    if not rest:
        return first.rstrip(",")
    if style == "colon":
        return f"{first}: " + ", ".join(_bare(f, scene) for f in rest)
    tails = [_clause(f, scene, is_clause=style == "clause", kind=kind_text) for f in rest]
    return f"{first} {' and '.join(tails)}"


def _clause(field: Argument, scene: Scene, *, is_clause: bool, kind: str) -> str:
    values = [str(v) for v in field.value] if isinstance(field.value, list) else [str(field.value)]
    if is_clause and field.origin == "user" and values and all(_HABIT.match(v) for v in values):
        who = "who" if scene.is_person(kind.lower()) else "which"
        return f"{who} {m.joined([scene.choices.say(v) for v in values])}"
    words = field.words if len(values) == 1 else m.plural(m.singular(field.words))
    if field.kind == "list" and len(values) == 1:
        words = m.singular(words)
    the = scene.choices.pick(("with the {}", "with {}"))
    return f"{the.format(words)} {_bare(field, scene, quote=True)}"


def _plainly(field: Argument, scene: Scene, *, quote: bool = False) -> str:
    if field.kind == "list" and not quote:
        return _bare(field, scene)
    told = _bare(field, scene, quote=quote)
    # What is taken from a result says itself which field it is: `the city of the first warehouse`.
    return told if field.origin == "step" and told.startswith(f"the {field.words} ") else f"{field.words} {told}"


def _bare(field: Argument, scene: Scene, *, quote: bool = False) -> str:
    if field.origin == "user" and isinstance(field.value, list):
        return listed([str(v) for v in field.value], scene, is_text=quote)
    return _value(field, scene)


def _links(noun: str, members: tuple[tuple[Argument, ...], ...], scene: Scene) -> tuple[str, str]:
    """Relations: start, kind, end."""
    style = scene.choices.pick(("sentence", "from", "arrow", "kind first", "between"))
    told = []
    for fields in members:
        start, end = _ends(fields) or (fields[0], fields[-1])
        if all(f.origin == "step" and f.step == start.step and f.ranks == start.ranks for f in fields) and start.item:
            whole = replace(start, is_key=True, entity=start.item, field="")
            return refer(whole, scene, describe=True), ""
        kind = next((f for f in fields if f is not start and f is not end), None)
        a = _value(start, scene)
        k = _value(kind, scene) if kind is not None else ""
        b = _value(end, scene)
        told.append({
            "sentence": f"{a} {k} {b}",
            "from": f'from {a} to {b} ("{k}")',
            "arrow": f"{a} -> {k} -> {b}",
            "kind first": f'"{k}" from {a} to {b}',
            "between": f"from {a} to {b} of type {k}",
        }[style])  # fmt: skip
    word = noun if len(members) == 1 else m.plural(noun)
    lead = {
        "sentence": scene.choices.pick((f"the {word}: ", f"the {word} that ", f"the {word} ")),
        "arrow": f"the {word} ",
    }.get(style, f"the {word} ")
    return lead + m.joined(told, last=scene.choices.among((" and ", ", and ", "; "))), ""


def _notes(step: StepWords, noun: str, members: tuple[tuple[Argument, ...], ...], scene: Scene) -> tuple[str, str]:
    """Facts added to or taken from something named."""
    is_taken = step.effect == "delete"
    where = "from" if is_taken else scene.choices.among(("for", "for", "about", "on"))
    style = scene.choices.pick(("prep", "colon", "brackets", "that"))
    told = []
    total = 0
    if any(f.kind == "list" and f.origin == "step" for fields in members for f in fields):
        whats = [
            (_value(next(f for f in fields if f.kind == "list"), scene), _value(_name_of(fields) or fields[0], scene))
            for fields in members
        ]
        return m.joined([f"{what} {where} {who}" for what, who in whats]), ""
    for fields in members:
        name = _name_of(fields)
        facts = next(f for f in fields if f.kind == "list")
        total += len(facts.value) if isinstance(facts.value, list) else 1
        who = _value(name, scene) if name is not None else ""
        what = _bare(facts, scene, quote=True)
        told.append(
            {
                "prep": f"{what} {where} {who}",
                "colon": f"{where} {who}: {what}",
                "brackets": f"{where} {who} ({what})",
                "that": f"{where} {who} that {what}" if not is_taken else f"{where} {who}, {what}",
            }[style]
        )
    word = noun if total == 1 else m.plural(noun)
    lead = {"prep": scene.choices.pick((f"the {word} ", f"{word} "))}.get(
        style, scene.choices.pick((f"the {word} ", f"the following {word} "))
    )
    if style == "that" and not is_taken:
        lead = "the note " if total == 1 else "the notes "
    return lead + m.joined(told, last=scene.choices.among((", and ", "; "))), ""


def _ends(fields: tuple[Argument, ...]) -> tuple[Argument, Argument] | None:
    start = next((f for f in fields if f.words.split()[0] in ("from", "source") and f.kind != "list"), None)
    end = next((f for f in fields if f.words.split()[0] in ("to", "target") and f.kind != "list"), None)
    return (start, end) if start is not None and end is not None else None


def _name_of(fields: tuple[Argument, ...]) -> Argument | None:
    for ending in ("name", "title", "id", "key", "label"):
        for field in fields:
            if field.words.rsplit(" ", 1)[-1] == ending and field.kind != "list":
                return field
    return next((f for f in fields if f.kind != "list" and not f.groups), None)


def _type_of(fields: tuple[Argument, ...]) -> Argument | None:
    return next((f for f in fields if f.words.rsplit(" ", 1)[-1] in ("type", "kind") and f.kind != "list"), None)


def _value(field: Argument, scene: Scene) -> str:
    if field.groups:
        return _object_of(field, scene)
    if field.origin == "step":
        return refer(field, scene, describe=True)
    if field.kind == "list":
        return listed([str(v) for v in field.value], scene, is_text=True)
    value = said(field, scene)
    return f'"{value}"' if runs_on(str(field.value)) else value
