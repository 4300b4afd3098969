"""A provider of models on loopback that speaks OpenAI's protocol, tells the truth, and lies when told to.

    python -m tests.llm.provider PORT LOG SECONDS

serves alone; a test runs it in a thread of its own. Every request is noted when it comes and when its answer has been
handed over, so that what was asked twice can be counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from blake3 import blake3

from loopbuild.llm.hosted.transport import Transport

Body = dict[str, Any]
Behave = Callable[[Body, int], str]
"""(request, how often these very messages were asked before) -> what to do: a key of `_DEEDS`, `ok` or `429 0.2`."""
ERRORS = {
    "400": (400, "invalid value for temperature", "invalid_request_error"),
    "401": (401, "Incorrect API key provided: sk-secret-123456", "invalid_api_key"),
    "402": (402, "the account has no credit", "billing"),
    "404": (404, "the model does not exist", "model_not_found"),
    "500": (500, "it broke", "server_error"),
    "503": (503, "overloaded", "server_error"),
    "quota": (429, "You exceeded your current quota, please check your plan", "insufficient_quota"),
    "policy": (400, "flagged by our content management policy: content_policy_violation", "content_policy_violation"),
    "long": (400, "This model's maximum context length is 100 tokens", "context_length_exceeded"),
    "no schema": (400, "response_format json_schema is not supported by this model", "invalid_request_error"),
}
_LINE = (
    "today now soon please kindly quickly again first later tonight tomorrow carefully properly directly briefly "
    "gladly simply surely calmly fully fairly neatly plainly quietly swiftly warmly wisely promptly exactly shortly"
)
_ADVERBS = _LINE.split()


class Provider:
    """The server; `behave` may be changed while it runs."""

    def __init__(self, *, seconds: float = 0.0, log: Path | None = None, behave: Behave | None = None) -> None:
        self.behave: Behave = behave or (lambda body, before: "ok")
        self.asked: list[str] = []
        """A digest of the messages of every request, as they came."""
        self.answered: list[str] = []
        """The same of every answer that was handed over with status 200."""
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.at_once = 0
        self.times: list[float] = []
        self.port = 0
        self._flying = 0
        self._seconds = seconds
        self._log = log
        self._before: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def serve(self, port: int = 0, *, on_ready: Callable[[], None] = lambda: None) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", port, limit=1 << 24)
        self.port = server.sockets[0].getsockname()[1]
        on_ready()
        async with server:
            await server.serve_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))))
                if not await self._answer(body, headers, writer):
                    break
        writer.close()

    async def _answer(self, body: Body, headers: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        name = blake3(json.dumps([body["messages"], body.get("max_tokens")]).encode()).hexdigest()[:16]
        self._note("asked", name)
        self.asked.append(name)
        self.bodies.append(body)
        self.headers.append(headers)
        self.times.append(time.monotonic())
        deed = self.behave(body, self._before[name])
        self._before[name] += 1
        self._flying += 1
        self.at_once = max(self.at_once, self._flying)
        try:
            await asyncio.sleep(3600 if deed == "hang" else self._seconds)
        finally:
            self._flying -= 1
        if deed == "hang up":
            return False
        status, extra, made = reply(body, deed)
        text = json.dumps(made).encode()
        lines = [f"HTTP/1.1 {status} x", "content-type: application/json", f"content-length: {len(text)}", *extra]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
        await writer.drain()
        if status == 200:
            self._note("answered", name)
            self.answered.append(name)
        return True

    def _note(self, what: str, name: str) -> None:
        if self._log is not None:
            with self._log.open("a") as stream:
                stream.write(f"{what} {name} {time.time():.4f}\n")


class Lasting(Transport):
    """Outlives the build that uses it: litellm takes seconds to load."""

    def close(self) -> None:
        pass


@contextlib.contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    """Serve in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()

    def work() -> None:
        asyncio.set_event_loop(loop)
        with contextlib.suppress(asyncio.CancelledError, RuntimeError):
            loop.run_until_complete(provider.serve(on_ready=ready.set))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield provider
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join(10)


def reply(body: Body, deed: str) -> tuple[int, list[str], Any]:
    """Return status, further header lines and the body of an answer."""
    kind, _, wait = deed.partition(" ")
    if kind == "429":
        extra = [f"retry-after: {wait}"] if wait else []
        return 429, extra, {"error": {"message": "slow down", "type": "rate_limit", "code": "rate_limit_exceeded"}}
    if deed in ERRORS:
        status, message, code = ERRORS[deed]
        return status, [], {"error": {"message": message, "type": code, "code": code, "param": None}}
    good = json.dumps(answer_for(body["messages"], deed))
    said: dict[str, Any] = {"role": "assistant", "content": good}
    finish = "stop"
    if deed == "truncate":
        said["content"], finish = good[: len(good) // 2], "length"
    elif deed == "refuse":
        said |= {"content": None, "refusal": "I can't help with that."}
    elif deed == "sorry":
        said["content"] = "I'm sorry, but I can't write this."
    elif deed == "empty":
        said["content"] = ""
    elif deed == "bad json":
        said["content"] = good[:-9] + ", oops"
    elif deed == "fenced":
        said["content"] = f"<think>Hm {{ hm.</think>Here it is:\n```json\n{good}\n```\nDone."
    elif deed == "wrong schema":
        said["content"] = json.dumps({"text": "hello"})
    elif deed == "spanish":
        values = " y ".join(_values(body["messages"])[0])
        turned = json.loads(good)
        turned["user_turns"][0] = f"Necesito urgentemente este trabajo terminado {values} hoy mismo, gracias"
        turned["reasoning"] = ["Ahora mismo preparo todo eso." for _ in turned["reasoning"]]
        said["content"] = json.dumps(turned)
    elif deed == "tool name":
        turned = json.loads(good)
        turned["user_turns"][0] += " Just call get_open_roles for it."
        said["content"] = json.dumps(turned)
    prompt = sum(len(message["content"]) for message in body["messages"]) // 4
    usage = {"prompt_tokens": prompt, "completion_tokens": len(said["content"] or "") // 4}
    usage["total_tokens"] = sum(usage.values())
    choice = {"index": 0, "message": said, "finish_reason": finish, "logprobs": None}
    model = f"{body['model']}-2026-01-01"
    return 200, [], {
        "id": f"chatcmpl-{abs(hash(good)) % 10**9}", "object": "chat.completion", "created": 1, "model": model,
        "choices": [choice], "usage": usage,
    }  # fmt: skip


def answer_for(messages: list[dict[str, str]], deed: str) -> dict[str, Any]:
    """A text, or a judgement where one is asked for: `good`, unless told otherwise."""
    if messages[0]["content"].startswith("You connect"):
        return {"edges": edges_for(messages[1]["content"], deed)}
    if not messages[0]["content"].startswith("You judge"):
        return words_for(messages)
    if deed in ("bad", "unknown"):
        reason = "unnatural" if deed == "bad" else "none"
        return {"verdict": deed, "reason": reason, "note": "Nobody talks like this."}
    return {"verdict": "good", "reason": "none", "note": "The calls do what was asked."}


def edges_for(question: str, deed: str) -> list[dict[str, str]]:
    """The first output of every tool for every input; told to `invent`, one of a tool that nobody has shown."""
    asked, _, shown = question.partition("What other tools return:")
    inputs = re.findall(r"^- (\S+) \(", asked, re.M)
    outputs = re.findall(r"^(\S+):\n- (\S+) \(", shown, re.M)
    found = [{"input": one, "tool": tool, "output": leaf} for one in inputs for tool, leaf in outputs]
    return [*found, {"input": "/x", "tool": "nobody/knows", "output": "/y"}] if deed == "invent" else found


def words_for(messages: list[dict[str, str]]) -> dict[str, Any]:
    """A text that says what has to be said and nothing else."""
    first, second = _values(messages)
    prompt = messages[1]["content"]
    users, asked, turns = map(
        int, re.findall(r"Lengths: user_turns (\d), assistant_turns (\d), reasoning (\d+)", prompt)[0]
    )
    digits = blake3(prompt.encode()).digest()
    how = " ".join(_ADVERBS[digit % len(_ADVERBS)] for digit in digits[:4])
    with_values = f" with {' and '.join(first)}" if first else ""
    gap = re.findall(r"does not say the (.+?)\. The", prompt)
    return {
        "user_turns": [f"Please take care of this for me {how}{with_values}, thank you.", f"It is {second}."][:users],
        "assistant_turns": [f"Which {gap[0] if gap else ''} is it about?"][:asked],
        "reasoning": [f"I look after that {_ADVERBS[digits[5 + n % 8] % len(_ADVERBS)]}." for n in range(turns)],
        "answer": f"That is done {_ADVERBS[digits[20] % len(_ADVERBS)]}.",
    }


def _values(messages: list[dict[str, str]]) -> tuple[list[str], str]:
    """The values to be said, and the one that is missing at first."""
    prompt = messages[1]["content"]
    head, _, tail = prompt.partition("\nMissing: ")
    found = [json.loads(value) for value in re.findall(r"(?m): SAY (.+)$", head)]
    flat = [one for value in found for one in (value if isinstance(value, list) else [value])]
    last = re.findall(r"SAY (.+)\.$", tail.partition("\n")[0])
    return [str(one) for one in flat if not isinstance(one, bool)], str(json.loads(last[0])) if last else ""


if __name__ == "__main__":
    provider = Provider(seconds=float(sys.argv[3]), log=Path(sys.argv[2]))
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    asyncio.run(provider.serve(int(sys.argv[1]), on_ready=lambda: print(provider.port, flush=True)))
