"""Files the build depends on: their content, with a stat shortcut that is never an identity.

A file is taken as unchanged only if size, mtime, ctime, inode and device are all equal and the file was already older
than two seconds when that was recorded: a same-size edit within the clock's grain can not slip through, and ctime
catches a restored mtime.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
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
        self._root = f"{root}{os.sep}"
        self._objects = objects
        self._clock = clock
        self._journal = journal
        self._known: dict[str, tuple[Stat, float, str]] = {}
        """What is remembered, as far as it was asked for."""
        self._is_loaded = self._is_trusting = False
        self._fresh: dict[str, tuple[Stat, float, str]] = {}
        self._seen: dict[str, str] = {}
        self._sound: set[str] = set()
        self._trusted: Mapping[str, Stat] = {}

    def trust(self, leaves: Mapping[str, tuple[Stat, float, str]], objects: Mapping[str, Stat]) -> None:
        """Take over what was just seen to be as a complete build had noted it, so that nothing is looked at twice."""
        self._known.update(leaves)
        self._is_trusting = True
        self._seen.update((path, known[2]) for path, known in leaves.items())
        self._trusted = objects

    def _recall(self, name: str) -> tuple[Stat, float, str] | None:
        """Return what is remembered of a file: all is loaded at once, but what is left beside `trust` one by one."""
        found = self._known.get(name)
        if found is None and self._is_trusting:
            found = self._journal.stat(name)
            if found is not None:
                self._known[name] = found
        elif found is None and not self._is_loaded:
            self._is_loaded = True
            self._known = self._journal.stats() | self._known
            found = self._known.get(name)
        return found

    def digest(self, path: str) -> str:
        """Return the digest of a leaf file; call `secure` before an action reads it.

        Asked twice within one build, the answer is the same, whatever happens to the file. Raises BuildError when there
        is no such file.
        """
        seen = self._seen.get(path)
        if seen is not None:
            return seen
        full = self._root + path
        try:
            stat = stat_of(full)
            known = self._recall(path)
            if known and known[0] == stat and is_settled(stat, known[1]):
                digest = known[2]
            else:
                recorded = self._clock()
                digest = self._copy_in(full, stat[0])
                self._fresh[path] = (stat, recorded, digest)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError) as error:
            what = os.strerror(error.errno or 0).lower()
            raise BuildError(
                f"cannot read `{path}`: {what}",
                intact="every result built before is kept",
                hint=f"restore `{path}`, or take it out of the settings",
            ) from error
        self._seen[path] = digest
        return digest

    def secure(self, path: str) -> None:
        """Make sure that the bytes `digest` has named are among the objects; they may have been collected since.

        Raises BuildError when they are not and the file has other bytes by now.
        """
        digest = self.digest(path)
        if self._objects.has(digest):
            return
        full = self._root + path
        if self._copy_in(full, os.path.getsize(full)) != digest:  # noqa: PTH202
            raise BuildError(f"`{path}` was edited during the build", intact="every result built before is kept")

    def _copy_in(self, full: str, size: int) -> str:
        if size > VERIFIED_BYTES:
            return self._objects.put_file(Path(full))
        with open(full, "rb") as stream:  # noqa: PTH123 - called thousands of times
            return self._objects.put(stream.read())

    def as_seen(self, path: str) -> tuple[Stat, float, str]:
        """Return what `digest` saw: the stat tuple before reading, when that was, and the digest of the bytes read."""
        self.digest(path)
        return self._fresh.get(path) or self._known[path]

    def object_stat(self, digest: str) -> Stat:
        """Return the stat tuple of a stored object, the one `soundness` saw if it was asked."""
        if digest in self._trusted:
            return self._trusted[digest]
        if digest in self._sound:
            name = f"cas:{digest}"
            return (self._fresh.get(name) or self._known[name])[0]
        return stat_of(self._objects.path(digest))

    def soundness(self, digest: str) -> str:
        """Return "" when the stored object is there with the right bytes, else `output_missing` or `output_damaged`.

        An object whose stat tuple is the one seen before is not read again; above 16 MiB its size and times suffice.
        """
        if digest in self._sound or digest in self._trusted:
            return ""
        name = f"cas:{digest}"
        try:
            stat = stat_of(self._objects.path(digest))
        except OSError:
            return "output_missing"
        known = self._recall(name)
        if not (known and known[0] == stat and (is_settled(stat, known[1]) or stat[0] > VERIFIED_BYTES)):
            recorded = self._clock()
            if self._objects.is_sound(digest):
                self._fresh[name] = (stat, recorded, digest)
            else:
                return "output_damaged"
        self._sound.add(digest)
        return ""

    def remember_written(self, name: str, path: Path, digest: str) -> None:
        """Note that the file at `path`, which is ours, was just written with these bytes."""
        self._known[name] = self._fresh[name] = (own_stat(path), self._clock(), digest)

    def is_as_remembered(self, name: str, path: Path, digest: str) -> bool:
        """Return whether a file noted by `remember_written` was left alone since."""
        known = self._recall(name)
        try:
            stat = own_stat(path)
        except OSError:
            return False
        return known is not None and known[0] == stat and known[2] == digest

    def look_again(self, names: Iterable[str]) -> None:
        """Forget what is remembered of files in favour of what stands in the journal: others write there too."""
        for name in names:
            self._recall(name)
            self._fresh.pop(name, None)
            known = self._journal.stat(name)
            if known is None:
                self._known.pop(name, None)
            else:
                self._known[name] = known

    def written_stat(self, name: str) -> Stat:
        """Return the tuple noted by `remember_written`."""
        known = self._fresh.get(name) or self._recall(name)
        assert known is not None, name
        return known[0]

    def remembered(self, prefix: str) -> list[str]:
        """Return the names under a prefix, sorted, without it."""
        names = {name for name in self._known if name.startswith(prefix)}
        return sorted(name.removeprefix(prefix) for name in names.union(self._journal.stat_names(prefix)))

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


def own_stat(path: Path) -> Stat:
    """Return the tuple of a file that is ours; a link put in its place must show, so links are not followed."""
    found = path.lstat()
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)
