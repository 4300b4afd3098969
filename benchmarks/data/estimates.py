"""What `diff`, `check`, `plan` and `status` say a change makes stale, beside what the build then did.

    python benchmarks/data/estimates.py [EXAMPLE]

The trajectories of an example are sampled once; each change is made alone and built. `made` are rows that came to be or
came to other bytes, `kept` rows the build left or proved, `gone` rows it no longer wants.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.common import machine, project
from benchmarks.data.one_leaf import bytes_of
from loopbuild.pipeline.builds import open_project

Change = Callable[[Path], None]
TABLES = "trajectories:"


def replaced(file: str, old: str, new: str) -> Change:
    """Return a change of one text in one file."""

    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text, (file, old)
        (root / file).write_text(text.replace(old, new, 1))

    return change


def added(file: str, entry: dict[str, Any]) -> Change:
    """Return a change that adds a tool to a file of plain entries."""

    def change(root: Path) -> None:
        tools = json.loads((root / file).read_text())
        (root / file).write_text(json.dumps([*tools, entry], indent=2))

    return change


def put(*files: str) -> Change:
    """Return a change that puts files of `next/` in place."""

    def change(root: Path) -> None:
        for name in files:
            shutil.copy(root / "next" / name, root / "tools" / name)

    return change


CHANGES: dict[str, dict[str, Change]] = {
    "hr": {"next version": put("hr.json")},
    "enterprise": {
        "required parameter": put("calendar.json"),
        "renamed tool": replaced("tools/tickets.json", '"find_ticket_comments"', '"list_ticket_comments"'),
        "removed value": replaced("tools/tickets.json", '"solved", "duplicate", ', '"solved", '),
        "new tool": added(
            "tools/projects.json",
            {
                "name": "archive_task",
                "description": "Put a finished task away.",
                "parameters": {"task_id": "string"},
                "returns": {"status": "string"},
            },
        ),
        "next version": put("tickets.json", "calendar.json"),
    },
}


def main() -> None:
    """Print one line for each change and verb."""
    name = sys.argv[1] if sys.argv[1:] else "enterprise"
    with project(name) as root:
        said(root, "build", TABLES)
        print(f"{machine()}: examples/{name}")
        kept = root.with_name("kept")
        shutil.copytree(root, kept, symlinks=True)
        for title, change in CHANGES[name].items():
            shutil.rmtree(root)
            shutil.copytree(kept, root, symlinks=True)
            change(root)
            print(title)
            for verb, amounts in estimates(root).items():
                print(f"  {verb:<7} {told(amounts)}")
            print(f"  {'build':<7} {told(built(root))}")


def estimates(root: Path) -> dict[str, dict[str, int]]:
    """Return what each verb says."""
    return {
        "diff": json.loads(said(root, "diff", "--json"))["stale"]["trajectories"],
        "check": json.loads(said(root, "check", "--json"))["projects"][0]["diff"]["stale"]["trajectories"],
        "plan": json.loads(said(root, "plan", TABLES, "--json"))["trajectories"],
        "status": json.loads(said(root, "status", "--json"))["trajectories"],
    }


def built(root: Path) -> dict[str, int]:
    """Build, and return what became of the rows."""
    before = rows(root)
    said(root, "build", TABLES)
    after = rows(root)
    new = len(after.keys() - before.keys())
    other = sum(after[key] != before[key] for key in after.keys() & before.keys())
    return {
        "wanted": len(after),
        "kept": len(after) - new - other,
        "new": new,
        "other bytes": other,
        "gone": len(before.keys() - after.keys()),
    }


def rows(root: Path) -> dict[str, str]:
    """Return row key -> digest; a row may move to another table."""
    return {place.rpartition("#")[2]: digest for place, digest in bytes_of(open_project(str(root)), TABLES).items()}


def told(amounts: dict[str, int]) -> str:
    """Return the numbers all of them have, and those of the build."""
    names = ("wanted", "kept", "check", "invalid", "new", "gone", "other bytes", "least", "most")
    return ", ".join(f"{name} {amounts[name]:,}" for name in names if name in amounts)


def said(root: Path, *arguments: str) -> str:
    """Return what a command prints; `diff` and `check` end with 1 where something breaks."""
    command = [sys.executable, "-m", "loopbuild", "--project", str(root), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode in (0, 1), arguments
    return done.stdout


if __name__ == "__main__":
    main()
