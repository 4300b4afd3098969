"""One service over HTTP, asked with care: one host, one clock over each call, answers of bounded size, few retries.

httpx stays in here. Credentials are read from the environment when the client is made, go into headers of requests to
the declared host and nowhere else, and are taken out of every text that comes back.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from loopbuild.errors import LoopfileError, SandboxError
from loopbuild.hiding import HIDDEN, spellings, told
from loopbuild.loopfile.variables import fill, filled_in
from loopbuild.records import Json
from loopbuild.sandbox.http.answers import BUSY, Response
from loopbuild.sandbox.http.requests import READING, Request

_REDIRECTS = 5
_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 20.0


class Unanswered(SandboxError):
    """No answer came; `is_untouched` when the service has certainly not begun on the request."""

    def __init__(self, message: str, *, code: str, is_untouched: bool = False, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.is_untouched = is_untouched


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one call may cost."""

    call_timeout_seconds: float = 30.0
    max_response_bytes: int = 1_000_000
    retries: int = 2


class Client:
    """A connection to the service of `url`, whose `${VAR}`s are filled in from `environment`; raises LoopfileError.

    Not closed by itself. `sleep` waits between tries.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: Json,
        environment: Mapping[str, str],
        limits: Limits,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.written = url
        """The address as loop.yaml has it: messages show this one."""
        base = fill(url, environment)
        parts = urlsplit(base)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LoopfileError(f"`{url}` is no address of a service", hint="write `https://host/base`")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise LoopfileError(f"`{url}` holds more than scheme, host and path", hint="credentials belong to `auth`")
        self.address = self._base = base.rstrip("/")
        self._origin = _origin(base)
        self._credentials, self._secrets = credentials(auth, environment)
        self._unsaid = (*self._secrets, *filled_in([url], environment))
        self._limits = limits
        self._sleep = sleep
        self._runner: asyncio.Runner | None = None
        self._httpx: Any = None

    def ask(self, request: Request) -> Response:
        """Return the response; tries again where that is safe. Raises Unanswered."""
        for attempt in range(self._limits.retries + 1):
            is_last = attempt == self._limits.retries
            may_repeat = request.method in READING
            try:
                response = self._loop().run(self._send(request))
            except Unanswered as error:
                if is_last or not (may_repeat or error.is_untouched) or error.code in ("too_large", "redirected"):
                    raise
                self._sleep(_PAUSE_SECONDS * 2**attempt)
                continue
            is_passing = response.status in BUSY or (response.status in (502, 503, 504) and may_repeat)
            if is_last or not is_passing:
                return response
            wished = response.retry_after_seconds
            self._sleep(min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2**attempt if wished is None else wished))
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Drop connections; twice is fine."""
        if self._runner is not None:
            if self._httpx is not None:
                self._runner.run(self._httpx.aclose())
            self._runner.close()
        self._runner = self._httpx = None

    def _loop(self) -> asyncio.Runner:
        if self._runner is None:
            self._runner = asyncio.Runner()
        return self._runner

    async def _send(self, request: Request) -> Response:
        import httpx

        if self._httpx is None:
            # `trust_env`: a proxy, a .netrc or a CA bundle of the surroundings would send credentials elsewhere.
            self._httpx = httpx.AsyncClient(
                trust_env=False, follow_redirects=False, timeout=self._limits.call_timeout_seconds
            )
        try:
            # httpx counts each wait for itself; a service that drips byte by byte would never be late.
            async with asyncio.timeout(self._limits.call_timeout_seconds):
                return await self._follow(request)
        except (TimeoutError, httpx.TimeoutException) as exc:
            seconds = self._limits.call_timeout_seconds
            untouched = isinstance(exc, httpx.ConnectTimeout | httpx.PoolTimeout)
            message = f"`{self.written}` has not answered {request.method} within {seconds:g} s"
            raise Unanswered(message, code="timeout", is_untouched=untouched) from None
        except httpx.ConnectError as exc:
            message = f"`{self.written}` cannot be reached: {self._reason(exc)}"
            raise Unanswered(message, code="unreachable", is_untouched=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            message = f"`{self.written}` broke off while it was asked: {self._reason(exc)}"
            raise Unanswered(message, code="broken_off") from None

    async def _follow(self, request: Request) -> Response:
        self._httpx.cookies.clear()  # a session would be a state no snapshot knows
        url = self._base + request.path + (f"?{request.query}" if request.query else "")
        method, body = request.method, request.body
        for _ in range(_REDIRECTS + 1):
            headers = {"Accept": "application/json, text/*;q=0.5, */*;q=0.1", "Accept-Encoding": "identity"}
            headers |= dict(request.headers)
            if body is not None:
                headers["Content-Type"] = request.media
            async with self._httpx.stream(method, url, headers=headers | self._credentials, content=body) as answer:
                target = answer.headers.get("location")
                if answer.status_code not in (301, 302, 303, 307, 308) or not target:
                    return await self._read(answer)
            url = urljoin(url, target)
            if _origin(url) != self._origin:
                raise Unanswered(f"`{self.written}` sends calls on to another host", code="redirected")
            if method not in READING and answer.status_code not in (307, 308):
                method, body = "GET", None  # what a browser does after a form, and what services mean by it
        raise Unanswered(f"`{self.written}` sends calls on and on", code="redirected")

    async def _read(self, answer: Any) -> Response:
        encoding = answer.headers.get("content-encoding", "identity").lower()
        if encoding != "identity":
            # Not asked for, and a few kilobytes of it can unpack to gigabytes.
            raise Unanswered(f"`{self.written}` answered in the encoding `{encoding[:20]}`", code="broken_off")
        most, chunks, size = self._limits.max_response_bytes, [], 0
        async for chunk in answer.aiter_raw():
            size += len(chunk)
            if size > most:
                message = f"`{self.written}` answered with more than {most:,} bytes"
                raise Unanswered(message, code="too_large", hint="raise `max_response_bytes`, or ask for less")
            chunks.append(chunk)
        body = b"".join(chunks)
        for secret in self._secrets:
            body = body.replace(secret.encode(), HIDDEN.encode())
        return Response(
            status=answer.status_code,
            media=answer.headers.get("content-type", ""),
            body=body,
            retry_after_seconds=_seconds(answer.headers.get("retry-after")),
        )

    def _reason(self, exc: BaseException) -> str:
        return told(exc, self._unsaid)


def credentials(auth: Json, environment: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the headers that `auth` asks for, and every text in them that nobody may see; raises LoopfileError.

    A variable that is not set, is empty or holds what no header can is an error that names it and not its value.
    """
    if not auth:
        return {}, ()
    if auth["kind"] == "basic":
        user, password = _variable(auth["user"], environment), _variable(auth["password"], environment)
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}, spellings(pair, password)
    value = _variable(auth["token"], environment)
    if auth["kind"] == "bearer":
        return {"Authorization": f"Bearer {value}"}, spellings(value)
    return {auth["name"]: value}, spellings(value)


def _variable(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name, "")
    if not value:
        raise LoopfileError(f"environment variable `{name}` is not set", hint=f"export {name}=... and run again")
    if any(ord(char) < 32 or ord(char) > 126 for char in value):
        raise LoopfileError(
            f"environment variable `{name}` holds what no header can", hint="a line break, or letters beyond ASCII"
        )
    return value


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, (parts.hostname or "").lower(), port or (443 if parts.scheme == "https" else 80)


def _seconds(value: str | None) -> float | None:
    return float(value) if value is not None and value.strip().isdigit() else None
