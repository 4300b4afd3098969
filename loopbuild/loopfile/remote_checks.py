"""What must hold in `engine.remote`: an address somebody can speak to, no secret in the file, no key sent in the clear.

Opens no connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loopbuild.documents import Path
from loopbuild.loopfile.spans import Settings
from loopbuild.records import Diagnostic

_PLACE: Path = ("engine", "remote")
_ADDRESS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_LOOPBACK = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:/|$)")
_USER = re.compile(r"[^/@]*@")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_EXAMPLE = "such as `https://cache.example.com/loopbuild`, `s3://bucket/loopbuild` or `file:///mnt/cache`"


def check_remote(settings: Settings) -> Iterator[Diagnostic]:
    """Yield what is wrong or odd with the remote cache."""
    engine = settings.value.get("engine")
    remote = engine.get("remote") if isinstance(engine, dict) else None
    if not isinstance(remote, dict):
        return
    url = remote.get("url", "")
    if isinstance(url, str):
        yield from _check_address(settings, url, remote)
    key = remote.get("hmac_env")
    if isinstance(key, str) and not _VARIABLE.fullmatch(key):
        message = "`hmac_env` is no name of an environment variable"
        yield _diagnostic(settings, "hmac_env", "error", "bad-value", message, "the key itself belongs in the variable")
    headers = remote.get("headers")
    for name, value in headers.items() if isinstance(headers, dict) else ():
        if isinstance(value, str) and value and "$" not in value and name.lower() not in ("accept", "user-agent"):
            message = f"header `{name}` is written out, and headers of a cache are secrets"
            hint = "write `${CACHE_TOKEN}` for the secret part and set it in the environment"
            # The key's line, since a screen shows the line and this one does not hold the secret.
            yield _diagnostic(settings, "headers", "error", "bad-value", message, hint, key=True)


def _check_address(settings: Settings, url: str, remote: dict[str, Any]) -> Iterator[Diagnostic]:
    if not url:
        given = [name for name in ("write", "headers") if remote.get(name) not in ("never", {}, None)]
        if given:
            message = f"`{given[0]}` without `url`: nothing is shared"
            yield _diagnostic(settings, given[0], "warning", "suspicious", message, _EXAMPLE, key=True)
        return
    found = _ADDRESS.fullmatch(url)
    if found is None:
        if not url.startswith("${"):
            yield _diagnostic(settings, "url", "error", "bad-value", f"`{url}` is no address of a cache", _EXAMPLE)
        return
    scheme, rest = found["scheme"], found["rest"]
    user = _USER.match(rest)
    if user and "${" not in user[0] and ":" in user[0]:
        hint = "write `${CACHE_PASSWORD}` for the password and set it in the environment"
        yield _diagnostic(settings, "url", "error", "bad-value", "`url` holds a password", hint, key=True)
    if scheme not in ("http", "https"):
        if remote.get("headers"):
            message = f"`headers` are not sent to `{scheme}://` addresses"
            yield _diagnostic(settings, "headers", "warning", "suspicious", message, key=True)
        return
    if "?" in rest or "#" in rest:
        message = "`url` has a query, but names of results are put behind it"
        yield _diagnostic(settings, "url", "error", "bad-value", message, "send what it says as a header")
    is_secret = bool(user or remote.get("headers"))
    host = rest[user.end() :] if user else rest
    if scheme == "http" and is_secret and not _LOOPBACK.match(host):
        message = "credentials would be sent in the clear"
        yield _diagnostic(settings, "url", "warning", "suspicious", message, "use `https://`")


def _diagnostic(
    settings: Settings,
    name: str,
    severity: str,
    code: str,
    message: str,
    hint: str = "",
    *,
    key: bool = False,
) -> Diagnostic:
    level: Any = severity
    span = settings.span((*_PLACE, name), key=key)
    return Diagnostic(severity=level, code=code, message=message, span=span, hint=hint)
