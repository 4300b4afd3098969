"""How often an edge that a replay calls verified is true: on a planted server, and on the HR platform's own.

    python benchmarks/graph/verified.py

The planted server (`planted.py`) has 20 true and 20 plausible false edges. On the HR platform every text output is
tried on every required text input; true are those whose leaves name the same thing, and no rule would propose most of
the others.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.graph import planted  # noqa: E402
from loopbuild.records import DataFlowEdge, ToolCatalog  # noqa: E402
from loopbuild.sandbox import open_sandbox  # noqa: E402
from loopbuild.stages.catalog.canonical import build_catalog  # noqa: E402
from loopbuild.stages.sources.mcp_dump import read  # noqa: E402
from loopbuild.stages.toolgraph.build import build_graph  # noqa: E402
from loopbuild.stages.toolgraph.evidence import edge_text  # noqa: E402
from loopbuild.stages.toolgraph.replay import Verdict, verify  # noqa: E402

HR = ROOT / "examples" / "hr"
EFFECTS = {"get_*": "read", "list_*": "read", "find_*": "read", "track_*": "read"}


def depot() -> tuple[ToolCatalog, list[DataFlowEdge], list[DataFlowEdge]]:
    """Return the planted server's tools, its true edges and its false ones."""
    content = json.dumps(planted.entries()).encode()
    catalog = build_catalog([read("depot", content, file="depot.json", settings={"effects": EFFECTS})])
    return catalog, list(_edges(planted.TRUE)), list(_edges(planted.FALSE))


def silent_depot() -> tuple[ToolCatalog, list[DataFlowEdge]]:
    """Return the planted server's tools as if they declared no return, and the edges that are guessed of them."""
    entries = [{key: value for key, value in entry.items() if key != "outputSchema"} for entry in planted.entries()]
    content = json.dumps(entries).encode()
    catalog = build_catalog([read("depot", content, file="depot.json", settings={"effects": EFFECTS})])
    return catalog, list(build_graph(catalog, {}).unproven)


def placed(edge: DataFlowEdge, verdict: Verdict) -> str:
    """Return an edge from where its guessed value was found."""
    return edge_text(edge if verdict.place is None else replace(edge, producer_leaf=verdict.place))


def hr() -> tuple[ToolCatalog, list[DataFlowEdge], list[DataFlowEdge]]:
    """Return the HR tools, the pairs of leaves that name the same thing, and all other pairs."""
    content = (HR / "listings" / "hr.json").read_bytes()
    catalog = build_catalog([read("hr", content, file="hr.json", settings={"effects": EFFECTS})])
    true, false = [], []
    for producer in catalog.tools:
        for given in producer.outputs:
            for consumer in catalog.tools:
                for wanted in consumer.inputs:
                    if not wanted.is_required or consumer is producer or wanted.enum or "string" not in given.types:
                        continue
                    edge = _edge(producer.id, given.pointer, consumer.id, wanted.pointer)
                    is_same = given.words == wanted.words and given.entity == wanted.entity
                    (true if is_same else false).append(edge)
    return catalog, true, false


def replayed(
    catalog: ToolCatalog, edges: list[DataFlowEdge], settings: Mapping[str, object], root: Path
) -> tuple[dict[str, Verdict], float]:
    """Return the verdict of each edge, and the seconds it took."""
    source = catalog.tools[0].source
    started = time.monotonic()
    sandbox = open_sandbox(dict(settings), catalog, root=root, environment=dict(os.environ), source=source)
    try:
        found = verify(catalog, edges, sandbox)
    finally:
        sandbox.close()
    return {edge_text(edge): found[_name(edge)] for edge in edges}, time.monotonic() - started


def report(
    name: str, true: list[DataFlowEdge], false: list[DataFlowEdge], found: Mapping[str, Verdict], took: float
) -> None:
    """Print counts, precision and every miss."""
    for what, edges in (("true", true), ("false", false)):
        counts = Counter(found[edge_text(edge)].outcome for edge in edges)
        print(f"  {len(edges)} {what}: {', '.join(f'{count} {outcome}' for outcome, count in counts.most_common())}")
    right = sum(found[edge_text(edge)].outcome == "verified" for edge in true)
    wrong = sum(found[edge_text(edge)].outcome == "verified" for edge in false)
    calls = sum(verdict.calls for verdict in found.values())
    share = right / (right + wrong) if right + wrong else 0.0
    print(f"  {name}: precision of verified {share:.2f}, recall {right / len(true):.2f}; {calls} calls, {took:.0f} s")
    for edge in (*true, *false):
        verdict = found[edge_text(edge)]
        if (verdict.outcome == "verified") != (edge in true):
            print(f"    {edge_text(edge)}: {verdict.outcome}, {verdict.detail}")


def _edges(text: str) -> Iterable[DataFlowEdge]:
    for line in text.strip().splitlines():
        left, _, right = line.partition(" -> ")
        yield _edge(*f"depot/{left}".split("#"), *f"depot/{right}".split("#"))


def _edge(producer: str, given: str, consumer: str, wanted: str) -> DataFlowEdge:
    # No score: an edge under test must not help to test the others before it has proven itself.
    return DataFlowEdge(
        producer=producer, producer_leaf=given, consumer=consumer, consumer_leaf=wanted, score=0.0, rule="planted"
    )


def _name(edge: DataFlowEdge) -> tuple[str, str, str, str]:
    return (edge.producer, edge.producer_leaf, edge.consumer, edge.consumer_leaf)


def main() -> None:
    """Replay both servers."""
    server = [sys.executable, str(Path(planted.__file__).resolve())]
    for name, (catalog, true, false), command, state, root in (
        ("planted", depot(), server, "depot.db", ROOT),
        ("hr", hr(), ["python", "server.py"], "hr.db", HR),
    ):
        print(f"{name}:")
        settings = {"kind": "mcp", "command": command, "state": {"kind": "sqlite", "path": state}}
        found, took = replayed(catalog, [*true, *false], settings, root)
        report(name, true, false, found, took)
        if name == "planted":
            catalog, guesses = silent_depot()
            found, _ = replayed(catalog, guesses, settings, root)
            counts = Counter(found[edge_text(edge)].outcome for edge in guesses)
            told = ", ".join(f"{count} {outcome}" for outcome, count in counts.most_common())
            known = {edge_text(edge) for edge in true}
            named = [placed(edge, found[edge_text(edge)]) in known for edge in guesses]
            print(f"  no return declared: {len(guesses)} guessed edges, {sum(named)} of them among the 20 true: {told}")


if __name__ == "__main__":
    main()
