"""What `loopbuild check` costs for one changed file among 200, beside an interpreter that does nothing.

200 sources of five tools each, their trajectories built, one file changed: a required parameter, a new tool, a reworded
description. No network, and the hook's own command line.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent.parent))
from benchmarks.common import loopbuild, machine, median_cpu, timed

SOURCES = 200
AIM = 0.25
_NOUNS = "order invoice ticket asset policy claim parcel recipe course lesson".split()  # noqa: SIM905


def tools(number: int) -> list[dict[str, Any]]:
    """Five tools about one noun; every source has its own."""
    noun = f"{_NOUNS[number % 10]}{chr(97 + number // 10)}"
    key = f"{noun}_id"
    return [
        {"name": f"list_{noun}s", "description": f"Ids of the {noun}s that are open in a region.",
         "parameters": {"region?": "string"}, "returns": {f"{key}s": ["string"]}},
        {"name": f"get_{noun}", "description": f"State and owner of one {noun}.",
         "parameters": {key: "string"}, "returns": {"status": "string", "owner_name": "string"}},
        {"name": f"create_{noun}", "description": f"Open a new {noun} for a customer.",
         "parameters": {"title": "string", "priority": {"type": "string", "enum": ["low", "high"]}},
         "returns": {key: "string"}},
        {"name": f"assign_{noun}", "description": f"Give one {noun} to a colleague.",
         "parameters": {key: "string", "owner_name": "string"}, "returns": {"status": "string"}},
        {"name": f"close_{noun}", "description": f"Finish one {noun} with a closing remark.",
         "parameters": {key: "string", "note?": "string"}, "returns": {"status": "string"}},
    ]  # fmt: skip


def write(root: Path, count: int = SOURCES) -> None:
    """Write the project."""
    (root / "tools").mkdir()
    lines = ["version: 1", "sampling: {per_tool: 4}", "evaluation: {per_tool: 1}", "sources:"]
    for number in range(count):
        (root / "tools" / f"s{number:03}.json").write_text(json.dumps(tools(number), indent=2))
        lines.append(f"  s{number:03}: {{kind: toolspec, path: tools/s{number:03}.json}}")
    (root / "loop.yaml").write_text("\n".join(lines) + "\n")


def change(root: Path, number: int = 117) -> str:
    """Change one file; return its name."""
    found = tools(number)
    found[3]["parameters"]["reason"] = "string"
    found[1]["description"] += " Closed ones too."
    found.append(
        {"name": "purge_archive", "description": "Drop what is older than a date.", "parameters": {"day": "date"}}
    )
    path = root / "tools" / f"s{number:03}.json"
    path.write_text(json.dumps(found, indent=2))
    return str(path)


def main() -> None:
    """Print the figures."""
    print(f"check, one changed file of {SOURCES} ({machine()})")
    with tempfile.TemporaryDirectory(prefix="loopbuild-benchmark-") as folder:
        root = Path(folder)
        write(root)
        loopbuild(root, "build", "trajectories:")
        changed = change(root)
        command = [sys.executable, "-m", "loopbuild", "check", changed]
        _, screen = timed(command)
        print(screen.strip())
        nothing = median_cpu([sys.executable, "-c", "pass"], runs=15)
        cpu = median_cpu(command, runs=15)
        print(f"check: {cpu:.3f} CPU s, {cpu / nothing:.1f} x `python -c pass` ({nothing:.3f}); aim {AIM}")
        (root / ".loopbuild").rename(root / "elsewhere")
        cpu = median_cpu(command, runs=15)
        print(f"check without results (a clone): {cpu:.3f} CPU s, {cpu / nothing:.1f} x")
        whole = median_cpu([sys.executable, "-m", "loopbuild", "--project", str(root), "check"], runs=3)
        print(f"check of all {SOURCES} files: {whole:.3f} CPU s, {whole / nothing:.1f} x")


if __name__ == "__main__":
    main()
