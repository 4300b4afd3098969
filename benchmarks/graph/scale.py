"""Seconds and memory of the tool graph on synthetic APIs of growing size, and on real ones where they are at hand.

    python benchmarks/graph/scale.py [TOOLS ...]        default: 1000 2500 5000 10000

A synthetic API has six operations for each of its entities: list, get, create, update, delete and one action. Every
answer carries an id, a name, an owner with a name and an e-mail, a status and dates; a third of the entities hang on
another. So the common names meet everywhere, which is what makes all pairs quadratic. Each size has its own process.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SIZES = (1_000, 2_500, 5_000, 10_000)
_TEXT: dict[str, Any] = {"type": "string"}
_ID = {"type": "string", "format": "uuid"}
_PERSON = {"type": "object", "properties": {"id": _ID, "name": _TEXT, "email": {"type": "string", "format": "email"}}}
_PAGE = {"page": {"type": "integer"}, "per_page": {"type": "integer"}, "sort": _TEXT}


def synthetic(count: int) -> list[dict[str, Any]]:
    """Return `count` tools as MCP entries."""
    made: list[dict[str, Any]] = []
    for number in range(-(-count // 6)):
        entity, parent = _entity(number), _entity(number // 3) if number % 3 == 0 and number else ""
        own = {f"{entity}_id": _ID}
        inside = {f"{parent}_id": _ID} if parent else {}
        fields = {"name": _TEXT, "description": _TEXT, "due_date": {"type": "string", "format": "date"}}
        record = {
            "id": _ID,
            **fields,
            **inside,
            "status": {"type": "string", "enum": ["open", "closed"]},
            "owner": _PERSON,
            "created_at": {"type": "string", "format": "date-time"},
            "url": {"type": "string", "format": "uri"},
        }
        rows = {
            "items": {"type": "array", "items": {"type": "object", "properties": record}},
            "total": {"type": "integer"},
        }
        made += [
            _tool(f"list_{entity}s", {**inside, **_PAGE}, inside, rows),
            _tool(f"get_{entity}", own, own, record),
            _tool(f"create_{entity}", {**inside, **fields, "owner_email": _TEXT}, {**inside, "name": _TEXT}, record),
            _tool(f"update_{entity}", {**own, **fields}, own, record),
            _tool(f"delete_{entity}", own, own, {"is_deleted": {"type": "boolean"}}),
            _tool(
                f"assign_{entity}",
                {**own, "owner_id": _ID, "name": _TEXT},
                {**own, "owner_id": _ID, "name": _TEXT},
                record,
            ),
        ]
    return made[:count]


def _entity(number: int) -> str:
    """Return a word of its own for each number, without digits: those would be words of their own."""
    syllables = ("ba", "ke", "di", "fo", "gu", "ha", "le", "mi", "no", "pu", "ra", "se", "ti", "vo", "wu", "za")
    word = "q"
    for _ in range(4):
        number, rest = divmod(number, len(syllables))
        word += syllables[rest]
    return word + "t"


def _tool(name: str, taken: dict[str, Any], required: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "inputSchema": {"type": "object", "properties": taken, "required": sorted(required)},
        "outputSchema": {"type": "object", "properties": given},
    }


def measure(count: int) -> dict[str, float]:
    """Build catalog and graph once in this process."""
    from loopbuild.records import DeclaredTool, Listing
    from loopbuild.stages.catalog.canonical import build_catalog
    from loopbuild.stages.toolgraph.build import build_graph

    listing = Listing(
        source="api",
        tools=tuple(
            DeclaredTool(
                source="api",
                name=entry["name"],
                input_schema=entry["inputSchema"],
                output_schema=entry["outputSchema"],
                output_origin="declared",
            )
            for entry in synthetic(count)
        ),
    )
    started = time.process_time()
    catalog = build_catalog([listing])
    middle = time.process_time()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    graph = build_graph(catalog, {})
    return {
        "tools": len(catalog.tools),
        "outputs": sum(len(tool.outputs) for tool in catalog.tools),
        "inputs": sum(len(tool.inputs) for tool in catalog.tools),
        "catalog_seconds": middle - started,
        "graph_seconds": time.process_time() - middle,
        "edges": len(graph.edges),
        "catalog_mib": before / 1024,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Print one line per size, and by which power of the size the time grows."""
    if "--one" in sys.argv:
        print(json.dumps(measure(int(sys.argv[-1]))))
        return
    sizes = [int(word) for word in sys.argv[1:] if word.isdigit()] or list(SIZES)
    heads = ("tools", "outputs", "inputs", "edges", "catalog s", "graph s", "us per tool", "peak MiB")
    print(" ".join(f"{head:>11}" for head in heads))
    for size in sizes:
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(size)], capture_output=True, text=True, check=True
        )
        row = json.loads(done.stdout)
        each = 1e6 * row["graph_seconds"] / row["tools"]
        counts = [f"{int(row[name]):11,}" for name in ("tools", "outputs", "inputs", "edges")]
        figures = [row["catalog_seconds"], row["graph_seconds"]]
        print(*counts, *(f"{value:11.2f}" for value in figures), f"{each:11.0f} {row['peak_mib']:11.0f}")


if __name__ == "__main__":
    main()
