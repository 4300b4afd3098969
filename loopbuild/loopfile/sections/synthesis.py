"""`synthesis:`: who words the trajectories, at which levels, and which rows call no tool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Number, Positive, Section, Share, Text


class WriterSettings(Section):
    """One writer of training text; `offline` needs no account."""

    model: Text = "offline"


class Negatives(Section):
    """Shares of all training rows."""

    no_tool: Share = 0.06
    out_of_scope: Share = 0.04
    clarify: Share = 0.06


class SynthesisSettings(Section):
    """Texts around trajectories."""

    writers: tuple[WriterSettings, ...] = (WriterSettings(),)
    levels: tuple[Literal["low", "high"], ...] = ("low", "high")
    texts_per_level: Positive = 1
    negatives: Negatives = Negatives()
    lexicon: dict[Text, tuple[Text, ...]] = {}
    """A team's own words: entity or verb -> synonyms the offline writer may use."""
    budget_usd: Annotated[Number, Field(ge=0)] | None = None
