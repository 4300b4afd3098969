"""`engine.remote` of loop.yaml and the environment -> the cache that one run uses, or none.

The only place where variables are filled in; what they hold goes to the client and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from loopbuild.engine.target import Json
from loopbuild.errors import LoopbuildError, SelectionError, StoreError

if TYPE_CHECKING:
    from loopbuild.engine.remote.client import RemoteCache
    from loopbuild.engine.remote.patience import Patience
    from loopbuild.engine.remote.protocol import Remote

MIN_SECRET = 16
"""A shorter key could be guessed from one signed result."""


def is_declared(settings: Json) -> bool:
    """Return whether loop.yaml names a remote cache."""
    return bool(settings["engine"]["remote"]["url"])


def may_write(settings: Json, environment: Mapping[str, str]) -> bool:
    """Return whether this run may send results."""
    write = settings["engine"]["remote"]["write"]
    is_trusted = environment.get("CI", "").lower() in ("true", "1") and environment.get("LOOPBUILD_CACHE_WRITE") == "1"
    return write == "always" or (write == "ci" and is_trusted)


def why_not_writing(settings: Json, environment: Mapping[str, str]) -> str:
    """Return in words why this run may not send results, empty when it may."""
    if may_write(settings, environment):
        return ""
    if settings["engine"]["remote"]["write"] == "never":
        return "`engine.remote.write` is `never`"
    return "`engine.remote.write` is `ci`, and the environment does not say CI=true and LOOPBUILD_CACHE_WRITE=1"


def secret_of(settings: Json, environment: Mapping[str, str]) -> bytes:
    """Return the key results are signed with, empty when there is none. Raises StoreError for one easily guessed."""
    name = settings["engine"]["remote"]["hmac_env"]
    secret = environment.get(name, "").strip().encode()
    if secret and len(secret) < MIN_SECRET:
        raise StoreError(
            f"the key in `{name}` is shorter than {MIN_SECRET} characters",
            hint=f"export {name}=$(openssl rand -hex 32)",
        )
    return secret


def connect(settings: Json, environment: Mapping[str, str]) -> Remote:
    """Return the declared remote; asks nothing of it. Raises LoopbuildError when it cannot even be addressed."""
    from loopbuild.loopfile.variables import fill, filled_in

    remote = settings["engine"]["remote"]
    url = fill(remote["url"], environment)
    secrets = filled_in([remote["url"]], environment)
    if url.partition("://")[0] in ("http", "https"):
        from loopbuild.engine.remote.http import HttpRemote

        headers = {name: fill(value, environment) for name, value in remote["headers"].items()}
        return HttpRemote(url, headers=headers, secrets=secrets)
    from loopbuild.engine.remote.fsspec_store import FsspecRemote

    return FsspecRemote(url, secrets=secrets)


def open_cache(settings: Json, environment: Mapping[str, str], *, on_note: Callable[[str], None]) -> RemoteCache | None:
    """Return the cache for a build, None when none is declared or it cannot be used; then `on_note` is told why."""
    if not is_declared(settings):
        return None
    try:
        return needed_cache(settings, environment, on_note=on_note)
    except LoopbuildError as error:
        on_note(f"warning: building without the remote cache: {error.message}")
        return None


def needed_cache(
    settings: Json,
    environment: Mapping[str, str],
    *,
    on_note: Callable[[str], None],
    patience: Patience | None = None,
) -> RemoteCache:
    """Return the cache for whoever asked for it by name. Raises LoopbuildError when there is none to be had."""
    from loopbuild.engine.remote.client import RemoteCache

    if not is_declared(settings):
        raise SelectionError("loop.yaml names no remote cache", hint="set `engine.remote.url`; see loop.yaml.example")
    return RemoteCache(
        connect(settings, environment),
        trust=settings["engine"]["remote"]["trust"],
        secret=secret_of(settings, environment),
        may_write=may_write(settings, environment),
        patience=patience,
        on_note=on_note,
    )
