"""What the actions of one build share: opened by the first that asks, closed when the build ends.

Decides nothing about results: whatever is held here (a connection, an allowance) may only change when something is
done, never what comes out of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any


class Session:
    """Things by name; those with a `close` are closed at the end, the last opened first."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def hold(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what is held under `name`; made now when nothing is."""
        if name not in self._held:
            self._held[name] = make()
        return self._held[name]

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.ExitStack() as stack:
            for one in self._held.values():
                if callable(getattr(one, "close", None)):
                    stack.callback(one.close)
        self._held.clear()
