"""Some changed files of a project -> what is wrong with them, what they change, and what could be better.

Reads the sources that live in these files and no other, asks no server, writes nothing. loop.yaml is validated in full
only when it is among the files, or when everything is asked for: that takes longer than all the rest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.engine import lockfile
from loopbuild.engine.target import Json, Target
from loopbuild.errors import LoopbuildError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.comparing import Comparison, compared, file_reader, settings_of
from loopbuild.pipeline.declared import Declared, declared, paths_of, source_targets
from loopbuild.pipeline.leafplaces import LeafPlaces
from loopbuild.records import Diagnostic, Span, ToolCatalog, ToolGraph, fact_name

if TYPE_CHECKING:
    from loopbuild.stages.catalog.lint import Remark

MOST_FOR_GRAPH = 400
"""Tools of the sources checked above which inputs are looked up by name alone: a graph would take seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found in one project."""

    files: tuple[str, ...]
    """Those that belong to a source."""
    looked: int
    """How many sources they are of."""
    sources: int
    """Of how many sources of loop.yaml."""
    comparison: Comparison
    mistakes: tuple[Diagnostic, ...] = ()
    """In file order: what could not be read or understood, errors and warnings."""
    remarks: tuple[Diagnostic, ...] = ()
    older: int = 0
    """Remarks on tools that did not change, not shown."""
    fail_on: str = "never"
    notes: tuple[Diagnostic, ...] = ()
    """What was read otherwise than it is written, or not at all, and costs no tool."""
    errors: tuple[LoopbuildError, ...] = field(default=())
    """Sources nothing could be read of."""

    @property
    def is_invalid(self) -> bool:
        """A file is broken, or a tool in it is skipped."""
        return bool(self.errors) or any(one.severity == "error" for one in self.mistakes)


def check(opened: OpenProject, files: Sequence[str] | None, *, against: str = "", everything: bool = False) -> Checked:
    """Check the sources in `files` (paths relative to the project), all with None.

    Raises LoopfileError when loop.yaml itself is among them and has mistakes, LockError for a broken loop.lock.
    """
    root = opened.workspace.root
    loopfile = opened.project.loopfile.name
    is_whole = files is None or loopfile in files
    warnings: tuple[Diagnostic, ...] = ()
    if is_whole:
        from loopbuild.pipeline.project import load

        loaded = load(opened.project, environment=os.environ)
        settings, warnings = loaded.settings, loaded.warnings
    else:
        settings = settings_of(opened)
    targets = source_targets(settings, root)
    chosen = targets if is_whole else [target for target in targets if _lives_in(target, set(files or ()))]
    now = declared(chosen, settings, file_reader(root))
    names = None if len(chosen) == len(targets) else [target.params["name"] for target in chosen]
    comparison = compared(opened, settings, now, targets=chosen, against=against, names=names)
    finder = comparison.finder or LeafPlaces(file_reader(root))
    found = _remarks(opened, settings, now)
    changed = {change.tool for change in comparison.difference.changes}
    is_all = everything or files is None or not comparison.base
    tools = now.catalog.by_id()
    said = _said(now)
    shown = [_told(one, tools[one.tool].span, finder) for one in found if is_all or one.tool in changed]
    return Checked(
        files=tuple(path for target in chosen for path in paths_of(target) if is_whole or path in (files or ())),
        looked=len(chosen),
        sources=len(targets),
        comparison=comparison,
        mistakes=(
            *warnings,
            *_unknown_names(opened, settings, now, is_all=len(chosen) == len(targets)),
            *(one for one in said if one.severity != "note"),
        ),
        notes=tuple(dict.fromkeys(one for one in said if one.severity == "note")),
        remarks=tuple(shown),
        older=len(found) - len(shown),
        fail_on=settings["check"]["fail_on"],
        errors=comparison.errors,
    )


def relative(files: Sequence[str], root: Path) -> list[str]:
    """Return paths given from the current folder as the project writes them; what lies outside of it is left out."""
    found = []
    for name in files:
        path = os.path.relpath(os.path.realpath(name), os.path.realpath(root))
        if not path.startswith(".."):
            found.append(path)
    return found


def _lives_in(target: Target, files: set[str]) -> bool:
    return any(os.path.normpath(path) in files for path in paths_of(target))


def _said(now: Declared) -> list[Diagnostic]:
    found = [one for _, listing in sorted(now.listings.items()) for one in listing.diagnostics]
    return [*found, *now.catalog.diagnostics]


def _unknown_names(opened: OpenProject, settings: Json, now: Declared, *, is_all: bool) -> list[Diagnostic]:
    """Only where all tools are known: a rule about a source that was not looked at is no mistake."""
    rules = settings["graph"]
    if now.errors or not is_all or not (rules["renames"] or any(rules["edges"].values())):
        return []
    from loopbuild.pipeline.rules import unknown_names

    return unknown_names(settings, now.catalog, opened.project.loopfile)


def _told(remark: Remark, span: Span | None, finder: LeafPlaces) -> Diagnostic:
    place = finder.of(span, remark.side, remark.pointer)
    return Diagnostic(severity="warning", code=remark.code, message=remark.message, span=place, hint=remark.hint)


def _remarks(opened: OpenProject, settings: Json, now: Declared) -> tuple[Remark, ...]:
    from loopbuild.stages.catalog.lint import Surroundings, remarks

    own = set(now.listings) | set(now.errors)
    lines = lockfile.read(opened.workspace.root)
    others = [
        name.removeprefix("tool:")
        for name in lines
        if name.startswith("tool:") and name[5:].partition("/")[0] in settings["sources"].keys() - own
    ]
    unfed = _unfed(opened, settings, now.catalog, has_others=bool(others))
    around = Surroundings(
        declared={f"{tool.source}/{tool.name}": tool for listing in now.listings.values() for tool in listing.tools},
        others=others,
        unfed=unfed,
        guessed=unfed,
    )
    return remarks(now.catalog, around, ignore=settings["check"]["ignore"])


def _unfed(opened: OpenProject, settings: Json, catalog: ToolCatalog, *, has_others: bool) -> dict[str, str]:
    """Return the required ids that neither a tool of these sources, nor one of the last graph, nor a person can give;
    each with the tool that is guessed to, empty where none is.

    A graph without any return to feed it says nothing: in a flat source people are asked for everything.
    """
    from fnmatch import fnmatchcase

    known = settings["sampling"]["user_known"]
    ids = [
        (tool.id, leaf)
        for tool in catalog.tools
        for leaf in tool.inputs
        if leaf.is_required and leaf.kind == "id" and not leaf.enum and not leaf.has_default
        if not any(fnmatchcase(_name(leaf.pointer), glob) for glob in known)
    ]
    # The same id among the returns of another tool is the plainest edge there is; most need no graph to be seen.
    yielded: dict[tuple[tuple[str, ...], str], set[str]] = {}
    for tool in catalog.tools:
        for leaf in tool.outputs:
            for key in ((leaf.words, leaf.entity), (leaf.words, "")):
                yielded.setdefault(key, set()).add(tool.id)

    def is_plain(tool: str, words: tuple[str, ...], entity: str) -> bool:
        return bool(yielded.get((words, entity), set()) - {tool})

    ids = [(tool, leaf) for tool, leaf in ids if not is_plain(tool, leaf.words, leaf.entity)]
    if not ids or not yielded:
        return {}
    guessed: dict[tuple[str, str], str] = {}
    if len(catalog.tools) > MOST_FOR_GRAPH:
        named = _yielding_an_id(catalog)
        left = [
            (tool, leaf.pointer)
            for tool, leaf in ids
            if not is_plain(tool, leaf.words, "")
            and not set.intersection(*(named.get(word, set()) for word in _whose(leaf.words))) - {tool}
        ]
    else:
        graph = _graph_now(opened, catalog, settings["graph"])
        fed = {(edge.consumer, edge.consumer_leaf) for edge in graph.edges if edge.producer != edge.consumer}
        left = [place for tool, leaf in ids if (place := (tool, leaf.pointer)) not in fed]
        guessed = {(edge.consumer, edge.consumer_leaf): edge.producer for edge in reversed(graph.unproven)}
    before = _fed_before(opened) if left and has_others else frozenset()
    left = [place for place in left if place not in before]
    return {fact_name(tool, "input", pointer): guessed.get((tool, pointer), "") for tool, pointer in left}


def _whose(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of what an id belongs to: `role_id` and a bare `role` are both a role's."""
    owner = words[:-1] if words[-1:] in (("id",), ("uuid",), ("identifier",)) else words
    return owner or ("",)


def _yielding_an_id(catalog: ToolCatalog) -> dict[str, set[str]]:
    """Return word -> tools that return a bare `id` and have the word in their name or around the id."""
    from loopbuild.stages.catalog.words import words_of

    found: dict[str, set[str]] = {}
    for tool in catalog.tools:
        pointers = [leaf.pointer for leaf in tool.outputs if leaf.words in (("id",), ("uuid",))]
        path = re.sub(r"\{[^}]*\}", "", str(tool.transport.get("path", "")))
        for word in {word for text in (tool.name, path, *pointers) for word in words_of(text)} if pointers else ():
            found.setdefault(word, set()).add(tool.id)
    return found


def _graph_now(opened: OpenProject, catalog: ToolCatalog, settings: Json) -> ToolGraph:
    from loopbuild.errors import LoopfileError
    from loopbuild.pipeline.tools import stored_evidence
    from loopbuild.stages.toolgraph.build import build_graph

    evidence = stored_evidence(opened.workspace.root)
    try:
        return build_graph(catalog, settings, evidence)
    except LoopfileError:  # an edge rule about a source that is not looked at
        return build_graph(catalog, {**settings, "edges": {}}, evidence)


def _fed_before(opened: OpenProject) -> frozenset[tuple[str, str]]:
    from loopbuild.engine.query import surviving

    stored = surviving(opened.workspace, "graph:main") or {"edges": []}
    return frozenset((edge["consumer"], edge["consumer_leaf"]) for edge in stored["edges"])


def _name(pointer: str) -> str:
    return [part for part in pointer.split("/") if part != "[]"][-1]


def place_of(span: Span | None) -> str:
    """Return `file:line:column` as far as it is known."""
    if span is None:
        return ""
    return f"{span.file}:{span.line}:{span.column}" if span.line else span.file
