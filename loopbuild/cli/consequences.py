"""What a change makes stale, as lines of text: by change, and in sum."""

from __future__ import annotations

from loopbuild.cli.amounts import amounts_text, course_text, texts_text
from loopbuild.cli.units import count
from loopbuild.digest import short
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
    amounts = impact.amounts
    if not (amounts.most or amounts.gone):
        return [f"Makes no trajectory, text or checkpoint stale{lost}"]
    of = count(impact.trajectories, "trajectory", "trajectories")
    parts = [f"{impact.read:,} of {of} read what changed"] if impact.read else []
    if impact.replayed:
        parts.append(f"{impact.replayed:,} are only replayed, for what a tool returns or a dialogue could go on with")
    if not parts:
        parts.append(f"none of {of} read what changed")
    lines = [f"Makes stale: {'; '.join(parts)}{lost}", f"  {amounts_text(amounts)}"]
    texts = texts_text(amounts, impact.seconds)
    lines += [f"  {texts}"] if texts else []
    if impact.course is not None and impact.phases:
        kind = "phase" if len(impact.phases) == 1 else "phases"
        named = " and ".join(f"`{name}`" for name in impact.phases)
        lines.append(f"  then {kind} {named}: {course_text(impact.course, name=short(impact.course.parent))}")
    lines.append(f"  {_price(impact)}")
    return lines


def _price(impact: Impact) -> str:
    tail = "" if impact.seconds is not None else "no earlier build to go by; "
    if not impact.priced_writers:
        return f"{tail}costs no money: all writers are offline"
    names = ", ".join(f"`{name}`" for name in impact.priced_writers)
    calls = f"up to {count(impact.calls, 'call')} to {names}" if impact.calls else f"no call to {names}"
    return f"{tail}{calls}"
