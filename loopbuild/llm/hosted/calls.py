"""What goes to the processes that speak to providers, and what comes back. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loopbuild.records import Json

Fault = Literal[
    "", "rate", "server", "timeout", "connection", "unreachable", "crash",
    "auth", "quota", "unknown_model", "bad_request", "form", "refused", "too_long",
]  # fmt: skip
TRANSIENT: frozenset[Fault] = frozenset({"rate", "server", "timeout", "connection", "unreachable", "crash"})
"""The provider is out of order, or busy: asking again may help."""
MAYBE_CHARGED: frozenset[Fault] = frozenset({"timeout", "connection", "crash"})
"""The request had been sent; whether it was worked on, nobody here knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, without secrets: `key_env` names the variable that holds the key."""

    number: int
    arguments: dict[str, Json]
    """Of litellm's `completion`."""
    key_env: str
    """Empty: the provider finds its credentials itself, or needs none."""
    needs_no_key: bool
    timeout_seconds: float
    unsaid: tuple[str, ...] = ()
    """Texts of the address that stand in no message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a request."""

    number: int
    fault: Fault = ""
    detail: str = ""
    """Of a fault: the provider's words, cut."""
    retry_after_seconds: float | None = None
    content: str = ""
    finish: str = ""
    refusal: str = ""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    served: str = ""
    """The model that says it answered."""
    request: str = ""
    """The provider's name for the answer."""


@dataclass(slots=True, kw_only=True)
class Usage:
    """What a row has used so far."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    served: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
