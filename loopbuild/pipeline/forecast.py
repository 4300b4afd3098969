"""What a plan means for this project: which tools changed, what training would do, and what it would cost.

Starts nothing. "Would" is the engine's; the words about training are an estimate from the rows that would be made anew.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loopbuild.digest import digest
from loopbuild.documents import json_lines
from loopbuild.engine import lockfile
from loopbuild.engine.against import Against, Standing
from loopbuild.engine.history import costs
from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.plan import plan
from loopbuild.engine.planned import Plan
from loopbuild.engine.query import surviving
from loopbuild.engine.target import Json
from loopbuild.errors import SourceError
from loopbuild.pipeline.amounts import Amounts, Course, Row, course_of, planned_amounts, seconds_of
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.impact import impact_of, texts_each
from loopbuild.pipeline.listings import live_sources
from loopbuild.pipeline.locking import lines_of, outdated
from loopbuild.pipeline.observing import observed_sources
from loopbuild.pipeline.prices import Effort, effort
from loopbuild.pipeline.project import LoadedProject, load
from loopbuild.pipeline.references import Reference, deferred, referred
from loopbuild.pipeline.remote import is_declared
from loopbuild.pipeline.sandbox_settings import sandbox_settings
from loopbuild.pipeline.selections import demanded, selected, tool_changes
from loopbuild.pipeline.tools import built_catalog, current_tools, difference
from loopbuild.pipeline.watched import unwatched
from loopbuild.pipeline.wishes import WHOLE, Wishes
from loopbuild.pipeline.writing import Writing, writing
from loopbuild.records import CatalogDiff, ToolCatalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What the phases would do."""

    course: Course
    is_asked: bool = False
    """Somebody asked for it with `--from-scratch`."""
    rows: int = 0
    """Training rows there are now, those held back for validation among them."""
    phases: tuple[str, ...] = ()
    """Those that would run."""
    effort: Effort | None = None
    """Steps and tokens, going by earlier training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How the targets of a plan stand to another loop.lock."""

    reference: str
    standing: Standing
    tools: Mapping[str, tuple[str, ...]]
    """Tools that differ: `+`, `-`, or the roll-ups that do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """A plan with the project's own words to it."""

    loaded: LoadedProject
    plan: Plan
    changes: CatalogDiff
    amounts: Amounts
    """Of the trajectories asked for."""
    seconds: float | None
    """Of sampling, writing and judging them, at most."""
    training: Training | None
    writing: Writing
    unlisted: tuple[str, ...]
    """Live sources that would be started to ask for their tools."""
    unobserved: tuple[str, ...] = ()
    """Sources whose reading tools would be called to see what they return."""
    has_remote: bool = False
    """A remote cache is declared; it was not asked."""
    lock_changes: tuple[str, ...] = ()
    """Lines of loop.lock that are not what it would say now; what would run is left out."""
    unwatched: tuple[str, ...] = ()
    """Sources whose server is no file of the project: nobody notices when its program changes."""
    comparison: Comparison | None = None
    """With the lock that was asked for, if one was."""
    gone: Mapping[str, str] = field(default_factory=dict)
    """Targets the lock names and nothing declares any more, of those asked for -> how many rows they had, if known."""
    is_about_gone: bool = False
    """Nothing that exists was asked for."""

    @property
    def is_work_left(self) -> bool:
        """Whether anything would run that loop.lock does not name, or the lock is not what it should be."""
        planned = self.plan
        waiting = [entry for entry in (*planned.would, *planned.may) if not entry.is_locked]
        return bool(waiting or self.lock_changes or self.asks_first)

    @property
    def asks_first(self) -> bool:
        """Whether a build would ask servers before it knows its targets."""
        return bool(self.unlisted or self.unobserved)


def forecast(opened: OpenProject, wishes: Wishes = WHOLE) -> Forecast:
    """Return what a build would do now; reads files, starts nothing and writes nothing."""
    loaded = load(opened.project, environment=os.environ)
    lines = lockfile.read(opened.workspace.root)
    reference = referred(loaded.project.root, wishes.state) if wishes.state else None
    chosen = selected(opened, loaded, wishes.select, exclude=wishes.exclude, state=wishes.state)
    planned = plan(
        opened.workspace,
        loaded.targets,
        select=chosen,
        demands=demanded(opened, loaded, force=wishes.force, refresh=wishes.refresh, from_scratch=wishes.from_scratch),
        lock=lines,
        stamp=opened.project.stamp,
        defer=deferred(loaded.project.root, wishes.defer, select=wishes.select),
        proves=wishes.proves,
    )
    base = lines if reference is None else reference.lines
    gone = Against(opened.workspace, planned, base).removed if chosen.is_whole else chosen.gone(planned.targets)
    live = live_sources(loaded.settings, root=loaded.project.root)
    declared = _declared(opened)
    changes = _changes(opened, loaded, declared)
    amounts = _amounts(opened, loaded, planned, changes, declared)
    with opened.workspace.reading() as journal:
        seconds = seconds_of(amounts, costs(journal))
    return Forecast(
        loaded=loaded,
        plan=planned,
        changes=changes,
        amounts=amounts,
        seconds=seconds,
        training=_with_effort(opened, loaded.settings, planned, amounts),
        writing=writing(opened, loaded.settings, planned),
        unlisted=tuple(source.name for source in live if not source.is_listed),
        unobserved=tuple(
            one.name for one in observed_sources(loaded.settings, root=loaded.project.root) if not one.is_seen
        ),
        has_remote=is_declared(loaded.settings),
        lock_changes=() if wishes.defer else (*planned.lock_changes, *_other_lines(loaded, lines, declared)),
        comparison=_compared(opened, loaded, reference, planned) if reference is not None else None,
        gone={name: base[name][1].get("rows", "") if name in base else "" for name in sorted(gone)},
        is_about_gone=bool(gone and chosen.terms) and not chosen.chosen(planned.targets),
        unwatched=tuple(
            source
            for source in sorted(loaded.settings["sources"])
            if unwatched(source, sandbox_settings(loaded.settings, source)[source], root=loaded.project.root)
        ),
    )


def _amounts(
    opened: OpenProject, loaded: LoadedProject, planned: Plan, changes: CatalogDiff, declared: ToolCatalog | None
) -> Amounts:
    invalid: frozenset[Row] = frozenset()
    if changes.changes and declared and any(entry.rows_revalidate for entry in planned.would):
        invalid = impact_of(opened.workspace, changes, declared, loaded.settings).invalid
    entries = planned.entries.values()
    return planned_amounts(entries, invalid=invalid, texts_each=texts_each(opened.workspace))


def _compared(opened: OpenProject, loaded: LoadedProject, reference: Reference, planned: Plan) -> Comparison:
    """What is removed shows in a plan of everything only; the rest is about the targets asked for."""
    whole = plan(opened.workspace, loaded.targets)
    try:
        tools = tool_changes(opened, reference.lines)
    except SourceError:
        tools = {}
    standing = Against(opened.workspace, planned, reference.lines).standing
    removed = Against(opened.workspace, whole, reference.lines).removed
    return Comparison(reference=reference.name, standing=replace(standing, removed=removed), tools=tools)


def _other_lines(loaded: LoadedProject, lines: lockfile.Lines, declared: ToolCatalog | None) -> tuple[str, ...]:
    return () if declared is None else outdated(lines, lines_of(declared, loaded))


def since_report(opened: OpenProject) -> str:
    """Return why the report in force is not what a build would give now; empty where it is.

    Other commands, or builds of other parts, make nothing stale: only what the report itself rests on counts.
    """
    from loopbuild.pipeline.builds import nothing_to_do

    if nothing_to_do(opened) is not None:
        return ""
    loaded = load(opened.project, environment=os.environ)
    chosen = selected(opened, loaded, ("report:main",))
    lines = lockfile.read(opened.workspace.root)
    planned = plan(opened.workspace, loaded.targets, select=chosen, lock=lines, stamp=opened.project.stamp)
    waiting = [entry for entry in (*planned.would, *planned.may) if not entry.is_locked]
    if not waiting:
        return ""
    files = [change.path for change in planned.leaf_changes]
    shown = f": {', '.join(files[:3])}{' and more' if len(files) > 3 else ''}" if files else ""
    return f"what this rests on changed since{shown} ({len(waiting):,} targets would or may run again)"


def changes_since_build(opened: OpenProject, loaded: LoadedProject) -> CatalogDiff:
    """Return what changed in the declared tools since the last build."""
    return _changes(opened, loaded, _declared(opened))


def _declared(opened: OpenProject) -> ToolCatalog | None:
    """Return the tools as declared now; None where a source cannot be read, which the plan itself says."""
    try:
        return current_tools(opened).catalog
    except SourceError:
        return None


def _changes(opened: OpenProject, loaded: LoadedProject, declared: ToolCatalog | None) -> CatalogDiff:
    old = built_catalog(opened) if declared is not None else None
    if old is None or declared is None:
        return CatalogDiff()
    return difference(old, declared, settings=loaded.settings)


def _with_effort(opened: OpenProject, settings: Json, planned: Plan, amounts: Amounts) -> Training | None:
    entries = planned.entries
    phases = tuple(
        phase
        for phase in settings["training"]["phases"]
        if (entry := entries.get(f"checkpoint:{phase}")) and entry.will != "reuse" and not entry.is_locked
    )
    training = _training(opened, settings, planned, amounts) if phases else None
    if training is None:
        return None
    dataset = surviving(opened.workspace, "dataset:train") or {"rows": {}}
    course = training.course
    rows = course.delta + course.replay if course.mode == "continue" else len(dataset["rows"])
    found = effort(opened, settings, phases, mode=course.mode, rows=rows)
    return replace(training, phases=phases, rows=len(dataset["rows"]), effort=found)


def _training(opened: OpenProject, settings: Json, planned: Plan, amounts: Amounts) -> Training | None:
    entries = planned.entries
    phases = list(settings["training"]["phases"])
    waiting = [entry for phase in phases if (entry := entries.get(f"checkpoint:{phase}")) and entry.will != "reuse"]
    if not waiting:
        return None
    if any(reason.code == "from_scratch" for entry in waiting for reason in entry.reasons):
        return Training(course=Course(mode="fresh"), is_asked=True)
    head = surviving(opened.workspace, f"checkpoint:{phases[-1]}")
    dataset = surviving(opened.workspace, "dataset:train") or {"rows": {}}
    known = entries.get("dataset:train")
    if head is not None and known is not None and known.will == "reuse":
        with contextlib.suppress(ObjectDamaged):  # then it is estimated, as before rows are there
            return Training(course=_decided(opened, settings, head, dataset))
    incremental = settings["training"]["incremental"]
    rows = len(dataset["rows"])
    return Training(course=course_of(amounts, head=head, training_rows=rows, incremental=incremental))


def _decided(opened: OpenProject, settings: Json, head: Json, dataset: Json) -> Course:
    """The rows are there already: ask what the first phase will ask."""
    from loopbuild.stages.training.increment import decide

    lines = json_lines(opened.workspace.objects.get(dataset["file"])) if dataset["rows"] else []
    tools = {row["key"]: tuple(row["tools"]) for row in map(json.loads, lines)}
    seen = json.loads(opened.workspace.objects.get(head["seen"]))
    decision = decide(wanted=dataset["rows"], seen=seen, tools=tools, settings=settings["training"]["incremental"])
    return Course(
        mode="continue" if decision.mode == "continue" else "fresh",
        parent=digest("model", head["files"]),
        delta=len(decision.delta),
        replay=len(decision.replay),
        share=decision.share,
    )
