"""Places in files, and the mistakes found there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A place in a file; line and column count from 1 (column in code points), 0 when not known."""

    file: str
    line: int = 0
    column: int = 0
    width: int = 1
    pointer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One mistake or oddity in something a person or another program wrote."""

    severity: Literal["error", "warning", "note"]
    code: str
    message: str
    span: Span | None = None
    hint: str = ""
