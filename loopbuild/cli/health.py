"""The health of a project as a screen: a line per thing looked at, with the way out where something is wrong."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from loopbuild.cli.units import count, size, table
from loopbuild.engine.health import StoreHealth
from loopbuild.pipeline.caching import RemoteStatus
from loopbuild.pipeline.doctor import Health

LOW_BYTES = 10**9
"""Less room than this is said to be too little."""
_INDEX = {
    "absent": "none: nothing was built here yet, or the next build makes it anew from the stored results",
    "sound": "sound",
    "damaged": "damaged: the next build keeps it aside and makes it anew from the stored results",
}


class Finding(NamedTuple):
    """What was looked at and what came of it."""

    verdict: Literal["ok", "note", "bad"]
    about: str
    text: str
    hint: str = ""


def findings(health: Health) -> list[Finding]:
    """Return everything that was looked at, in the order of the screen."""
    found = list(_store(health.store))
    if health.trouble is not None:
        found.append(Finding("bad", "loop.yaml", health.trouble.message, "loopbuild check"))
    for need in health.needs:
        text = f"for {need.whose}" + ("" if need.is_there else ", not found")
        found.append(Finding("ok" if need.is_there else "bad", need.what, text, "" if need.is_there else need.hint))
    if health.remote is not None:
        found.append(_remote(health.remote))
    return found


def health_text(found: Sequence[Finding]) -> str:
    """Return the screen."""
    marks = {"ok": "ok", "note": "note", "bad": "BAD"}
    rows = [[marks[one.verdict], one.about, one.text] for one in found]
    lines = table(rows, right=frozenset()).splitlines()
    shown = []
    for line, one in zip(lines, found, strict=True):
        shown += [line, f"      hint: {one.hint}"] if one.hint else [line]
    bad = sum(one.verdict == "bad" for one in found)
    return "\n".join([*shown, f"{count(bad, 'thing is', 'things are')} out of order" if bad else "All is in order"])


def _store(store: StoreHealth) -> Iterator[Finding]:
    room = f"{size(store.free_bytes)} free"
    if store.free_bytes < LOW_BYTES:
        yield Finding("bad", "disk", room, "make room: `loopbuild cache gc` removes what nothing needs")
    elif store.network_disk:
        yield Finding("note", "disk", f"{room} on a network disk ({store.network_disk}): one build at a time")
    else:
        yield Finding("ok", "disk", f"{room} on a local disk")
    if store.unwritable:
        hint = "questions are answered all the same; to build, work in a folder that may be written"
        yield Finding("bad", "store", f"`{store.unwritable}` cannot be written", hint)
    if store.has_locks:
        yield Finding("ok", "kernel locks", "work")
    else:
        yield Finding("bad", "kernel locks", "do not work on this disk", "keep the project on a local disk")
    yield Finding("note" if store.index == "damaged" else "ok", "index", _INDEX[store.index])
    if store.set_aside:
        yield Finding("note", "index", f"damaged ones that were kept: {', '.join(store.set_aside)}")
    if store.lock is not None:
        yield Finding("bad", "loop.lock", store.lock.message, store.lock.hint)
    else:
        yield Finding("ok", "loop.lock", "can be read")
    making = dict(store.making)
    for one in store.neighbours:
        since = time.strftime("%H:%M:%S", time.localtime(one.since))
        doing = f", makes {making[one.pid]}" if one.pid in making else ""
        yield Finding("note", "at work", f"pid {one.pid} since {since}{doing}")
    if store.unfinished:
        text = f"{count(store.unfinished, 'action')} cut short: what they have is gone on with"
        yield Finding("note", "unfinished", text)


def _remote(remote: RemoteStatus) -> Finding:
    if remote.trouble:
        return Finding("bad", "remote cache", f"{remote.address}: {remote.trouble}", "loopbuild cache status")
    return Finding("ok", "remote cache", f"{remote.address} answers")
