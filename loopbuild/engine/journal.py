"""state.db: the index over the store, in sqlite.

Decides tables and transactions. It holds nothing that cannot be found again in the objects (see `recover`), except
times and the record of runs. Knows nothing of keys' meaning.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

SCHEMA = 1
COMPLETE_BUILD = "complete_build"
"""Name of the small value that says what the last complete build depended on; gone once anything else is in force."""
SELECTED_BUILD = "selected_build:"
"""Begins the names of notes on complete builds of a selection."""
_SELECTED = (SELECTED_BUILD, f"{SELECTED_BUILD}~")
_MOST_NOTES = 8
_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE records(seq INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, key TEXT NOT NULL,
  output TEXT NOT NULL, record TEXT NOT NULL, needs TEXT NOT NULL, published TEXT NOT NULL, recipe TEXT NOT NULL,
  row_count INTEGER NOT NULL, seconds REAL NOT NULL, UNIQUE(target, key));
CREATE INDEX records_key ON records(key);
CREATE TABLE current(target TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE failures(target TEXT PRIMARY KEY, key TEXT NOT NULL, message TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE rows(fingerprint TEXT NOT NULL, reads_digest TEXT NOT NULL, key TEXT NOT NULL, reads TEXT NOT NULL,
  kept TEXT NOT NULL, place TEXT NOT NULL, batch TEXT NOT NULL, PRIMARY KEY(fingerprint, reads_digest)) WITHOUT ROWID;
CREATE TABLE stats(name TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, ctime INTEGER, inode INTEGER, device INTEGER,
  recorded REAL NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs(run INTEGER PRIMARY KEY AUTOINCREMENT, started REAL NOT NULL, seconds REAL NOT NULL,
  outcome TEXT NOT NULL, code_version TEXT NOT NULL, results TEXT NOT NULL);
CREATE TABLE costs(recipe TEXT NOT NULL, target TEXT NOT NULL, seconds REAL NOT NULL, row_count INTEGER NOT NULL);
CREATE INDEX costs_recipe ON costs(recipe);
"""


class Entry(NamedTuple):
    """One committed result as the index knows it; `record` names the object that says everything about it.

    A tuple, because a walk makes one for every target there is.
    """

    seq: int
    target: str
    key: str
    output: str
    record: str
    needs: tuple[str, ...]
    """Digests that must be on disk for the result to count: the output, its trace, what the action kept."""
    published: Mapping[str, str]
    recipe: str
    row_count: int
    """-1 for a target without rows."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RowEntry:
    """One stored row: where its output lies and which facts it read (name -> digest, "" when the fact was absent)."""

    fingerprint: str
    key: str
    reads: Mapping[str, str]
    reads_digest: str
    kept: tuple[str, ...]
    place: str
    batch: str


Stat = tuple[int, int, int, int, int]


class Journal:
    """A connection to state.db; `path` None is an empty journal that only answers."""

    def __init__(self, path: Path | None, *, is_writable: bool, is_remote: bool = False) -> None:
        """Open the index; `is_remote`: on a network disk, where a write-ahead log's shared memory does not work."""
        if path is None:
            self._db = sqlite3.connect(":memory:", isolation_level=None)
            self._db.executescript(_TABLES)
            return
        if is_writable:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
        else:
            self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)
        try:
            if is_writable:
                self._db.execute(f"PRAGMA journal_mode={'DELETE' if is_remote else 'WAL'}")
                self._db.execute("PRAGMA synchronous=NORMAL")
            self._check(is_writable=is_writable)
        except BaseException:
            self._db.close()
            raise

    def _check(self, *, is_writable: bool) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        # Tables under no version are no fresh file but a torn header: creating them again would fail for ever.
        is_fresh = version == 0 and not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if is_fresh and is_writable:
            with self.transaction():
                for statement in _TABLES.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={SCHEMA}")
        elif version != SCHEMA:
            raise sqlite3.DatabaseError(f"schema {version}, wanted {SCHEMA}")

    def close(self) -> None:
        """Let the file go; the write-ahead log is folded in by the last one to close."""
        self._db.close()

    @contextlib.contextmanager
    def transaction(self, *, is_durable: bool = False) -> Iterator[None]:
        """All or nothing; not nested. A durable one, and all before it, survive a power loss from its end on."""
        if is_durable:
            self._db.execute("PRAGMA synchronous=FULL")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        finally:
            if is_durable:
                self._db.execute("PRAGMA synchronous=NORMAL")

    def version(self) -> int:
        """Return a number that changes when another connection has written, and only then."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    # -- results ---------------------------------------------------------------------------------------------------

    def newest(self) -> int:
        """Return the number of the result committed last, 0 when there is none."""
        return int(self._db.execute("SELECT ifnull(max(seq), 0) FROM records").fetchone()[0])

    def current(self) -> dict[str, Entry]:
        """Return the result in force of every target."""
        query = f"SELECT {_ENTRY} FROM current JOIN records r ON r.seq = current.seq"
        return {row[1]: _entry(row) for row in self._db.execute(query)}

    def current_of(self, target: str) -> Entry | None:
        """Return the result in force of one target."""
        query = f"SELECT {_ENTRY} FROM current JOIN records r ON r.seq = current.seq WHERE current.target = ?"
        row = self._db.execute(query, (target,)).fetchone()
        return _entry(row) if row else None

    def with_key(self, key: str) -> list[Entry]:
        """Return every result ever committed under `key`, the first committed first."""
        query = f"SELECT {_ENTRY} FROM records r WHERE r.key = ? ORDER BY r.seq"
        return [_entry(row) for row in self._db.execute(query, (key,))]

    def entries(self) -> list[Entry]:
        """Return every result ever committed and still known, the first committed first."""
        return [_entry(row) for row in self._db.execute(f"SELECT {_ENTRY} FROM records r ORDER BY r.seq")]

    def drop_entries(self, seqs: Iterable[int]) -> None:
        """Forget results that are not in force; call inside a transaction."""
        query = "DELETE FROM records WHERE seq = ? AND seq NOT IN (SELECT seq FROM current)"
        self._db.executemany(query, ((seq,) for seq in seqs))

    def put_out_of_force(self, seqs: Iterable[int]) -> None:
        """Forget results altogether, so that their targets are made again; call inside a transaction."""
        for seq in seqs:
            self._db.execute("DELETE FROM current WHERE seq = ?", (seq,))
            self._db.execute("DELETE FROM records WHERE seq = ?", (seq,))
        self.forget_builds()

    def is_whole(self) -> bool:
        """Return whether sqlite finds its own file in order."""
        return bool(self._db.execute("PRAGMA quick_check").fetchone()[0] == "ok")

    def with_output(self, target: str, output: str) -> Entry | None:
        """Return the newest result of a target with this output, in force or not; its first digits will do."""
        query = f"SELECT {_ENTRY} FROM records r WHERE r.target = ? AND substr(r.output, 1, ?) = ? ORDER BY r.seq DESC"
        row = self._db.execute(query, (target, len(output), output)).fetchone()
        return _entry(row) if row else None

    def with_line(self, target: str, start: str) -> Entry | None:
        """Return the newest result of a target whose key starts like this, as a line of loop.lock has it."""
        query = f"SELECT {_ENTRY} FROM records r WHERE r.target = ? AND substr(r.key, 1, ?) = ? ORDER BY r.seq DESC"
        row = self._db.execute(query, (target, len(start), start)).fetchone()
        return _entry(row) if row else None

    def commit(self, entry: Entry, *, rows_run: int) -> None:
        """Put a result in force; call inside a transaction, after its objects are in place.

        `rows_run`: how many rows ran for it, -1 for a plain target that ran, 0 when nothing did and there is no cost.
        """
        self.forget_builds()
        self._db.execute("DELETE FROM records WHERE target = ? AND key = ?", (entry.target, entry.key))
        seq = self._db.execute(
            "INSERT INTO records(target, key, output, record, needs, published, recipe, row_count, seconds)"
            " VALUES (?,?,?,?,?,?,?,?,?)",
            (
                entry.target,
                entry.key,
                entry.output,
                entry.record,
                " ".join(entry.needs),
                json.dumps(dict(entry.published), sort_keys=True),
                entry.recipe,
                entry.row_count,
                entry.seconds,
            ),
        ).lastrowid
        self._db.execute("INSERT OR REPLACE INTO current VALUES (?,?)", (entry.target, seq))
        self._db.execute("DELETE FROM failures WHERE target = ?", (entry.target,))
        if rows_run:
            self.add_cost(entry.recipe, target=entry.target, seconds=entry.seconds, row_count=rows_run)

    def put_in_force(self, entry: Entry) -> None:
        """Make an older result of the same target the one in force again."""
        with self.transaction():
            self.forget_builds()
            # By its key: another build may have entered the same result once more, under another number.
            self._db.execute(
                "INSERT OR REPLACE INTO current SELECT target, seq FROM records WHERE target = ? AND key = ?",
                (entry.target, entry.key),
            )
            self._db.execute("DELETE FROM failures WHERE target = ?", (entry.target,))

    def failures(self) -> dict[str, tuple[str, str]]:
        """Return target -> (key, message) of what failed last time."""
        return {row[0]: (row[1], row[2]) for row in self._db.execute("SELECT target, key, message FROM failures")}

    def add_failure(self, target: str, *, key: str, message: str) -> None:
        """Remember that a target failed, as a reason only."""
        self._db.execute("INSERT OR REPLACE INTO failures VALUES (?,?,?)", (target, key, message))

    # -- rows ------------------------------------------------------------------------------------------------------

    def rows(self, fingerprints: Sequence[str]) -> dict[str, list[RowEntry]]:
        """Return the stored rows of each fingerprint; several when the facts they read differed."""
        found: dict[str, list[RowEntry]] = {}
        columns = "fingerprint, reads_digest, key, reads, kept, place, batch"
        for start in range(0, len(fingerprints), 500):
            part = fingerprints[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self._db.execute(f"SELECT {columns} FROM rows WHERE fingerprint IN ({marks})", part):
                found.setdefault(row[0], []).append(
                    RowEntry(
                        fingerprint=row[0],
                        reads_digest=row[1],
                        key=row[2],
                        reads=json.loads(row[3]),
                        kept=tuple(row[4].split()),
                        place=row[5],
                        batch=row[6],
                    )
                )
        return found

    def row_places(self) -> list[tuple[str, str, str]]:
        """Return (fingerprint, place, batch) of every stored row."""
        return list(self._db.execute("SELECT fingerprint, place, batch FROM rows"))

    def drop_rows(self, gone: Iterable[str]) -> None:
        """Forget rows whose output lies in none but these objects; call inside a transaction."""
        self._db.execute("CREATE TEMP TABLE gone(name TEXT PRIMARY KEY)")
        self._db.executemany("INSERT INTO gone VALUES (?)", ((name,) for name in gone))
        self._db.execute("DELETE FROM rows WHERE place IN (SELECT name FROM gone) AND batch IN (SELECT name FROM gone)")
        self._db.execute("DROP TABLE gone")

    def add_rows(self, rows: Iterable[RowEntry]) -> None:
        """Store rows; one with the same fingerprint and reads is replaced."""
        self._db.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?,?,?,?,?,?,?)",
            (
                (
                    row.fingerprint,
                    row.reads_digest,
                    row.key,
                    json.dumps(dict(row.reads), sort_keys=True),
                    " ".join(row.kept),
                    row.place,
                    row.batch,
                )
                for row in rows
            ),
        )

    # -- files -----------------------------------------------------------------------------------------------------

    def stats(self) -> dict[str, tuple[Stat, float, str]]:
        """Return name -> (stat tuple, time of recording, digest) of every file looked at before."""
        query = "SELECT name, size, mtime, ctime, inode, device, recorded, digest FROM stats"
        return {row[0]: ((row[1], row[2], row[3], row[4], row[5]), row[6], row[7]) for row in self._db.execute(query)}

    def stat(self, name: str) -> tuple[Stat, float, str] | None:
        """Return the same of one file."""
        query = "SELECT size, mtime, ctime, inode, device, recorded, digest FROM stats WHERE name = ?"
        row = self._db.execute(query, (name,)).fetchone()
        return None if row is None else ((row[0], row[1], row[2], row[3], row[4]), row[5], row[6])

    def stat_names(self, prefix: str) -> list[str]:
        """Return the names of files looked at before that begin with `prefix`."""
        query = "SELECT name FROM stats WHERE name >= ? AND name < ?"
        return [row[0] for row in self._db.execute(query, (prefix, f"{prefix}\U0010ffff"))]

    def add_stats(self, rows: Iterable[tuple[str, Stat, float, str]]) -> None:
        """Remember files' stat tuples and digests."""
        self._db.executemany(
            "INSERT OR REPLACE INTO stats VALUES (?,?,?,?,?,?,?,?)",
            ((name, *stat, recorded, digest) for name, stat, recorded, digest in rows),
        )

    def drop_stats(self, names: Iterable[str]) -> None:
        """Forget files."""
        self._db.executemany("DELETE FROM stats WHERE name = ?", ((name,) for name in names))

    # -- history and small values ----------------------------------------------------------------------------------

    def meta(self, name: str) -> Any:
        """Return a small JSON value kept under `name`, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else None

    def set_meta(self, name: str, value: Any) -> None:
        """Keep a small JSON value; None forgets it."""
        if value is None:
            self._db.execute("DELETE FROM meta WHERE name = ?", (name,))
        else:
            text = json.dumps(value, separators=(",", ":"))
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (name, text))

    def forget_builds(self) -> None:
        """Let no build be recognised as complete any more; call inside a transaction."""
        self.set_meta(COMPLETE_BUILD, None)
        self._forget_selected()

    def note_selected_build(self, name: str, value: Any) -> None:
        """Keep a note on a build of a selection; where there are many, those of other selections go."""
        noted = {row[0] for row in self._db.execute("SELECT name FROM meta WHERE name >= ? AND name < ?", _SELECTED)}
        if len(noted - {SELECTED_BUILD + name}) >= _MOST_NOTES:
            self._forget_selected()
        self.set_meta(SELECTED_BUILD + name, value)

    def _forget_selected(self) -> None:
        self._db.execute("DELETE FROM meta WHERE name >= ? AND name < ?", _SELECTED)

    def add_cost(self, recipe: str, *, target: str, seconds: float, row_count: int) -> None:
        """Remember what one run of a recipe took."""
        self._db.execute("INSERT INTO costs VALUES (?,?,?,?)", (recipe, target, seconds, row_count))

    def costs(self) -> dict[str, list[tuple[float, int]]]:
        """Return recipe -> (seconds, rows run or -1) of its runs among the last 5,000, the oldest first."""
        found: dict[str, list[tuple[float, int]]] = {}
        query = "SELECT recipe, seconds, row_count FROM costs ORDER BY rowid DESC LIMIT 5000"
        for recipe, seconds, row_count in reversed(self._db.execute(query).fetchall()):
            found.setdefault(recipe, []).append((seconds, row_count))
        return found

    def add_run(self, *, started: float, seconds: float, outcome: str, code_version: str, results: Any) -> None:
        """Remember one build."""
        text = json.dumps(results, separators=(",", ":"))
        self._db.execute(
            "INSERT INTO runs(started, seconds, outcome, code_version, results) VALUES (?,?,?,?,?)",
            (started, seconds, outcome, code_version, text),
        )

    def last_result(self, target: str, limit: int) -> list[Any] | None:
        """Return what the newest of `limit` builds that did something about a target noted of it.

        Looks for its entry in the text: the first build of a large project takes longer to parse than all else.
        """
        start = f"[{json.dumps(target)},"
        for (text,) in self._db.execute("SELECT results FROM runs ORDER BY run DESC LIMIT ?", (limit,)):
            place = text.find(start)
            if place >= 0:
                found: list[Any] = json.JSONDecoder().raw_decode(text, place)[0]
                return found
        return None

    def runs(self, limit: int) -> Iterator[tuple[int, float, float, str, str, Any]]:
        """Yield the newest builds first: (run, started, seconds, outcome, code version, results)."""
        query = "SELECT run, started, seconds, outcome, code_version, results FROM runs ORDER BY run DESC LIMIT ?"
        return ((*row[:5], json.loads(row[5])) for row in self._db.execute(query, (limit,)))


_tuple = tuple.__new__
_NOWHERE: Mapping[str, str] = {}
_ENTRY = "r.seq, r.target, r.key, r.output, r.record, r.needs, r.published, r.recipe, r.row_count, r.seconds"


def _entry(row: Sequence[Any]) -> Entry:
    seq, target, key, output, record, needs, published, recipe, row_count, seconds = row
    names = (output,) if needs == output else tuple(needs.split())
    places = json.loads(published) if published != "{}" else _NOWHERE
    # Twice as fast as by name, and there may be tens of thousands.
    return _tuple(Entry, (seq, target, key, output, record, names, places, recipe, row_count, seconds))
