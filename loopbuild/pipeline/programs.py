"""Commands of loop.yaml -> what is really started."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from loopbuild.errors import SourceError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def command_of(command: Sequence[str], *, root: Path) -> list[str]:
    """Return `command` with the project's own files as absolute paths, because servers start in a folder of their own.

    A first word `python` means the interpreter loopbuild runs under, so that an example needs no activated environment.
    """
    words = [sys.executable if not position and word == "python" else word for position, word in enumerate(command)]
    return [str(root / word) if position and (root / word).is_file() else word for position, word in enumerate(words)]


def resolved_environment(declared: Mapping[str, str], *, environment: Mapping[str, str], source: str) -> dict[str, str]:
    """Return `declared` with `${NAME}` replaced; raises SourceError naming an unset variable, never a value."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in environment:
            raise SourceError(
                f"source `{source}` needs the environment variable `{name}`, which is not set",
                source=source,
                hint=f"export {name}=... and run again",
            )
        return environment[name]

    return {name: VARIABLE.sub(value, text) for name, text in declared.items()}
