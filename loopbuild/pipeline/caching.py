"""`loopbuild cache`: the stored results of a project, here and in its remote cache."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loopbuild.engine.gc import Collected, Limits, collect
from loopbuild.engine.journal import Entry
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.outcome import Event, Outcome
from loopbuild.engine.rerun import Rerun, rerun
from loopbuild.engine.target import Json
from loopbuild.engine.verify import Verified, verify
from loopbuild.errors import LoopbuildError, SelectionError
from loopbuild.hiding import shown_address
from loopbuild.pipeline.builds import OpenProject, shared
from loopbuild.pipeline.project import load
from loopbuild.pipeline.remote import is_declared, needed_cache, open_cache, secret_of, why_not_writing
from loopbuild.pipeline.targets import NATURES

Note = Callable[[str], None]
_PUSH_SECONDS = 24 * 3600.0
"""Whoever pushes waits for it; a server that fails ends it much earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStatus:
    """The remote cache as this environment may use it."""

    address: str
    trust: str
    key_name: str
    has_key: bool
    silent_because: str
    """Why nothing is sent, empty when results are."""
    trouble: str
    """What is wrong with it, empty when it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What is stored, and what losing it would cost."""

    objects: int
    bytes: int
    in_force: int
    seconds: float
    paid_seconds: float
    remote: RemoteStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What became of the results in force."""

    sent: int
    already_there: int
    failed: int


def status(opened: OpenProject) -> Status:
    """Return what lies in the store and how the remote cache stands; asks it one question."""
    from loopbuild.engine.commit import decode_record
    from loopbuild.engine.held import stored

    loaded = load(opened.project, environment=os.environ)
    ws = opened.workspace
    there = stored(ws.objects)
    with ws.reading() as journal:
        entries = list(journal.current().values())
    paid = 0.0
    for entry in entries:
        with contextlib.suppress(ObjectDamaged):
            if decode_record(ws.objects.get(entry.record)).nature != "pure":
                paid += entry.seconds
    return Status(
        objects=len(there),
        bytes=sum(item.size for item in there.values()),
        in_force=len(entries),
        seconds=sum(entry.seconds for entry in entries),
        paid_seconds=paid,
        remote=remote_status(loaded.settings) if is_declared(loaded.settings) else None,
    )


def remote_status(settings: Json) -> RemoteStatus:
    """Return how the remote cache of these settings stands; asks it one question."""
    remote = settings["engine"]["remote"]
    address, trouble, has_key = shown_address(remote["url"]), "", False
    try:
        has_key = bool(secret_of(settings, os.environ))
        cache = needed_cache(settings, os.environ, on_note=lambda text: None)
        address = cache.remote.address
        with contextlib.closing(cache.remote):
            cache.remote.has("ac", "0" * 64)
    except LoopbuildError as error:
        trouble = error.message
    return RemoteStatus(
        address=address,
        trust=remote["trust"],
        key_name=remote["hmac_env"],
        has_key=has_key,
        silent_because=why_not_writing(settings, os.environ),
        trouble=trouble,
    )


def pull(opened: OpenProject, *, select: tuple[str, ...], on_event: Callable[[Event], None]) -> Outcome:
    """Fetch every result the remote cache has and that is missing here; runs nothing but readers of files."""
    from loopbuild.engine.build import build
    from loopbuild.pipeline.locking import lines_in_force
    from loopbuild.pipeline.selections import selected

    loaded = load(opened.project, environment=os.environ)
    _require(loaded.settings)
    with shared(loaded.settings, use_remote=True, on_event=on_event) as cache:
        if cache is not None:
            cache.may_write = False
        return build(
            opened.workspace,
            loaded.targets,
            select=selected(opened, loaded, select),
            on_event=on_event,
            lock_lines=lambda: lines_in_force(opened, loaded),
            remote=cache,
            pull_only=True,
            proofs=True,
        )


def push(opened: OpenProject, *, on_note: Note) -> Pushed:
    """Send every result in force to the remote cache. Raises SelectionError where this run may not."""
    from loopbuild.engine.commit import decode_record
    from loopbuild.engine.remote.patience import Patience

    loaded = load(opened.project, environment=os.environ)
    settings = loaded.settings
    _require(settings)
    silent = why_not_writing(settings, os.environ)
    if silent:
        raise SelectionError(f"nothing was sent: {silent}", hint="set `engine.remote.write`, or let CI do it")
    cheap = {target.recipe.name for target in loaded.targets if target.recipe.is_cheap}
    objects = opened.workspace.objects
    with opened.workspace.reading() as journal:
        entries = [entry for _, entry in sorted(journal.current().items()) if entry.recipe not in cheap]
    cache = needed_cache(settings, os.environ, on_note=on_note, patience=Patience(drain_seconds=_PUSH_SECONDS))
    cache.asks_first = True
    with contextlib.closing(cache.remote):
        for entry in entries:
            try:
                record = decode_record(objects.get(entry.record))
            except ObjectDamaged as damage:
                on_note(f"`{entry.target}` is not sent: {damage.message}")
                continue
            cache.offer(record, objects=objects)
        tally = cache.finish()
    return Pushed(
        sent=tally.uploaded,
        already_there=tally.already_there,
        failed=len(entries) - tally.uploaded - tally.already_there,
    )


def check(opened: OpenProject, *, is_full: bool, reruns: int, seed: int, on_note: Note) -> tuple[Verified, list[Rerun]]:
    """Check the store, fetching lost paid objects where there is a remote cache; run some pure targets again."""
    with _healing(opened, on_note) as heal:
        found = verify(opened.workspace, is_full=is_full, natures=NATURES, heal=heal, on_note=on_note)
    if not reruns:
        return found, []
    targets = load(opened.project, environment=os.environ).targets
    return found, rerun(opened.workspace, targets, reruns, chance=random.Random(seed))


@contextlib.contextmanager
def _healing(opened: OpenProject, on_note: Note) -> Iterator[Callable[[Entry], bool]]:
    """Give a way to fetch lost objects; it connects only when something is lost."""
    ws = opened.workspace
    with contextlib.ExitStack() as stack:

        def heal(entry: Entry) -> bool:
            from loopbuild.engine.remote.sharing import heal as fetch

            cache = open_cache(load(opened.project, environment=os.environ).settings, os.environ, on_note=on_note)
            if cache is None:
                return False
            stack.callback(cache.remote.close)
            objects = Objects(ws.objects.folder, scratch=stack.enter_context(ws.scratch()))
            return fetch(cache, entry, objects, is_cancelled=lambda: False)

        yield heal


def collect_garbage(opened: OpenProject, limits: Limits, *, is_dry: bool, on_note: Note) -> Collected:
    """Remove what nothing needs."""
    return collect(opened.workspace, limits, is_dry=is_dry, on_note=on_note)


def _require(settings: Json) -> None:
    if not is_declared(settings):
        needed_cache(settings, os.environ, on_note=lambda text: None)
