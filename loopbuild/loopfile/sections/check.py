"""`check:`: which remarks on tools are wanted, and which changes fail a check."""

from __future__ import annotations

from typing import Literal

from loopbuild.loopfile.sections.base import Section, Text

Remark = Literal[
    "no-description",
    "thin-description",
    "same-description",
    "undescribed-parameter",
    "opaque-enum",
    "untyped-parameter",
    "unreachable-parameter",
    "near-names",
    "same-name",
    "rewritten-name",
    "instructs-model",
    "hidden-text",
    "contradicting-hint",
]
"""The codes of what `loopbuild check` remarks on."""


class CheckSettings(Section):
    """Remarks on the quality of tools, and when `loopbuild check` fails."""

    ignore: dict[Remark, tuple[Text, ...]] = {}
    """Code -> globs over tools (`hr/legacy_*`, `*`) it is not wanted for."""
    fail_on: Literal["never", "breaking", "behavioural", "compatible", "doc"] = "never"
    """`check` exits 1 on a change at least as grave; an unreadable file is always an error."""
