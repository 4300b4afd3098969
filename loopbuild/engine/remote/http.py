"""The HTTP protocol of Bazel's remote caches: GET, PUT and HEAD on `<prefix>/ac/<64 hex>` and `<prefix>/cas/<64 hex>`.

Spoken by bazel-remote, by nginx with WebDAV and by buckets behind a proxy. Decides time limits, body limits and that
nobody is followed to another host, since the credentials in the headers are meant for one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, BinaryIO

from loopbuild.engine.remote.protocol import RemoteError, Space, TooLong
from loopbuild.hiding import hidden, shown_address

if TYPE_CHECKING:
    import httpx

CONNECT_SECONDS = 2.0
READ_SECONDS = 30.0
_REDIRECTS = 3
_STORED = frozenset({200, 201, 202, 204})
_ABSENT = frozenset({404, 410})


class HttpRemote:
    """A cache at an address such as `https://cache.example.com/loopbuild`; `headers` are sent with every request.

    `secrets` are texts of `url` that stand in no message.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        secrets: Sequence[str] = (),
        connect_seconds: float = CONNECT_SECONDS,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        import httpx

        try:
            parsed = httpx.URL(url)
            bare = parsed.copy_with(username=None, password=None)
            self._base = str(bare).rstrip("/")
            self.address = hidden(shown_address(self._base), secrets)
            self._client = httpx.Client(
                auth=(parsed.username, parsed.password) if parsed.username else None,
                headers={"User-Agent": "loopbuild", "Accept-Encoding": "identity", **headers},
                timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
                follow_redirects=False,
                trust_env=False,
            )
        except (httpx.InvalidURL, UnicodeEncodeError, ValueError) as error:
            raise RemoteError(f"the address or a header of the remote cache cannot be used: {_word(error)}") from None

    def get(self, space: Space, name: str, sink: BinaryIO, *, limit: int) -> bool:
        """Write the body to `sink`; return False when there is none."""
        with self._asked("GET", space, name) as response:
            if response.status_code in _ABSENT:
                return False
            if response.status_code != 200:
                raise self._unwanted(response)
            announced = response.headers.get("Content-Length", "")
            if announced.isdecimal() and int(announced) > limit:
                raise TooLong(f"`{self.address}` announced {announced} bytes where at most {limit} are wanted")
            count = 0
            for part in response.iter_raw():
                count += len(part)
                if count > limit:
                    raise TooLong(f"`{self.address}` sent more than the {limit} bytes that are wanted")
                sink.write(part)
        return True

    def put(self, space: Space, name: str, source: BinaryIO, *, size: int) -> None:
        """Store the bytes of `source`."""
        kind = "application/json" if space == "ac" else "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Length": str(size)}
        with self._translated():
            response = self._client.put(self._url(space, name), content=source, headers=headers)
        if response.status_code not in _STORED:
            raise self._unwanted(response)

    def has(self, space: Space, name: str, *, size: int | None = None) -> bool:
        """Return whether there is a body, of that size where the server tells it."""
        with self._asked("HEAD", space, name) as response:
            if response.status_code in _ABSENT:
                return False
            if response.status_code not in _STORED:
                raise self._unwanted(response)
            told = response.headers.get("Content-Length", "")
        return size is None or not told.isdecimal() or int(told) == size

    def close(self) -> None:
        """Let connections go."""
        self._client.close()

    def _url(self, space: Space, name: str) -> str:
        return f"{self._base}/{space}/{name}"

    @contextlib.contextmanager
    def _asked(self, method: str, space: Space, name: str) -> Iterator[httpx.Response]:
        """Answer to a request, after redirects within the same host."""
        url = self._url(space, name)
        headers = {"Accept": "application/json, */*"} if space == "ac" else {}
        with self._translated():
            for _ in range(_REDIRECTS + 1):
                with self._client.stream(method, url, headers=headers) as response:
                    if not response.has_redirect_location:
                        yield response
                        return
                    url = self._followed(response)
        raise RemoteError(f"`{self.address}` redirects without end")

    def _followed(self, response: httpx.Response) -> str:
        there = response.url.join(response.headers["Location"])
        if (there.scheme, there.host, there.port) != (response.url.scheme, response.url.host, response.url.port):
            raise RemoteError(f"`{self.address}` redirects to another host, `{there.host}`")
        return str(there)

    def _unwanted(self, response: httpx.Response) -> RemoteError:
        code = response.status_code
        return RemoteError(f"`{self.address}` answered {code} {response.reason_phrase}", is_refusal=400 <= code < 500)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        import httpx

        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise RemoteError(f"`{self.address}` does not answer properly: {_word(error)}") from None


def _word(error: Exception) -> str:
    """The kind of a failure and no more: messages of libraries may hold addresses with passwords, or headers."""
    name = type(error).__name__
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
