"""Running a table: the rows that are neither reused nor proven, in chunks, kept as they come.

Decides when finished rows are written down. Which rows run is decided by `rows`; what a row is, by the recipe.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loopbuild.digest import canonical
from loopbuild.engine.action import Interrupted, StoredAction, recipe_function
from loopbuild.engine.commit import store_batch
from loopbuild.engine.execute import recipe_code
from loopbuild.engine.generations import NEVER, Generation
from loopbuild.engine.journal import Entry, Journal, RowEntry
from loopbuild.engine.keys import reads_digest
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.past import Past, previous_trace
from loopbuild.engine.rows import RowVerdict, choose, fingerprints, is_proven, proven
from loopbuild.engine.target import Json, RowResult, Target, WantedRow
from loopbuild.errors import BuildError

_HOLD_SECONDS = 0.1
"""Rows that cost nothing and arrive closer together than this are written down together."""
_HOLD_ROWS = 64
_NAMES = re.compile("[0-9a-f]{64}")


@dataclass(slots=True)
class Table:
    """The rows gathered so far."""

    outputs: dict[str, Json] = field(default_factory=dict)
    trace: dict[str, tuple[str, Mapping[str, str], tuple[str, ...]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    """Row key -> error."""
    run: int = 0
    revalidated: int = 0
    total: int = 0


RunChunk = Callable[[Sequence[WantedRow]], Iterator[tuple[RowResult, Collection[str]]]]
"""Runs rows and yields each result with the objects stored so far, among them those the row names."""


def choose_rows(
    target: Target,
    action: StoredAction,
    *,
    journal: Journal,
    objects: Objects,
    entry: Entry | None,
    forced: bool,
    generation: Generation = NEVER,
    proves: bool = True,
    in_force: Mapping[str, Entry] | None = None,
) -> tuple[list[RowVerdict], Mapping[str, str]]:
    """Ask the recipe which rows shall exist and what the facts are; return the verdicts and the facts.

    `in_force` are all results in force when the build began; rows may have moved here from another target. Unless it
    `proves`, neither is a row proven again nor one taken that was.
    """
    recipe = target.recipe
    past = Past(target, entry, in_force or {}, objects=objects)
    may_prove = proves and bool(recipe.revalidate) and not forced
    if may_prove:
        action.inputs_before = past.inputs()
    with recipe_code(target.id):
        rows = list(recipe_function(recipe.wanted)(action))
        facts: dict[str, str] = dict(recipe_function(recipe.facts)(action)) if recipe.facts else {}
    wanted = fingerprints(recipe, target.params, rows, generation=generation)
    proves = proves and bool(recipe.revalidate)
    stored = {} if forced else _stored(journal, [fingerprint for _, fingerprint in wanted.values()], proves=proves)
    asked = [row for row, fingerprint in wanted.values() if row.formerly and fingerprint not in stored]
    verdicts = choose(
        wanted,
        facts=facts,
        stored=stored,
        previous=previous_trace(entry, objects),
        can_revalidate=proves,
        formers=past.rows(asked, generation=generation, journal=journal) if may_prove else {},
    )
    return verdicts, facts


def _stored(journal: Journal, fingerprints: Sequence[str], *, proves: bool) -> dict[str, list[RowEntry]]:
    """Return the stored rows by fingerprint, the drawn ones first."""
    found = journal.rows(fingerprints)
    if proves:
        for fingerprint, rows in journal.rows([proven(one) for one in fingerprints]).items():
            found.setdefault(fingerprint[: -len(proven(""))], []).extend(rows)
    return found


def has_proven(target: Target, entry: Entry, objects: Objects) -> bool:
    """Return whether a result holds rows that were proven and not drawn."""
    if not target.recipe.revalidate:
        return False
    return any(is_proven(fingerprint) for fingerprint, _, _ in previous_trace(entry, objects).values())


class StoredOutputs:
    """Outputs of stored rows, each object decoded once."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._decoded: dict[str, Mapping[str, Json] | None] = {}

    def get(self, row: RowEntry) -> tuple[Json] | None:
        """Return the row's output in a tuple, None when no sound object holds it any more."""
        if not all(self._objects.has(kept) for kept in row.kept):
            return None
        for place in (row.place, row.batch):
            if place not in self._decoded:
                try:
                    self._decoded[place] = json.loads(self._objects.get(place))["rows"]
                except ObjectDamaged:
                    self._decoded[place] = None
            held = self._decoded[place]
            if held is not None and row.key in held:
                return (held[row.key],)
        return None


class RowBook:
    """Accepts results, checks them, writes them down in batches."""

    def __init__(self, target: Target, facts: Mapping[str, str], *, objects: Objects, journal: Journal) -> None:
        self.table = Table()
        self._target = target
        self._facts = facts
        self._objects = objects
        self._journal = journal
        self._held: dict[str, RowEntry] = {}
        self._last = float("-inf")

    def reuse(self, row: RowEntry, output: Json) -> None:
        """Take over a stored row."""
        self.table.outputs[row.key] = output
        self.table.trace[row.key] = (row.fingerprint, row.reads, row.kept)

    def accept(self, result: RowResult, fingerprint: str, kept: Collection[str]) -> None:
        """Enter a fresh result; raises BuildError when its output has no canonical form."""
        if result.error:
            self.table.failed[result.key] = result.error
            return
        try:
            text = canonical(result.output)
        except (TypeError, ValueError) as error:
            raise BuildError(f"row `{result.key}` of `{self._target.id}`: {error}", target=self._target.id) from error
        reads = {name: self._facts.get(name, "") for name in sorted(set(result.reads))}
        row = RowEntry(
            fingerprint=fingerprint,
            key=result.key,
            reads=reads,
            reads_digest=reads_digest(reads),
            kept=tuple(sorted(found for found in set(_NAMES.findall(text.decode())) if found in kept)) if kept else (),
            place="",
            batch="",
        )
        self.reuse(row, result.output)
        self._held[row.key] = row
        # A paid answer is written down before anything else happens: a kill loses the calls in flight and no other.
        # Those that came together are written down together, since a sync for each takes longer than asking.
        if self._target.recipe.nature == "pinned":
            is_due = not result.is_more
        else:
            is_due = time.monotonic() - self._last >= _HOLD_SECONDS
        if is_due or len(self._held) >= _HOLD_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write down what is held."""
        if self._held:
            outputs = {key: self.table.outputs[key] for key in self._held}
            store_batch(
                self._held.values(),
                outputs,
                objects=self._objects,
                journal=self._journal,
                is_durable=self._target.recipe.nature != "pure",
            )
            self._held.clear()
        self._last = time.monotonic()


def fill_table(
    target: Target,
    action: StoredAction,
    verdicts: Sequence[RowVerdict],
    book: RowBook,
    *,
    run_chunks: RunChunk,
    stored: StoredOutputs,
    on_row: Callable[[int, int], None],
) -> Table:
    """Reuse, prove or run every row. Raises Interrupted when the build was asked to stop; finished rows are kept."""
    book.table.total = len(verdicts)
    prints = {verdict.row.key: verdict.fingerprint for verdict in verdicts}
    to_run: list[WantedRow] = []
    try:
        for verdict in verdicts:
            if verdict.verdict == "run" or verdict.stored is None:
                to_run.append(verdict.row)
                continue
            held = stored.get(verdict.stored)
            if held is None:
                to_run.append(verdict.row)
            elif verdict.verdict == "reuse":
                book.reuse(verdict.stored, held[0])
            elif not _revalidate(target, action, verdict, held[0], book):
                to_run.append(verdict.row)
        pending = {row.key for row in to_run}
        for result, kept in run_chunks(to_run):
            if result.key not in pending:
                raise BuildError(
                    f"`{target.id}` made the row `{result.key}`, which was not asked for", target=target.id
                )
            pending.discard(result.key)
            book.table.run += 1
            book.accept(result, prints[result.key], kept)
            on_row(book.table.run, len(to_run))
        for key in sorted(pending):
            book.table.failed[key] = "the recipe returned nothing for it"
    finally:
        book.flush()
    return book.table


def _revalidate(target: Target, action: StoredAction, verdict: RowVerdict, old: Json, book: RowBook) -> bool:
    if action.is_cancelled():
        raise Interrupted(f"`{target.id}` was interrupted", target=target.id)
    assert verdict.stored is not None
    changed = tuple(reason.subject for reason in verdict.reasons if reason.kind == "fact")
    before = set(action.kept)
    with recipe_code(target.id):
        result: RowResult | None = recipe_function(target.recipe.revalidate)(action, verdict.row, old, changed)
    if result is None or result.error:
        return False
    book.accept(result, proven(verdict.fingerprint), {*verdict.stored.kept, *(action.kept - before)})
    book.table.revalidated += 1
    return True


def run_inline(
    target: Target, action: StoredAction, rows: Sequence[WantedRow]
) -> Iterator[tuple[RowResult, Collection[str]]]:
    """Run rows chunk by chunk in this process, stopping between rows when asked to."""
    function = recipe_function(target.recipe.run)
    size = max(1, target.recipe.chunk_rows)
    for start in range(0, len(rows), size):
        with recipe_code(target.id):
            results = iter(function(action, rows[start : start + size]))
        while True:
            with recipe_code(target.id):
                result = next(results, None)
            if result is None:
                break
            yield result, action.kept
            if action.is_cancelled() and not result.is_more and result.key != rows[-1].key:
                raise Interrupted(f"`{target.id}` was interrupted", target=target.id)


class RowsFailed(BuildError):
    """Some rows of a table failed; `table` holds the others, which are kept."""

    table: Table


def rows_failed(target: Target, table: Table) -> RowsFailed:
    """Return the error of a table with failed rows."""
    first = min(table.failed)
    count = len(table.failed)
    error = RowsFailed(
        f"`{target.id}`: {count} of {table.total} rows failed, such as `{first}`: {table.failed[first]}",
        target=target.id,
        intact=f"{len(table.outputs)} rows are kept",
        hint="run the same command again to ask only for the failed rows",
    )
    error.table = table
    return error
