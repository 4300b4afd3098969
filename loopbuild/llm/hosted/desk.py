"""One writer's or judge's desk during a build: what it is called with, how fast it may be asked, whether it still is.

Decides pace and patience. Pure but for the clock, which is handed in.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.digest import unit_interval
from loopbuild.errors import BuildError, LlmError, UnusableAnswer
from loopbuild.llm.hosted.asking import Message
from loopbuild.llm.hosted.calls import Reply
from loopbuild.llm.hosted.identity import SAMPLING, name_of
from loopbuild.llm.hosted.prices import Price, listing_of, most_tokens, price_of
from loopbuild.llm.hosted.work import WRITING, Work
from loopbuild.records import Json

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
LONGEST_OBEYED_SECONDS = 300.0
"""A provider that says to come back later than this is out of order for this build."""
DOWN_AFTER = 5
"""Requests given up in a row until a writer counts as out of order."""
JUDGED_AFTER = 10
"""Texts until a writer may count as unfit, when more than half of them can not be used."""
_FORMS = ("schema", "object", "text")


class Desk:
    """What one build knows of one writer; `broken` is why nothing more is asked of it."""

    def __init__(self, settings: Mapping[str, Json], work: Work = WRITING) -> None:
        self.work = work
        self.name = name_of(settings)
        self.model: str = settings["model"]
        self.settings = settings
        self.identity = work.identity(settings)
        self.price: Price = price_of(settings, work.role)
        self.broken: BuildError | None = None
        self.form: str = settings["response_format"]
        self.flying = 0
        self._most: int = settings["concurrency"]
        self._limit = self._most
        self._answered = 0
        self._given_up = 0
        self._texts = 0
        self._unusable = 0
        self._next = float("-inf")
        self._paused_until = float("-inf")

    # -- what is sent ----------------------------------------------------------------------------------------------

    def arguments(self, messages: list[Message], *, max_tokens: int) -> dict[str, Json]:
        """Return the arguments of litellm's `completion`."""
        given = {name: self.settings[name] for name in SAMPLING if name not in ("options", "max_tokens")}
        made: dict[str, Json] = {"model": self.model, "messages": messages, "max_tokens": max_tokens}
        made |= {name: value for name, value in given.items() if value is not None}
        made |= self.settings["options"]
        if self.form == "schema":
            named = {"name": self.work.form, "schema": dict(self.work.schema), "strict": True}
            made["response_format"] = {"type": "json_schema", "json_schema": named}
        elif self.form == "object":
            made["response_format"] = {"type": "json_object"}
        return made

    def key_env(self, environment: Mapping[str, str]) -> tuple[str, bool]:
        """Return the variable with the key, and whether none is needed. Raises LlmError when it is not set."""
        named = self.settings["api_key_env"]
        name = named or ("" if self.settings["api_base"] or self.settings["pass_env"] else usual_variable(self.model))
        if name and not environment.get(name):
            raise LlmError(
                f"environment variable `{name}` is not set, and {self.work.role} `{self.name}` needs the key in it",
                is_retryable=False,
                hint=f"export {name}=... and build again; `api_key_env` names another variable",
            )
        return name, bool(self.settings["api_base"]) and not name

    def reduce_form(self, sent: str) -> bool:
        """Ask for less form from now on, after a request of form `sent` was not understood; False if there is none."""
        if sent == self.form and self.form != _FORMS[-1]:
            self.form = _FORMS[_FORMS.index(self.form) + 1]
            return True
        return sent != self.form

    # -- pace ------------------------------------------------------------------------------------------------------

    def wait_seconds(self, now: float) -> float:
        """Return how long to wait before the next request, 0 for none; infinite while too many are in flight."""
        if self.flying >= self._limit:
            return float("inf")
        return max(0.0, self._next - now, self._paused_until - now)

    def started(self, now: float, messages: list[Message], *, max_tokens: int) -> None:
        """Note that a request was sent."""
        self.flying += 1
        gap = 0.0
        if self.settings["requests_per_minute"]:
            gap = 60.0 / self.settings["requests_per_minute"]
        if self.settings["tokens_per_minute"]:
            tokens = most_tokens(messages) / 3 + max_tokens
            gap = max(gap, 60.0 * tokens / self.settings["tokens_per_minute"])
        self._next = max(now, self._next) + gap

    def answered(self) -> None:
        """Note an answer: after a while, more requests at once are tried again."""
        self._given_up = 0
        self._answered += 1
        if self._answered % (4 * self._limit) == 0:
            self._limit = min(self._most, self._limit + 1)

    def too_many(self, now: float, wait: float) -> None:
        """Note that the provider has had too many requests."""
        if now >= self._paused_until:  # of many refused together, the first halves
            self._limit = max(1, self._limit // 2)
        self._paused_until = max(self._paused_until, now + wait)

    def wait_after(self, reply: Reply, *, key: str, tries: int) -> float:
        """Return how long to wait after a transient fault: as the provider says, else longer each time."""
        if reply.retry_after_seconds is not None:
            return reply.retry_after_seconds
        longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (tries - 1))
        return float(longest * (0.5 + 0.5 * unit_interval("wait", [key, tries])))

    # -- patience --------------------------------------------------------------------------------------------------

    def gave_up(self, reply: Reply) -> None:
        """Note a request that found the provider out of order at every try."""
        self._given_up += 1
        if self._given_up >= DOWN_AFTER and self.broken is None:
            self.broken = LlmError(
                f"{self.work.role} `{self.name}` is out of order: {reply.detail}",
                is_retryable=True,
                hint="`loopbuild build` asks for the rest once it answers again",
            )

    def judged(self, reason: str, detail: str) -> None:
        """Note a text that is final: used when there is no reason against it."""
        self._texts += 1
        self._unusable += bool(reason)
        if self._texts >= JUDGED_AFTER and self._unusable * 2 > self._texts and self.broken is None:
            self.broken = UnusableAnswer(
                f"{self.work.role} `{self.name}` gave {self._unusable} of {self._texts} {self.work.product}s that can "
                f"not be used, the last one {reason}: {detail}",
                intact="every answer is kept",
                hint=f"give the {self.work.role} {self.work.cures}; `loopbuild show` explains a row",
            )

    def refused(self, reply: Reply) -> None:
        """Note a fault that no trying again changes."""
        said = f"{self.work.role} `{self.name}` cannot be asked: {reply.detail}"
        named = self.settings["api_key_env"] or usual_variable(self.model)
        hints = {
            "auth": f"the key in `{named}` is not accepted; set another one and build again",
            "quota": "the account has no credit left with the provider; build again when it has",
            "unknown_model": f"the provider knows no model `{self.model}`; see {self.work.place} in loop.yaml",
            "bad_request": f"see the {self.work.role}'s sampling settings in loop.yaml",
        }
        if self.broken is None:
            self.broken = LlmError(said, is_retryable=False, hint=hints.get(reply.fault, ""))


def usual_variable(model: str) -> str:
    """Return the variable in which a provider's users keep their key."""
    listed = listing_of(model) or {}
    provider = model.partition("/")[0] if "/" in model else str(listed.get("litellm_provider", "openai"))
    return provider.replace("-", "_").upper() + "_API_KEY"
