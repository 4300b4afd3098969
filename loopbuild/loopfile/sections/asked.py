"""A model that is asked over the network: a writer, or a judge."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from loopbuild.loopfile.sections.base import Json, Number, Positive, Seconds, Section, Share, Text

Dollars = Annotated[Number, Field(ge=0)]


class Price(Section):
    """What a model costs, in US dollars per million tokens."""

    prompt_usd_per_million: Dollars
    completion_usd_per_million: Dollars


class AskedModel(Section):
    """A model that litellm reaches, and how it is asked."""

    model: Text
    """A model id of litellm, such as `anthropic/claude-sonnet-4-5`."""
    name: Text = ""
    """What it is called in rows and figures; empty: as its model. Two writers of one model need names."""
    api_base: Text = ""
    """Address of a server; empty: the provider's own. Takes `${VAR}`."""
    api_key_env: Text = ""
    """The environment variable that holds the key; empty: the provider's usual one, and none with `api_base`."""
    pass_env: tuple[Text, ...] = ()
    """Further environment variables the provider needs, by name."""
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = None
    """Not sent where it is null."""
    top_p: Share | None = None
    seed: StrictInt | None = None
    """Sent, not believed: the first answer is kept for ever."""
    max_tokens: Positive = 1500
    """Of one answer; twice as many when it was cut off."""
    options: dict[Text, Json] = {}
    """Further arguments of litellm's `completion`, such as `{reasoning_effort: low}`."""
    response_format: Literal["schema", "object", "text"] = "schema"
    """What is asked of the provider: answers under a JSON schema, any JSON object, or text. Falls back by itself."""
    concurrency: Positive = 8
    """Requests in flight; halved for a while when the provider says it is too many."""
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    timeout_seconds: Seconds = 120.0
    max_tries: Positive = 5
    """Of one request, while the provider is out of order."""
    price: Price | None = None
    """Null: as litellm lists the model."""
