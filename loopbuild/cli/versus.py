"""The difference between two results of one target as a screen."""

from __future__ import annotations

import json
from dataclasses import asdict

from loopbuild.cli.explanation import MOST, indented, reason_text
from loopbuild.cli.units import count
from loopbuild.digest import short
from loopbuild.engine.versus import RowChanges, Step, Versus
from loopbuild.pipeline.lineage import Learnt


def versus_text(found: Versus, name: str, learnt: Learnt | None) -> str:
    """Return the screen of `loopbuild why TARGET --vs REF`; `name` is what the older result is called."""
    is_same = found.old.output == found.new.output
    if found.old.key == found.new.key:
        return f"{found.target} has the same key and {'the same' if is_same else 'other'} bytes as in {name}"
    lines = [f"{found.target} has another key than in {name}, and {'the same' if is_same else 'other'} bytes"]
    quiet = [step for step in found.path[:-1] if not step.rows and not step.is_lost]
    own = [reason_text(one) for step in quiet for one in step.reasons if one.kind != "target"]
    depth = 1
    lines += indented(_cut(own), depth)
    depth += bool(own)
    if quiet:
        lines += indented([f"{', '.join(step.target for step in quiet)}  other bytes"], depth)
        depth += 1
    for step in found.path:
        if step not in quiet:
            lines += indented(_step(step), depth)
            depth += 1
    if found.others:
        lines.append(f"  and by way of {count(found.others, 'other target')}")
    lines.append(f"{name}: key {short(found.old.key)}, bytes {short(found.old.output)}")
    lines.append(f"in force: key {short(found.new.key)}, bytes {short(found.new.output)}")
    if learnt is not None:
        lines.append(f"has seen {learnt.more:,} rows more, {learnt.other:,} with other content, {learnt.fewer:,} fewer")
    return "\n".join(lines)


def versus_json(found: Versus, name: str, learnt: Learnt | None) -> str:
    """Return the same as data, in the codes that the screen has words for."""
    told = {
        "target": found.target,
        "versus": name,
        "old": {"key": found.old.key, "output": found.old.output},
        "new": {"key": found.new.key, "output": found.new.output},
        "is_same_key": found.old.key == found.new.key,
        "is_same_output": found.old.output == found.new.output,
        "path": [asdict(step) for step in found.path],
        "others": found.others,
        "learnt": asdict(learnt) if learnt is not None else None,
    }
    return json.dumps(told, sort_keys=True, default=str)


def _step(step: Step) -> list[str]:
    if step.is_lost:
        return [f"{step.target}  other bytes; what it was made from is not known here any more"]
    rows = f"  {_rows(step.rows)}" if step.rows else "  the same bytes" if step.is_same_output else "  other bytes"
    own = [reason_text(reason) for reason in step.reasons if reason.kind != "target" or reason.code != "upstream_stale"]
    facts = [reason_text(reason) for reason in step.rows.reasons] if step.rows else []
    unread = step.rows.unread if step.rows else ()
    more = f" and {count(len(unread) - 1, 'other fact')}" if len(unread) > 1 else ""
    tail = [f"read {unread[0]}{more}, which no row reads now"] if unread else []
    return [f"{step.target}{rows}", *(f"  {line}" for line in [*_cut([*own, *facts]), *tail])]


def _rows(rows: RowChanges) -> str:
    parts = [f"{rows.changed:,} of {rows.total:,} rows differ"]
    parts += [f"{rows.added:,} new"] if rows.added else []
    parts += [f"{rows.gone:,} gone"] if rows.gone else []
    return ", ".join(parts)


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= MOST else [*lines[:MOST], f"and {len(lines) - MOST} more"]
