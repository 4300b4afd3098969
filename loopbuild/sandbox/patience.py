"""How often a server may be lost before nobody waits for it any more.

A server that hangs costs its whole time limit at every call. Losses are counted per source over one build, because the
sandbox of a source is opened anew for every chunk of rows. Knows no server and no clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loopbuild.digest import digest
from loopbuild.errors import SandboxError
from loopbuild.records import Json

_IN_A_ROW = 3
_PER_TOOL = 2
_TOOLS = 4


class GivenUp(SandboxError):
    """Raised instead of starting a server again that was lost every time."""


@dataclass(slots=True)
class Patience:
    """What is left of the patience with one source's server."""

    source: str
    in_a_row: int = 0
    of_tool: dict[str, int] = field(default_factory=dict)
    """Losses in a row while this tool was called."""
    last: SandboxError | None = None

    def lost(self, error: SandboxError, *, tool: str = "") -> None:
        """Note that the server was lost, or did not start."""
        self.in_a_row += 1
        self.last = error
        if tool:
            self.of_tool[tool] = self.of_tool.get(tool, 0) + 1

    def answered(self, tool: str) -> None:
        """Note that the server answered a call of this tool."""
        self.in_a_row = 0
        self.of_tool.pop(tool, None)

    def is_out_for(self, tool: str) -> bool:
        """Whether the server was lost whenever this tool was called, so that nobody calls it any more."""
        return self.of_tool.get(tool, 0) >= _PER_TOOL

    def check(self, *, needed: str = "") -> None:
        """Raise GivenUp when the server was lost too often to be started once more; nothing goes without `needed`."""
        gone = sorted(tool for tool in self.of_tool if self.is_out_for(tool))
        if self.last is None or (self.in_a_row < _IN_A_ROW and len(gone) < _TOOLS and needed not in gone):
            return
        how = f"{self.in_a_row} times in a row"
        if self.in_a_row < _IN_A_ROW:
            how = f"whenever `{needed or '`, `'.join(gone)}` was called"
        raise GivenUp(
            f"the sandbox of `{self.source}` was lost {how}: {self.last.message}",
            intact="every row that was finished before",
            hint="mend the server, or leave its tool out with `exclude`; the next build asks again"
            + (f"\n{self.last.hint}" if self.last.hint else ""),
        )


_HELD: dict[str, Patience] = {}


def patience_with(source: str, *, root: str, settings: Json) -> Patience:
    """Return what this process knows of a source's server; the same object until `forget_losses`."""
    key = digest("server", [source, root, settings])
    return _HELD.setdefault(key, Patience(source=source))


def forget_losses() -> None:
    """Begin a build: servers may have been mended."""
    _HELD.clear()
