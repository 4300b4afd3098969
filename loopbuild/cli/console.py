"""Where text goes: answers to stdout, the conversation to stderr. Loads rich only for a terminal."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loopbuild.errors import LoopbuildError
from loopbuild.visible import visible


def answer(text: str) -> None:
    """Print what was asked for; names and texts in it may come from anywhere."""
    print(printable(text))


def say(text: str) -> None:
    """Print part of the conversation; names and texts in it may come from anywhere."""
    print(printable(text), file=sys.stderr)


def is_live() -> bool:
    """Whether a person watches: stderr is a terminal that can redraw lines."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb" and not os.environ.get("CI")


def printable(text: str) -> str:
    """Return `text` as a screen shows it: schema texts are untrusted."""
    return visible(text, keep="\n\t")


def error_text(error: LoopbuildError) -> str:
    """Return an error as it stands on the screen: what happened, what is intact, the way out."""
    diagnostics = getattr(error, "diagnostics", ())
    lines = []
    if diagnostics:
        lines.append(_diagnostics_text(diagnostics))
    else:
        lines.append(f"error: {error.message}")
    if error.intact:
        lines += [f"  {line}" for line in error.intact.splitlines()]
    if error.hint:
        lines.append(f"hint: {error.hint}")
    return printable("\n".join(lines))


def _diagnostics_text(diagnostics: tuple[object, ...]) -> str:
    from loopbuild.loopfile.diagnostics import render_all

    return render_all(diagnostics)  # type: ignore[arg-type]
