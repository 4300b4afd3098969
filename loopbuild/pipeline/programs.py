"""Commands of loop.yaml -> what is really started."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path


def command_of(command: Sequence[str], *, root: Path) -> list[str]:
    """Return `command` with the project's own files as absolute paths, because servers start in a folder of their own.

    A first word `python` means the interpreter loopbuild runs under, so that an example needs no activated environment.
    """
    words = [sys.executable if not position and word == "python" else word for position, word in enumerate(command)]
    return [str(root / word) if position and (root / word).is_file() else word for position, word in enumerate(words)]
