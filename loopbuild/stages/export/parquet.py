"""Rows -> a Parquet file that `datasets.load_dataset` reads; the one place of export that loads `datasets`."""

from __future__ import annotations

import io
from collections.abc import Sequence

from loopbuild.errors import MissingExtra
from loopbuild.records import Json


def to_parquet(rows: Sequence[dict[str, Json]]) -> bytes:
    """Return the file of rows as `hf_row` makes them. Raises MissingExtra without `datasets`."""
    try:
        from datasets import Dataset, Features, Value, disable_progress_bars
    except ImportError as exc:
        raise MissingExtra("`--format hf`", extra="hf") from exc
    disable_progress_bars()
    text = Value("string")
    call = {"id": text, "type": text, "function": {"name": text, "arguments": text}}
    message = {"role": text, "content": text, "tool_calls": [call], "tool_call_id": text, "is_learned": Value("bool")}
    names = ("id", "category", "topology", "level", "writer", "split")
    features = Features({**dict.fromkeys(names, text), "messages": [message], "tools": text})
    table = Dataset.from_list(list(rows), features=features)
    held = io.BytesIO()
    table.to_parquet(held)
    return held.getvalue()
