"""Asking writers: throughput against the ideal, and what a kill asks twice.

    python benchmarks/data/llm_path.py [REQUESTS] [SECONDS ...]

A thousand real requests go through the engine and the recipe `answers` to the real litellm, which asks a provider on
loopback that takes 50 ms (and 500 ms, nearer to what providers take) for an answer. The clock runs from the first
request the provider saw to the last answer it gave. The ideal is requests x seconds / concurrency; beside it stands
litellm alone and httpx alone on the same requests, each in one process and without keeping anything.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.common import machine  # noqa: E402
from loopbuild.engine.build import build  # noqa: E402
from loopbuild.engine.target import Action, Recipe, Target, WantedRow  # noqa: E402
from loopbuild.engine.workspace import Workspace  # noqa: E402
from loopbuild.llm.hosted.identity import identity  # noqa: E402
from loopbuild.loopfile.sections.synthesis import WriterSettings  # noqa: E402

REQUESTS, CONCURRENCY, SECONDS = 1_000, 32, (0.05, 0.5)
BAR = 0.9
_ASK = Recipe(
    name="answers",
    version=1,
    run="loopbuild.pipeline.recipes.answers:run",
    wanted="benchmarks.data.llm_path:wanted",
    nature="pinned",
    chunk_rows=1_000_000,
    is_request_whole=True,
)


def wanted(action: Action) -> Iterable[WantedRow]:
    """The requests of the file."""
    asked = json.loads(action.file("requests"))
    writer = identity(action.context["writers"][0])
    for request in asked:
        yield WantedRow(key=request["key"], request={"writer": writer, "asked": request})


def requests(count: int) -> list[dict[str, Any]]:
    """Requests of the HR example."""
    from loopbuild.records import to_json
    from loopbuild.stages.synthesis.requests import make_requests
    from tests.stages.synthesis import worded_rows as rows

    found: list[dict[str, Any]] = []
    for trajectory in rows.hr_trajectories(count):
        for request in make_requests(trajectory, rows.catalog("hr")):
            found.append(to_json(request) | {"key": f"{len(found):05d}"})
    return found[:count]


def ask(folder: Path, url: str) -> None:
    """What the measured process does: one build of one table."""
    writer = WriterSettings.model_validate(
        {
            "model": "openai/m",
            "api_base": url,
            "concurrency": CONCURRENCY,
            "price": {"prompt_usd_per_million": 1, "completion_usd_per_million": 4},
        }
    ).model_dump(mode="json")
    context = {"writers": [writer], "budget_usd": 1000.0, "budget_tokens": None}
    target = Target(id="answers:all", recipe=_ASK, files=(("requests", "requests.json"),), context=context)
    begun = time.process_time()
    outcome = build(Workspace.open(folder, code_version="1"), [target], on_event=lambda event: None)
    print(f"cpu {time.process_time() - begun}")
    for error in outcome.errors:
        sys.exit(f"{error.message} {error.hint}")


def bare(folder: Path, url: str) -> None:
    """litellm alone."""
    import asyncio

    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    from loopbuild.llm.hosted.asking import messages_for
    from loopbuild.llm.protocol import WriteRequest
    from loopbuild.records import from_json

    asked = [messages_for(from_json(WriteRequest, one)) for one in json.loads((folder / "requests.json").read_text())]

    async def all_of_them() -> None:
        slots = asyncio.Semaphore(CONCURRENCY)

        async def one(messages: list[dict[str, str]]) -> None:
            async with slots:
                await litellm.acompletion(
                    model="openai/m", api_base=url, api_key="none", messages=messages, max_tokens=1500, max_retries=0
                )

        await asyncio.gather(*map(one, asked))

    begun = time.process_time()
    asyncio.run(all_of_them())
    print(f"cpu {time.process_time() - begun}")


def plain(folder: Path, url: str) -> None:
    """httpx alone: what one process can carry before litellm does anything."""
    import asyncio

    import httpx

    from loopbuild.llm.hosted.asking import messages_for
    from loopbuild.llm.protocol import WriteRequest
    from loopbuild.records import from_json

    asked = [messages_for(from_json(WriteRequest, one)) for one in json.loads((folder / "requests.json").read_text())]

    async def all_of_them() -> None:
        slots = asyncio.Semaphore(CONCURRENCY)
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=CONCURRENCY)) as client:

            async def one(messages: list[dict[str, str]]) -> None:
                async with slots:
                    body = {"model": "m", "messages": messages, "max_tokens": 1500}
                    answer = await client.post(f"{url}/chat/completions", json=body)
                    answer.raise_for_status().json()

            await asyncio.gather(*map(one, asked))

    begun = time.process_time()
    asyncio.run(all_of_them())
    print(f"cpu {time.process_time() - begun}")


@contextmanager
def provider(folder: Path, seconds: float) -> Iterator[tuple[str, Path]]:
    """A provider in a process of its own, and its log."""
    log = folder / f"provider-{time.monotonic_ns()}.log"
    log.touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.llm.provider", "0", str(log), str(seconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1", log
    finally:
        process.kill()
        process.wait()


def start(what: str, folder: Path, url: str) -> subprocess.Popen[str]:
    """Begin a measured process."""
    command = [sys.executable, str(Path(__file__).resolve()), what, str(folder), url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def notes(log: Path, what: str) -> list[tuple[str, float]]:
    """(name, time) of what the provider noted."""
    lines = (line.split() for line in log.read_text().splitlines())
    return [(name, float(when)) for kind, name, when in lines if kind == what]


def span(log: Path) -> float:
    """Seconds from the first request to the last answer."""
    return notes(log, "answered")[-1][1] - notes(log, "asked")[0][1]


def throughput(folder: Path, seconds: float, what: str, count: int) -> tuple[float, float]:
    """Share of the ideal, and CPU milliseconds of the measured process per request, its own children not counted."""
    with provider(folder, seconds) as (url, log):
        process = start(what, folder, url)
        said, _ = process.communicate(timeout=600)
        if process.returncode:
            sys.exit("it failed")
        assert len(notes(log, "answered")) == count
        cpu = float(said.split()[said.split().index("cpu") + 1])
        return count * seconds / CONCURRENCY / span(log), 1000 * cpu / count


def killed(folder: Path, count: int) -> Mapping[str, int]:
    """Kill a build in the middle, begin again, and count."""
    with provider(folder, 0.05) as (url, log):
        process = start("ask", folder, url)
        while len(notes(log, "answered")) < count * 2 // 5:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        at = time.time()
        process.wait()
        time.sleep(1.0)
        before = dict(notes(log, "asked"))
        second = start("ask", folder, url)
        second.communicate(timeout=600)
        if second.returncode:
            sys.exit("it failed")
        again = [name for name, when in notes(log, "asked") if when > at + 0.5]
        had = {name for name, when in notes(log, "answered") if when < at - 0.25}
        in_flight = sum(when > at - 0.25 for when in before.values())
        return {
            "answered before": len(had),
            "in flight or just answered": in_flight,
            "asked again": sum(name in before for name in again),
            "answers asked for twice": sum(name in had for name in again),
            "asked more than twice": sum(n > 2 for n in Counter(name for name, _ in notes(log, "asked")).values()),
        }


def main(count: int = REQUESTS, all_seconds: Iterable[float] = SECONDS) -> None:
    """Print the figures."""
    print(f"{machine()}; {count:,} requests, {CONCURRENCY} in flight")
    with tempfile.TemporaryDirectory(prefix="loopbuild-llm-path-") as name:
        text = json.dumps(requests(count))
        number = 0

        def fresh() -> Path:
            nonlocal number
            number += 1
            folder = Path(name) / str(number)
            folder.mkdir()
            (folder / "requests.json").write_text(text)
            return folder

        for seconds in all_seconds:
            ours, own = throughput(fresh(), seconds, "ask", count)
            alone, theirs = throughput(fresh(), seconds, "bare", count)
            least, wire = throughput(fresh(), seconds, "plain", count)
            verdict = "meets" if ours >= BAR else "misses"
            print(f"answers of {1000 * seconds:g} ms: {ours:.0%} of the ideal ({verdict} {BAR:.0%}); "
                  f"alone, one process, nothing kept: litellm {alone:.0%}, httpx {least:.0%}; "
                  f"ours / litellm {ours / alone:.2f}")  # fmt: skip
            print(f"  CPU for each request: engine and writers {own:.1f} ms; litellm alone {theirs:.1f} ms, "
                  f"httpx alone {wire:.1f} ms, of "
                  f"{1000 * seconds / CONCURRENCY:.1f} ms that one core has at the ideal pace")  # fmt: skip
        found = killed(fresh(), count)
        print("killed and begun again: " + ", ".join(f"{amount:,} {what}" for what, amount in found.items()))


if __name__ == "__main__":
    if sys.argv[1:2] in (["ask"], ["bare"], ["plain"]):
        {"ask": ask, "bare": bare, "plain": plain}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
    else:
        main(*([int(sys.argv[1])] if sys.argv[1:] else []), *([map(float, sys.argv[2:])] if sys.argv[2:] else []))
