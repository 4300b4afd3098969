"""Values of particular things: a dish, a medicine, a room number, an ISBN, a branch.

Asked only where nothing else tells what a leaf holds: without it such a leaf would be a piece of work, `annual travel
policy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from loopbuild.sandbox import pools
from loopbuild.sandbox.draws import Draws


def particular(words: tuple[str, ...]) -> Callable[[Draws], str] | None:
    """Return the maker of what a leaf of these words holds, None where they do not tell."""
    return next((make for names, make in _BY_WORD if not set(names).isdisjoint(words)), None)


def coded(words: tuple[str, ...]) -> Callable[[Draws], str] | None:
    """Return the maker of a code that has one form, whatever it is the code of; None where the words end otherwise."""
    last = words[:-1] if words[-1:] in (("number",), ("code",), ("name",)) and len(words) > 1 else words
    if last[-1:] == ("path",) and len(last) > 1 and last[-2] in _HELD_IN:
        return _folder
    return _CODED.get(last[-1]) if last else None


def serial(draws: Draws) -> str:
    """Return `KDF4821907`."""
    letters = "".join("ABCDEFGHJKLMNPRSTUVWXYZ"[draws.below(23)] for _ in range(3))
    return f"{letters}{10_000 + draws.below(90_000)}{10 + draws.below(90)}"


def _place_code(draws: Draws) -> str:
    """A room, bed, seat or shelf: `B12`."""
    return f"{'ABCDEFGH'[draws.below(8)]}{1 + draws.below(60)}"


def _room_number(draws: Draws) -> str:
    return str(100 * (1 + draws.below(9)) + 1 + draws.below(40))


def _isbn(draws: Draws) -> str:
    digits = [9, 7, 8, *(draws.below(10) for _ in range(9))]
    check = -sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10
    return "".join(map(str, [*digits, check]))


def _plate(draws: Draws) -> str:
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    return f"{letters[draws.below(23)]}{letters[draws.below(23)]} {1000 + draws.below(9000)}"


def _zip(draws: Draws) -> str:
    return f"{1_000 + draws.below(98_000):05d}"


def _iban(draws: Draws) -> str:
    """A German or Austrian one: those have no check digits but the two in front."""
    land, digits = (("DE", 18), ("AT", 16))[draws.below(2)]
    account = "".join(str(draws.below(10)) for _ in range(digits))
    spelled = account + "".join(str(ord(letter) - 55) for letter in land) + "00"
    return f"{land}{98 - int(spelled) % 97:02d}{account}"


def _bic(draws: Draws) -> str:
    letters = "".join("ABCDEFGHKLMNOPRSTUVWZ"[draws.below(21)] for _ in range(4))
    return f"{letters}{('DE', 'AT', 'FR', 'NL')[draws.below(4)]}{'FHMPW'[draws.below(5)]}{'FXM'[draws.below(3)]}"


def _etag(draws: Draws) -> str:
    return "".join("0123456789abcdef"[draws.below(16)] for _ in range(32))


def _slug(draws: Draws) -> str:
    return draws.pick(pools.NOUNS).replace(" ", "-")


def _branch(draws: Draws) -> str:
    return f"{draws.pick(('feature', 'fix', 'chore', 'docs'))}/{_slug(draws)}"


def _revision(draws: Draws) -> str:
    """A commit in short, or a release."""
    if draws.below(2):
        return _etag(draws)[:8]
    return f"v{1 + draws.below(6)}.{draws.below(20)}.{draws.below(10)}"


def _folder(draws: Draws) -> str:
    top = draws.pick(("archive", "docs", "projects", "shared", "work"))
    return f"{top}/{draws.pick(pools.NOUNS).replace(' ', '_')}"


_HELD_IN = frozenset({"repo", "repository", "root", "folder", "directory", "dir", "project", "workspace"})
"""Whose `path` is a folder's."""
_FILED = frozenset({"file", "directory", "folder", "tree"})
_ENDS = frozenset({"source", "destination", "target", "from", "to"})


def filed(words: tuple[str, ...], entity: str) -> Callable[[Draws], str] | None:
    """Return the maker of a place or a pattern that a tool about files is told; None for what is no such thing."""
    owners = _FILED.intersection(entity.split())
    if not owners or not words:
        return None
    if words[-1] == "pattern":
        return _glob
    if words[-1] == "path" and "file" not in owners:
        return _folder
    return file_path if _ENDS.issuperset(words) else None


def file_path(draws: Draws) -> str:
    """Return `market_study/notes.md`."""
    return f"{draws.pick(pools.NOUNS).replace(' ', '_')}/{draws.pick(pools.FILES)}"


def _glob(draws: Draws) -> str:
    kind = draws.pick(pools.FILES).rpartition(".")[2]
    return draws.pick(("*.{}", "**/*.{}", "draft*.{}", "{}/*")).format(kind)


_CODED = {
    "zip": _zip, "zipcode": _zip, "postcode": _zip, "postal": _zip, "iban": _iban, "bic": _bic, "swift": _bic,
    "etag": _etag, "branch": _branch, "repo": _slug, "repository": _slug, "bucket": _slug, "revision": _revision,
    "folder": _folder, "directory": _folder, "dir": _folder,
}  # fmt: skip


def _from(options: Sequence[str]) -> Callable[[Draws], str]:
    return lambda draws: draws.pick(options)


_BY_WORD: tuple[tuple[tuple[str, ...], Callable[[Draws], str]], ...] = (
    (("isbn",), _isbn),
    (("dish", "meal", "food", "dessert", "starter"), _from(pools.DISHES)),
    (("ingredient",), _from(pools.INGREDIENTS)),
    (("medication", "medicine", "drug", "prescription"), _from(pools.MEDICINES)),
    (("diagnosis", "condition", "symptom", "disease", "illness", "ailment", "allergy"), _from(pools.AILMENTS)),
    (("specialty", "speciality", "specialism"), _from(pools.SPECIALTIES)),
    (("genre",), _from(pools.GENRES)),
    (("color", "colour"), _from(pools.COLORS)),
    (("plate", "registration"), _plate),
    (("bed", "seat", "shelf", "desk", "gate", "aisle", "locker", "bay", "slot"), _place_code),
    (("room", "suite", "cabin", "apartment"), _room_number),
    (("number", "code", "pin", "token", "no"), serial),
)
