"""Running loopbuild as a user does, and what it cost: whole processes, their children included."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command took."""

    wall: float
    cpu: float
    """User and system seconds of the process and all its children."""
    peak_mib: float
    """Largest single process so far in this benchmark."""


@contextmanager
def project(name: str) -> Iterator[Path]:
    """A private copy of an example, without anything built."""
    with tempfile.TemporaryDirectory(prefix="loopbuild-benchmark-") as folder:
        target = Path(folder) / name
        shutil.copytree(EXAMPLES / name, target, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
        yield target


def loopbuild(root: Path, *arguments: str, file: str = "") -> tuple[Cost, str]:
    """Run one command in `root`; its stdout comes back, its stderr passes through to ours. Raises when it fails."""
    command = [sys.executable, "-m", "loopbuild", "--project", str(root)]
    command += ["--file", file] if file else []
    return timed([*command, *arguments])


def timed(command: list[str]) -> tuple[Cost, str]:
    """Run `command` once."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env={**os.environ, "NO_COLOR": "1"})
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall=wall, cpu=cpu, peak_mib=after.ru_maxrss / 1024), done.stdout


def median_cpu(command: list[str], runs: int = 7) -> float:
    """Median CPU seconds of a command, after one warm-up."""
    timed(command)
    return sorted(timed(command)[0].cpu for _ in range(runs))[runs // 2]


def summary(root: Path) -> dict[str, Any]:
    """The report of the last build as JSON."""
    found: dict[str, Any] = json.loads((root / ".loopbuild" / "out" / "report" / "report.json").read_text())
    return found


def rate(arm: dict[str, Any], split: str, metric: str) -> str:
    """A share with its count and 95% interval."""
    found = arm["splits"].get(split, {}).get(metric)
    if not found or not found["n"]:
        return "-"
    share = found["k"] / found["n"]
    return f"{share:.3f} ({found['k']} of {found['n']}; {found['low']:.3f} to {found['high']:.3f})"


def machine() -> str:
    """One line about where the figures come from."""
    return f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {sys.platform}"
