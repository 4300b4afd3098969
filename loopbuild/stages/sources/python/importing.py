"""A module that says `import: true` -> its functions, by running it in a child process.

Decides what the child gets: a search path, a language, an empty home, a folder of its own, limits of time and memory,
its own process group. Our own process never imports the module.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from loopbuild.digest import digest_bytes
from loopbuild.errors import SourceError
from loopbuild.records import Json
from loopbuild.stages.sources.listing import canonical_listing
from loopbuild.visible import named

MAX_BYTES = 64 * 1024 * 1024
MAX_MEBIBYTES = 1024
_STDERR_LINES = 20


def list_imported(
    source: str, *, module: str, root: Path, interpreter: str, search_path: str, timeout_seconds: float
) -> bytes:
    """Return the listing of a module's functions as the file that is committed.

    Raises SourceError, with the child's last lines, when the module cannot be imported in time.
    """
    name, _, owner = module.partition(":")
    base = root.joinpath(*name.split("."))
    file = next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)
    if file is None:
        raise SourceError(f"source `{source}`: there is no module `{name}` in the project", source=source)
    before = digest_bytes("module", file.read_bytes())
    with tempfile.TemporaryDirectory(prefix="loopbuild-import-") as folder, tempfile.TemporaryFile() as stderr:
        answer = Path(folder) / "answer.json"
        home = Path(folder) / "home"
        home.mkdir()
        child = Path(__file__).with_name("import_child.py")
        seconds = str(int(timeout_seconds) + 1)
        command = [interpreter, "-I", str(child), str(root), name, owner, str(answer), seconds, str(MAX_MEBIBYTES)]
        surroundings = {"PATH": search_path, "LANG": "C.UTF-8", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            process = subprocess.Popen(
                command,
                env=surroundings,
                cwd=home,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as exc:
            reason = (exc.strerror or type(exc).__name__).lower()
            raise SourceError(
                f"source `{source}`: `{named(interpreter)}` cannot be started: {reason}", source=source
            ) from exc
        fault = ""
        try:
            code = process.wait(timeout=timeout_seconds)
            fault = "" if code == 0 else f"importing `{name}` ended with {_spoken(code)}"
        except subprocess.TimeoutExpired:
            fault = f"importing `{name}` has not ended within {timeout_seconds:g} s"
        finally:
            # Whatever it started goes with it.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if not fault and (not answer.is_file() or answer.stat().st_size > MAX_BYTES):
            fault = f"importing `{name}` left no answer of at most 64 MiB"
        if fault:
            stderr.seek(0, os.SEEK_END)
            stderr.seek(max(0, stderr.tell() - 65536))
            raise SourceError(f"source `{source}`: {fault}", source=source, hint=_tail(stderr.read()))
        try:
            found: Json = json.loads(answer.read_bytes())
            tools, skipped = list(found["tools"]), list(found["skipped"])
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise SourceError(f"source `{source}`: importing `{name}` left no readable answer", source=source) from exc
    return canonical_listing(tools, module_digest=before, skipped=sorted(skipped, key=lambda one: str(one)))


def _spoken(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


def _tail(content: bytes) -> str:
    lines = [named(line, limit=200) for line in content.decode("utf-8", errors="replace").splitlines() if line.strip()]
    return "its last lines on stderr:\n" + "\n".join(f"  {line}" for line in lines[-_STDERR_LINES:]) if lines else ""
