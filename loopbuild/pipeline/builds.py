"""One build of a project: live listings first, then the engine, then what to say about it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopbuild import __version__
from loopbuild.digest import digest_bytes
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import MissingExtra, SelectionError, SourceError
from loopbuild.pipeline.project import LoadedProject, Project, find, load
from loopbuild.pipeline.remote import is_declared, open_cache
from loopbuild.pipeline.wishes import WHOLE, Wishes

if TYPE_CHECKING:
    from loopbuild.engine.outcome import Event, Outcome
    from loopbuild.engine.remote.client import RemoteCache, Tally
    from loopbuild.engine.selection import Selection
    from loopbuild.engine.target import Json
    from loopbuild.engine.uptodate import UpToDate
    from loopbuild.pipeline.unreached import Unreached


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenProject:
    """A project and its store; loop.yaml has not been parsed."""

    project: Project
    workspace: Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What a build did, and what the report says afterwards."""

    outcome: Outcome
    report: Json | None
    warnings: tuple[str, ...] = ()
    missed_gates: tuple[str, ...] = field(default=())
    lock_changes: tuple[str, ...] = ()
    """Of a frozen build: what would change loop.lock, the costly first, with the rows that would run."""
    gaps: Json = None
    """What there is no trajectory and no row for (see `coverage.gaps`); None where no part of the build says so."""
    pathless: Mapping[str, int] = field(default_factory=dict)
    """Target whose rows ran -> how many of its cells have no trajectory."""
    unreached: Unreached | None = None
    """Planned trajectories that the tables of this build lack."""


def open_project(folder: str, *, loopfile: str = "") -> OpenProject:
    """Find the project and open its store; writes nothing."""
    project = find(Path(folder), loopfile=loopfile)
    return OpenProject(
        project=project, workspace=Workspace.open(project.root, code_version=_code_version(), clock=time.time)
    )


def _code_version() -> str:
    """The release and the file that holds every recipe's version: a source tree changes between releases too."""
    recipes = (Path(__file__).parent / "targets.py").read_bytes()
    return f"{__version__}+{digest_bytes('recipes', recipes)[:8]}"


def nothing_to_do(opened: OpenProject, wishes: Wishes = WHOLE) -> UpToDate | None:
    """Return the summary of the last build of the same selection if not one input changed since; parses nothing."""
    from loopbuild.engine.uptodate import is_unchanged

    if wishes.name is None:
        return None
    return is_unchanged(opened.workspace, {}, opened.project.stamp, name=wishes.name)


def build_project(
    opened: OpenProject,
    *,
    wishes: Wishes,
    jobs: int,
    executor: str,
    waits: bool,
    fail_fast: bool,
    on_event: Callable[[Event], None],
    use_remote: bool = True,
) -> Build:
    """Build; an empty `executor` means that of loop.yaml.

    Raises LoopfileError, SelectionError and SourceError before anything runs; failures of targets are in the outcome.
    """
    from loopbuild.engine.build import build
    from loopbuild.engine.outcome import Event
    from loopbuild.pipeline.locking import lines_in_force
    from loopbuild.pipeline.references import deferred
    from loopbuild.pipeline.selections import demanded, selected
    from loopbuild.sandbox.patience import forget_losses

    forget_losses()
    loaded = load(opened.project, environment=os.environ)
    demands = demanded(opened, loaded, force=wishes.force, refresh=wishes.refresh, from_scratch=wishes.from_scratch)
    chosen = selected(opened, loaded, wishes.select, exclude=wishes.exclude, state=wishes.state)
    defer = deferred(opened.project.root, wishes.defer, select=wishes.select)
    asked: dict[str, Any] = {"select": chosen, "demands": demands, "defer": defer, "proves": wishes.proves}
    _refuse_gone(opened, loaded, chosen)
    _list_live(loaded, wishes, on_event=on_event)
    if wishes.record:
        _record(opened, loaded, wishes, jobs=jobs, on_event=on_event)
        loaded = load(opened.project, environment=os.environ)  # a recording that was missing is there now
    if not wishes.frozen:
        _price(opened, loaded, asked, on_event=on_event)
    for warning in loaded.warnings:
        on_event(Event(kind="note", message=_warning(warning)))
    from loopbuild.pipeline.sandboxes import close_kept

    with contextlib.ExitStack() as stack:
        stack.callback(close_kept)
        cache = stack.enter_context(shared(loaded.settings, use_remote=use_remote, on_event=on_event))
        outcome = build(
            opened.workspace,
            loaded.targets,
            **asked,
            jobs=jobs,
            waits=waits,
            executor=executor or loaded.settings["engine"]["executor"],
            fail_fast=fail_fast,
            frozen=wishes.frozen,
            on_event=on_event,
            stamp=opened.project.stamp,
            name="" if chosen.is_asked else wishes.name or "",
            lock_lines=lambda: lines_in_force(opened, loaded),
            remote=cache,
            proofs=is_declared(loaded.settings),
        )
    for text in _said_by_sources(opened, outcome):
        on_event(Event(kind="note", message=text))
    tables = [result.target for result in outcome.of("built") if result.target.startswith("trajectories:")]
    result = outcome.results.get("report:main")
    # A part of the project was built: what an older report says is no verdict on it.
    report = report_of(opened) if result is not None and result.output else None
    return Build(
        outcome=outcome,
        report=report,
        missed_gates=gates_missed(report),
        lock_changes=_lock_changes(opened, loaded, chosen, outcome) if outcome.lock_changes else (),
        gaps=_gaps(opened, outcome),
        pathless=_pathless(opened, outcome),
        unreached=_unreached(opened, tables, loaded.settings) if tables else None,
    )


def _gaps(opened: OpenProject, outcome: Outcome) -> Json:
    from loopbuild.engine.query import output

    result = outcome.results.get("dataset:main")
    found = output(opened.workspace, "dataset:main") if result is not None and result.output else None
    return (found or {}).get("gaps")


def _pathless(opened: OpenProject, outcome: Outcome) -> dict[str, int]:
    from loopbuild.engine.query import output
    from loopbuild.pipeline.shared import is_dialogue

    ran = [name for name, one in outcome.results.items() if name.startswith("trajectories:") and one.rows_run]
    tables = {name: output(opened.workspace, name) for name in ran if outcome.results[name].output}
    return {
        name: sum("unreachable" in row and not is_dialogue(row) for row in table["rows"].values())
        for name, table in tables.items()
        if table
    }


def _unreached(opened: OpenProject, tables: list[str], settings: Json) -> Unreached | None:
    from loopbuild.pipeline.unreached import unreached

    return unreached(opened.workspace, tables, seed=settings["sampling"]["seed"])


def _refuse_gone(opened: OpenProject, loaded: LoadedProject, chosen: Selection) -> None:
    """Raise SelectionError where only targets are asked for that are no more."""
    if not any(atom.core == "state:removed" for term in chosen.terms for atom in term):
        return
    from loopbuild.engine.plan import plan

    targets = plan(opened.workspace, loaded.targets, select=chosen).targets
    if not chosen.chosen(targets):
        names = ", ".join(f"`{name}`" for name in sorted(chosen.gone(targets)))
        raise SelectionError(
            f"nothing declares {names} any more, so there is nothing to build",
            intact="their results stay until `loopbuild cache gc`",
            hint="`loopbuild build` of everything takes their lines out of loop.lock",
        )


def _price(
    opened: OpenProject, loaded: LoadedProject, settled: Mapping[str, Any], *, on_event: Callable[[Event], None]
) -> None:
    """Say what writers will be asked before they are; raises BuildError when that costs more than may be spent.

    `settled` is what the build is told of selections and demands, so that the plan is one of that very build.
    """
    from loopbuild.engine.outcome import Event
    from loopbuild.engine.plan import plan
    from loopbuild.pipeline.judging import judge_of
    from loopbuild.pipeline.targets import asks_writers
    from loopbuild.pipeline.writing import check_budget, lines_of, writing

    others = (judge_of(loaded.settings), loaded.settings["graph"]["propose"])
    if not asks_writers(loaded.settings) and others == (None, None):
        return
    found = writing(opened, loaded.settings, plan(opened.workspace, loaded.targets, **settled))
    check_budget(found)
    if found.writers and find_spec("litellm") is None:
        raise MissingExtra(f"{found.writers[0].role or 'writer'} `{found.writers[0].writer}`", extra="llm")
    for line in lines_of(found):
        on_event(Event(kind="note", message=f"asking {line}"))


def _lock_changes(opened: OpenProject, loaded: LoadedProject, chosen: Selection, outcome: Outcome) -> tuple[str, ...]:
    """The build stops at the first line that does not hold; what would follow from it is the plan's to say."""
    from loopbuild.engine.plan import plan

    found = plan(opened.workspace, loaded.targets, select=chosen, stamp=opened.project.stamp)
    waiting = [entry for entry in (*found.would, *found.may) if not entry.is_locked]
    waiting.sort(key=lambda entry: (entry.is_cheap, entry.will == "maybe"))
    named = {entry.target: f", {entry.rows_stale:,} rows" if entry.rows_stale else "" for entry in waiting}
    lost = {entry.target for entry in found.missing}
    named |= {
        name: ", whose bytes are not here" if name in lost else "" for name in outcome.lock_changes if name not in named
    }
    return tuple(f"{name}{rows}" for name, rows in named.items())


@contextlib.contextmanager
def shared(settings: Json, *, use_remote: bool, on_event: Callable[[Event], None]) -> Iterator[RemoteCache | None]:
    """Give the remote cache of a run, if there is one; afterwards wait for its uploads and say what came of it."""
    from loopbuild.engine.outcome import Event

    def note(text: str) -> None:
        on_event(Event(kind="note", message=text))

    cache = open_cache(settings, os.environ, on_note=note) if use_remote else None
    if cache is None:
        yield None
        return
    try:
        yield cache
        tally = cache.finish()
    finally:
        cache.remote.close()
    said = tally_text(tally)
    if said:
        note(f"remote cache: {said}")


def tally_text(tally: Tally) -> str:
    """Return what went over the wire, empty when nothing did."""
    parts = []
    if tally.restored:
        parts.append(f"{tally.restored:,} results restored ({tally.restored_bytes / 1e6:,.1f} MB)")
    if tally.uploaded:
        parts.append(f"{tally.uploaded:,} uploaded")
    if tally.unbelieved:
        parts.append(f"{tally.unbelieved:,} not believed, neither in loop.lock nor signed")
    return ", ".join(parts)


def gates_missed(report: Json | None) -> tuple[str, ...]:
    """Return the declared gates a report did not pass, each with its verdict."""
    gates = (report or {}).get("gates", [])
    return tuple(f"{gate['metric']}: {gate['verdict']}" for gate in gates if gate["verdict"] != "pass")


def report_of(opened: OpenProject) -> Json | None:
    """Return the report of the last build that made one."""
    from loopbuild.engine.query import output

    return output(opened.workspace, "report:main")


def _list_live(loaded: LoadedProject, wishes: Wishes, *, on_event: Callable[[Event], None]) -> None:
    from loopbuild.engine.outcome import Event
    from loopbuild.pipeline.listings import live_sources, write_listing
    from loopbuild.pipeline.observing import observed_file, observed_sources, write_observed

    root = loaded.project.root
    live = {source.name: source for source in live_sources(loaded.settings, root=root)}
    seen = {source.name: source for source in observed_sources(loaded.settings, root=root)}
    refresh = [name for name in wishes.refresh if name.startswith("source:")]
    for name in refresh:
        if name.partition(":")[2] not in {**live, **seen}:
            known = ", ".join(f"source:{known}" for known in sorted({**live, **seen})) or "none is declared"
            raise SelectionError(f"`{name}` is not a live source", hint=f"live sources: {known}")
    for source in live.values():
        if source.is_listed and f"source:{source.name}" not in refresh:
            continue
        if wishes.frozen:
            raise SourceError(
                f"source `{source.name}` was never listed, and `--frozen` asks no server",
                source=source.name,
                hint=f"`loopbuild build --refresh source:{source.name}`, then commit listings/{source.name}.json",
            )
        changed = write_listing(source, root=root, environment=os.environ)
        what = "written; commit it" if changed else "unchanged"
        on_event(Event(kind="note", message=f"asked `{source.name}` for its tools: listings/{source.name}.json {what}"))
    for one in seen.values():
        if one.is_seen and f"source:{one.name}" not in refresh:
            continue
        file = observed_file(one.name)
        if wishes.frozen:
            raise SourceError(
                f"source `{one.name}` was never observed, and `--frozen` calls no tool",
                source=one.name,
                hint=f"`loopbuild build --refresh source:{one.name}`, then commit {file}",
            )
        changed = write_observed(one, loaded.settings, root=root, environment=os.environ)
        what = "written; commit it" if changed else "unchanged"
        on_event(Event(kind="note", message=f"called the reading tools of `{one.name}`: {file} {what}"))


def _record(
    opened: OpenProject, loaded: LoadedProject, wishes: Wishes, *, jobs: int, on_event: Callable[[Event], None]
) -> None:
    """Make recordings before anything reads them: what has to be asked follows from the cells."""
    from loopbuild.engine.build import build
    from loopbuild.engine.outcome import Event
    from loopbuild.pipeline.recording import check_names, record
    from loopbuild.pipeline.selections import selected

    def note(text: str) -> None:
        on_event(Event(kind="note", message=text))

    check_names(loaded.settings, wishes.record)
    first = build(
        opened.workspace, loaded.targets, select=selected(opened, loaded, ("cells:main",)), jobs=jobs, on_event=on_event
    )
    for error in first.errors:
        raise error
    for made in record(opened, loaded.settings, wishes.record, on_progress=note):
        note(made.said())


def _said_by_sources(opened: OpenProject, outcome: Outcome) -> list[str]:
    """Return what could not be read or made sense of, tool by tool, and how much was read otherwise than written.

    Tools with an error are left out of everything.
    """
    from loopbuild.engine.query import output
    from loopbuild.records import Diagnostic, from_json

    found: dict[str, None] = {}
    notes: set[str] = set()
    for name, result in outcome.results.items():
        if name.partition(":")[0] not in ("source", "catalog") or result.outcome in ("failed", "skipped"):
            continue
        for value in (output(opened.workspace, name) or {}).get("diagnostics", []):
            one = from_json(Diagnostic, value)
            if one.severity == "note":
                notes.add(f"{one.span} {one.message}")
            else:
                place = f"{one.span.file}:{one.span.line}: " if one.span and one.span.line else ""
                found[f"{one.severity}: {place}{one.message}" + (f"\nhint: {one.hint}" if one.hint else "")] = None
    return [*found, f"note: {notes_text(len(notes))}"] if notes else list(found)


def notes_text(number: int) -> str:
    """Return that there are notes, and where they are read."""
    what = "note on how a source was" if number == 1 else "notes on how sources were"
    return f"{number:,} {what} read; `loopbuild check --all` lists {'it' if number == 1 else 'them'}"


def _warning(warning: object) -> str:
    from loopbuild.loopfile.diagnostics import render

    return render(warning, None)  # type: ignore[arg-type]
