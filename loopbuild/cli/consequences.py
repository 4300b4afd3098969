"""What a change makes stale, as lines of text: by change, and in sum."""

from __future__ import annotations

from loopbuild.cli.units import count, duration
from loopbuild.pipeline.comparing import Comparison
from loopbuild.pipeline.impact import Impact, Users
from loopbuild.records import LeafChange, ToolChange


def users_line(comparison: Comparison, at: int, leaf_at: int) -> str:
    """Return which rows one change concerns, empty where there are none or nothing is known."""
    impact = comparison.impact
    change = comparison.difference.changes[at]
    users = impact.users.get((at, leaf_at))
    if users is None or not users.trajectories:
        return ""
    leaf = change.leaves[leaf_at] if leaf_at >= 0 else None
    return f"{_read(users, impact, change, leaf)}"


def _read(users: Users, impact: Impact, change: ToolChange, leaf: LeafChange | None) -> str:
    verb = _verb(change, leaf)
    text = f"{users.trajectories:,} of {count(impact.trajectories, 'trajectory', 'trajectories')} {verb} it"
    if users.invalid:
        return f"{text}; {users.invalid:,} no longer validate"
    if leaf is None and change.change == "renamed":
        return f"{text}; under the new name all still validate"
    is_input = leaf is not None and leaf.side == "input"
    return f"{text}; all still validate" if is_input else text


def _verb(change: ToolChange, leaf: LeafChange | None) -> str:
    if leaf is None or not leaf.pointer or leaf.change in ("parameter_added", "became_required", "became_optional"):
        return "call"
    if leaf.change in ("default_changed", "rules_changed"):
        return "call"
    return "set" if leaf.side == "input" else "read"


def sum_lines(comparison: Comparison) -> list[str]:
    """Return what all changes together make stale, and what that would cost."""
    impact = comparison.impact
    if not comparison.difference.changes:
        return []
    if not impact.is_known:
        return ["What this makes stale is not known here: no result was built or restored yet"]
    lost = f"; what {impact.lost:,} others read is not known, their trace is not here" if impact.lost else ""
    if not (impact.stale or impact.replayed or impact.wanted):
        return [f"Makes no trajectory, text or checkpoint stale{lost}"]
    of = count(impact.trajectories, "trajectory", "trajectories")
    parts = []
    if impact.stale:
        stale = f"{impact.stale:,} of {of} read what changed"
        if impact.invalid:
            stale += f", {impact.invalid:,} with calls that no longer validate"
        parts.append(stale)
    if impact.replayed:
        parts.append(f"{impact.replayed:,} more are replayed, and kept when the same comes out")
    if impact.wanted:
        parts.append(f"about {impact.wanted:,} new ones")
    lines = [f"Makes stale: {'; '.join(parts)}{lost}"]
    texts = impact.stale_texts + impact.wanted_texts
    if texts:
        lines.append(f"  up to {count(texts, 'text')}{_phases(impact)}")
    lines.append(f"  {_price(impact)}")
    return lines


def _phases(impact: Impact) -> str:
    if not impact.phases:
        return ""
    how = "fresh from the base" if impact.mode == "fresh" else "continued from the last checkpoint"
    kind = "phase" if len(impact.phases) == 1 else "phases"
    return f"; then {kind} {' and '.join(f'`{name}`' for name in impact.phases)}, {how}"


def _price(impact: Impact) -> str:
    time = "no earlier build to go by"
    if impact.seconds is not None:
        time = f"about {duration(impact.seconds)} at most, going by earlier builds"
    if not impact.priced_writers:
        return f"{time}; costs no money: all writers are offline"
    names = ", ".join(f"`{name}`" for name in impact.priced_writers)
    calls = f"up to {count(impact.calls, 'call')} to {names}" if impact.calls else f"no call to {names}"
    return f"{time}; {calls}"
