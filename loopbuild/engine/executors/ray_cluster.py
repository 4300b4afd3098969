"""A Ray cluster: one that runs already, or one started on this machine for this build. Needs the extra `ray`.

All nodes must see the project folder under the same path and be able to import the recipes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loopbuild.errors import BuildError, MissingExtra

if TYPE_CHECKING:
    from concurrent.futures import Future


class RayCluster:
    """Remote tasks; a lost node or a preempted task is run again by Ray, which is free for pure work."""

    def __init__(self, jobs: int) -> None:
        if importlib.util.find_spec("ray") is None:
            raise MissingExtra("the executor `ray`", extra="ray")
        self._jobs = jobs
        self._ray: Any = None
        self._remote: dict[Callable[..., Any], Any] = {}

    @property
    def slots(self) -> int:
        """Processors of the cluster."""
        return max(1, int(self._started().cluster_resources().get("CPU", 1)))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Begin on the cluster."""
        ray = self._started()
        if function not in self._remote:
            self._remote[function] = ray.remote(max_retries=3)(function)
        return _translated(self._remote[function].remote(*arguments).future())

    def close(self, *, is_urgent: bool) -> None:
        """Leave the cluster; a local one ends with that, of another only our tasks do."""
        del is_urgent
        if self._ray is not None:
            self._ray.shutdown()
            self._ray = None
            self._remote.clear()

    def _started(self) -> Any:
        if self._ray is None:
            import ray

            quiet = {"log_to_driver": False, "configure_logging": False}
            try:
                try:
                    ray.init(address="auto", **quiet)
                except ConnectionError:
                    ray.init(num_cpus=self._jobs if self._jobs > 1 else None, include_dashboard=False, **quiet)
            except (ConnectionError, RuntimeError, OSError) as error:
                text = str(error).partition("\n")[0]
                raise BuildError(
                    f"cannot reach or start a Ray cluster: {text}",
                    intact="every result built before is kept",
                    hint="check RAY_ADDRESS, or build with `--executor processes`",
                ) from error
            self._ray = ray
        return self._ray


def _translated(future: Future[Any]) -> Future[Any]:
    """Return a future that can be cancelled and fails with BrokenExecutor: recipes do not raise, so Ray itself did."""
    from concurrent.futures import BrokenExecutor, Future

    found: Future[Any] = Future()

    def finish(source: Future[Any]) -> None:
        if not found.set_running_or_notify_cancel():
            return
        error = source.exception()
        if error is None:
            found.set_result(source.result())
        else:
            found.set_exception(BrokenExecutor(str(error).partition("\n")[0]))

    future.add_done_callback(finish)
    return found
