"""The state of a server as a file: saving it, putting it back, and the rows that are in it.

Putting back works on the living server: SQLite through its own backup, which respects locks and open connections; JSON
lines by rewriting the file, for servers that read it at every call.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

from loopbuild.digest import digest
from loopbuild.documents import json_lines
from loopbuild.errors import SandboxError
from loopbuild.records import Json
from loopbuild.sandbox.rows import VOLATILE, Rows, singular

_BUSY_SECONDS = 10.0


class StateFile:
    """One state file of kind `sqlite`, `jsonl` or `none`; with `none` nothing is ever saved."""

    def __init__(self, kind: Literal["sqlite", "jsonl", "none"], path: Path) -> None:
        self.kind = kind
        self._path = path

    def save(self) -> bytes | None:
        """Return the whole state; None when there is no file yet."""
        if self.kind == "none" or not self._path.exists():
            return None
        if self.kind == "jsonl":
            return self._path.read_bytes()
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as database:
                return database.serialize()
        except sqlite3.Error as exc:
            raise SandboxError(f"the state file `{self._path.name}` cannot be read: {exc}") from exc

    def put_back(self, saved: bytes | None) -> None:
        """Make the state what it was when `saved` was made."""
        if self.kind == "none":
            return
        if saved is None:
            for suffix in ("", "-wal", "-shm", "-journal"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
        elif self.kind == "jsonl":
            self._path.write_bytes(saved)
        else:
            self._put_back_database(saved)

    def rows(self, saved: bytes | None) -> Rows:
        """Return the rows of a saved state; volatile columns (times of writing) are left out."""
        if saved is None:
            return {}
        return _lines(saved, self._path.stem) if self.kind == "jsonl" else _tables(saved)

    def _put_back_database(self, saved: bytes) -> None:
        try:
            with (
                closing(sqlite3.connect(":memory:")) as copy,
                closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS)) as database,
            ):
                copy.deserialize(saved)
                database.execute("pragma synchronous = off")  # a private copy: 30 ms saved at every reset
                copy.backup(database)
        except sqlite3.Error as exc:
            raise SandboxError(f"the state file `{self._path.name}` cannot be put back: {exc}") from exc


def _tables(saved: bytes) -> Rows:
    found: Rows = {}
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(saved)
        database.row_factory = sqlite3.Row
        names = [
            row[0] for row in database.execute("select name from sqlite_master where type = 'table' order by name")
        ]
        for table in names:
            if table.startswith("sqlite_"):
                continue
            quoted = '"' + table.replace('"', '""') + '"'
            columns = database.execute(f"pragma table_info({quoted})").fetchall()
            keys = [row["name"] for row in sorted(columns, key=lambda row: row["pk"]) if row["pk"]]
            for row in database.execute(f"select * from {quoted}"):
                record = {name: _plain(row[name]) for name in row.keys() if name not in VOLATILE}  # noqa: SIM118
                key = _key([record.get(name) for name in keys], record)
                found[singular(table), key] = record if len(keys) != 1 else _without(record, keys[0])
    return found


def _lines(saved: bytes, stem: str) -> Rows:
    found: Rows = {}
    for line in json_lines(saved.decode("utf-8", errors="replace")):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if not isinstance(record, dict):
            continue
        record = {name: value for name, value in record.items() if name not in VOLATILE}
        kind = record.pop("type", None)
        entity = kind if isinstance(kind, str) else singular(stem)
        name = next((name for name in ("id", "uuid", "key", "name") if name in record), "")
        key = _key([record[name]] if name else [], record)
        found[entity, key] = _without(record, name)
    return found


def _key(parts: list[Json], record: Mapping[str, Json]) -> str:
    return "/".join(str(part) for part in parts) if parts else digest("row", dict(record))[:12]


def _without(record: Mapping[str, Json], name: str) -> dict[str, Json]:
    return {other: value for other, value in record.items() if other != name}


def _plain(value: Json) -> Json:
    return value.hex() if isinstance(value, bytes) else value
