"""What a status means under the names a schema gives it: `CANCELED` is cancelled, and what is new is not `attended`.

Pure. Knows words only; whose status it is and when it changes is said elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from loopbuild.records import Json
from loopbuild.sandbox.simulated.model import Model

_ALIKE: tuple[tuple[str, ...], ...] = (
    (
        "new", "open", "opened", "pending", "created", "draft", "scheduled", "booked", "reserved", "planned", "placed",
        "requested", "submitted", "registered", "queued", "upcoming", "waiting", "todo", "backlog", "received",
        "unpaid", "available", "active", "enabled", "valid", "invited", "unread", "confirmed",
    ),
    ("active", "enabled", "open", "running", "started", "inprogress", "ongoing", "available", "valid", "live"),
    ("approved", "accepted", "granted", "confirmed"),
    ("started", "running", "inprogress", "ongoing", "active", "processing"),
    ("paused", "suspended", "onhold", "stopped", "frozen", "inactive", "disabled"),
    ("completed", "finished", "done", "resolved", "closed", "fulfilled", "delivered", "attended", "succeeded"),
    ("closed", "resolved", "done", "completed", "finished", "archived"),
    ("shipped", "dispatched", "sent", "intransit", "delivered"),
    ("paid", "settled", "completed"),
    ("cancelled", "revoked", "withdrawn", "void", "voided", "terminated", "aborted", "inactive", "closed"),
    ("rejected", "declined", "denied", "refused"),
    ("deleted", "removed", "archived", "cancelled", "inactive", "closed"),
    ("published", "live", "public", "active"),
    ("archived", "inactive", "closed"),
)  # fmt: skip
"""Each: a status, then what may stand for it, the nearest first."""
_FINAL = frozenset(
    ["cancelled", "rejected", "declined", "denied", "archived", "closed", "completed", "refunded", "revoked",
     "terminated", "withdrawn", "finished", "published", "attended", "delivered", "expired", "void", "voided"]
)  # fmt: skip
_REOPENS = frozenset({"open", "active", "draft", "unlocked", "enabled", "refunded", "archived"})


def is_same(value: Json, option: Json) -> bool:
    """Say whether two spellings are of one status: `CANCELED` and `cancelled`; without letters, `3` and 3."""
    mine, other = letters(value)[:5], letters(option)[:5]
    return mine == other if mine or other else str(value) == str(option)


def letters(value: Json) -> str:
    """Return the letters of a word, as they are compared."""
    return "".join(char for char in str(value).casefold() if char.isalpha())


def standing_for(value: Json, options: Sequence[Json]) -> Json:
    """Return which of a schema's own statuses stands for one it does not have.

    One that means the same, else one that is over only where `value` is, else the last or the first.
    """
    for own, *others in _ALIKE:
        if is_same(value, own):
            for other in (own, *others):
                found = next((option for option in options if letters(option) == other), None)
                if found is not None:
                    return found
    over = is_final(value)
    return next((option for option in options if is_final(option) is over), options[-1 if over else 0])


Choices = tuple[tuple[str, str, tuple[Json, ...]], ...]
"""(entity, column, what it may hold): where a status is a choice of the schema's own."""


def choices_of(model: Model, tools: Collection[str]) -> Choices:
    """Return the statuses that answers of `tools` show as a choice; of all tools where none is named."""
    found: dict[str, tuple[str, tuple[Json, ...]]] = {}
    for name, plan in model.plans.items():
        for (entity, column, types), leaf in plan.places if not tools or name in tools else ():
            is_listed = bool(leaf.enum) and not any(isinstance(one, list | dict) for one in leaf.enum)
            if column in ("status", "state") and is_listed:
                counts = model.agreed.get((entity, column, types), leaf)
                found.setdefault(entity, (column, tuple(counts.enum or leaf.enum)))
    return tuple((entity, *choice) for entity, choice in sorted(found.items()))


def is_final(status: Json) -> bool:
    """Say whether nothing but taking it back follows a status."""
    return any(is_same(status, one) for one in _FINAL)


def allows(status: Json, target: str) -> bool:
    """Say whether a thing in a status may be brought to `target`: not where it is there, nor where all is over."""
    return not is_same(status, target) and (target in _REOPENS or not is_final(status))
