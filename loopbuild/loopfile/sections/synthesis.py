"""`synthesis:`: who words the trajectories, at which levels, and which rows call no tool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictInt

from loopbuild.loopfile.sections.asked import AskedModel, Dollars
from loopbuild.loopfile.sections.base import Count, Flag, Positive, Section, Share, Text


class WriterSettings(AskedModel):
    """One writer of training text: `offline`, or a model that litellm reaches."""

    model: Text = "offline"
    """`offline` needs no account; any other name is a model id of litellm, such as `anthropic/claude-sonnet-4-5`."""
    voice: Text = ""
    """How this writer shall sound, in a sentence."""
    held_out: Flag = False
    """It words held-out tasks only, in place of the offline writer's reserved voice."""


class Categories(Section):
    """Shares of all training rows; what is left are plain requests whose calls succeed at once."""

    no_tool: Share = 0.06
    """Small talk: nothing is called."""
    out_of_scope: Share = 0.04
    """Other domains: nothing is called, and the answer says why."""
    missing_tool: Share = 0.0
    """No tool can do it: half from verbs the catalog does not have, half with a tool withheld from the row's list."""
    clarify: Share = 0.06
    """A value is missing and is asked for."""
    confirm: Share = 0.0
    """The person wants to be asked before something is destroyed; agrees or declines."""
    near_miss: Share = 0.0
    """Another tool takes the same call and comes to something else."""
    error_recovery: Share = 0.0
    """Of the rows with several calls: one or two calls fail and are put right; what failed is not learned."""
    dialogue: Share = 0.0
    """The person speaks several times: corrects a value, asks for the same again, goes on with what was found. How
    often and of what kind: `dialogues`."""


class DialogueTurns(Section):
    """How often the person speaks in a dialogue; brought to a sum of 1. Where nothing is left to say it ends sooner."""

    short: Share = 0.7
    """Two or three times."""
    middle: Share = 0.3
    """Four to six times."""
    long: Share = 0.0
    """Seven to twelve times: material against losing the context."""


class VarietySettings(Section):
    """How much the requests of training rows may repeat one another, by Self-BLEU@20 of each level: 0 none, 1 all."""

    warn: Share = 0.45
    """Above it a build says so; ten templates with other values filled in come to .74."""
    fail: Share = 0.6
    """Above it no dataset is written, where there are 200 texts or more to tell by; 1: never."""


class LaterTurns(Section):
    """What the person says after the request; brought to a sum of 1. What cannot be had gives its share away."""

    corrected: Share = 0.3
    """A value given earlier is put right after the call was made."""
    same: Share = 0.2
    """The same once more, for another member of a list: `and the second one?`"""
    refers: Share = 0.3
    """Goes on with what a result showed: `that account`, `her manager`."""
    asks: Share = 0.2
    """Something else about what was named before: `the same customer`."""


class DialogueSettings(Section):
    """Dialogues, where `categories.dialogue` asks for some."""

    turns: DialogueTurns = DialogueTurns()
    kinds: LaterTurns = LaterTurns()
    taken_back: Share = 0.1
    """Of the dialogues: a value of the request is put right in the same breath, before anything is called."""


class PairShares(Section):
    """Shares of the preference pairs, by what is wrong with the rejected side."""

    parameter: Share = 0.42
    """The right tool with a wrong argument."""
    domain: Share = 0.28
    """The wrong tool, one too many, or words in place of a call."""
    decomposition: Share = 0.18
    """Stops early, skips a step, repeats one."""
    context: Share = 0.12
    """The wrong thing remembered: another entity, a value that was corrected, a question already answered."""


Fault = Literal[
    "type", "missing", "enum", "extra", "sibling", "stale", "amount", "swap", "elsewhere", "same_verb", "needless",
    "answer", "stops", "skips", "loops", "order", "other_turn", "ignores_correction", "asks_again", "contradicts",
]  # fmt: skip


class PairSettings(Section):
    """Preference pairs from kept rows, each rejected side proven bad by execution."""

    shares: PairShares = PairShares()
    weights: dict[Fault, Share] = {}
    """Fault -> its weight inside its class, where it is not the default."""
    per_trajectory: Annotated[StrictInt, Field(ge=1, le=2)] = 2
    """At most so many of one execution."""
    most: Positive | None = None
    """At most so many in all."""


class SynthesisSettings(Section):
    """Texts around trajectories."""

    writers: tuple[WriterSettings, ...] = (WriterSettings(),)
    assignment: Literal["split", "each"] = "split"
    """`split`: every text has one writer. `each`: every writer words all of them."""
    levels: tuple[Literal["low", "high"], ...] = ("low", "high")
    texts_per_level: Positive = 1
    categories: Categories = Categories()
    clarify_in: Literal["single", "any"] = "single"
    """Which requests leave a value out: of a single call, or any that begins with one call; with `any` it is also left
    open which of several things is to be destroyed."""
    retired: Count = 8
    """Rows about each tool that loop.lock knows and the sources have no more; 0: none. The lock forgets such tools
    where neither these nor `redirected` are asked for."""
    redirected: Count = 0
    """Rows about each of those that has a successor in which the person asks for the old one by name, and the new one
    is called at once."""
    dialogues: DialogueSettings = DialogueSettings()
    on_doc_change: Literal["keep", "rewrite"] = "keep"
    """Whether writers over the network are told what descriptions say, so that another description asks them again."""
    variety: VarietySettings = VarietySettings()
    pairs: PairSettings | None = None
    """Null: none. `{}`: with defaults."""
    lexicon: dict[Text, tuple[Text, ...]] = {}
    """A team's own words: entity or verb -> synonyms the writers may use."""
    budget_usd: Dollars | None = None
    """What one build may spend on writers; needed where one costs money."""
    budget_tokens: Positive | None = None
    """The same in tokens."""
