"""Files the build depends on: their content, with a stat shortcut that is never an identity.

A file is taken as unchanged only if size, mtime, ctime, inode and device are all equal and the file was already older
than two seconds when that was recorded: a same-size edit within the clock's grain can not slip through, and ctime
catches a restored mtime.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from loopbuild.engine.journal import Journal, Stat
from loopbuild.engine.objects import VERIFIED_BYTES, Objects
from loopbuild.errors import BuildError

SETTLED_SECONDS = 2.0


def stat_of(path: str | Path) -> Stat:
    """Return the tuple that is compared; follows links."""
    found = os.stat(path)  # noqa: PTH116 - called thousands of times
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)


def is_settled(stat: Stat, recorded: float) -> bool:
    """Return whether the tuple, recorded at `recorded` (seconds), is proof enough."""
    return max(stat[1], stat[2]) < (recorded - SETTLED_SECONDS) * 1e9


class Leaves:
    """Digests of leaf files and soundness of stored objects, remembered between builds."""

    def __init__(self, root: Path, journal: Journal, objects: Objects, *, clock: Callable[[], float]) -> None:
        self._root = root
        self._objects = objects
        self._clock = clock
        self._known = journal.stats()
        self._fresh: dict[str, tuple[Stat, float, str]] = {}
        self._seen: dict[str, str] = {}

    def digest(self, path: str) -> str:
        """Return the digest of a leaf file; its bytes are in the objects afterwards.

        Asked twice within one build, the answer is the same, whatever happens to the file. Raises BuildError when there
        is no such file.
        """
        if path in self._seen:
            return self._seen[path]
        full = self._root / path
        try:
            stat = stat_of(full)
            known = self._known.get(path)
            if known and known[0] == stat and is_settled(stat, known[1]) and self._objects.has(known[2]):
                digest = known[2]
            else:
                recorded = self._clock()
                if stat[0] > VERIFIED_BYTES:
                    digest = self._objects.put_file(full)
                else:
                    digest = self._objects.put(full.read_bytes())
                self._fresh[path] = (stat, recorded, digest)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
            what = os.strerror(error.errno or 0).lower()
            raise BuildError(
                f"cannot read `{path}`: {what}",
                intact="every result built before",
                hint=f"restore `{path}`, or take it out of the settings",
            ) from error
        self._seen[path] = digest
        return digest

    def soundness(self, digest: str) -> str:
        """Return "" when the stored object is there with the right bytes, else `output_missing` or `output_damaged`.

        An object whose stat tuple is the one seen before is not read again; above 16 MiB its size and times suffice.
        """
        name = f"cas:{digest}"
        if name in self._seen:
            return self._seen[name]
        try:
            stat = stat_of(self._objects.path(digest))
        except OSError:
            return "output_missing"
        known = self._known.get(name)
        verdict = ""
        if not (known and known[0] == stat and (is_settled(stat, known[1]) or stat[0] > VERIFIED_BYTES)):
            recorded = self._clock()
            if self._objects.is_sound(digest):
                self._fresh[name] = (stat, recorded, digest)
            else:
                verdict = "output_damaged"
        if not verdict:
            self._seen[name] = verdict
        return verdict

    def remember_written(self, name: str, path: Path, digest: str) -> None:
        """Note that the file at `path`, which is ours, was just written with these bytes."""
        self._known[name] = self._fresh[name] = (_own_stat(path), self._clock(), digest)

    def is_as_remembered(self, name: str, path: Path, digest: str) -> bool:
        """Return whether a file noted by `remember_written` was left alone since."""
        known = self._known.get(name)
        try:
            stat = _own_stat(path)
        except OSError:
            return False
        return known is not None and known[0] == stat and known[2] == digest

    def remembered(self, prefix: str) -> list[str]:
        """Return the names under a prefix, sorted, without it."""
        return sorted(name.removeprefix(prefix) for name in self._known if name.startswith(prefix))

    def forget(self, names: Iterable[str], journal: Journal) -> None:
        """Drop names; call inside a transaction."""
        for name in names:
            self._known.pop(name, None)
            self._fresh.pop(name, None)
            journal.drop_stats([name])

    def flush(self, journal: Journal) -> None:
        """Write what was learnt; call inside a transaction."""
        journal.add_stats((name, *row) for name, row in sorted(self._fresh.items()))
        self._known.update(self._fresh)
        self._fresh.clear()


def _own_stat(path: Path) -> Stat:
    # A link put in place of a published file must show, so links are not followed.
    found = path.lstat()
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
