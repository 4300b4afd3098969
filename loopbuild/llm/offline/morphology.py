"""English forms: plurals, articles, participles, lists, number words and spoken dates.

Pure. Knows single words and short phrases, no sentences.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_IRREGULAR = {
    "person": "people", "child": "children", "man": "men", "woman": "women", "mouse": "mice", "foot": "feet",
    "analysis": "analyses", "criterion": "criteria", "index": "indices", "staff member": "staff members",
}  # fmt: skip
_MASS = frozenset(
    [
        "leave",
        "information",
        "advice",
        "money",
        "feedback",
        "equipment",
        "software",
        "access",
        "news",
        "weather",
        "traffic",
        "data",
        "research",
        "insurance",
        "baggage",
        "luggage",
        "time",
        "off",
        "content",
        "help",
        "staff",
        "stock",
        "inventory",
        "history",
        "health",
        "progress",
        "work",
        "knowledge",
        "metadata",
        "availability",
        "funding",
        "mail",
        "storage",
    ]
) | {"time off"}
_CONSONANT_SOUND = re.compile(r"^(uni([^nm]|$)|use|usa|usu|user|eur|one\b|ut[ei]|ubi|url|uri)", re.IGNORECASE)
_SILENT_H = re.compile(r"^(hour|hono|heir|honest)", re.IGNORECASE)
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DOUBLED = re.compile(r"^(?:[^aeiou]*[aeiou][bdgklmnprt])$")
_PAST = {
    "send": "sent",
    "find": "found",
    "get": "fetched",
    "set": "set",
    "put": "put",
    "make": "made",
    "buy": "bought",
    "pay": "paid",
    "give": "given",
    "admit": "admitted",
    "commit": "committed",
    "remit": "remitted",
    "defer": "deferred",
    "draw": "drawn",
    "feed": "fed",
    "resell": "resold",
    "drive": "driven",
    "ride": "ridden",
    "lay": "laid",
    "lead": "led",
    "wear": "worn",
    "teach": "taught",
    "sew": "sewn",
    "fly": "flown",
    "grow": "grown",
    "grind": "ground",
    "broadcast": "broadcast",
    "spread": "spread",
    "fit": "fitted",
    "swap": "swapped",
    "wrap": "wrapped",
    "strip": "stripped",
    "equip": "equipped",
    "dial": "dialled",
    "repay": "repaid",
    "rebuild": "rebuilt",
    "wake": "woken",
    "wind": "wound",
    "shut": "shut",
    "strike": "struck",
    "spin": "spun",
    "keep": "kept",
    "tow": "towed",
    "mow": "mowed",
    "wax": "waxed",
    "sign": "signed",
    "earn": "earned",
    "take": "taken",
    "read": "read",
    "write": "written",
    "run": "run",
    "build": "built",
    "hold": "held",
    "freeze": "frozen",
    "unfreeze": "unfrozen",
    "sell": "sold",
    "leave": "left",
    "cancel": "cancelled",
    "submit": "submitted",
    "log": "logged",
    "tell": "told",
    "withdraw": "withdrawn",
    "undo": "undone",
    "reset": "reset",
    "do": "done",
    "transfer": "transferred",
    "begin": "begun",
    "hide": "hidden",
    "bring": "brought",
    "let": "let",
    "quit": "quit",
    "lend": "lent",
    "forget": "forgotten",
    "refer": "referred",
    "upsert": "saved",
    "fetch": "fetched",
}


def is_mass(noun: str) -> bool:
    """Return whether `noun` takes no `a`: leave, information."""
    return noun in _MASS or noun.rsplit(" ", 1)[-1] in _MASS


def plural(noun: str) -> str:
    """Return the plural of a noun phrase: its last word changes."""
    head, _, last = noun.rpartition(" ")
    lead = f"{head} " if head else ""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    if last in _IRREGULAR:
        return lead + _IRREGULAR[last]
    if is_mass(noun) and last != "leave":
        return noun
    if re.search(r"[^aeiou]y$", last):
        return f"{lead}{last[:-1]}ies"
    if re.search(r"(s|x|z|ch|sh)$", last):
        return f"{lead}{last}es"
    return f"{lead}{last}s"


def singular(word: str) -> str:
    """Return the singular of one word, where that is certain enough."""
    for one, many in _IRREGULAR.items():
        if word == many:
            return one
    if re.search(r"[^aeiou]ies$", word):
        return word[:-3] + "y"
    if re.search(r"(sses|xes|ches|shes)$", word):
        return word[:-2]
    if word.endswith("s") and not re.search(r"(ss|us|is|news)$", word) and len(word) > 3:
        return word[:-1]
    return word


def is_many(noun: str) -> bool:
    """Return whether a noun phrase is a plural already: hours, seats left."""
    last = noun.rsplit(" ", 1)[-1]
    return singular(last) != last


def article(phrase: str) -> str:
    """Return `a` or `an` for the sound `phrase` opens with."""
    first = phrase.lstrip("\"'“‘(")
    if _SILENT_H.match(first):
        return "an"
    if _CONSONANT_SOUND.match(first):
        return "a"
    return "an" if first[:1].lower() in tuple("aeiou") else "a"


def with_article(noun: str, *, adjective: str = "") -> str:
    """Return `a noun`, or the bare phrase for what is not counted."""
    phrase = f"{adjective} {noun}".strip()
    return phrase if is_mass(noun) else f"{article(phrase)} {phrase}"


def participle(verb: str) -> str:
    """Return the past participle of a base verb."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if re.search(r"[^aeiou]y$", verb):
        return verb[:-1] + "ied"
    if _DOUBLED.match(verb):
        return verb + verb[-1] + "ed"
    return verb + "ed"


def number_word(number: int) -> str:
    """Return `two` for 2; digits above twelve."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else str(number)


def ordinal(position: int) -> str:
    """Return `second` for position 1, counting from 0; the last word stops at tenth."""
    return _ORDINALS[position] if 0 <= position < len(_ORDINALS) else f"number {position + 1}"


def joined(items: Sequence[str], *, last: str = " and ", comma: str = ", ") -> str:
    """Return `a, b and c`."""
    if len(items) <= 1:
        return "".join(items)
    return comma.join(items[:-1]) + last + items[-1]


def spoken_date(text: str) -> str:
    """Return `March 3, 2026` for an ISO date; anything else as it is."""
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", text)
    if not found or not 1 <= int(found[2]) <= 12:
        return text
    return f"{_MONTHS[int(found[2]) - 1]} {int(found[3])}, {found[1]}"


def spans(days: int) -> tuple[str, ...]:
    """Return how people say a number of days: `two weeks`, `14 days`."""
    count = days // 7 if days % 7 == 0 else 0
    if days == 1:
        return ("one day", "a day", "1 day")
    forms = [f"{days} days", f"{number_word(days)} days"]
    if count == 1:
        forms = ["one week", "a week", *forms]
    elif count > 1:
        forms = [f"{number_word(count)} weeks", f"{count} weeks", *forms]
    return tuple(dict.fromkeys(forms))


def agree(noun: str) -> str:
    """Return `are` after a plural-looking phrase, else `is`."""
    last = noun.rsplit(" ", 1)[-1]
    many = last in _IRREGULAR.values() or (last.endswith("s") and not re.search(r"(ss|us|is|news|address)$", last))
    return "are" if many or _is_counted(noun) else "is"


def _is_counted(noun: str) -> bool:
    """`days left`, `items in stock`: the counted noun opens the phrase."""
    first, _, rest = noun.partition(" ")
    return bool(rest) and rest.split(" ")[0] in ("left", "in", "on", "of", "taken", "used") and first.endswith("s")
