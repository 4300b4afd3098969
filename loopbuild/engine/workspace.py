"""The folder `.loopbuild/`: where everything lies, who may write, and what a kill left behind.

Decides layout, locking and the format number. Opening writes nothing; only a build prepares the folder. Knows nothing
of targets.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from loopbuild.engine.journal import Journal
from loopbuild.engine.leases import Leases
from loopbuild.engine.locks import Lock, is_held, never, said_in
from loopbuild.engine.objects import Objects, store_trouble
from loopbuild.errors import StoreError

FORMAT = 1
"""Raised when an older loopbuild could no longer read the folder."""
_REPLACEABLE = ("partial", "tmp", "out", "leases")
"""Folders that are made anew where something else has their name; `cas` holds what was paid for, and is not."""


class NewerStore(StoreError):
    """The folder was written by a newer loopbuild."""

    exit_code = 2


class Neighbour(NamedTuple):
    """A process that works in this store now."""

    pid: str
    since: float
    """Seconds since the epoch."""


class Workspace:
    """A project folder and its `.loopbuild/`."""

    def __init__(self, root: Path, *, code_version: str, clock: Callable[[], float]) -> None:
        self.root = root
        self.folder = root / ".loopbuild"
        self.code_version = code_version
        self.clock = clock
        self.objects = Objects(self.folder / "cas")
        self.leases = Leases(self.folder / "leases")

    @classmethod
    def open(cls, root: Path, *, code_version: str, clock: Callable[[], float] = time.time) -> Workspace:
        """Return the workspace of the project folder `root`; nothing is written, an absent folder is an empty one.

        Raises NewerStore when a newer loopbuild has written it.
        """
        workspace = cls(Path(os.path.abspath(root)), code_version=code_version, clock=clock)  # noqa: PTH100
        workspace._check_format()
        return workspace

    def _check_format(self) -> None:
        try:
            text = (self.folder / "FORMAT").read_text(encoding="utf-8", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return
        if text.isdecimal() and int(text) > FORMAT:
            raise NewerStore(
                f"`.loopbuild` has format {text}, this loopbuild reads up to {FORMAT}",
                intact="the store was not touched",
                hint="upgrade loopbuild, or delete `.loopbuild` and build again",
            )

    # -- reading ---------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def reading(self) -> Iterator[Journal]:
        """Open the index for questions: without a lock, without writing; lost, it is made anew in memory."""
        with contextlib.ExitStack() as stack:
            journal = self._reader(stack)
            stack.callback(journal.close)
            yield journal

    def _reader(self, stack: contextlib.ExitStack) -> Journal:
        path = self.folder / "state.db"
        if path.is_file() and path.stat().st_size:
            try:
                return Journal(path, is_writable=False)
            except sqlite3.OperationalError:
                # Readers of a write-ahead log write beside it, which a read-only folder does not let them.
                return self._read_copy(path, stack)
            except sqlite3.DatabaseError:
                pass  # the next build sets it aside and does for good what is done in memory here
        from loopbuild.engine.recover import rebuild

        journal = Journal(None, is_writable=False)
        rebuild(journal, self.objects)
        return journal

    def _read_copy(self, path: Path, stack: contextlib.ExitStack) -> Journal:
        import shutil
        import tempfile

        try:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="loopbuild-read-")))
            for name in (path.name, f"{path.name}-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(path.with_name(name), folder / name)
            return Journal(folder / path.name, is_writable=False)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"cannot read `{path}`: {error}", hint="make `.loopbuild` readable") from error

    # -- writing ---------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Create what belongs into the folder. Raises StoreError when it is not writable."""
        with self.turn():
            self._prepare()

    def _prepare(self) -> None:
        try:
            for name in ("cas", *_REPLACEABLE):
                path = self.folder / name
                if name in _REPLACEABLE and path.parent.is_dir() and not path.is_dir():
                    remove_tree(path)  # a file or a link to nowhere: nothing that was ever kept there is in it
                path.mkdir(parents=True, exist_ok=True)
            for name, text in (("FORMAT", f"{FORMAT}\n"), (".gitignore", "*\n")):
                path = self.folder / name
                if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
                    fresh = self.folder / "tmp" / f"{name}.{os.getpid()}"
                    fresh.write_text(text, encoding="utf-8")
                    if path.is_dir():
                        remove_tree(path)
                    fresh.replace(path)
        except OSError as error:
            raise _unusable(error, self.folder) from error

    @contextlib.contextmanager
    def shared(self, on_wait: Callable[[str], None], *, is_cancelled: Callable[[], bool] = never) -> Iterator[None]:
        """Work here beside others; while somebody has the store to himself, `on_wait` is told his process id, once."""
        with self._lock("lock", on_wait, is_cancelled=is_cancelled, is_shared=True):
            yield

    @contextlib.contextmanager
    def exclusive(self, on_wait: Callable[[str], None], *, is_cancelled: Callable[[], bool] = never) -> Iterator[None]:
        """Have the store to oneself; while others work in it, `on_wait` is told their process ids, once."""
        with self._lock("lock", on_wait, is_cancelled=is_cancelled):
            yield

    @contextlib.contextmanager
    def opening(self, on_wait: Callable[[str], None], *, is_cancelled: Callable[[], bool] = never) -> Iterator[None]:
        """Be the only one who looks whether the index is sound, and makes it anew; asked for before `shared`."""
        with self._lock("opening", on_wait, is_cancelled=is_cancelled):
            yield

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Have a moment in which nobody else publishes, writes loop.lock or moves in; nothing is waited for within."""
        with self._lock("turn"):
            yield

    def neighbours(self) -> tuple[Neighbour, ...]:
        """Return who else works in this store, the first to come first; nothing is written."""
        found = []
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.folder / "tmp"):
                pid, alive = entry.name.split("-")[1:2], f"{entry.path}{os.sep}alive"
                if pid and pid[0] != str(os.getpid()) and is_held(alive):
                    found.append(Neighbour(pid=pid[0], since=Path(alive).stat().st_mtime))
        return tuple(sorted(found, key=lambda one: one.since))

    @contextlib.contextmanager
    def _lock(
        self,
        name: str,
        on_wait: Callable[[str], None] | None = None,
        *,
        is_cancelled: Callable[[], bool] = never,
        is_shared: bool = False,
    ) -> Iterator[None]:
        path = self.folder / name
        lock = Lock(path)

        def tell() -> None:
            # Whoever shares the store has not written his name into its lock.
            pids = [one.pid for one in self.neighbours()] if not is_shared and name == "lock" else []
            if on_wait is not None:
                on_wait(", ".join(pids) or said_in(path) or "?")

        try:
            lock.wait(
                is_shared=is_shared,
                says="" if is_shared else str(os.getpid()),
                on_wait=tell,
                is_cancelled=is_cancelled,
            )
        except OSError as error:
            raise _unusable(error, path) from error
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give this run a private folder on the store's file system; what dead runs left is removed first."""
        alive: Lock | None = None
        try:
            with self.turn():
                self._prepare()
                self.leases.sweep()
                for old in sorted((self.folder / "tmp").iterdir()):
                    if not is_held(old / "alive"):
                        remove_tree(old)
                number = 0
                while (folder := self.folder / "tmp" / f"run-{os.getpid()}-{number}").exists():
                    number += 1
                folder.mkdir()
                alive = Lock(folder / "alive")
                alive.wait()
        except OSError as error:
            raise _unusable(error, self.folder / "tmp") from error
        try:
            yield folder
        finally:
            alive.release()
            remove_tree(folder)

    def set_aside(self) -> Path:
        """Move a damaged state.db out of the way, keeping its bytes; return its new path."""
        number = 1
        while (target := self.folder / f"state.db.corrupt-{number}").exists():
            number += 1
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                (self.folder / f"state.db{suffix}").unlink()
        path = self.folder / "state.db"
        path.replace(target)
        return target

    def sweep_partial(self, is_committed: Callable[[str], object]) -> None:
        """Remove what unfinished actions kept and whose results are there after all: a kill came between the two."""
        for folder in (self.folder / "partial").iterdir():
            if is_committed(folder.name) and (lease := self.leases.take([folder.name], target="")) is not None:
                remove_tree(folder)
                lease.release()

    def partial(self, key: str) -> Path:
        """Return where an unfinished action of this key keeps what shall survive a kill."""
        return self.folder / "partial" / key


def remove_tree(path: Path) -> None:
    """Delete a folder, a file or a link; what can not be deleted stays and hurts nobody."""
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def _unusable(error: OSError, path: Path) -> StoreError:
    """Name the very thing in the way. It is never to be deleted: results that were paid for may hang on it."""
    known = store_trouble(error)
    if known is not None:
        return known
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else path
    if isinstance(error, NotADirectoryError):
        path = next((above for above in path.parents if not above.is_dir()), path)
    what = os.strerror(error.errno or 0).lower()
    in_the_way = isinstance(error, IsADirectoryError | NotADirectoryError | FileExistsError)
    hint = f"move `{path}` out of the way" if in_the_way else "make the project folder writable"
    return StoreError(f"cannot use `{path}`: {what}", intact="every stored result is as it was", hint=hint)
