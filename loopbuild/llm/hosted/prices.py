"""What a model costs a token: as loop.yaml says, else as litellm's own list says.

The list is read from the installed package as the JSON file it is; litellm itself takes seconds to import.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from loopbuild.errors import LoopfileError, MissingExtra
from loopbuild.llm.hosted.identity import name_of
from loopbuild.records import Json

_LIST = "model_prices_and_context_window_backup.json"
TOKEN_CHARACTERS = 4.0
"""Of English text, about."""
_FRAME_TOKENS = 16
"""Of a conversation around its messages, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars for one token."""

    prompt_usd: float
    completion_usd: float

    def of(self, prompt_tokens: float, completion_tokens: float) -> float:
        """Return what an answer costs."""
        return prompt_tokens * self.prompt_usd + completion_tokens * self.completion_usd

    @property
    def is_free(self) -> bool:
        """Whether nothing costs anything."""
        return not self.prompt_usd and not self.completion_usd


def price_of(writer: Mapping[str, Json], role: str = "writer") -> Price:
    """Return the price of a model of loop.yaml. Raises LoopfileError where nobody knows it, MissingExtra."""
    declared = writer["price"]
    if declared is not None:
        return Price(
            prompt_usd=declared["prompt_usd_per_million"] / 1e6,
            completion_usd=declared["completion_usd_per_million"] / 1e6,
        )
    listed = None if writer["api_base"] else listing_of(writer["model"])
    if listed is None or "input_cost_per_token" not in listed:
        why = "`api_base` is no address whose prices are known" if writer["api_base"] else "litellm lists none for it"
        raise LoopfileError(
            f"{role} `{name_of(writer)}` has no price: {why}",
            hint=f"add `price: {{prompt_usd_per_million: ..., completion_usd_per_million: ...}}` to the {role}",
        )
    return Price(
        prompt_usd=float(listed["input_cost_per_token"]), completion_usd=float(listed.get("output_cost_per_token") or 0)
    )


def listing_of(model: str) -> Mapping[str, Json] | None:
    """Return what litellm lists about a model, None when it does not."""
    provider, _, bare = model.partition("/")
    found = _listed()
    if model in found:
        return found[model]
    entry = found.get(bare) if bare else None
    return entry if entry is not None and str(entry.get("litellm_provider", "")).startswith(provider) else None


@cache
def _listed() -> Mapping[str, Mapping[str, Json]]:
    spec = find_spec("litellm")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtra("a writer that is not offline", extra="llm")
    listed: Mapping[str, Mapping[str, Json]] = json.loads(
        (Path(next(iter(spec.submodule_search_locations))) / _LIST).read_text(encoding="utf-8")
    )
    return listed


def about_tokens(messages: list[dict[str, str]]) -> int:
    """Return how many tokens a prompt has, about."""
    return round(sum(len(message["content"]) for message in messages) / TOKEN_CHARACTERS) + _FRAME_TOKENS


def most_tokens(messages: list[dict[str, str]]) -> int:
    """Return how many tokens a prompt has at most: no tokenizer makes more tokens than there are bytes."""
    return sum(len(message["content"].encode()) + _FRAME_TOKENS for message in messages) + _FRAME_TOKENS
