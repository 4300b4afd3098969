"""What must hold among `synthesis.writers`, and of a judge: who they are, what they cost, no secret in the file.

Reads no price list and opens no connection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loopbuild.documents import Path
from loopbuild.loopfile.sections.synthesis import WriterSettings
from loopbuild.loopfile.spans import Settings
from loopbuild.records import Diagnostic

OFFLINE = "offline"
_PLACE: Path = ("synthesis", "writers")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"https?://[^/@\s]+(/.*)?")
_LOOPBACK = re.compile(r"http://(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)")
_NAME = re.compile(r"\S(.{0,78}\S)?")
_OWN = {"model", "messages", "stream", "n", "api_key", "api_base", "base_url", "response_format", "timeout", "tools"}
"""Arguments of a call that are decided here, or are secrets."""


def check_writers(settings: Settings) -> Iterator[Diagnostic]:
    """Yield what is wrong or odd with the writers."""
    synthesis = settings.value.get("synthesis")
    writers = synthesis.get("writers") if isinstance(synthesis, dict) else None
    if not isinstance(writers, list) or not isinstance(synthesis, dict):
        return
    seen: set[str] = set()
    for index, writer in enumerate(writers):
        if not isinstance(writer, dict):
            continue
        model = writer.get("model", OFFLINE)
        name = writer.get("name") or model
        if isinstance(model, str) and isinstance(name, str):
            if name in seen:
                message, hint = f"two writers are called `{name}`", "give each a `name` of its own"
                yield _error(settings, (*_PLACE, index, "name" if writer.get("name") else "model"), message, hint)
            elif not _NAME.fullmatch(name):
                yield _error(settings, (*_PLACE, index, "name"), f"`{name}` is no name of a writer", "one line, short")
            seen.add(name)
            place: Path = (*_PLACE, index)
            yield from _offline(settings, index, writer) if model == OFFLINE else check_asked(settings, place, writer)
    held = [isinstance(writer, dict) and writer.get("held_out") is True for writer in writers]
    if writers and all(held):
        message = "every writer is `held_out`: nobody is left to write training text"
        yield _error(settings, _PLACE, message, key=True)
    costly = [number for number, writer in enumerate(writers) if isinstance(writer, dict) and _may_cost(writer)]
    if costly:
        yield from check_limit(settings, (*_PLACE, costly[0]), writers[costly[0]])


def check_limit(settings: Settings, place: Path, asked: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield that nothing says how much a build may spend, where a model that is asked costs something."""
    synthesis = settings.value.get("synthesis")
    if _may_cost(asked) and (not isinstance(synthesis, dict) or synthesis.get("budget_usd") is None):
        limit = "`synthesis.budget_usd` does not say how much one build may spend"
        message = f"`{asked['model']}` costs money, and {limit}"
        hint = "add `budget_usd: 5` below `synthesis:`, or a `price` of 0 where the server is your own"
        yield _error(settings, (*place, "model"), message, hint, code="missing-key")


def _may_cost(writer: dict[str, Any]) -> bool:
    """A writer is free when it is offline, or when its price is said to be 0."""
    price = writer.get("price")
    is_free = isinstance(price, dict) and price and all(value == 0 for value in price.values())
    return isinstance(writer.get("model"), str) and writer["model"] != OFFLINE and not is_free


def _offline(settings: Settings, index: int, writer: dict[str, Any]) -> Iterator[Diagnostic]:
    for key in writer:
        if key in WriterSettings.model_fields and key not in ("model", "name", "held_out"):
            message = f"`{key}` means nothing to the offline writer"
            yield _warning(settings, (*_PLACE, index, key), message, "it belongs to a writer with another `model`")
    if writer.get("name"):
        yield _error(settings, (*_PLACE, index, "name"), "the offline writer is always called `offline`")
    if writer.get("held_out") is True:
        message, hint = "the offline writer has a reserved voice for held-out tasks anyway", "leave out `held_out`"
        yield _error(settings, (*_PLACE, index, "held_out"), message, hint)


def check_asked(settings: Settings, place: Path, writer: dict[str, Any]) -> Iterator[Diagnostic]:
    """Yield what is wrong with a model that is asked over the network, and with how it is reached."""
    model = writer["model"]
    if not re.fullmatch(r"[\w.:@-]+(/[\w.:@-]+)*", model):
        yield _error(settings, (*place, "model"), f"`{model}` is no model id", "such as `openai/gpt-4.1-mini`")
    base = writer.get("api_base")
    if isinstance(base, str) and base and "${" not in base:
        yield from _address(settings, place, base, has_key=bool(writer.get("api_key_env")))
    for key, names in (("api_key_env", [writer.get("api_key_env")]), ("pass_env", writer.get("pass_env"))):
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name and not _VARIABLE.fullmatch(name):
                # The key's line, since a screen shows the line, and what stands there may be a key itself.
                message = f"`{key}` is no name of an environment variable"
                yield _error(settings, (*place, key), message, "the key itself belongs in the variable", key=True)
    options = writer.get("options")
    for key in options if isinstance(options, dict) else ():
        known = [name for name in WriterSettings.model_fields if name not in ("model", "options")]
        if key in _OWN or key in known or "key" in str(key) or "token" in str(key):
            hint = f"`{key}` is a key of the writer itself" if key in known else "secrets go by `api_key_env`"
            yield _error(settings, (*place, "options", key), f"`{key}` is no option", hint, key=True)


def _address(settings: Settings, place: Path, base: str, *, has_key: bool) -> Iterator[Diagnostic]:
    if "@" in base.partition("://")[2].partition("/")[0]:
        message, hint = "`api_base` holds a password", "name the variable that holds the key in `api_key_env`"
        yield _error(settings, (*place, "api_base"), message, hint, key=True)
    elif not _ADDRESS.fullmatch(base):
        message = f"`{base}` is no address of a server"
        yield _error(settings, (*place, "api_base"), message, "such as `https://llm.example.com/v1`")
    elif has_key and base.startswith("http://") and not _LOOPBACK.match(base):
        yield _warning(settings, (*place, "api_base"), "the key would be sent in the clear", "use `https://`")


def _error(
    settings: Settings, path: Path, message: str, hint: str = "", *, code: str = "bad-value", key: bool = False
) -> Diagnostic:
    return Diagnostic(severity="error", code=code, message=message, span=settings.span(path, key=key), hint=hint)


def _warning(settings: Settings, path: Path, message: str, hint: str = "") -> Diagnostic:
    span = settings.span(path, key=True)
    return Diagnostic(severity="warning", code="suspicious", message=message, span=span, hint=hint)
