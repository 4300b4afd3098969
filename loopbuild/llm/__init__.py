"""Who writes text: a dict of kinds, each loaded only when it is asked for."""

from __future__ import annotations

from importlib import import_module

from loopbuild.errors import SelectionError
from loopbuild.llm.protocol import Argument, Outcome, StepWords, WriteAnswer, Writer, WriteRequest

KINDS: dict[str, str] = {"offline": "loopbuild.llm.offline.writer:OfflineWriter"}
"""Kind -> `module:attribute` of a class without arguments."""

__all__ = ["KINDS", "Argument", "Outcome", "StepWords", "WriteAnswer", "WriteRequest", "Writer", "open_writer"]


def open_writer(model: str) -> Writer:
    """Return the writer called `model`; raises SelectionError when there is none."""
    if model not in KINDS:
        raise SelectionError(f"no writer is called `{model}`", hint=f"known: {', '.join(sorted(KINDS))}")
    module, _, attribute = KINDS[model].partition(":")
    writer: Writer = getattr(import_module(module), attribute)()
    return writer
