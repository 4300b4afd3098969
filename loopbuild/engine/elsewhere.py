"""What other builds of this store are making, and what this one has for itself.

Decides the order in which a build comes back to targets that were busy: first whatever else is ready, then those whose
lease is free by now, and only when neither is left does it wait. It says once for which process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from loopbuild.engine.leases import Lease, Leases, names_for
from loopbuild.engine.locks import pause
from loopbuild.engine.outcome import Event
from loopbuild.engine.target import Target


class Elsewhere:
    """Targets that are busy, by id, and the leases of those that are not."""

    def __init__(self, leases: Leases, on_event: Callable[[Event], None]) -> None:
        self._leases = leases
        self._on_event = on_event
        self._busy: dict[str, tuple[Target, tuple[str, ...]]] = {}
        self._held: dict[str, Lease] = {}
        self._told: set[str] = set()
        self._since: float | None = None
        """When the wait began, in monotonic seconds."""

    @property
    def is_busy(self) -> bool:
        """Whether some target waits for another process."""
        return bool(self._busy)

    def take(self, target: Target, key: str) -> bool:
        """Return whether this build may make the target under this key; else it will be given by `next`."""
        if target.id in self._held:
            return True
        names = names_for(target, key)
        lease = self._leases.take(names, target=target.id)
        if lease is None:
            self._busy[target.id] = (target, names)
            return False
        self._held[target.id] = lease
        return True

    def next(self) -> Target | None:
        """Return a target that was busy and is free by now; it is this build's until it is released."""
        for name, (target, names) in self._busy.items():
            lease = self._leases.take(names, target=name)
            if lease is not None:
                self._held[name] = lease
                del self._busy[name]
                self._since = None
                return target
        return None

    def wait(self) -> None:
        """Let some time pass."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        for name, (_, names) in self._busy.items():
            pid, target = self._leases.holder(names)
            if pid and pid not in self._told:
                self._told.add(pid)
                self._note(f"waiting for pid {pid}, which makes `{target or name}`")
        pause(now - self._since)

    def leave(self) -> list[Target]:
        """Give up on what is busy; return it."""
        left = [target for target, _ in self._busy.values()]
        for name, (_, names) in self._busy.items():
            pid, target = self._leases.holder(names)
            what = "it" if target in ("", name) else f"`{target}`"
            self._note(f"`{name}` is left to pid {pid or '?'}, which makes {what}")
        self._busy.clear()
        return left

    def release(self, target: str) -> None:
        """Let others have what belongs to a target."""
        lease = self._held.pop(target, None)
        if lease is not None:
            lease.release()

    def release_all(self) -> None:
        """Let others have everything."""
        for target in list(self._held):
            self.release(target)

    def _note(self, message: str) -> None:
        self._on_event(Event(kind="note", message=message))
