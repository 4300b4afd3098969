"""The prompts, read from the text files beside this module; their digest is part of every answer's identity."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from loopbuild.digest import digest

_FOLDER = Path(__file__).with_name("prompts")
NAMES = ("writer", "repair", "manners")
RENDERING = 1
"""Raised when the same request would be put to a writer in other words, by other code than the text files."""
JUDGE_NAMES = ("judge", "repair")
JUDGE_RENDERING = 1
"""The same of a row that is put to a judge."""
PROPOSER_NAMES = ("proposer", "repair")
PROPOSER_RENDERING = 1
"""The same of a tool that a proposer is asked about."""


@cache
def prompt(name: str) -> str:
    """Return one prompt, without the line end of its file."""
    return (_FOLDER / f"{name}.txt").read_text(encoding="utf-8").rstrip("\n")


@cache
def manners() -> tuple[str, ...]:
    """Return the ways of speaking a text is given by chance."""
    return tuple(prompt("manners").splitlines())


@cache
def prompts_digest() -> str:
    """Return 16 digits for all that decides how a request is put."""
    return digest("prompts", [RENDERING, {name: prompt(name) for name in NAMES}])[:16]


@cache
def judge_digest() -> str:
    """Return 16 digits for all that decides how a judge is asked."""
    return digest("judge prompts", [JUDGE_RENDERING, {name: prompt(name) for name in JUDGE_NAMES}])[:16]


@cache
def proposer_digest() -> str:
    """Return 16 digits for all that decides how a proposer is asked."""
    return digest("proposer prompts", [PROPOSER_RENDERING, {name: prompt(name) for name in PROPOSER_NAMES}])[:16]
