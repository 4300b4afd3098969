"""What kind of mistake a code is, and which of several mistakes came first.

Pure; no judge and no text similarity. Not decided here, because nothing in a transcript proves them: an answer that
contradicts a result in another point than the one value asked for, a correction ignored, an earlier turn contradicted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from loopbuild.records import FailureClass

CLASS_OF: dict[str, FailureClass] = {
    "not_decodable": "format",
    "not_json": "format",
    "wrong_wrapper": "format",
    "truncated": "format",
    "duplicate_key": "format",
    "missing_required": "parameter",
    "unknown_param": "parameter",
    "type": "parameter",
    "enum": "parameter",
    "format_or_unit": "parameter",
    "out_of_range": "parameter",
    "unasked_param": "parameter",
    "missing_optional": "parameter",
    "value_literal": "parameter",
    "invented_value": "parameter",
    "stale_param": "parameter",
    "stale_required": "parameter",
    "stale_type": "parameter",
    "stale_enum": "parameter",
    "stale_format": "parameter",
    "stale_range": "parameter",
    "stale_name": "domain",
    "hallucinated_tool": "domain",
    "wrong_domain": "domain",
    "wrong_tool_same_domain": "domain",
    "called_when_none_needed": "domain",
    "no_call_when_needed": "domain",
    "missing_step": "decomposition",
    "extra_step": "decomposition",
    "wrong_order": "decomposition",
    "stopped_early": "decomposition",
    "loop_limit": "decomposition",
    "effect_differs": "decomposition",
    "wrong_source": "context",
    "wrong_answer": "context",
    "repeats_completed_call": "context",
    "ignores_tool_error": "context",
    "asks_known_slot": "context",
    "empty_reply": "format",
    "sandbox": "environment",
}
"""Every code and its class."""

OF_FAULT = {
    "missing_required": "missing_required",
    "extra_argument": "unknown_param",
    "wrong_type": "type",
    "bad_enum": "enum",
    "bad_format": "format_or_unit",
    "bad_value": "out_of_range",
    "unknown_tool": "hallucinated_tool",
}
"""What the validator calls a fault -> its code here."""

_RANK = {"environment": 0, "format": 1, "domain": 2, "parameter": 3, "decomposition": 4, "context": 5, "": 6}
END = 10**6
"""The place of a mistake that only the end of the conversation shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A code at an assistant turn, with one line for a person."""

    code: str
    turn: int
    detail: str = ""


def first_failure(mistakes: Iterable[Mistake]) -> tuple[FailureClass, tuple[str, ...], str]:
    """Return the class and detail of the first mistake, and all codes in order, each once.

    Earlier turns first; within one turn format, tool, parameter, order, context.
    """
    ordered = sorted(mistakes, key=lambda one: (one.turn, _RANK[CLASS_OF[one.code]]))
    if not ordered:
        return "", (), ""
    return CLASS_OF[ordered[0].code], tuple(dict.fromkeys(one.code for one in ordered)), ordered[0].detail


def decoder_code(fault: str) -> str:
    """Return the format code of a decoder's fault; what is not listed is `not_decodable`."""
    return fault if CLASS_OF.get(fault) == "format" else "not_decodable"
