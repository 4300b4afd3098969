"""The process that holds a user's module, and forks one worker for each episode. Standard library only.

    python -s child.py '{"root": ..., "module": ..., "owner": ..., "tools": [...], ...}'

It may run under an interpreter that has no loopbuild. Line by line: a request comes in, one answer goes out, never two.
The module is imported once; a worker makes the object, answers calls, and is gone with all it held when the episode
ends. What the user's code prints goes to stderr; the lines to the parent have descriptors of their own.
"""

import contextlib
import dataclasses
import datetime
import decimal
import enum
import inspect
import json
import os
import pathlib
import random
import select
import signal
import sys
import uuid
from typing import Any

_LINE_BYTES = 65_536
_DEFAULT_BYTES = 1_000_000
_MESSAGE_LETTERS = 2000
_POLL_MS = 1000


class Lines:
    """The two pipes to the parent."""

    def __init__(self) -> None:
        self.incoming, self.outgoing = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        self._rest = b""

    def read(self) -> Any:
        """Return the next request, None when the parent is gone. Reads no further than the end of the line."""
        while b"\n" not in self._rest:
            part = os.read(self.incoming, _LINE_BYTES)
            if not part:
                return None
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def write(self, answer: Any) -> None:
        """Send one answer."""
        content = json.dumps(answer, allow_nan=False).encode() + b"\n"
        while content:
            content = content[os.write(self.outgoing, content) :]


def main(job: dict[str, Any]) -> None:
    """Import the module, then fork a worker for every `open`."""
    lines = Lines()
    sys.path[0] = job["root"]  # instead of this file's folder
    _limit("RLIMIT_AS", job["memory_mb"] << 20)
    try:
        place = _imported(job)
    except BaseException as exc:
        lines.write({"failed": f"importing `{job['module']}` failed: {_told(exc)}"})
        return
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    lines.write({"ready": True})
    while (request := lines.read()) is not None:
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setpgid(0, 0)
            try:
                _work(job, place, request, lines)
            finally:
                os._exit(1)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        status = _ended(pid, wake, lines.incoming)
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)  # what the worker started and left
        if status is None:
            return
        lines.write({"ended": os.waitstatus_to_exitcode(status)})


def _ended(pid: int, wake: int, incoming: int) -> Any:
    """Return how the worker ended; None, and the worker is killed, when the parent is gone first."""
    poll = select.poll()
    poll.register(wake, select.POLLIN)
    poll.register(incoming, 0)  # only the end of the pipe: its lines are the worker's to read
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return status
        for file, events in poll.poll(_POLL_MS):
            if file == wake:
                os.read(wake, _LINE_BYTES)
            elif events & (select.POLLHUP | select.POLLERR):
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return None


def _imported(job: dict[str, Any]) -> Any:
    from importlib import import_module

    module = import_module(job["module"])
    place = module
    for name in filter(None, job["owner"].split(".")):
        place = getattr(place, name)
    if job["owner"] and not callable(place):
        raise TypeError(f"`{job['owner']}` of `{job['module']}` makes no object")
    return place


def _work(job: dict[str, Any], place: Any, request: dict[str, Any], lines: Lines) -> None:
    """Make the object and answer until told to end."""
    os.chdir(request["folder"])
    os.environ.update(HOME=request["folder"], TMPDIR=request["folder"], LOOPBUILD_FIXTURE=str(request["open"]))
    random.seed(request["open"])
    _limit("RLIMIT_CPU", job["cpu_seconds"])
    _limit("RLIMIT_CORE", 0)
    _limit("RLIMIT_FSIZE", job["memory_mb"] << 20)
    try:
        held = _made(place, request["open"]) if job["owner"] else place
        lines.write({"opened": os.getpid(), "sees_state": _sees_state(held, job), "loads": _method(held, "load", job)})
    except BaseException as exc:
        lines.write({"failed": f"making the object failed: {_told(exc)}"})
    else:
        while (asked := lines.read()) is not None and "end" not in asked:
            lines.write(_small(_answered(held, asked, job), job))
    os._exit(0)


def _made(place: Any, fixture: int) -> Any:
    names: Any = ()
    with contextlib.suppress(TypeError, ValueError):
        names = inspect.signature(place).parameters
    return place(**{name: fixture for name in ("fixture", "seed") if name in names})


def _answered(held: Any, asked: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    try:
        if "state" in asked:
            return {"state": _state(held, job)}
        if "load" in asked:
            held.load(asked["load"])
            return {"loaded": True}
        return _called(held, asked, job)
    except Exception as exc:
        return {"broken": _told(exc)}
    except BaseException as exc:
        # sys.exit and the like: an object that means to end the process is broken, whatever it was asked.
        return {"broken": f"it tried to leave: {_told(exc)}"}


def _called(held: Any, asked: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    name = asked["call"]
    function = getattr(held, name, None) if name in job["tools"] and not name.startswith("_") else None
    if not callable(function):
        return {"unknown": name}
    try:
        value = function(**asked["arguments"])
        if inspect.iscoroutine(value):
            import asyncio

            value = asyncio.run(value)
    except (MemoryError, RecursionError) as exc:
        return {"broken": _told(exc)}
    except Exception as exc:
        text = exc.args[0] if len(exc.args) == 1 and isinstance(exc.args[0], str) else str(exc)
        kinds = [kind.__name__ for kind in type(exc).__mro__]
        code = getattr(exc, "code", "")
        told = text.replace(str(pathlib.Path.cwd()), "<root>")[:_MESSAGE_LETTERS]
        return {"refused": told, "kinds": kinds, "code": code if isinstance(code, str) else ""}
    return {"ok": _plain(value)}


def _state(held: Any, job: dict[str, Any]) -> Any:
    if _method(held, "state", job):
        return _plain(held.state())
    found = {}
    for name, value in vars(held).items() if hasattr(held, "__dict__") else ():
        if not name.startswith("_") and not callable(value) and not inspect.ismodule(value):
            with contextlib.suppress(TypeError, ValueError, RecursionError):
                found[name] = _plain(value)
    return found


def _sees_state(held: Any, job: dict[str, Any]) -> bool:
    """Say whether anything of the object can be seen; asks nothing of it that could run its code."""
    if _method(held, "state", job):
        return True
    names = vars(held) if hasattr(held, "__dict__") else ()
    return any(not name.startswith("_") and not callable(getattr(held, name, None)) for name in names)


def _method(held: Any, name: str, job: dict[str, Any]) -> bool:
    """Say whether the object offers `state` or `load` to us, rather than as a tool to a model."""
    return name not in job["tools"] and callable(getattr(held, name, None))


def _plain(value: Any) -> Any:
    """Return a value as JSON values; raises TypeError or ValueError for what is none."""
    return json.loads(json.dumps(value, allow_nan=False, default=_as_json))


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, pathlib.PurePath)):
        return str(value)
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=repr)
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json")
    raise TypeError(f"a {type(value).__name__} is no JSON")


def _small(answer: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(answer))
    most = job.get("max_result_bytes", _DEFAULT_BYTES)
    return answer if size <= most else {"broken": f"it answered with {size:,} bytes, {most:,} are allowed"}


def _told(exc: BaseException) -> str:
    return f"{type(exc).__name__}: {exc}".splitlines()[0][:_MESSAGE_LETTERS]


def _limit(name: str, most: int) -> None:
    """Set a limit as far as this system knows it."""
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        hard = most + 1 if name == "RLIMIT_CPU" else most
        resource.setrlimit(getattr(resource, name), (most, hard))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
