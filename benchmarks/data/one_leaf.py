"""Rows touched after one leaf of 152 tools changed, beside the rows that used the leaf.

The enterprise example, its trajectories and rows built; each change is made alone. `used` is counted in the stored
reads before the change, `touched` is what the next build runs or proves again, `changed` what then has other bytes.

A return leaf stands in the results of every row that called its tool: those that did not use it are replayed too, so
that no row shows an answer its tool no longer gives. `held` counts them; their calls and texts stay.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from benchmarks.common import loopbuild, machine, project
from loopbuild.digest import digest
from loopbuild.engine.query import rows_of
from loopbuild.pipeline.builds import OpenProject, open_project
from loopbuild.records import fact_name

TABLES = ("trajectories:", "rows:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One leaf, or a tool's words, changed in a file."""

    says: str
    file: str
    old: str
    new: str
    tool: str
    side: str = ""
    pointer: str = ""
    """Empty where only words change."""


EDITS = (
    Edit(
        says="a value more", file="tools/code.json", old='"bug", "feature"', new='"bug", "chore", "feature"',
        tool="code/add_issue_label", side="input", pointer="/label",
    ),
    Edit(
        says="a bound moved", file="tools/projects.json", old='"maximum": 12', new='"maximum": 10',
        tool="projects/log_task_time", side="input", pointer="/hours",
    ),
    Edit(
        says="a value less", file="tools/tickets.json", old='"solved", "duplicate", ', new='"solved", ',
        tool="tickets/close_ticket", side="input", pointer="/resolution",
    ),
    Edit(
        says="a bound more", file="tools/calendar.json", old='"seats": { "type": "integer" }',
        new='"seats": { "type": "integer", "maximum": 900 }',
        tool="calendar/list_rooms", side="output", pointer="/rooms/[]/seats",
    ),
    Edit(
        says="words only", file="tools/chat.json", old="Send a message to one employee.",
        new="Write to one employee; nobody else sees it.", tool="chat/send_direct_message",
    ),
)  # fmt: skip


def tables(opened: OpenProject, kind: str) -> list[str]:
    """Return the tables of a kind in force."""
    with opened.workspace.reading() as journal:
        return sorted(name for name in journal.current() if name.startswith(kind))


def bytes_of(opened: OpenProject, kind: str) -> dict[str, str]:
    """Return table and key -> digest of the row."""
    return {
        f"{name}#{key}": digest("benchmark-row", row.output)
        for name in tables(opened, kind)
        for key, row in rows_of(opened.workspace, name).items()
    }


def users(opened: OpenProject, kind: str, edit: Edit) -> int:
    """Return how many rows of a kind read the leaf."""
    if not edit.pointer:
        return 0
    fact = fact_name(edit.tool, edit.side, edit.pointer)
    return sum(fact in row.reads for name in tables(opened, kind) for row in rows_of(opened.workspace, name).values())


def holders(opened: OpenProject, kind: str, edit: Edit) -> int:
    """Return how many rows of a kind use the leaf or show an answer it stands in."""
    if not edit.pointer:
        return 0
    facts = {fact_name(edit.tool, edit.side, edit.pointer)}
    facts |= {fact_name(edit.tool, "returns")} if edit.side == "output" else set()
    return sum(
        not facts.isdisjoint(row.reads)
        for name in tables(opened, kind)
        for row in rows_of(opened.workspace, name).values()
    )


def main() -> None:
    """Print the figures."""
    print(f"one leaf changed, examples/enterprise ({machine()})")
    with project("enterprise") as root:
        _, told = loopbuild(root, "build", "rows:")
        print(told.strip().splitlines()[0])
        for edit in EDITS:
            path = root / edit.file
            original = path.read_text()
            opened = open_project(str(root))
            used = {kind: users(opened, kind, edit) for kind in TABLES}
            held = {kind: holders(opened, kind, edit) for kind in TABLES}
            before = {kind: bytes_of(opened, kind) for kind in TABLES}
            assert edit.old in original, edit
            path.write_text(original.replace(edit.old, edit.new, 1))
            touched = {kind: count(root, kind) for kind in TABLES[:1]}
            loopbuild(root, "build", "rows:")
            opened = open_project(str(root))
            print(f"{edit.tool} {edit.pointer or 'description'}: {edit.says}")
            for kind in TABLES:
                after = bytes_of(opened, kind)
                changed = sum(after.get(key) != value for key, value in before[kind].items())
                looked = ""
                if kind in touched:
                    looked = f", held {held[kind]}, touched {touched[kind]}"
                    looked += f", ratios {ratio(touched[kind], used[kind])} and {ratio(touched[kind], held[kind])}"
                print(f"  {kind:<14} of {len(before[kind]):,}: used {used[kind]}{looked}, other bytes {changed}")
            path.write_text(original)
            loopbuild(root, "build", "rows:")
            assert {kind: bytes_of(open_project(str(root)), kind) for kind in TABLES} == before, (
                "going back came elsewhere"
            )


def count(root: Path, kind: str) -> int:
    """Return how many rows of a kind the next build would run or prove again."""
    _, told = loopbuild(root, "plan", kind, "--json")
    entries = [one for one in json.loads(told)["would"] if one["target"].startswith(kind)]
    return sum((one["rows"] or 0) + one["revalidate"] for one in entries)


def ratio(touched: int, used: int) -> str:
    """Return touched / used; 1 where both are none."""
    return f"{touched / used:.2f}" if used else "1.00" if not touched else "inf"


if __name__ == "__main__":
    main()
