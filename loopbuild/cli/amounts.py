"""How many trajectories a change concerns, in the words of every screen: kept, to check, new, made anew, go."""

from __future__ import annotations

from loopbuild.cli.units import count, duration
from loopbuild.pipeline.amounts import Amounts, Course


def amounts_text(amounts: Amounts) -> str:
    """Return `1,944 trajectories: 1,226 kept, 394 to check (...), 324 new`; a sum that can be added up."""
    about = "about " if amounts.is_about else ""
    some = about if amounts.moves else ""
    parts = [f"{some}{amounts.kept:,} kept"] if amounts.kept else []
    if amounts.check:
        parts.append(some + check_text(amounts.check, amounts.invalid))
    if amounts.new:
        parts.append(f"{about}{amounts.new:,} new")
    gone = f"; {amounts.gone:,} more are no longer wanted" if amounts.gone else ""
    return f"{about}{count(amounts.wanted, 'trajectory', 'trajectories')}: {', '.join(parts) or 'none'}{gone}"


def check_text(check: int, invalid: int | None) -> str:
    """Return how many are validated and replayed, and how many of them are made anew for certain."""
    if not invalid:
        return f"{check:,} to check"
    which = "all" if invalid == check else f"{invalid:,}"
    return f"{check:,} to check ({which} of them no longer validate and are made anew)"


def rows_text(new: int, check: int, total: int) -> str:
    """Return the same of one table: `162 new, 75 to check, of 324 rows`."""
    parts = [f"{new:,} new"] if new or not check else []
    parts += [f"{check:,} to check"] if check else []
    return f"{', '.join(parts)}, of {count(total, 'row')}"


def amounts_json(amounts: Amounts) -> dict[str, int]:
    """Return the same as data, under the same words."""
    names = ("wanted", "kept", "check", "invalid", "new", "least", "most", "texts", "is_about")
    return {name: getattr(amounts, name) for name in names}


def texts_text(amounts: Amounts, seconds: float | None) -> str:
    """Return how many texts are written at most and how long that takes; empty where none is."""
    if not amounts.texts:
        return ""
    time = f", with their trajectories about {duration(seconds)}" if seconds is not None else ""
    return f"up to about {count(amounts.texts, 'text')} written{time}"


def course_text(course: Course, *, name: str = "") -> str:
    """Return how training goes on."""
    if course.mode == "fresh":
        return "fresh, from the base"
    return (
        f"continue {name or 'the last checkpoint'} with about {course.delta:,} changed or added rows and "
        f"{course.replay:,} replayed ones (at most {course.share:.0%} of the rows change)"
    )
