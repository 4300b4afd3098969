"""`engine:`: how the build behaves."""

from __future__ import annotations

from typing import Literal

from loopbuild.loopfile.sections.base import Section, Text


class RemoteSettings(Section):
    """Where results are shared with colleagues and continuous integration; secrets only as `${VAR}`."""

    url: Text = ""
    """A cache that speaks Bazel's HTTP protocol, or any fsspec address; empty: nothing is shared."""
    write: Literal["never", "ci", "always"] = "never"
    """`ci`: only where the environment says `CI=true` and `LOOPBUILD_CACHE_WRITE=1`."""
    trust: Literal["lock", "hmac", "server"] = "lock"
    """Which results are believed: those named by loop.lock, also those signed with the key, or all."""
    hmac_env: Text = "LOOPBUILD_CACHE_HMAC"
    """The environment variable that holds the key; results are signed wherever it is set."""
    headers: dict[Text, Text] = {}
    """Sent with every HTTP request."""


class EngineSettings(Section):
    """Behaviour of the build itself."""

    executor: Literal["processes", "ray"] = "processes"
    """Where row work runs beside this process: processes of this machine (`--jobs`), or a Ray cluster."""
    remote: RemoteSettings = RemoteSettings()
