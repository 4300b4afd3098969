"""Any file system fsspec knows (`s3://`, `gs://`, `az://`, `file://`, ...) as a remote, in the layout of the HTTP one.

Needs the extra `fsspec` and the package of the file system itself. Credentials are those the file system finds.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from loopbuild.engine.remote.protocol import RemoteError, Space, TooLong
from loopbuild.errors import LoopbuildError, MissingExtra
from loopbuild.hiding import hidden, shown_address

_STEP = 1 << 20


class FsspecRemote:
    """A folder or bucket named by a URL; `secrets` are texts of it that stand in no message."""

    def __init__(self, url: str, *, secrets: Sequence[str] = ()) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise MissingExtra("a remote cache on this kind of address", extra="fsspec") from error

        self.address = hidden(shown_address(url), secrets).rstrip("/")
        with self._translated():
            options = {"auto_mkdir": True} if url.startswith("file:") else {}
            self._fs, root = fsspec.core.url_to_fs(url.rstrip("/"), **options)
            self._root = root.rstrip("/")
        self._is_local = url.startswith("file:")

    def get(self, space: Space, name: str, sink: BinaryIO, *, limit: int) -> bool:
        """Write the body to `sink`; return False when there is none."""
        with self._translated():
            try:
                with self._fs.open(self._path(space, name), "rb") as stream:
                    count = 0
                    while part := stream.read(_STEP):
                        count += len(part)
                        if count > limit:
                            raise TooLong(f"`{self.address}` holds more than the {limit} bytes that are wanted")
                        sink.write(part)
            except FileNotFoundError:
                return False
        return True

    def put(self, space: Space, name: str, source: BinaryIO, *, size: int) -> None:
        """Store the bytes of `source`; on a local disk nobody ever sees half of them."""
        del size
        path = self._path(space, name)
        with self._translated():
            place = f"{path}.{os.getpid()}-{secrets.token_hex(4)}" if self._is_local else path
            with self._fs.open(place, "wb") as stream:
                while part := source.read(_STEP):
                    stream.write(part)
            if place != path:
                self._fs.mv(place, path)

    def has(self, space: Space, name: str, *, size: int | None = None) -> bool:
        """Return whether there is a body, of that size where the file system tells it."""
        with self._translated():
            path = self._path(space, name)
            if not self._fs.isfile(path):
                return False
            told = self._fs.size(path) if size is not None else None
            return told is None or told == size

    def close(self) -> None:
        """File systems close themselves."""

    def _path(self, space: Space, name: str) -> str:
        return f"{self._root}/{space}/{name}"

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except LoopbuildError:
            raise
        except PermissionError:
            raise RemoteError(f"`{self.address}` does not permit it", is_refusal=True) from None
        except ImportError as error:
            raise MissingExtra(f"a remote cache at `{self.address}`", extra="fsspec") from error
        except Exception as error:
            # Every file system raises what its own library raises, and none of it may end a build.
            raise RemoteError(f"`{self.address}` failed: {_told(error)}") from error


def _told(error: Exception) -> str:
    """Return what may be said of somebody else's error: its text may hold what stands in a private address."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, ValueError) and str(error).startswith("Protocol not known"):
        return "no file system of that name is installed"
    return type(error).__name__
