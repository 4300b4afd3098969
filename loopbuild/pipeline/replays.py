"""`loopbuild graph --verify`: the edges of a project replayed in its real sandboxes, and graph.lock written.

Decides which edges are tried and where: those of the graph, weaker ones for inputs nothing else feeds, none in the
simulated sandbox, whose answers come from the same names. What still stands in graph.lock is not tried again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from loopbuild.digest import digest, digest_bytes
from loopbuild.engine.target import Json
from loopbuild.errors import StoreError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.proposing import with_proposed
from loopbuild.pipeline.sandbox_settings import identity_of, live_settings, sandbox_files
from loopbuild.pipeline.targets import EVIDENCE
from loopbuild.pipeline.tools import CurrentTools, current_tools
from loopbuild.records import DataFlowEdge, EdgeEvidence, ToolCatalog, ToolGraph

WEAKEST = 0.4
"""Edges from here on are tried; below a name says nothing."""
_PASSES = 3
_SETTLED = ("verified", "rejected", "uninformative")


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What graph.lock says now."""

    evidence: tuple[EdgeEvidence, ...]
    tried: int
    calls: int
    simulated: tuple[str, ...]
    """Sources whose sandbox can prove nothing."""


Tell = Callable[[EdgeEvidence], None]


def replay_edges(opened: OpenProject, *, tell: Tell, proposals: str = "") -> Replayed:
    """Replay what graph.lock does not answer yet and write it; raises SandboxError when a server cannot be started.

    `proposals` are further edges, one a line, as text; of these only the verified and the rejected are written down, of
    what a model proposed (`graph.propose`) everything.
    """
    from loopbuild.stages.toolgraph.evidence import write_evidence

    root = opened.project.root
    tools = with_proposed(opened, current_tools(opened))
    before = tools.evidence
    work = _Work(tools, root, tell, _proposed(tools.catalog, proposals))
    kept = work.standing(before)
    for _ in range(_PASSES):
        fresh = work.replay(kept)
        if not fresh:
            break
        kept += fresh
    shown = work.lines(kept)
    path = root / EVIDENCE
    if shown or path.exists():
        partial = path.with_name(EVIDENCE + ".partial")
        try:
            partial.write_bytes(write_evidence(shown))
            partial.replace(path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise StoreError(
                f"cannot write `{EVIDENCE}`: {error.strerror}", intact="the last one is as it was"
            ) from error
    return Replayed(evidence=shown, tried=work.tried, calls=work.calls, simulated=work.simulated)


class _Work:
    """One run over a project's edges."""

    def __init__(self, tools: CurrentTools, root: Path, tell: Tell, proposed: Sequence[DataFlowEdge]) -> None:
        from loopbuild.stages.toolgraph.evidence import Facts, edge_text

        self.stored = [edge for edge in tools.graph.unproven if edge.rule == "proposed"]
        self.proposed = {edge_text(edge): edge for edge in (*self.stored, *proposed)}

        self.catalog: ToolCatalog = tools.catalog
        self.settings: Mapping[str, Json] = tools.settings
        self.root = root
        self.tell = tell
        self.facts = Facts(tools.catalog)
        self.tried = self.calls = 0
        self.sandboxes = {source: live_settings(tools.settings, source) for source in sorted(tools.settings["sources"])}
        self.simulated = tuple(name for name, chosen in self.sandboxes.items() if chosen["kind"] == "simulated")

    def standing(self, before: Sequence[EdgeEvidence]) -> list[EdgeEvidence]:
        """Return the lines that are settled and whose leaves, gates and sandbox are what they were."""
        kept, _ = self.facts.standing(before)
        return [
            item
            for edge, item in kept
            if item.replay in _SETTLED and item.sandbox == self._sandbox_digest(_sources(edge))
        ]

    def graph(self, evidence: Sequence[EdgeEvidence], **changed: Json) -> ToolGraph:
        """Return the graph under other settings."""
        from loopbuild.stages.toolgraph.build import build_graph

        return build_graph(self.catalog, {**self.settings["graph"], **changed}, evidence)

    def replay(self, kept: Sequence[EdgeEvidence]) -> list[EdgeEvidence]:
        """Replay the edges that `kept` does not speak of; an edge that moved up because others fell is one of them."""
        from loopbuild.stages.toolgraph.evidence import edge_text

        settled = {item.edge for item in kept}
        weakest = min(WEAKEST, self.settings["graph"]["min_score"])
        graphs = (self.graph((), min_score=weakest), self.graph(kept, min_score=weakest))
        # A guess that `kept` answers has its place there, under which name it is one of the edges or none.
        tried = [*graphs[0].edges, *graphs[1].edges, *graphs[1].unproven]
        edges = {edge_text(edge): edge for edge in tried if edge_text(edge) not in settled}
        edges = {name: edge for name, edge in self.proposed.items() if name not in settled} | edges
        places: dict[tuple[str, ...], list[DataFlowEdge]] = {}
        for edge in edges.values():
            if not set(_sources(edge)) & set(self.simulated):
                places.setdefault(_sources(edge), []).append(edge)
        trusted = [edge for edge, item in self.facts.standing(kept)[0] if item.replay == "verified"]
        return [item for sources in sorted(places) for item in self._in(sources, places[sources], trusted)]

    def lines(self, evidence: Iterable[EdgeEvidence]) -> tuple[EdgeEvidence, ...]:
        """Return what graph.lock holds: what was rejected, and the edges of the graph that follows."""
        from loopbuild.stages.toolgraph.evidence import edge_text

        found = {item.edge: item for item in evidence}
        graph = self.graph(tuple(found.values()))
        active = {edge_text(edge) for edge in (*graph.edges, *graph.unproven, *self.stored)}
        return tuple(found[name] for name in sorted(found) if name in active or found[name].status == "rejected")

    def _in(
        self, sources: tuple[str, ...], edges: Sequence[DataFlowEdge], trusted: Sequence[DataFlowEdge]
    ) -> list[EdgeEvidence]:
        from loopbuild.sandbox import open_sandbox, open_sandboxes
        from loopbuild.stages.toolgraph.arguments import name_of
        from loopbuild.stages.toolgraph.evidence import edge_text
        from loopbuild.stages.toolgraph.replay import verify

        chosen = {source: self.sandboxes[source] for source in sources}
        if len(sources) == 1:
            source = sources[0]
            sandbox = open_sandbox(chosen[source], self.catalog, root=self.root, environment=os.environ, source=source)
        else:
            sandbox = open_sandboxes(chosen, self.catalog, root=self.root, environment=os.environ)
        try:
            found = verify(
                self.catalog,
                edges,
                sandbox,
                trusted=[edge for edge in trusted if set(_sources(edge)) <= set(sources)],
            )
        finally:
            sandbox.close()
        ran = self._sandbox_digest(sources)
        made = []
        for tried in sorted(edges, key=edge_text):
            edge, verdict = tried, found[name_of(tried)]
            is_final = verdict.outcome == "verified" or (verdict.outcome == "rejected" and edge.status != "declared")
            if is_final and verdict.place is not None:
                edge = replace(edge, producer_leaf=verdict.place)
                self.proposed.pop(edge_text(tried), None)  # answered under the name of its place
            item = EdgeEvidence(
                edge=edge_text(edge),
                status=verdict.outcome if is_final else edge.status,  # type: ignore[arg-type]
                score=edge.score,
                rule=edge.rule,
                conversion=edge.conversion,
                replay=verdict.outcome,
                why=verdict.detail,
                facts=self.facts.of(edge),
                sandbox=ran,
            )
            self.calls += verdict.calls
            self.tried += 1
            self.tell(item)
            made.append(item)
        return made

    def _sandbox_digest(self, sources: tuple[str, ...]) -> str:
        chosen = {source: self.sandboxes[source] for source in sources if source in self.sandboxes}
        files = {}
        for role, path in sandbox_files(chosen, root=self.root):
            try:
                files[role] = digest_bytes("server", (self.root / path).read_bytes())
            except OSError:
                files[role] = ""
        return digest("sandbox of evidence", [identity_of(chosen), files])[:16]


def _proposed(catalog: ToolCatalog, text: str) -> list[DataFlowEdge]:
    from loopbuild.stages.toolgraph.patterns import read_proposals
    from loopbuild.stages.toolgraph.ports import guessed_ports, input_ports, output_ports

    outputs = [port for tool in catalog.tools for port in (*output_ports(tool), *guessed_ports(tool))]
    inputs = [port for tool in catalog.tools for port in input_ports(tool)]
    return read_proposals(text, outputs, inputs)


def _sources(edge: DataFlowEdge) -> tuple[str, ...]:
    return tuple(sorted({edge.producer.partition("/")[0], edge.consumer.partition("/")[0]}))
