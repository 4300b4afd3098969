"""An OpenAPI document from the address loop.yaml names -> the file that is committed.

Fetches that one address and nothing it refers to. Redirects are followed within its origin only, because credentials
are for the host that loop.yaml names; neither they nor what variables hold are in any message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from loopbuild.errors import SourceError
from loopbuild.hiding import hidden, shown_address, told
from loopbuild.stages.sources.openapi.spec import open_spec
from loopbuild.visible import named

MAX_BYTES = 64 * 1024 * 1024
_REDIRECTS = 5
_CONNECT_SECONDS = 30.0
_READ_SECONDS = 60.0
_WHOLE_SECONDS = 300.0


def fetch(source: str, url: str, *, headers: Mapping[str, str], secrets: Sequence[str] = ()) -> bytes:
    """Return the document as sorted, indented JSON; raises SourceError when it cannot be had or is no such document.

    `secrets` are texts of `url` that nobody may see; header values are such anyway.
    """
    import httpx

    unsaid = (*secrets, *headers.values())
    where = named(hidden(shown_address(url), unsaid), limit=160)
    try:
        content = _get(source, url, headers)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as exc:
        raise _unfetched(source, where, told(exc, unsaid)) from None
    except _Unwanted as exc:
        raise _unfetched(source, where, str(exc)) from None
    spec = open_spec(source, content, file=where, beside={})
    text = json.dumps(spec.root, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", errors="backslashreplace")


class _Unwanted(Exception):
    """An answer that is no document, in words that follow "cannot be fetched:"."""


def _unfetched(source: str, where: str, reason: str) -> SourceError:
    return SourceError(
        f"source `{source}`: `{where}` cannot be fetched: {reason}",
        source=source,
        intact="the listing from before, if there is one",
    )


def _get(source: str, url: str, headers: Mapping[str, str]) -> bytes:
    import time

    import httpx

    timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
    deadline = time.monotonic() + _WHOLE_SECONDS
    with httpx.Client(timeout=timeout, trust_env=True) as client:
        address = httpx.URL(url)
        for _ in range(_REDIRECTS + 1):
            with client.stream("GET", address, headers=dict(headers)) as response:
                if response.has_redirect_location:
                    following = address.join(response.headers["location"])
                    if _origin(following) != _origin(address):
                        here, there = named(address.host), named(following.host)
                        raise SourceError(
                            f"source `{source}`: `{here}` leads on to another host, `{there}`",
                            source=source,
                            hint="name that address in loop.yaml if it is the right one",
                        )
                    address = following
                    continue
                if response.status_code != 200:
                    said = named(response.reason_phrase, limit=60)
                    raise _Unwanted(f"it answered {response.status_code}{' ' if said else ''}{said}")
                content = bytearray()
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > MAX_BYTES or time.monotonic() > deadline:
                        what = "is larger than 64 MiB" if len(content) > MAX_BYTES else "takes longer than 300 s"
                        raise SourceError(f"source `{source}`: the document {what}", source=source)
                return bytes(content)
    raise SourceError(f"source `{source}`: more than {_REDIRECTS} redirects", source=source)


def _origin(url: object) -> tuple[str, str, int | None]:
    return (url.scheme, url.host, url.port)  # type: ignore[attr-defined]
