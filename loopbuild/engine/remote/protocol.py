"""What a remote cache can do: hold bodies under names, in two spaces.

`cas` holds contents under their SHA-256, `ac` what is claimed about an action under the action's key. A remote knows
nothing of results, trust or targets, and whatever it answers is checked by whoever asked.
"""

from __future__ import annotations

from typing import BinaryIO, Literal, Protocol

from loopbuild.errors import StoreError

Space = Literal["ac", "cas"]


class RemoteError(StoreError):
    """A remote did not do what was asked of it. `is_refusal`: it understood and said no."""

    def __init__(self, message: str, *, is_refusal: bool = False) -> None:
        super().__init__(
            message, intact="every result on this machine is as it was", hint="a build goes on without the remote cache"
        )
        self.is_refusal = is_refusal


class TooLong(RemoteError):
    """A body is longer than what was asked for can be."""


class Remote(Protocol):
    """Every method may be called from several threads at once and raises RemoteError, nothing else."""

    address: str
    """As shown on screens: without user names and passwords."""

    def get(self, space: Space, name: str, sink: BinaryIO, *, limit: int) -> bool:
        """Write the body to `sink`; return False when there is none. A body above `limit` bytes is an error."""

    def put(self, space: Space, name: str, source: BinaryIO, *, size: int) -> None:
        """Store the `size` bytes of `source`, whatever was there before."""

    def has(self, space: Space, name: str, *, size: int | None = None) -> bool:
        """Return whether there is a body, of that size where it is told; its bytes are not looked at."""

    def close(self) -> None:
        """Let connections go."""
