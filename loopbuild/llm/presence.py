"""Whether a value stands in a text: byte for byte, or as one of the accepted spellings."""

from __future__ import annotations

import re

from loopbuild.llm.offline.morphology import spoken_date
from loopbuild.records import Json


def spellings(value: Json) -> tuple[str, ...]:
    """Return how a text may spell `value`: as it is, an ISO date spoken, underscores as spaces."""
    if isinstance(value, bool):
        return ("true",) if value else ("false",)
    text = str(value)
    forms = [text, spoken_date(text)]
    if re.fullmatch(r"[a-z]+(_[a-z]+)+", text):
        forms.append(text.replace("_", " "))
    return tuple(dict.fromkeys(forms))


def is_said(value: Json, text: str) -> bool:
    """Return whether `text` holds `value` as a whole word or run of words."""
    return any(form and re.search(rf"(?<![\w]){re.escape(form)}(?![\w])", text) for form in spellings(value))
