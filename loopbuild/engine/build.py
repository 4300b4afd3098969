"""`build`: become one of the builds of this folder, then walk the graph until everything wanted is up to date.

Decides what a damaged store means: forget what is damaged and walk again. How a walk settles its targets stands in
`running`, what builds of one folder owe each other in `leases`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from loopbuild.engine import lockfile
from loopbuild.engine.borrowed import Borrowed
from loopbuild.engine.demands import NOTHING, Demands
from loopbuild.engine.ending import LockLines
from loopbuild.engine.executors.pool import Pool
from loopbuild.engine.garbage import rare_collections
from loopbuild.engine.interrupts import Interrupts
from loopbuild.engine.locks import Stopped
from loopbuild.engine.make import Workshop
from loopbuild.engine.objects import ObjectDamaged, store_trouble
from loopbuild.engine.options import Options
from loopbuild.engine.outcome import Event, Outcome, Result
from loopbuild.engine.recover import file_number, joined
from loopbuild.engine.running import RunningBuild
from loopbuild.engine.selection import Selection
from loopbuild.engine.session import Session
from loopbuild.engine.target import Target
from loopbuild.engine.workspace import Workspace
from loopbuild.errors import StoreError

if TYPE_CHECKING:
    from loopbuild.engine.remote.client import RemoteCache


def build(
    ws: Workspace,
    targets: Iterable[Target],
    *,
    select: Selection | tuple[str, ...] = (),
    jobs: int = 1,
    executor: str = "processes",
    fail_fast: bool = False,
    demands: Demands = NOTHING,
    frozen: bool = False,
    waits: bool = True,
    on_event: Callable[[Event], None],
    stamp: str = "",
    name: str = "",
    lock_lines: LockLines | None = None,
    remote: RemoteCache | None = None,
    pull_only: bool = False,
    proofs: bool = False,
    defer: lockfile.Lines | None = None,
    proves: bool = True,
) -> Outcome:
    """Bring every wanted target up to date; failures are in the outcome, not raised.

    `select`: a selection or its words; empty means all but secondary targets. `demands`, `frozen`, `pull_only`,
    `proofs` and `proves`: see Options. `executor`: where pure work runs, a name of `executors.KINDS`; results
    are the same everywhere. `waits`: for what another build of this folder is making; else that is left to it.
    `stamp`: digest of everything static that decided `targets`; with it, a complete build can later be recognised by
    `is_unchanged`; one of a selection by its `name`, which stands for its words. `lock_lines`: fields for further lines
    of loop.lock, by id, asked at the end. `remote`: where results come from and go to; the caller finishes it.
    `defer`: lines of another lock that stand for whatever is not selected.

    Raises SelectionError, MissingExtra, StoreError (not writable; somebody has the store to himself and `waits` is
    False), BuildError for a senseless graph.
    """
    targets = list(targets)
    options = Options(
        demands=demands,
        frozen=frozen,
        fail_fast=fail_fast,
        waits=waits,
        name=name,
        pull_only=pull_only,
        proofs=proofs,
        proves=proves,
        borrowed=Borrowed(defer) if defer is not None else None,
    )
    lock_reader = lockfile.Reader(ws.root)
    lock_reader.lines()  # whoever has to mend it shall not wait first
    interrupts = Interrupts(lambda: on_event(Event(kind="note", message="stopping; press again to stop at once")))

    def note(text: str) -> None:
        on_event(Event(kind="note", message=text))

    def wait_for(pid: str) -> None:
        if not waits:
            raise StoreError(f"pid {pid} has the store to itself", hint="build without `--no-wait`")
        note(f"waiting for pid {pid}, which has the store to itself")

    with ExitStack() as stack:
        stack.enter_context(rare_collections())
        lock: lockfile.Lines | None = None
        scratch = stack.enter_context(ws.scratch())
        place = {"root": ws.root, "cas": ws.objects.folder, "scratch": scratch}
        pool = stack.enter_context(Pool(jobs, executor=executor, **place))
        stack.enter_context(interrupts.listening())
        session = stack.enter_context(Session())
        earlier: dict[str, Result] = {}
        given_up: set[str] = set()
        number = distrusted = 0
        while True:
            running: RunningBuild | None = None
            try:
                with joined(
                    ws, on_wait=wait_for, on_note=note, is_cancelled=lambda: interrupts.is_asked, distrusted=distrusted
                ) as journal:
                    number = file_number(ws)
                    lock = lock_reader.lines() if lock is None else lock
                    ws.sweep_partial(journal.with_key)
                    shop = Workshop(
                        ws,
                        journal,
                        scratch,
                        lock=lock,
                        lock_reader=lock_reader,
                        on_event=on_event,
                        cancelled=lambda: interrupts.is_asked,
                        session=session,
                        proves=proves,
                    )
                    if remote is not None:
                        shop.share(remote, is_cancelled=lambda: interrupts.is_asked)
                    running = RunningBuild(
                        shop, targets, select, pool, interrupts, on_event, options, earlier=earlier, stamp=stamp
                    )
                    return running.run(lock_lines)
            except Stopped:
                return Outcome(results=earlier, seconds=0.0, is_interrupted=True)
            except ObjectDamaged as error:
                # Something on disk rotted under us: forget it and walk again, so that its maker is seen to be stale.
                if error.digest in given_up:
                    raise
                given_up.add(error.digest)
                if not ws.objects.is_sound(error.digest):  # another build may have made it again
                    ws.objects.discard(error.digest)
                note(f"{error.message}; making it again")
            except OSError as error:
                raise store_trouble(error) or error from error
            except sqlite3.OperationalError as error:
                raise StoreError(f"cannot use `.loopbuild/state.db`: {error}", hint="make room, then retry") from error
            except sqlite3.DatabaseError as error:
                if "state.db" in given_up:
                    raise StoreError(f"`.loopbuild/state.db` is damaged: {error}", hint="delete it") from error
                given_up.add("state.db")
                distrusted = number
            finally:
                pool.abandon()
            if running is not None:
                earlier |= {name: result for name, result in running.results.items() if result.outcome != "fresh"}
