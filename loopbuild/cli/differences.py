"""A comparison as screens: text by tool, JSON, a Markdown comment, annotations."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from loopbuild.cli.amounts import amounts_json
from loopbuild.cli.annotations import Annotation, commands
from loopbuild.cli.changes import MOST_PADDED, change_rows
from loopbuild.cli.consequences import sum_lines, users_line
from loopbuild.cli.folding import fold_rows, folded
from loopbuild.cli.units import count, table
from loopbuild.pipeline.comparing import Comparison, Meaning, meaning_of
from loopbuild.records import GRAVITY, LeafChange, Span, ToolChange

VERSION = 1
MOST_CHARACTERS = 65_536
"""What code hosts take as one comment."""
MOST_ROWS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One change: of a tool as a whole, or of a leaf."""

    change: ToolChange
    leaf: LeafChange | None
    place: tuple[int, int]
    meaning: Meaning
    sentence: str
    """Without its tool."""
    users: str
    comparison: Comparison
    root: str

    def span(self) -> Span | None:
        """Return where it stands, seen from the current folder when a root was given; not for what is not shown."""
        found = self.comparison.span(*self.place)
        return here(found, self.root) if self.root else found


def items(comparison: Comparison, *, root: str = "") -> Iterator[Item]:
    """Yield what changed one by one, by tool; places are seen from the current folder when `root` is given."""
    for at, change in enumerate(comparison.difference.changes):
        leaves: list[LeafChange | None] = [*change.leaves]
        for leaf_at, leaf in enumerate([None, *leaves] if change.change != "changed" else leaves):
            place = (at, leaf_at - (change.change != "changed"))
            yield Item(
                change=change,
                leaf=leaf,
                place=place,
                meaning=meaning_of(change, leaf),
                sentence=_sentence(change, leaf),
                users=users_line(comparison, *place),
                comparison=comparison,
                root=root,
            )


def counted(comparison: Comparison) -> str:
    """Return `2 breaking, 1 compatible, 1 doc`; empty when nothing changed."""
    found: dict[str, int] = {}
    for item in items(comparison):
        found[item.meaning.level] = found.get(item.meaning.level, 0) + 1
    return _by_level(found)


def _by_level(found: Mapping[str, int]) -> str:
    return ", ".join(f"{found[level]:,} {level}" for level in GRAVITY if level in found)


def diff_text(comparison: Comparison, *, everything: bool = False) -> str:
    """Return the screen of `loopbuild diff`: the total, what changed, below each tool who reads it, and the sum.

    What happened alike in many tools is one line and what is too much is counted, unless `everything` is asked for.
    """
    shown = folded(comparison, everything=everything)
    cells = [change_rows(change) for _, change in shown.blocks]
    told = [*(row for rows in cells for row in rows), *map(fold_rows, shown.folds)]
    left = iter(table(told, most=MOST_PADDED).splitlines())
    lines = [_total(comparison)]
    for (at, _), rows in zip(shown.blocks, cells, strict=True):
        lines += islice(left, len(rows))
        lines += _below(comparison, at)
    lines += left
    if shown.left_out:
        more = count(shown.left_out.total(), "more change")
        lines.append(f"{more} ({_by_level(shown.left_out)}): `--all` or `--json` lists them")
    lines += [f"note: {note}" for note in (*comparison.difference.notes, *comparison.notes)]
    return "\n".join([*lines, *sum_lines(comparison)])


def _total(comparison: Comparison) -> str:
    """Return `7 changes in 4 of 12 tools (1 added, 1 removed): 2 breaking, 5 doc`."""
    changes = comparison.difference.changes
    ways = Counter(change.change for change in changes)
    whole = ", ".join(f"{ways[way]:,} {way}" for way in ("added", "removed", "renamed") if ways[way])
    number = sum(1 for _ in items(comparison))
    tools = f"{len(changes):,} of {count(comparison.tools, 'tool')}"
    return f"{count(number, 'change')} in {tools}{f' ({whole})' if whole else ''}: {counted(comparison)}"


def diff_json(comparison: Comparison) -> str:
    """Return everything as data."""
    impact = comparison.impact
    found: dict[str, Any] = {
        "version": VERSION,
        "base": comparison.base,
        "tools": comparison.tools,
        "changes": [_item_json(comparison, item) for item in items(comparison)],
        "notes": [*comparison.difference.notes, *comparison.notes],
        "errors": [error.message for error in comparison.errors],
        "stale": {
            "is_known": impact.is_known,
            "trajectories": amounts_json(impact.amounts)
            | {
                "of": impact.trajectories,
                "read": impact.read,
                "gone": impact.amounts.gone,
                "replayed": impact.replayed,
                "by_whole_tools": impact.whole,
            },
            "training_rows": impact.training,
            "targets": list(impact.tables),
            "phases": list(impact.phases),
            "training": impact.course.mode if impact.course else None,
        },
        "cost": {"seconds": impact.seconds, "calls": impact.calls, "writers": list(impact.priced_writers)},
    }
    return json.dumps(found, indent=2, sort_keys=True)


def diff_markdown(comparison: Comparison) -> str:
    """Return a comment for a pull request: counts first, the table folded, never longer than a comment may be."""
    against = f" against `{_cell(comparison.base)}`" if comparison.base else ""
    blocks = [f"### Tools{against}"]
    blocks += [f"- Cannot be read: {_cell(error.message)}" for error in comparison.errors]
    if comparison.errors and not comparison.tools and not comparison.difference.changes:
        return "\n\n".join(blocks)
    if not comparison.difference.changes:
        return "\n\n".join([*blocks, f"No change in {count(comparison.tools, 'tool')}."])
    tools = count(len(comparison.difference.changes), "tool")
    blocks.append(f"**{counted(comparison)}**, in {tools} of {comparison.tools:,}.")
    blocks += ["\n".join(f"- {line.strip()}" for line in sum_lines(comparison))]
    rows = sorted(items(comparison), key=lambda item: GRAVITY.index(item.meaning.level))
    shown = [f"| {' | '.join(_row(item))} |" for item in rows[:MOST_ROWS]]
    more = [f"and {count(len(rows) - MOST_ROWS, 'more change')}"] if len(rows) > MOST_ROWS else []
    head = "| level | tool | change | rows | place |\n| --- | --- | --- | --- | --- |"
    tail = "\n".join(["", *more, "", "</details>"]) if more else "\n\n</details>"
    body = f"<details><summary>{count(len(rows), 'change')}</summary>\n\n{head}\n"
    room = MOST_CHARACTERS - sum(map(len, blocks)) - len(body) - len(tail) - 400
    kept = []
    for line in shown:
        room -= len(line) + 1
        if room < 0:
            kept.append("| | | and more | | |")
            break
        kept.append(line)
    blocks.append(body + "\n".join(kept) + tail)
    notes = [f"- {_cell(note)}" for note in (*comparison.difference.notes, *comparison.notes)]
    return "\n\n".join([*blocks, "\n".join(notes[:20])] if notes else blocks)


def diff_github(comparison: Comparison, *, root: str) -> str:
    """Return the changes as workflow commands, and the sum as plain lines of the log."""
    found = [annotation_of(item) for item in items(comparison, root=root)]
    found += [Annotation(level="error", title="unreadable", message=error.message) for error in comparison.errors]
    summary = sum_lines(comparison) if comparison.difference.changes else []
    if not comparison.difference.changes and (comparison.tools or not comparison.errors):
        summary = [f"No change in {count(comparison.tools, 'tool')}"]
    return "\n".join([*commands(found), *summary])


def annotation_of(item: Item) -> Annotation:
    """Return one change as an annotation."""
    message = f"{item.change.tool}: {item.sentence}" + (f"\n{item.users}" if item.users else "")
    return Annotation(level=item.meaning.level, title=item.meaning.name, message=message, place=item.span)


def here(span: Span | None, root: str) -> Span | None:
    """Return a place with its file as seen from the current folder: what an editor or a log can open."""
    if span is None or not span.file:
        return span
    return replace(span, file=os.path.relpath(f"{root}/{span.file}"))


def _below(comparison: Comparison, at: int) -> list[str]:
    if at < 0:
        return []
    change = comparison.difference.changes[at]
    told = dict.fromkeys([change.why, *(users_line(comparison, at, one) for one in range(-1, len(change.leaves)))])
    return [f"     {line}" for line in told if line]


def _sentence(change: ToolChange, leaf: LeafChange | None) -> str:
    if leaf is not None:
        name = f"`{leaf.pointer[1:]}`"
        where = f"{leaf.side} {name}: " if leaf.pointer and name not in leaf.detail else ""
        verb = " changed" if leaf.level == "doc" else ""
        return where + (leaf.detail or leaf.change.replace("_", " ")) + verb
    if change.change == "renamed":
        return f"renamed from `{change.old_tool.partition('/')[2]}` ({change.score:.2f}: {change.why})"
    return change.change


def _item_json(comparison: Comparison, item: Item) -> dict[str, Any]:
    users = comparison.impact.users.get(item.place)
    leaf, span = item.leaf, item.span()
    found: dict[str, Any] = {
        "tool": item.change.tool,
        "class": item.meaning.name,
        "level": item.meaning.level,
        "detail": item.sentence,
        "stale": list(item.meaning.stale),
        "action": item.meaning.action,
        "span": {"file": span.file, "line": span.line, "column": span.column} if span else None,
        "rows": {"trajectories": users.trajectories, "invalid": users.invalid} if users else None,
        "was": item.change.old_tool,
        "score": item.change.score if item.change.old_tool else None,
        "why": item.change.why,
        "side": leaf.side if leaf is not None else "",
        "pointer": leaf.pointer if leaf is not None else "",
        "old": leaf.old if leaf is not None else None,
        "new": leaf.new if leaf is not None else None,
        "concerns": list(leaf.concerns) if leaf is not None else [],
    }
    return found


def _row(item: Item) -> list[str]:
    span = item.span()
    place = f"{span.file}:{span.line}" if span and span.line else ""
    cells = [item.meaning.level, f"`{item.change.tool}`", item.sentence, item.users, place]
    return [_cell(cell) for cell in cells]


def _cell(text: str) -> str:
    """Return foreign text for a cell: no column, line, tag, link or mention of its own."""
    flat = " ".join(text.split())
    for character in ("\\", "|", "<", ">", "[", "]", "@", "*", "~"):
        flat = flat.replace(character, f"\\{character}" if character not in "<>@" else f"&#{ord(character)};")
    return flat
