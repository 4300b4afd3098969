"""What follows an object: for role R-1042, from 2026-03-02 to 2026-03-06, with email a@b.org.

Decides prepositions and frames by the argument's words and kind. Values are placeholders; nothing here changes them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from loopbuild.judging.derive import COMPUTED
from loopbuild.llm.offline import morphology as m
from loopbuild.llm.offline.references import key_phrase, refer, runs_on, said, shown
from loopbuild.llm.offline.scene import Scene
from loopbuild.llm.protocol import Argument

_PREPOSITIONS = frozenset(
    [
        "for",
        "of",
        "with",
        "from",
        "to",
        "on",
        "in",
        "at",
        "by",
        "about",
        "until",
        "because",
        "named",
        "called",
        "titled",
        "as",
        "starting",
        "due",
        "before",
        "after",
        "since",
        "whose",
        "between",
        "up",
        "using",
        "into",
        "under",
        "that",
        "related",
        "matching",
    ]
)
_TO_VERBS = frozenset(
    [
        "send",
        "share",
        "assign",
        "give",
        "submit",
        "move",
        "add",
        "deliver",
        "forward",
        "invite",
        "attach",
        "transfer",
        "link",
        "offer",
    ]
)
_FROM_VERBS = frozenset({"remove", "unassign", "unlink", "detach"})
_WITH_VERBS = frozenset({"schedule", "book"})
_IN_WORDS = frozenset(
    [
        "department",
        "team",
        "office",
        "city",
        "country",
        "language",
        "currency",
        "format",
        "unit",
        "location",
        "room",
        "region",
        "state",
        "category",
        "group",
        "folder",
        "project",
        "channel",
        "workspace",
        "building",
        "area",
        "timezone",
    ]
)
_LIMITS = frozenset({"limit", "max", "maximum", "max result", "page size", "top", "max results"})


def preposition(argument: Argument, scene: Scene, *, verb: str) -> str:
    """Return the word that ties an entity to the action."""
    last = argument.words.rsplit(" ", 1)[-1]
    first = argument.words.split(" ", 1)[0]
    if first in ("from", "source") or verb in _FROM_VERBS:
        return "from"
    if first in ("to", "target", "destination", "recipient") or verb in _TO_VERBS:
        return "to"
    if verb in _WITH_VERBS and scene.is_person(argument.entity or last):
        return scene.choices.pick(("with", "with", "for"))
    if verb in ("list", "fact", "record", "count"):
        return scene.choices.among(("for", "of")) if verb != "list" else scene.choices.among(("for", "for", "of"))
    return "for"


def tail_of(argument: Argument, scene: Scene, *, verb: str, noun: str, describe: bool) -> str:
    """Return one modifier, or nothing when it goes without saying."""
    if argument.origin in ("constant", "missing") and not argument.is_key:
        return ""
    if argument.kind == "groups":
        from loopbuild.llm.offline.groups import group_tail

        return group_tail(argument, scene)
    if argument.origin == "step" and argument.rule in COMPUTED:
        return _worked_out(argument, refer(argument, scene, describe=describe), scene)
    if argument.origin == "step":
        if argument.is_key:
            return f"{preposition(argument, scene, verb=verb)} {refer(argument, scene, describe=describe)}"
        return f"with {refer(argument, scene, describe=describe)}"
    if argument.is_key and argument.kind != "list":
        if argument.origin == "missing":
            return ""
        return f"{preposition(argument, scene, verb=verb)} {key_phrase(argument, scene)}"
    return _valued(argument, scene, noun=noun)


def date_range(start: Argument, end: Argument, scene: Scene) -> str:
    """Return a period with both its ends."""
    a, b = said(start, scene), said(end, scene)
    forms = (
        "from {} to {}",
        "from {} until {}",
        "{} to {}",
        "between {} and {}",
        "starting {} and ending {}",
        "from {} through {}",
        "from {} till {}",
        "starting on {} until {}",
        "{} through {}",
        "with {} as the first day and {} as the last",
    )
    form = scene.choices.pick(forms)
    return form.format(a, b)


def _worked_out(argument: Argument, phrase: str, scene: Scene) -> str:
    words = argument.words
    if argument.rule == "shift":
        # A date is put off from another, so the templates of a plain date hold.
        forms = [
            form
            for form in _when(words, argument.kind)
            if not form.startswith(("dated", "due on", "starting on", "by "))
        ]
        return scene.choices.pick([form for form in forms if form != "on {}" or phrase.startswith("the")]).format(
            phrase
        )
    return scene.choices.pick(
        (
            f"with {phrase} as the {words}",
            f"using {phrase} as the {words}",
            f"{words}: {phrase}",
            f"and take {phrase} as the {words}",
            f"with the {words} set to {phrase}",
        )
    )


def _valued(argument: Argument, scene: Scene, *, noun: str) -> str:
    """A user value that identifies nothing."""
    pick, words, kind = scene.choices.pick, argument.words, argument.kind
    value = said(argument, scene)
    first, last = words.split(" ", 1)[0], words.rsplit(" ", 1)[-1]
    if kind == "boolean":
        return pick(
            tuple(
                f"{form} {shown(argument.value)}"
                for form in (f"with {words}", f"with {words} set to", f"{words}:", f"{words}")
            )
        )
    if kind in ("date", "datetime", "time"):
        return pick(_when(words, kind)).format(value)
    if kind == "email" or last == "email":
        return pick(
            (
                "with email {}",
                "with the email address {}",
                "email {}",
                "with email address {}",
                "with the email {}",
                "email address {}",
                "reachable at {}",
                "using the email {}",
                "mail {}",
            )
        ).format(value)
    if kind == "phone" or last == "phone":
        return pick(
            ("with phone {}", "with the phone number {}", "phone {}", "phone number {}", "reachable under {}")
        ).format(value)
    if last in ("name", "title") and kind != "enum":
        if words in ("name", "full name", f"{noun} name"):
            return pick(("named {}", "called {}", "with the name {}", "by the name of {}", "name {}")).format(value)
        if words == "title":
            return pick(("titled {}", "with the title {}", "called {}", "title {}")).format(value)
    if words in _LIMITS:
        return pick(
            ("at most {}", "up to {}", "no more than {}", "limited to {}", "limit {}", "with a limit of {}")
        ).format(value)
    if kind == "number" and last == "year":
        return pick(("in {}", "for {}", "for the year {}", "in the year {}", "year {}")).format(value)
    if kind == "number":
        return pick(
            (
                f"with {words} {{}}",
                f"{words} {{}}",
                f"with {f'the {words}' if m.is_many(words) else m.with_article(words)} of {{}}",
                f"with {{}} as the {words}",
                f"{words}: {{}}",
            )
        ).format(value)
    if last in _IN_WORDS:
        return pick(
            (
                "in {}",
                f"in the {{}} {words}",
                f"for the {{}} {words}",
                f"{words} {{}}",
                f"with {words} {{}}",
                f"with {{}} as the {words}",
                f"in {words} {{}}",
            )
        ).format(value)
    if kind == "enum":
        return pick(
            (
                f"with {words} {{}}",
                f"{words} {{}}",
                f"with {{}} as the {words}",
                f"with the {words} {{}}",
                f"with the {words} set to {{}}",
                f"{words}: {{}}",
            )
        ).format(value)
    if first in ("from", "to", "source", "destination") and len(words.split()) == 1:
        return f"{'from' if first in ('from', 'source') else 'to'} {value}"
    if kind == "list":
        return pick((f"with the {words} {{}}", f"{words}: {{}}", f"with {words} {{}}", f"{words} {{}}")).format(value)
    return _free_text(argument, value, scene)


def _when(words: str, kind: str) -> tuple[str, ...]:
    first = words.split(" ", 1)[0]
    if first in ("start", "from", "begin", "starting", "valid"):
        return (
            "starting {}",
            "starting on {}",
            "from {}",
            f"with {words} {{}}",
            f"with {{}} as the {words}",
            "beginning {}",
            "as of {}",
            f"{words} {{}}",
        )
    if first in ("end", "to", "until", "ending", "expiry", "expires"):
        return (
            "until {}",
            "ending {}",
            f"with {words} {{}}",
            f"with {{}} as the {words}",
            "through {}",
            f"{words} {{}}",
            "up to {}",
        )
    if first in ("due", "deadline"):
        return ("due {}", "due on {}", "by {}", f"with {words} {{}}", f"{words} {{}}")
    if first in ("after", "since", "before"):
        return (f"{first} {{}}",)
    if kind == "time":
        return ("at {}", f"with {words} {{}}", "for {}", "at {} sharp")
    return (
        "on {}",
        "for {}",
        "on {}",
        f"with {words} {{}}",
        f"{words} {{}}",
        "dated {}" if words == "date" else f"with {{}} as the {words}",
    )


def _free_text(argument: Argument, value: str, scene: Scene) -> str:
    words, text = argument.words, str(argument.value)
    quoted = f'"{value}"' if runs_on(text) or (len(text.split()) > 2 and scene.choices.chance(0.7)) else value
    if words.rsplit(" ", 1)[-1] in ("reason", "cause"):
        return scene.choices.pick(
            (
                "reason: {}",
                "with the reason {}",
                "giving {} as the reason",
                "and give {} as the reason",
                "for the reason {}",
                "the reason is {}",
                "because: {}",
                "the reason being {}",
                "stating {} as the reason",
                "and note the reason: {}",
            )
        ).format(quoted)
    if words.rsplit(" ", 1)[-1] in ("query", "keyword", "term", "search"):
        return scene.choices.pick(("for {}", "about {}", "matching {}", "that mention {}", "to do with {}")).format(
            quoted
        )
    return scene.choices.pick(
        (
            f"with {words} {{}}",
            f"with the {words} {{}}",
            f"{words}: {{}}",
            f"{words} {{}}",
            f"with {{}} as the {words}",
            f"with {{}} for the {words}",
        )
    ).format(quoted)


def join_tails(tails: Sequence[str]) -> str:
    """Return modifiers in one run: the second `with` becomes `and`, bare ones stand after commas."""
    colons = [tail for tail in tails if ":" in tail or tail.startswith(("the reason", "and "))]
    ordered = [tail for tail in tails if tail not in colons] + colons
    text, had_with = "", False
    for tail in filter(None, ordered):
        if tail.startswith("with ") and had_with:
            text += f" and {tail[5:]}"
        elif tail.split(" ", 1)[0] in _PREPOSITIONS or tail.startswith(
            ("and ", "giving ", "stating ", "limited ", "no more", "at most", "that mention", "matching")
        ):
            text += f" {tail}"
        else:
            text += f", {tail}"
        had_with = tail.startswith("with ") or (had_with and tail.startswith("and "))
    return re.sub(r"^,? ", "", text) if not text.startswith(",") else text
