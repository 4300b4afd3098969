"""Objects: immutable bytes named by their blake3 digest, under `cas/`.

Decides how bytes reach the disk (temporary file, rename, read-only) and that nothing damaged is ever handed out. Knows
nothing of targets or of what the bytes mean.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from blake3 import blake3

from loopbuild.digest import short
from loopbuild.errors import StoreError

VERIFIED_BYTES = 16 * 1024 * 1024
"""Objects up to this size are hashed on every read; larger ones when they are copied out."""
_STEP = 1 << 20
_SMALL = 1 << 16
_counter = itertools.count()
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EFBIG}


class ObjectDamaged(StoreError):
    """An object is absent or its bytes are not those its name promises; `digest` names it."""

    def __init__(self, digest: str, *, is_missing: bool) -> None:
        what = "is missing" if is_missing else "is damaged"
        super().__init__(
            f"object `{short(digest)}` {what}",
            intact="nothing else was touched",
            hint="`loopbuild build` makes it again",
        )
        self.digest = digest
        self.is_missing = is_missing


def store_trouble(error: OSError) -> StoreError | None:
    """Return the StoreError for a full, read-only or exhausted system, None for any other failure."""
    if error.errno not in _FULL:
        return None
    place = f" at `{error.filename}`" if error.filename else ""
    return StoreError(
        f"cannot write the store{place}: {os.strerror(error.errno or 0).lower()}",
        intact="every result built before is kept",
        hint="make room or permit writing, then run the same command again",
    )


class Objects:
    """The content-addressed folder; `scratch` is a private folder on the same file system, needed only to write."""

    def __init__(self, folder: Path, *, scratch: Path | None = None) -> None:
        self.folder = folder
        self.scratch = scratch
        self._prefix = f"{folder}{os.sep}"
        self._on_disk: set[str] = set()

    def path(self, digest: str) -> str:
        """Return where the object lies or would lie."""
        return f"{self._prefix}{digest[:2]}{os.sep}{digest[2:]}"

    def has(self, digest: str) -> bool:
        """Return whether a file of that name exists; its bytes are not looked at."""
        return os.path.isfile(self.path(digest))  # noqa: PTH113 - 3x faster than Path on thousands of objects

    def put(self, content: bytes, *, is_durable: bool = False) -> str:
        """Store bytes; return their digest. An existing object with other bytes under that name is replaced."""
        digest = blake3(content).hexdigest()
        path = self.path(digest)
        try:
            with open(path, "rb") as stream:  # noqa: PTH123
                if os.fstat(stream.fileno()).st_size == len(content) and stream.read() == content:
                    if is_durable:  # whoever wrote it may not have cared
                        _sync(stream.fileno())
                        self._sync_way(os.path.dirname(path))  # noqa: PTH120
                    return digest
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            pass
        temporary = self._temporary()
        try:
            with open(temporary, "wb") as stream:  # noqa: PTH123
                stream.write(content)
                _finish(stream.fileno(), is_durable=is_durable, stream=stream)
            self._place(temporary, path, is_durable=is_durable)
        except BaseException:
            _unlink(temporary)
            raise
        return digest

    def put_file(self, source: Path, *, is_durable: bool = False) -> str:
        """Copy a file in, hashed while copying; return its digest."""
        hasher, temporary = blake3(), self._temporary()
        try:
            with open(source, "rb") as reader, open(temporary, "wb") as writer:  # noqa: PTH123
                while step := reader.read(_STEP):
                    hasher.update(step)
                    writer.write(step)
                _finish(writer.fileno(), is_durable=is_durable, stream=writer)
            digest = hasher.hexdigest()
            self._place(temporary, self.path(digest), is_durable=is_durable)
        except BaseException:
            _unlink(temporary)
            raise
        return digest

    def get(self, digest: str) -> bytes:
        """Return the object's bytes; raises ObjectDamaged unless they are exactly those named (up to 16 MiB)."""
        try:
            content = _content(self.path(digest))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            raise ObjectDamaged(digest, is_missing=True) from None
        if len(content) <= VERIFIED_BYTES and blake3(content).hexdigest() != digest:
            raise ObjectDamaged(digest, is_missing=False)
        return content

    def copy_to(self, digest: str, path: Path) -> None:
        """Write the object to `path`, verified while copying; `path` is left absent when it is damaged."""
        hasher = blake3()
        try:
            with open(self.path(digest), "rb") as reader, open(path, "wb") as writer:  # noqa: PTH123
                while step := reader.read(_STEP):
                    hasher.update(step)
                    writer.write(step)
        except FileNotFoundError:
            if self.has(digest):
                raise
            raise ObjectDamaged(digest, is_missing=True) from None
        if hasher.hexdigest() != digest:
            _unlink(str(path))
            raise ObjectDamaged(digest, is_missing=False)

    def is_sound(self, digest: str) -> bool:
        """Return whether the bytes on disk are those named; reads them all, large ones mapped and on all cores."""
        hasher = blake3(max_threads=blake3.AUTO)
        try:
            with open(self.path(digest), "rb") as reader:  # noqa: PTH123
                hasher.update(start := reader.read(_STEP))
                if len(start) == _STEP:
                    hasher.reset()
                    hasher.update_mmap(self.path(digest))
        except OSError as error:
            if store_trouble(error) is not None:
                raise  # too many open files say nothing about the bytes; a paid result taken for damaged is paid twice
            return False
        return hasher.hexdigest() == digest

    @contextlib.contextmanager
    def arriving(self) -> Iterator[str]:
        """Give a private file for bytes from elsewhere; it is gone afterwards, unless accepted."""
        temporary = self._temporary()
        try:
            yield temporary
        finally:
            _unlink(temporary)

    def accept(self, temporary: str, digest: str, *, is_durable: bool = False) -> None:
        """Give a file of `arriving` its name; the caller has hashed its bytes."""
        handle = os.open(temporary, os.O_RDONLY)
        try:
            os.fchmod(handle, 0o444)
            if is_durable:
                _sync(handle)
        finally:
            os.close(handle)
        self._place(temporary, self.path(digest), is_durable=is_durable)

    def discard(self, digest: str) -> None:
        """Forget a damaged object, so that whatever made it is seen to lack its output."""
        path = self.path(digest)
        if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
            import shutil

            shutil.rmtree(path, ignore_errors=True)
        else:
            _unlink(path)

    def _temporary(self) -> str:
        if self.scratch is None:
            raise StoreError("the store was opened for reading only")
        return f"{self.scratch}{os.sep}o{os.getpid()}-{next(_counter)}"

    def _place(self, temporary: str, path: str, *, is_durable: bool) -> None:
        folder = path[: -len(os.sep) - 62]
        try:
            os.replace(temporary, path)  # noqa: PTH105
        except FileNotFoundError:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            os.replace(temporary, path)  # noqa: PTH105
        except IsADirectoryError:
            self.discard(os.path.basename(folder) + os.path.basename(path))  # noqa: PTH119
            os.replace(temporary, path)  # noqa: PTH105
        if is_durable:
            self._sync_way(folder)

    def _sync_way(self, shelf: str) -> None:
        """Let a shelf's entries survive a power loss, and once in this process the folders that lead to it."""
        _sync_folder(shelf)
        if shelf not in self._on_disk:
            # Whoever made the shelf may not have cared either.
            for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                _sync_folder(str(folder))
            self._on_disk.add(shelf)


class MemoryObjects(Objects):
    """Objects over a folder that is only read: what is put stays in memory. For questions that must not write."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._held: dict[str, bytes] = {}

    def has(self, digest: str) -> bool:
        """Return whether the object is held in memory or lies in the folder."""
        return digest in self._held or super().has(digest)

    def put(self, content: bytes, *, is_durable: bool = False) -> str:
        """Hold bytes in memory; return their digest."""
        del is_durable
        digest = blake3(content).hexdigest()
        self._held[digest] = content
        return digest

    def put_file(self, source: Path, *, is_durable: bool = False) -> str:
        """Hold a file's bytes in memory; return their digest."""
        return self.put(source.read_bytes(), is_durable=is_durable)

    def get(self, digest: str) -> bytes:
        """Return bytes from memory, else from the folder."""
        held = self._held.get(digest)
        return super().get(digest) if held is None else held

    def copy_to(self, digest: str, path: Path) -> None:
        """Write the object to `path`."""
        held = self._held.get(digest)
        if held is None:
            super().copy_to(digest, path)
        else:
            path.write_bytes(held)


def _content(path: str) -> bytes:
    """Return a file's bytes, without the file object: an aggregate reads thousands of small ones, in half the time."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        content = os.read(handle, _SMALL)
        if len(content) < _SMALL:
            return content
        pieces = [content]
        while piece := os.read(handle, _STEP):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(handle)


def _finish(handle: int, *, is_durable: bool, stream: object) -> None:
    stream.flush()  # type: ignore[attr-defined]
    os.fchmod(handle, 0o444)
    if is_durable:
        _sync(handle)


def _sync(handle: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):  # on macOS fsync stops at the drive's own memory
        with contextlib.suppress(OSError):  # not every file system knows it
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        _sync(handle)
    finally:
        os.close(handle)


def _unlink(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)  # noqa: PTH108
