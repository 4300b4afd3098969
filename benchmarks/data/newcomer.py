"""Rows of other tools that one more tool changes, in a sandbox whose worlds are made up.

    python benchmarks/data/newcomer.py [EXAMPLE]

The trajectories of examples/enterprise are sampled; then, one at a time, a tool is added that lists the ids of an
entity and spells them as numbers, as UUIDs, after a pattern, or as everybody does. `touched` are rows that read what it
changed, `changed` those that no longer replay to the same bytes.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks.common import loopbuild, machine, project
from loopbuild.engine.query import output, rows_of
from loopbuild.pipeline.builds import OpenProject, open_project
from loopbuild.records import ToolCatalog, ToolSchema, Trajectory, from_json
from loopbuild.sandbox import open_sandboxes
from loopbuild.sandbox.simulated.meaning import meanings
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sampling.replay import ReplayFault, replay
from loopbuild.stages.sources.toolspec import read

SPELLINGS: dict[str, dict[str, Any]] = {
    "numbers": {"type": "integer"},
    "UUIDs": {"type": "string", "format": "uuid"},
    "a pattern": {"type": "string", "pattern": "^X[0-9]{6}$"},
    "everybody does": {"type": "string"},
}


def main() -> None:
    """Print the figures."""
    name = sys.argv[1] if sys.argv[1:] else "enterprise"
    with project(name) as root:
        loopbuild(root, "build", "trajectories:")
        opened = open_project(str(root))
        catalog = from_json(ToolCatalog, output(opened.workspace, "contract:main"))
        walked = list(trajectories(opened))
        print(f"{machine()}: examples/{name}, {len(walked):,} trajectories")
        totals: dict[str, Counter[str]] = {one: Counter() for one in SPELLINGS}
        for source, entity in sorted(entities(catalog)):
            held = [one for one in walked if source in {step.call.tool.partition("/")[0] for step in one.steps}]
            for spelled, schema in SPELLINGS.items():
                count = totals[spelled]
                count["tools"] += 1
                count.update(moved(catalog, newcomer(source, entity, schema), held))
        for spelled, count in totals.items():
            told = f"touched {count['touched']}, changed {count['changed']}"
            print(f"  {count['tools']} tools that list ids, spelled as {spelled}: {count['rows']:,} rows: {told}")


def trajectories(opened: OpenProject) -> Iterator[Trajectory]:
    """Yield what was reached."""
    with opened.workspace.reading() as journal:
        names = sorted(name for name in journal.current() if name.startswith("trajectories:"))
    for name in names:
        for _, row in sorted(rows_of(opened.workspace, name).items()):
            if "unreachable" not in row.output:
                yield from_json(Trajectory, row.output)


def entities(catalog: ToolCatalog) -> set[tuple[str, str]]:
    """Return the sources with the entities they show ids of."""
    return {(tool.source, leaf.entity) for tool in catalog.tools for leaf in tool.outputs if leaf.kind == "id"}


def newcomer(source: str, entity: str, schema: dict[str, Any]) -> ToolSchema:
    """Return a tool that lists the ids of an entity."""
    name = entity.replace(" ", "_")
    returns = {f"{name}_ids": {"type": "array", "items": schema}}
    entry = {"name": f"all_{name}s_there_are", "parameters": {}, "returns": returns}
    return build_catalog([read(source, json.dumps([entry]).encode(), file="new.json", settings={})]).tools[0]


def moved(catalog: ToolCatalog, tool: ToolSchema, held: list[Trajectory]) -> Counter[str]:
    """Count the rows that one more tool touches or changes."""
    wider = ToolCatalog(tools=(*catalog.tools, tool))
    before, after = meanings(catalog, {}), meanings(wider, {})
    settings = {one.source: {"kind": "simulated", "fixtures": 16} for one in catalog.tools}
    sandbox = open_sandboxes(settings, wider, root=Path.cwd(), environment={})
    count: Counter[str] = Counter(rows=len(held))
    for old in held:
        called = {step.call.tool for step in old.steps}
        outcome = replay(old, catalog=wider, sandbox=sandbox)
        count["touched"] += any(before[name] != after[name] for name in called)
        count["changed"] += isinstance(outcome, ReplayFault) or outcome.digest != old.digest
    sandbox.close()
    return count


if __name__ == "__main__":
    main()
