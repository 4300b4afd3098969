"""How many of the edges of a large API are right, by a sheet labelled by two readers of its documentation.

    python benchmarks/graph/precision.py draw GITHUB.json[.gz]      100 edges of today's graph, without labels
    python benchmarks/graph/precision.py [GITHUB.json[.gz]]         precision, by the committed sheet

Edges are drawn by a fixed seed. Two readers labelled them. To the first, `right` meant that a value of the output is
what the input asks for and could be passed on as it is. The second saw neither the first's labels nor the rule behind
an edge, had the edges in another order, and asked as the author of the API would: the right kind of thing, in the right
scope, in a call that does something? Both let pass the number of an issue that an event refers to, though it may lie
in another repository (10 edges), and did not ask whether the caller has the right to it. Precision is said by each of
them and by both; the last, where an edge is right only when both say so, is the one to quote.

A rule that finds more edges changes the draw. Rows that stay keep their labels; 37, all of them logins, came in with
the rule about whose login it is, and have only been labelled by one reader (`second` is empty). So precision is said of
the rows of two readers alone as well. With the document it is said as well how many of the sheet's edges are still in
the graph, and whether any edge begins at a DELETE.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.openapi import read
from loopbuild.stages.toolgraph.build import build_graph

SHEET = Path(__file__).parent / "github-edges.tsv"
COLUMNS = ("rule", "producer", "output", "consumer", "input", "first", "second")
COUNT, SEED = 100, "fourth sheet"
"""Three sheets before were read while the rules were written; this one was drawn after."""
Edge = tuple[str, ...]
"""Rule, producer, output, consumer, input."""


def edges(path: Path) -> list[Edge]:
    """Return the active edges of a document."""
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    catalog = build_catalog([read("x", content, file=path.name.removesuffix(".gz"), settings={})])
    told = {tool.id: f"{str(tool.transport['method']).upper()} {tool.transport['path']}" for tool in catalog.tools}
    return [
        (edge.rule, told[edge.producer], edge.producer_leaf, told[edge.consumer], edge.consumer_leaf)
        for edge in build_graph(catalog, {}).edges
    ]


def drawn(found: list[Edge]) -> list[Edge]:
    """Return some of the edges, always the same."""
    return sorted(found, key=lambda edge: hashlib.sha256("|".join((SEED, *edge)).encode()).hexdigest())[:COUNT]


def sheet() -> list[dict[str, str]]:
    """Return the committed rows."""
    with SHEET.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def agreement(first: list[bool], second: list[bool]) -> tuple[float, float]:
    """Return the share of edges two readers label alike, and Cohen's kappa: how far that lies above chance."""
    count = len(first)
    alike = sum(one == other for one, other in zip(first, second, strict=True)) / count
    rights = sum(first) / count, sum(second) / count
    chance = rights[0] * rights[1] + (1 - rights[0]) * (1 - rights[1])
    return alike, (alike - chance) / (1 - chance) if chance < 1 else 1.0


def main() -> None:
    """Draw a sheet, or count a labelled one."""
    if sys.argv[1:2] == ["draw"]:
        writer = csv.writer(sys.stdout, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*edge, "", "") for edge in drawn(edges(Path(sys.argv[2]))))
        return
    rows = sheet()
    twice = [row for row in rows if row["second"]]
    first, second = ([row[reader] == "right" for row in twice] for reader in ("first", "second"))
    both = [row["first"] == "right" and row["second"] in ("right", "") for row in rows]
    for name, labels in (
        ("the first reader of two", first),
        ("the second", second),
        ("both", [one and other for one, other in zip(first, second, strict=True)]),
        ("all who labelled it", both),
    ):
        print(f"right by {name}: {sum(labels)} of {len(labels)}, precision {sum(labels) / len(labels):.2f}")
    agreed, kappa = agreement(first, second)
    print(f"the two agree on {agreed:.0%}, Cohen's kappa {kappa:.2f}; aim 0.85 by both")
    counts = Counter(row["rule"] for row in rows)
    wrong = Counter(row["rule"] for row, is_right in zip(rows, both, strict=True) if not is_right)
    print("wrong by rule: " + ", ".join(f"{rule} {wrong[rule]} of {counts[rule]}" for rule in sorted(counts)))
    if len(sys.argv) > 1:
        now = edges(Path(sys.argv[1]))
        known = {edge[1:] for edge in now}
        kept = sum(tuple(row[name] for name in COLUMNS[1:5]) in known for row in rows)
        deleting = sum(edge[1].startswith("DELETE") for edge in now)
        print(f"{kept} of them are among today's {len(now):,} edges, {deleting} of which begin at a DELETE")


if __name__ == "__main__":
    main()
