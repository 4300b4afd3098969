"""What a person asks of a build or a plan, in words, and the name by which it is recognised when asked again."""

from __future__ import annotations

from dataclasses import dataclass

from loopbuild.digest import digest_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a person asks of a build or a plan: selections in words, united."""

    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    force: tuple[str, ...] = ()
    refresh: tuple[str, ...] = ()
    from_scratch: tuple[str, ...] = ()
    state: str = ""
    """The lock that `state:` words and the plan's comparison are about, see `references`; empty for loop.lock."""
    defer: str = ""
    """The lock whose results stand for whatever is not selected."""
    record: tuple[str, ...] = ()
    """Sources whose recordings are made again first."""
    frozen: bool = False
    proves: bool = True
    """Whether rows may be proven good under changed schemas instead of drawn afresh."""

    @property
    def name(self) -> str | None:
        """By which a complete build of that is remembered, empty for everything; None where more is wished for."""
        asked = self.force or self.refresh or self.from_scratch or self.state or self.record or self.defer
        if asked or not self.proves:
            return None
        is_whole = not self.select and not self.exclude
        return "" if is_whole else digest_bytes("selection", repr((self.select, self.exclude)).encode())


WHOLE = Wishes()
"""Everything, and nothing besides."""
