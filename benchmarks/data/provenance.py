"""Values a row could not know: an independent reader over every kept row of each example, and how rows were verified.

    python benchmarks/data/provenance.py [EXAMPLE ...]

The reader shares no code with the filters. A value of a call is known when a person said it before, when an earlier
result holds it, or when the schema fixes it; a value that a result gave must not stand in the words before that result.
Verified is a row that was executed twice from the start with the same end; by kind of the sandbox its calls ran in.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.common import loopbuild, machine, project
from loopbuild.engine.query import output, targets_in_force
from loopbuild.pipeline.builds import open_project
from loopbuild.pipeline.project import load

EXAMPLES = ("hr", "memory", "enterprise")
_MONTHS = """January February March April May June July August September October November December"""


def main() -> None:
    """Print the figures."""
    print(f"{machine()}; violations: aim 0")
    for name in sys.argv[1:] or EXAMPLES:
        with project(name) as root:
            loopbuild(root, "build", "dataset:")
            report(name, root)


def report(name: str, root: Path) -> None:
    """Print what one built example holds."""
    opened = open_project(str(root))
    rows = [json.loads(line) for line in (root / ".loopbuild/out/dataset/train.jsonl").read_text().splitlines()]
    fixed = constants(output(opened.workspace, "contract:main"))
    walked = {key: row for target in tables(opened, "trajectories") for key, row in target.items() if "steps" in row}
    values = 0
    unknown: list[str] = []
    leaked: list[str] = []
    for row in rows:
        for value, is_known, is_leak in judged(row, fixed, walked.get(row["trajectory"])):
            values += 1
            unknown += [] if is_known else [f"{row['key'][:8]} {value}"]
            leaked += [f"{row['key'][:8]} {value}"] if is_leak else []
    share = f"{(len(unknown) + len(leaked)) / max(1, values):.5f} of the values"
    print(f"{name}: {len(rows):,} rows, {values:,} values; {len(unknown)} unknown, {len(leaked)} given away ({share})")
    for one in [*unknown, *leaked][:5]:
        print(f"  {one}")
    verified(opened)


def judged(row: Any, fixed: set[str], walked: Any) -> Iterator[tuple[str, bool, bool]]:
    """Yield (value, whether it could be known, whether words before its result gave it away)."""
    said, seen = "", set(fixed)
    origins = [call["call"]["provenance"] for call in walked["steps"]] if walked else []
    number = 0
    for message in row["messages"]:
        content = str(message.get("content") or "")
        if message["role"] == "user":
            said += "\n" + content
        elif message["role"] == "tool":
            seen |= {str(one) for one in scalars(json.loads(content))}
            seen.add(str(len(list(scalars(json.loads(content))))))
        for call in message.get("tool_calls") or ():
            provenance = origins[number] if number < len(origins) else {}
            number += 1
            for pointer, value in leaves(call["function"]["arguments"]):
                origin = provenance.get(pointer, {}).get("kind", "")
                is_said = spoken(value, said)
                text = str(value)
                yield (
                    text,
                    is_said or text in seen or origin in ("constant", "derived"),
                    (
                        origin == "tool"
                        and is_said
                        and len(text) > 3
                        and bool(re.search(r"\d", text))
                        and not dated(text)
                    ),
                )


def spoken(value: Any, text: str) -> bool:
    """Return whether a person said a value: as it is, a date in words, underscores as spaces."""
    forms = {str(value).lower() if isinstance(value, bool) else str(value)}
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", str(value))
    if found:
        forms.add(f"{_MONTHS.split()[int(found[2]) - 1]} {int(found[3])}, {found[1]}")
    forms |= {one.replace("_", " ") for one in list(forms)}
    return any(re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in forms)


def dated(text: str) -> bool:
    """Return whether a text is a date or a plain number: such may be said for another reason."""
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d.*|[\d.]+", text))


def leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the scalars of arguments with their pointers."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, f"{pointer}/{name}")
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from leaves(one, f"{pointer}/{place}")
    else:
        yield pointer, value


def scalars(value: Any) -> Iterator[Any]:
    """Yield the scalars of a result."""
    for _, one in leaves(value):
        yield one


def constants(contract: Any) -> set[str]:
    """Return what schemas fix: defaults, and enums of a single value."""
    found = set()
    for tool in contract["tools"]:
        for leaf in tool["inputs"]:
            if len(leaf["enum"]) == 1:
                found.add(str(leaf["enum"][0]))
    return found


def tables(opened: Any, kind: str) -> Iterator[Any]:
    """Yield the rows of each table of a kind."""
    for name in targets_in_force(opened.workspace):
        if name.startswith(f"{kind}:"):
            yield output(opened.workspace, name)["rows"]


def verified(opened: Any) -> None:
    """Print how many rows were verified by kind of sandbox."""
    settings = load(opened.project, environment={}).settings
    kinds = {
        name: (source.get("sandbox") or settings["sandbox"])["kind"] for name, source in settings["sources"].items()
    }
    made: Counter[str] = Counter()
    good: Counter[str] = Counter()
    for rows in tables(opened, "rows"):
        for row in rows.values():
            used = {kinds[tool.partition("/")[0]] for tool in row["example"]["tools"]} or {"none"}
            kind = "+".join(sorted(used))
            made[kind] += 1
            good[kind] += row["verdict"]["kept"] or row["verdict"]["filter"] not in ("execution", "schema", "controls")
    for kind in sorted(made):
        share = good[kind] / made[kind]
        print(f"  {kind}: {good[kind]:,} of {made[kind]:,} rows verified by executing them ({share:.3f})")


if __name__ == "__main__":
    main()
