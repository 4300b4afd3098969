"""The folder `.loopbuild/`: where everything lies, who may write, and what a kill left behind.

Decides layout, locking and the format number. Opening writes nothing; only a build prepares the folder. Knows nothing
of targets.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from loopbuild.engine.journal import Journal
from loopbuild.engine.objects import Objects, store_trouble
from loopbuild.errors import StoreError

FORMAT = 1
"""Raised when an older loopbuild could no longer read the folder."""


class NewerStore(StoreError):
    """The folder was written by a newer loopbuild."""

    exit_code = 2


class Workspace:
    """A project folder and its `.loopbuild/`."""

    def __init__(self, root: Path, *, code_version: str, clock: Callable[[], float]) -> None:
        self.root = root
        self.folder = root / ".loopbuild"
        self.code_version = code_version
        self.clock = clock
        self.objects = Objects(self.folder / "cas")

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
        """Create what belongs into the folder; call it under the lock. Raises StoreError when it is not writable."""
        try:
            for name in ("cas", "partial", "tmp", "out"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
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
    def exclusive(self, on_wait: Callable[[str], None]) -> Iterator[None]:
        """Be the only build of this workspace; while another one runs, `on_wait` is told its process id, once."""
        path = self.folder / "lock"
        handle = self._opened(path)
        has_told = False
        try:
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    if not has_told:
                        has_told = True
                        on_wait(os.read(handle, 32).decode("ascii", "replace").strip() or "?")
                    fcntl.flock(handle, fcntl.LOCK_EX)
                if _is_same(handle, path):
                    break
                # Somebody deleted the folder while we waited: others would lock a file we know nothing of.
                handle, gone = self._opened(path), handle
                os.close(gone)
            with contextlib.suppress(OSError):  # the content is for display only
                os.ftruncate(handle, 0)
                os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(handle)

    def _opened(self, path: Path) -> int:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unusable(error, path) from error

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give this run a private folder on the store's file system; folders of dead runs are removed first."""
        for old in sorted((self.folder / "tmp").iterdir()):
            _remove_if_dead(old)
        number = 0
        while True:
            folder = self.folder / "tmp" / f"run-{os.getpid()}-{number}"
            try:
                folder.mkdir()
                break
            except FileExistsError:
                number += 1
            except OSError as error:
                raise _unusable(error, folder) from error
        handle = os.open(folder / "alive", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(handle)
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
            if is_committed(folder.name):
                remove_tree(folder)

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


def _is_same(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _remove_if_dead(folder: Path) -> None:
    try:
        handle = os.open(folder / "alive", os.O_RDWR)
    except OSError:
        remove_tree(folder)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(handle)
    remove_tree(folder)


def _unusable(error: OSError, path: Path) -> StoreError:
    known = store_trouble(error)
    if known is not None:
        return known
    what = os.strerror(error.errno or 0).lower()
    in_the_way = isinstance(error, IsADirectoryError | NotADirectoryError | FileExistsError)
    hint = f"delete `{path}`" if in_the_way else "make the project folder writable"
    return StoreError(f"cannot use `{path}`: {what}", hint=hint)
