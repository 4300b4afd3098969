"""Secrets kept out of what people read: values that were handed on, and the parts of an address that hold credentials.

Decides how a secret may be spelled in somebody else's words, and which parts of an address say where it leads. Whoever
shows the text of a library's exception takes it from here: libraries print addresses and headers in full.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from loopbuild.visible import named

HIDDEN = "***"
_SHORTEST = 4
"""One of three letters would be found in every word."""
_ADDRESS = re.compile(r"""[A-Za-z][A-Za-z0-9+.-]*://[^\s'"`<>]+""")


def spellings(*secrets: str) -> tuple[str, ...]:
    """Return what to look for, longest first: each secret as it is, and as JSON and addresses spell it."""
    found = {
        spelled
        for secret in secrets
        for spelled in (secret, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret))
    }
    return tuple(sorted((one for one in found if len(one) >= _SHORTEST), key=lambda one: (-len(one), one)))


def hidden(text: str, secrets: Iterable[str]) -> str:
    """Return a text without `secrets`, and with every address in it as far as it says where it leads."""
    for spelled in spellings(*secrets):
        text = text.replace(spelled, HIDDEN)
    return _ADDRESS.sub(lambda found: shown_address(found[0]), text)


def shown_address(url: str) -> str:
    """Return scheme, host and path: credentials stand before the host or behind the `?`."""
    scheme, mark, rest = url.partition("://")
    if not mark:
        return url.partition("?")[0].partition("#")[0]
    rest = rest.partition("?")[0].partition("#")[0]
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}"


def told(error: BaseException, secrets: Iterable[str] = (), *, limit: int = 160) -> str:
    """Return the first line of somebody else's error, its kind where it says nothing; hidden first and cut then."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    line = next((line for line in str(error).splitlines() if line.strip()), "") or type(error).__name__
    return named(hidden(line, secrets), limit=limit)
