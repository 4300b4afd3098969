"""Edges against the gold references of NESTFUL: precision, recall, F1 of the graph and of the rules others use.

    python benchmarks/graph/edges.py FOLDER

FOLDER holds data and specs of `executable` and `non-executable-sgd` (IBM/NESTFUL, Apache-2.0). The threshold is chosen
on one half of the tool pairs and reported on the other, both ways round; the counts of the two held-out halves are
added. The rules and word lists were written with both sets in view: only the threshold is held out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from benchmarks.graph.nestful import SETS, Question, catalog_of, path_of, questions
from loopbuild.records import DataFlowEdge, SchemaLeaf, ToolCatalog, ToolSchema
from loopbuild.stages.catalog.words import words_of
from loopbuild.stages.toolgraph.build import MIN_SCORE, build_graph
from loopbuild.stages.toolgraph.guesses import may_lie_at

THRESHOLDS = (0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What one rule did on some questions."""

    right: int = 0
    proposed: int = 0
    wanted: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            right=self.right + other.right, proposed=self.proposed + other.proposed, wanted=self.wanted + other.wanted
        )

    @property
    def precision(self) -> float:
        """Share of proposals that are the gold leaf of the gold tool."""
        return self.right / self.proposed if self.proposed else 0.0

    @property
    def recall(self) -> float:
        """Share of references that were proposed."""
        return self.right / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of both."""
        return 2 * self.right / (self.proposed + self.wanted) if self.proposed + self.wanted else 0.0


Answer = Callable[[Question], tuple[str, str] | None]


def count(asked: Sequence[Question], answer: Answer) -> Counts:
    """Put every question to a rule."""
    right = proposed = 0
    for question in asked:
        said = answer(question)
        proposed += said is not None
        right += said is not None and said == question.gold
    return Counts(right=right, proposed=proposed, wanted=sum(question.gold is not None for question in asked))


def by_edges(edges: Sequence[DataFlowEdge]) -> Answer:
    """The best edge into the argument from any call before; among equals from the first call that has one."""
    into: dict[tuple[str, str], list[DataFlowEdge]] = {}
    for edge in edges:
        into.setdefault((edge.consumer, path_of(edge.consumer_leaf)), []).append(edge)

    def answer(question: Question) -> tuple[str, str] | None:
        found = [
            (-edge.score, question.earlier.index(edge.producer), at, edge)
            for at, edge in enumerate(into.get((question.consumer, question.parameter), ()))
            if edge.producer in question.earlier
        ]
        if not found:
            return None
        edge = min(found, key=lambda item: item[:3])[3]
        return edge.producer, path_of(edge.producer_leaf)

    return answer


def by_name(catalog: ToolCatalog, fits: Callable[[str, str], bool]) -> Answer:
    """The rules most tools use: two names that are equal, or one in the other; the first call that has one."""
    tools = catalog.by_id()

    def answer(question: Question) -> tuple[str, str] | None:
        wanted = question.parameter.rpartition(".")[2]
        for producer in question.earlier:
            for leaf in tools[producer].outputs:
                path = path_of(leaf.pointer)
                if fits(path.rpartition(".")[2], wanted):
                    return producer, path
        return None

    return answer


def _equal(one: str, other: str) -> bool:
    return one == other


def _normalised(one: str, other: str) -> bool:
    return words_of(one) == words_of(other)


def _substring(one: str, other: str) -> bool:
    given, wanted = one.casefold(), other.casefold()
    return given in wanted or wanted in given


def held_out(asked: Sequence[Question], answers: dict[float, Answer]) -> tuple[Counts, list[float]]:
    """Choose the threshold on one half (the nearest to the default of equals), count on the other, both ways round."""
    total, chosen = Counts(), []
    for half in (0, 1):
        tuning = [question for question in asked if question.half != half]
        best = max(answers, key=lambda threshold: (count(tuning, answers[threshold]).f1, -abs(threshold - MIN_SCORE)))
        chosen.append(best)
        total += count([question for question in asked if question.half == half], answers[best])
    return total, chosen


def report(folder: Path, name: str) -> None:
    """Print the table of one set."""
    catalog = catalog_of(folder, name)
    asked = questions(folder, name)
    references = [question for question in asked if question.gold]
    known = {(tool.id, path_of(leaf.pointer)) for tool in catalog.tools for leaf in tool.outputs}
    declared = sum(question.gold in known for question in references)
    print(
        f"{name}: {len(catalog.tools)} tools, {len(asked) - len(references)} literals, {len(references)} references, "
        f"{declared} of them to a declared output"
    )
    print(f"  {'':34} {'precision':>9} {'recall':>7} {'F1':>5}  edges per tool")
    for rule, fits in (("exact name", _equal), ("normalised name", _normalised), ("substring", _substring)):
        _line(rule, count(asked, by_name(catalog, fits)), _per_tool(catalog, fits))
    graphs = {threshold: build_graph(catalog, {"min_score": threshold}) for threshold in THRESHOLDS}
    answers = {threshold: by_edges(found.edges) for threshold, found in graphs.items()}
    total, chosen = held_out(asked, answers)
    _line(f"graph, held out ({' and '.join(f'{value:g}' for value in chosen)})", total, None)
    for threshold in THRESHOLDS:
        edges = len(graphs[threshold].edges) / len(catalog.tools)
        _line(f"graph at {threshold:g}, in sample", count(asked, answers[threshold]), edges)
    _guessed(folder, name, asked)


def _guessed(folder: Path, name: str, asked: Sequence[Question]) -> None:
    """Print what guesses bring where no tool declares what it returns, as most servers do.

    A guess says which tool and by which name, not where in the answer: it is right where the name fits the gold place.
    """
    catalog = catalog_of(folder, name, is_silent=True)
    graph = build_graph(catalog, {})
    guesses = {(tool.id, path_of(leaf.pointer)): leaf for tool in catalog.tools for leaf in tool.guesses}
    answer = by_edges(graph.unproven)

    def placed(question: Question) -> tuple[str, str] | None:
        said = answer(question)
        is_there = said is not None and question.gold is not None and said[0] == question.gold[0]
        if said is not None and question.gold is not None and is_there:
            fits = may_lie_at(guesses[said], "/" + question.gold[1].replace(".", "/"))
            return question.gold if fits else said
        return said

    _line("no returns declared: sampled", count(asked, by_edges(graph.edges)), len(graph.edges) / len(catalog.tools))
    _line("no returns declared: guessed", count(asked, placed), len(graph.unproven) / len(catalog.tools))


def _per_tool(catalog: ToolCatalog, fits: Callable[[str, str], bool]) -> float:
    def last(leaf: SchemaLeaf) -> str:
        return path_of(leaf.pointer).rpartition(".")[2]

    def pairs(producer: ToolSchema, consumer: ToolSchema) -> int:
        return sum(fits(last(one), last(other)) for one in producer.outputs for other in consumer.inputs)

    tools = catalog.tools
    return sum(pairs(one, other) for one in tools for other in tools if one.id != other.id) / len(tools)


def _line(what: str, counts: Counts, edges: float | None) -> None:
    share = f"{counts.precision:9.2f} {counts.recall:7.2f} {counts.f1:5.2f}"
    print(f"  {what:34} {share}  {'' if edges is None else f'{edges:.1f}'}")


def main() -> None:
    """Print the figures of both sets; without the data say so."""
    given = sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir() else os.environ.get("NESTFUL", "")
    if not given:
        print("skipped: give the folder with NESTFUL's files, as an argument or in NESTFUL")
        return
    for name in SETS:
        report(Path(given), name)


if __name__ == "__main__":
    main()
