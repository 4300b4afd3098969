"""Export: a dataset in the forms other programs read, with a card that says where it comes from."""

from __future__ import annotations

FORMATS: dict[str, str] = {
    "openai": "JSON lines in the chat form of OpenAI fine-tuning: messages with weights, tools",
    "hf": "a Hugging Face dataset: Parquet files `load_dataset` reads (extra `hf`)",
    "trl-sft": "JSON lines with TRL's columns prompt, completion, tools",
    "trl-dpo": "JSON lines with TRL's columns prompt, chosen, rejected, tools",
    "trl-grpo": "JSON lines with TRL's column prompt, and tools and the expected calls for a reward",
}

__all__ = ["FORMATS"]
