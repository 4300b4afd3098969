"""Takes secrets and personal data out of what is recorded, and puts them back into what is asked.

Whatever sampling sees is masked already, so a recording is asked for exactly what it holds. Pseudonyms are numbered in
the order in which values turn up: from the file alone nobody can test whether a certain person is in it. The true
values live in memory only, while recording.

Found: fields that the schemas call a person, an e-mail address or a phone number; in every text, e-mail addresses,
phone numbers with a country code, bank and card numbers with a right check sum; secrets by the name of their field, by
well-known forms, and the values of the variables loop.yaml names. Not found: names inside free text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from loopbuild.hiding import HIDDEN
from loopbuild.records import Json, ToolSchema
from loopbuild.sandbox import pools

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")
_PHONE = re.compile(r"(?<![\w+])\+\d{1,3}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}(?!\w)")
_CARD = re.compile(r"(?<![\w-])\d{4}(?:[ -]?\d{4}){2,3}[ -]?\d{0,3}(?![\w-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_TOKEN = re.compile(
    r"(?<!\w)(?:eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}|(?:sk|pk|rk)[-_](?:live|test|proj)?[-_]?[A-Za-z0-9]{16,}|"
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abpr]-[\w-]{10,}|AKIA[A-Z0-9]{16}|AIza[\w-]{30,})"
)
_SECRET_FIELD = re.compile(
    r"(?:^|_)(?:password|passwd|secret|api_?key|access_?token|refresh_?token|auth_?token|authorization|private_?key|"
    r"client_?secret|session_?token)$"
)
_RESERVED = (".example", ".invalid", ".test", "example.com", "example.org", "example.net")
"""Domains that belong to nobody."""
_KINDS = {"email": "email", "phone": "phone", "person": "person"}
SECRET_KEYS = ("token", "user", "password")
"""Keys of `auth` that name environment variables."""


class Pseudonyms:
    """Who stands for whom, both ways: one book for all sources recorded together, whose values pass between them."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        """True value -> pseudonym."""
        self.true: dict[str, str] = {}
        self.own: set[str] = set()
        """What we said ourselves: coming back, it is nobody's secret."""
        self._kinds: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def of(self, true: str, kind: str) -> str:
        """Return the pseudonym of a value, a new one for a new value."""
        if true in self.own or true in self.true:
            return true
        if true not in self.made:
            number = self._numbers[kind] = self._numbers.get(kind, 0) + 1
            made = _MADE[kind](number)
            self.made[true], self.true[made], self._kinds[made] = made, true, kind
        return self.made[true]

    def counts(self, content: bytes) -> dict[str, int]:
        """Return kind -> how many different pseudonyms stand in what was written."""
        text = content.decode("utf-8", errors="replace")
        found: dict[str, int] = {}
        for made, kind in sorted(self._kinds.items()):
            if _whole(made).search(text):
                found[kind] = found.get(kind, 0) + 1
        return dict(sorted(found.items()))

    def leaks(self, content: bytes) -> bool:
        """Say whether a true value stands in what was written, because it turned up there before it was known."""
        text = content.decode("utf-8", errors="replace")
        return any(_whole(true).search(text) for true in self.made if true not in self.own and len(true) > 4)


class Masks:
    """What of one source's answers is masked, and how.

    `secrets` are texts never to be written. With `keeps_personal` only secrets are masked.
    """

    def __init__(
        self,
        tools: Iterable[ToolSchema],
        *,
        secrets: Iterable[str],
        keeps_personal: bool = False,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        self.pseudonyms = pseudonyms or Pseudonyms()
        self._secrets = sorted({text for text in secrets if len(text) >= 4}, key=lambda text: (-len(text), text))
        self._keeps_personal = keeps_personal
        self._leaves = {
            tool.id: {leaf.pointer: _KINDS[leaf.kind] for leaf in tool.outputs if leaf.kind in _KINDS} for tool in tools
        }
        self._columns = {
            pointer.rpartition("/")[2]: kind for leaves in self._leaves.values() for pointer, kind in leaves.items()
        }

    def unmasked(self, value: Json) -> Json:
        """Return arguments as the service has to get them, and remember what of them is ours."""
        if isinstance(value, str):
            return self._unmasked_text(value)
        if isinstance(value, list):
            return [self.unmasked(item) for item in value]
        return {name: self.unmasked(item) for name, item in value.items()} if isinstance(value, Mapping) else value

    def result(self, tool_id: str, value: Json) -> Json:
        """Return an answer of a tool as it may be written down."""
        return self._masked(value, "", "", self._leaves.get(tool_id, {}))

    def plain(self, value: Json, kind: str = "") -> Json:
        """Return any other value as it may be written down; `kind` when it is known to be a person, email or phone."""
        return self._masked(value, "", kind, {})

    def column(self, name: str, value: Json) -> Json:
        """Return a field of a state difference: a column called like a personal field of some answer is personal."""
        return self._masked(value, name, "", self._columns, by_name=True)

    def _masked(
        self, value: Json, pointer: str, kind: str, leaves: Mapping[str, str], *, by_name: bool = False
    ) -> Json:
        if isinstance(value, str):
            name = pointer.removesuffix("/[]").rpartition("/")[2]
            kind = leaves.get(name if by_name else pointer, kind)
            return self._masked_text(value, kind, is_secret=_is_secret(name))
        if isinstance(value, list):
            return [self._masked(item, f"{pointer}/[]", kind, leaves, by_name=by_name) for item in value]
        if isinstance(value, Mapping):
            return {
                self._masked_text(name, "", is_secret=False): self._masked(
                    item, f"{pointer}/{name}", "", leaves, by_name=by_name
                )
                for name, item in value.items()
            }
        return value

    def _masked_text(self, text: str, kind: str, *, is_secret: bool) -> str:
        if text in self.pseudonyms.own or text in self.pseudonyms.true:
            return text
        if text in self.pseudonyms.made:
            return self.pseudonyms.made[text]
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        if is_secret and text.strip() and text != HIDDEN:
            return self.pseudonyms.of(text, "secret")
        text = _TOKEN.sub(lambda found: self.pseudonyms.of(found[0], "secret"), text)
        if self._keeps_personal:
            return text
        if kind in ("person", "phone") and text.strip():
            return self.pseudonyms.of(text, kind)
        for pattern, name, is_real in _PATTERNS:
            text = pattern.sub(
                lambda found, name=name, is_real=is_real: (  # type: ignore[misc]
                    self.pseudonyms.of(found[0], name) if is_real(found[0]) else found[0]
                ),
                text,
            )
        # Names that a field gave away before, inside other texts.
        for true in [
            true for true in self.pseudonyms.made if len(true) > 4 and true in text and true not in self.pseudonyms.own
        ]:
            text = _whole(true).sub(self.pseudonyms.made[true], text)
        return text

    def _unmasked_text(self, text: str) -> str:
        if text in self.pseudonyms.true:
            return self.pseudonyms.true[text]
        for made in sorted((made for made in self.pseudonyms.true if made in text), key=len, reverse=True):
            text = text.replace(made, self.pseudonyms.true[made])
        if text not in self.pseudonyms.made:
            self.pseudonyms.own.add(text)
        return text


def _whole(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")


def _is_secret(name: str) -> bool:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_")
    return bool(_SECRET_FIELD.search(snake))


def _belongs_to_somebody(email: str) -> bool:
    return not email.lower().endswith(_RESERVED)


def _is_card(text: str) -> bool:
    digits = [int(char) for char in text if char.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return 13 <= len(digits) <= 19 and len(set(digits)) > 1 and sum(doubled) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    return 15 <= len(plain) <= 34 and int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


_PATTERNS: tuple[tuple[re.Pattern[str], str, Callable[[str], bool]], ...] = (
    (_EMAIL, "email", _belongs_to_somebody),
    (_IBAN, "iban", _is_iban),
    (_CARD, "card", _is_card),
    (_PHONE, "phone", lambda text: 8 <= sum(char.isdigit() for char in text) <= 15),
)


def _person(number: int) -> str:
    """Return a name like those of made-up worlds, but with a middle letter, so that the two are never the same."""
    first = pools.FIRST[number * 7 % len(pools.FIRST)]
    last = pools.LAST[(number * 11 + number // len(pools.FIRST)) % len(pools.LAST)]
    middle = "ABCDEFGHJKLMNOPRSTVW"[number // (len(pools.FIRST) * len(pools.LAST)) % 20]
    return f"{first} {middle}. {last}"


_MADE: dict[str, Callable[[int], str]] = {
    "email": lambda number: f"person{number}@masked.example",
    "phone": lambda number: f"+999 000 {number:06d}",
    "person": _person,
    "card": lambda number: f"0000 0000 {number // 10_000:04d} {number % 10_000:04d}",
    "iban": lambda number: f"XX00 MASK {number:08d}",
    "secret": lambda number: f"masked-secret-{number}",
}


def named_secrets(settings: Json, environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the values of the variables that a sandbox's settings name: in `auth`, and as `${VAR}` in `env`."""
    auth = settings.get("auth") or {}
    yield from (environment[name] for key, name in auth.items() if key in SECRET_KEYS and name in environment)
    for text in (settings.get("env") or {}).values():
        yield from (environment[name] for name in re.findall(r"\$\{(\w+)\}", text) if name in environment)
