"""`training:`: the base model, the phases in order, and how an increment continues them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Count, Flag, Json, Name, Number, Positive, Section, Share, Text

RECALL_PROMPT = (
    "You are an assistant that works with a set of tools. Say in one to three short sentences what you do next, then "
    "call the tool you need. When the work is done, answer briefly with what you found or did. Answer directly when no "
    "tool is needed, and ask when something you need is missing."
)
"""At most 643 bytes, the budget of the published schema-recall experiment."""


class LoraSettings(Section):
    """Low-rank adapter; defaults are those of the published 8B experiment."""

    r: Positive = 64
    alpha: Positive = 128
    dropout: Share = 0.05
    target_modules: tuple[Text, ...] = ("q_proj", "k_proj", "v_proj")


class PhaseSettings(Section):
    """One phase. What is not given comes from the preset."""

    method: Literal["sft"] = "sft"
    schemas_in_prompt: Flag = False
    epochs: Number | None = Field(default=None, gt=0)
    learning_rate: Number | None = Field(default=None, gt=0)
    warmup: Share | None = None
    neftune_noise_alpha: Number | None = None
    batch_size: Positive | None = None
    gradient_accumulation: Positive | None = None
    max_length: Positive | None = None
    max_rows: Positive | None = None
    """At most this many rows, a stratified sample."""
    extra_tools: Count | None = None
    """`schemas_in_prompt`: besides the tools a row needs, this many others; all when the preset gives none."""
    on_increment: Flag | None = None
    """Whether the phase runs again after a change; the preset says yes, except `nano` for a phase with schemas."""
    trainer_args: dict[Text, Json] = {}
    """Any other argument of TRL's SFTConfig, checked against its fields."""


class IncrementalSettings(Section):
    """How training goes on after a change."""

    max_rows: Positive = 200
    replay: Annotated[Number, Field(ge=0)] = 1.0
    """Replayed rows of unaffected tools per changed row."""
    epochs: Annotated[Number, Field(gt=0)] = 2.0
    learning_rate_factor: Annotated[Number, Field(gt=0)] = 0.4
    """Of the phase's own learning rate."""
    full_rebuild_above: Share = 0.5
    """Share of changed or added rows above which training starts fresh from the base."""


class TrainingSettings(Section):
    """The chain of phases."""

    base: Text = "nano"
    """`nano` (shipped), a Hugging Face id, or a local path."""
    preset: Literal["auto", "nano", "qlora-12gb", "full"] = "auto"
    system_prompt: Text | None = None
    """What every prompt opens with; the preset's own when not given."""
    phases: dict[Name, PhaseSettings] = {
        "teach": PhaseSettings(schemas_in_prompt=True),
        "recall": PhaseSettings(schemas_in_prompt=False),
    }
    lora: LoraSettings = LoraSettings()
    incremental: IncrementalSettings = IncrementalSettings()
    download: Flag = False
    """Whether a base on the Hugging Face hub may be fetched; otherwise it has to be in the local cache."""
    seed: Count = 0
    validation: Share = 0.05
    """Share of the training rows kept aside to watch the loss."""
