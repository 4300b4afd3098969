"""Where pure work may run besides this process: a name, and who answers to it.

Decides only that. What may leave, and in which portions, is decided by `pool`; a worker sees the store's objects and a
folder of its own, never the index, and what crosses is JSON and digests.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    # 40 ms that a build in one process does not need.
    from concurrent.futures import Future

KINDS = {
    "processes": "loopbuild.engine.executors.processes:Processes",
    "ray": "loopbuild.engine.executors.ray_cluster:RayCluster",
}
"""Name -> "module:class"; the class is called with the number of jobs and checks what it needs without loading it."""


class Workers(Protocol):
    """Somebody who runs module-level functions elsewhere, started when first needed."""

    @property
    def slots(self) -> int:
        """How many run at once; asking may start them."""

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Begin; the future ends with the result, with the function's error, or with a BrokenExecutor."""

    def close(self, *, is_urgent: bool) -> None:
        """End all workers; urgently, without waiting for what they do. Not started, this does nothing."""


def open_workers(kind: str, jobs: int) -> Workers:
    """Return the workers of that kind; raises MissingExtra when a package they need is not installed."""
    module, _, name = KINDS[kind].partition(":")
    workers: Workers = getattr(import_module(module), name)(jobs)
    return workers
