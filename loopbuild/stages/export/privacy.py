"""Personal data in what real services returned: found by its form, replaced by stand-ins of the same form.

Decides what is looked for: e-mail and network addresses, telephone, card and bank account numbers. Names and postal
addresses have no form; the card says that a person must look for them. Stand-ins are numbered in the order of rows, so
that they say nothing about what they replace, and the same value has the same one everywhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

from loopbuild.records import Example, Json

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w+])(?:\+\d{1,3}[ .-]?(?:\(\d{1,4}\)[ .-]?)?\d(?:[ .-]?\d){5,12}|\(\d{3}\) ?\d{3}-\d{4})(?!\w)"
)
_IP = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])")
_RESERVED = re.compile(r"@(?:[\w-]+\.)*(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)$", re.IGNORECASE)


def _is_luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


KINDS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool], Callable[[int], str]], ...] = (
    ("e-mail address", _EMAIL, lambda text: not _RESERVED.search(text), lambda n: f"person{n}@example.com"),
    ("bank account", _IBAN, _is_iban, lambda n: f"XX00{n:016d}"),
    ("card number", _CARD, _is_luhn, lambda n: f"0000 0000 0000 {n:04d}"),
    ("telephone number", _PHONE, lambda text: True, lambda n: f"+1 555 01{n:05d}"),
    ("network address", _IP, lambda text: not text.startswith(("127.", "0.")), lambda n: f"192.0.2.{n % 256}"),
)
"""Kind, its form, a check beyond the form, its n-th stand-in."""


class Masks:
    """Stand-ins given so far; rows have to come in a fixed order."""

    def __init__(self) -> None:
        self._stand_ins: dict[str, str] = {}
        self._numbers: Counter[str] = Counter()
        self.rows = 0

    @property
    def found(self) -> dict[str, int]:
        """Kind -> how many different values."""
        return dict(sorted(self._numbers.items()))

    def masked(self, example: Example) -> Example:
        """Return the row with what its results hold of personal data replaced, wherever in the row it stands."""
        mine: dict[str, str] = {}
        for message in example.messages:
            if message["role"] == "tool":
                mine |= self._found(str(message.get("content") or ""))
        if not mine:
            return example
        self.rows += 1
        order = sorted(mine, key=lambda text: (-len(text), text))
        form = re.compile("|".join(re.escape(text) for text in order))
        return replace(example, messages=tuple(_replaced(message, form, mine) for message in example.messages))

    def _found(self, text: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for kind, form, check, stand_in in KINDS:
            for match in form.finditer(text):
                value = match[0]
                if value in found or not check(value):
                    continue
                if value not in self._stand_ins:
                    self._numbers[kind] += 1
                    self._stand_ins[value] = stand_in(self._numbers[kind])
                found[value] = self._stand_ins[value]
        return found


def _replaced(value: Json, form: re.Pattern[str], stand_ins: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return form.sub(lambda match: stand_ins[match[0]], value)
    if isinstance(value, dict):
        return {key: _replaced(one, form, stand_ins) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(one, form, stand_ins) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and str(value) in stand_ins:
        return stand_ins[str(value)]
    return value
