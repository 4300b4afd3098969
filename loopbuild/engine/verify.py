"""`cache verify`: are the stored bytes those that their names promise?

Decides what damage means: what a pure recipe made is forgotten, so that the next build makes it again; what was paid
or trained is fetched from a cache where that is possible, and otherwise reported and left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from blake3 import blake3

from loopbuild.engine.held import Found, Held, held, stored
from loopbuild.engine.journal import Entry, Journal
from loopbuild.engine.recover import open_journal
from loopbuild.engine.target import Nature
from loopbuild.engine.uptodate import remember_nothing
from loopbuild.engine.workspace import Workspace

SMALL_BYTES = 1024 * 1024
"""Objects up to this size are read in any case; larger ones only by a full check."""
What = Literal["missing", "empty", "damaged"]
_EMPTY = blake3(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """An object that is not what it should be."""

    name: str
    what: What
    target: str
    """The target whose result in force needs it, empty when none does."""
    seconds: float
    """What making that result took."""
    fate: Literal["forgotten", "fetched", "lost"]
    """forgotten: the next build makes it again. lost: paid for, and nowhere to be had."""


@dataclass(slots=True)
class Verified:
    """What a check found."""

    objects: int = 0
    bytes_read: int = 0
    unread: int = 0
    """Large objects of which only the size was looked at."""
    damages: list[Damage] = field(default_factory=list)
    is_index_whole: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether nothing is lost that cannot be made again."""
        return not any(damage.fate == "lost" for damage in self.damages)


def verify(
    ws: Workspace,
    *,
    is_full: bool,
    natures: Mapping[str, Nature],
    heal: Callable[[Entry], bool] = lambda entry: False,
    on_note: Callable[[str], None],
) -> Verified:
    """Check every stored object, and that every object of a result in force is there. Waits for a running build.

    `natures` is recipe name -> nature. `heal` may fetch the objects of a result from elsewhere and returns whether all
    of them are sound then.
    """
    if not ws.folder.is_dir():
        return Verified()
    ws.prepare()
    with ws.exclusive(lambda pid: on_note(f"waiting for pid {pid}, which builds here")):
        journal = open_journal(ws, on_note)
        try:
            there = stored(ws.objects)
            found = held(ws, journal, there=there, natures=natures)
            result = Verified(objects=len(there), is_index_whole=journal.is_whole())
            bad = _bad(ws, there, found, result, is_full=is_full)
            _forget_results(ws, journal, bad, found)
            healed: dict[str, bool] = {}
            for name, what in sorted(bad.items()):
                result.damages.append(_settle(ws, name, what, found, healed, heal))
        finally:
            journal.close()
    return result


def _bad(ws: Workspace, there: dict[str, Found], found: Held, result: Verified, *, is_full: bool) -> dict[str, What]:
    bad: dict[str, What] = {name: "missing" for name in found.in_force if name not in there}
    for item in there.values():
        if not item.size and item.name != _EMPTY:
            bad[item.name] = "empty"
        elif is_full or item.size <= SMALL_BYTES:
            result.bytes_read += item.size
            if not ws.objects.is_sound(item.name):
                bad[item.name] = "damaged"
        else:
            result.unread += 1
    return bad


def _forget_results(ws: Workspace, journal: Journal, bad: Mapping[str, What], found: Held) -> None:
    """Take results out of force whose record is bad: nobody could say any more what they were made of."""
    seqs = [
        entry.seq
        for name in bad
        if (entry := found.in_force.get(name)) is not None and entry.record == name and name not in found.paid
    ]
    with journal.transaction():
        journal.put_out_of_force(seqs)
        if bad:
            remember_nothing(journal)


def _settle(
    ws: Workspace, name: str, what: What, found: Held, healed: dict[str, bool], heal: Callable[[Entry], bool]
) -> Damage:
    entry = found.in_force.get(name)
    fate: Literal["forgotten", "fetched", "lost"] = "forgotten"
    if name in found.paid:
        fate = "lost"
        if entry is not None:
            if entry.key not in healed:
                healed[entry.key] = heal(entry)
            fate = "fetched" if healed[entry.key] and ws.objects.is_sound(name) else "lost"
    elif what != "missing":
        ws.objects.discard(name)
    return Damage(
        name=name,
        what=what,
        target=entry.target if entry is not None else "",
        seconds=entry.seconds if entry is not None else 0.0,
        fate=fate,
    )
