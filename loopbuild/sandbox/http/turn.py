"""One at a time on a service that is reset: two builds, or two workers of one, would wipe each other's world."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path

from loopbuild.digest import digest
from loopbuild.errors import SandboxError

_LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 600.0


class Turn:
    """The right to write to a service, held by one sandbox of this machine at a time; `url` names the service.

    The kernel gives it back when the process ends, however that comes about.
    """

    def __init__(self, url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._url = url
        self._patience = patience_seconds
        self._file: int | None = None

    def take(self) -> None:
        """Wait for the turn; raises SandboxError when it does not come in time."""
        if self._file is not None:
            return
        name = f"loopbuild-{os.getuid()}-{digest('service', self._url)[:16]}.turn"
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        file = os.open(Path(tempfile.gettempdir()) / name, flags, 0o600)
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(file)
                    raise SandboxError(
                        f"another sandbox has been writing to `{self._url}` for {self._patience:g} s",
                        hint="a service that is reset takes one build at a time",
                    ) from None
                time.sleep(_LOOK_SECONDS)
        self._file = file

    def give_back(self) -> None:
        """Let the next one write; twice is fine."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
