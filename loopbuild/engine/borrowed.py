"""Parents of a part of the graph as another loop.lock names them, so that a part can be tried without its past.

Decides which targets are borrowed: those nobody selected and that lock has a result of. They are neither run nor put in
force; what is selected is built on exactly their bytes, and no lock is written.
"""

from __future__ import annotations

from collections.abc import Callable

from loopbuild.digest import short
from loopbuild.engine.lockfile import NAME, Lines, targets_in
from loopbuild.engine.target import Target
from loopbuild.errors import BuildError


class Borrowed:
    """The lines of a lock somebody defers to."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._names = frozenset(targets_in(lines))

    def output(self, target: Target, *, is_chosen: bool, is_there: Callable[[str, str], bool]) -> str:
        """Return the digest of the output to build upon, empty where the target is to be looked at as ever.

        Raises BuildError when its bytes can not be had.
        """
        if is_chosen or target.id not in self._names:
            return ""
        output = self._lines[target.id][0].removeprefix("b3:")
        if not is_there(target.id, output):
            raise BuildError(
                f"`{target.id}` is deferred to another `{NAME}`, but {short(output)}, which it names, is not here",
                target=target.id,
                intact="nothing was run for it",
                hint="`loopbuild cache pull` where that lock was written, or leave out `--defer`",
            )
        return output
