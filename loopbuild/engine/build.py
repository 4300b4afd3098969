"""`build`: become the one build of this folder, then walk the graph until everything wanted is up to date.

Decides who may build and what a damaged store means: forget what is damaged and walk again. How a walk settles its
targets stands in `running`.
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
from loopbuild.engine.journal import Journal
from loopbuild.engine.make import Workshop
from loopbuild.engine.objects import ObjectDamaged, store_trouble
from loopbuild.engine.options import Options
from loopbuild.engine.outcome import Event, Outcome, Result
from loopbuild.engine.recover import open_journal
from loopbuild.engine.running import RunningBuild
from loopbuild.engine.selection import Selection
from loopbuild.engine.session import Session
from loopbuild.engine.target import Target
from loopbuild.engine.walk import Walk
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
    are the same everywhere. `waits`: for another build of this folder, to take its results over. `stamp`: digest of
    everything static that decided `targets`; with it, a complete build can later be recognised by `is_unchanged`.
    `lock_lines`: fields for further lines of loop.lock, by id, asked at the end. `remote`: where results come from and
    go to; the caller finishes it. `defer`: lines of another lock that stand for whatever is not selected.

    Raises SelectionError, MissingExtra, StoreError (not writable, not waited), BuildError for a senseless graph.
    """
    targets = list(targets)
    options = Options(
        demands=demands,
        frozen=frozen,
        fail_fast=fail_fast,
        pull_only=pull_only,
        proofs=proofs,
        proves=proves,
        borrowed=Borrowed(defer) if defer is not None else None,
    )
    lock_reader = lockfile.Reader(ws.root)
    lock_reader.lines()  # whoever has to mend it shall not wait first
    interrupts = Interrupts(lambda: on_event(Event(kind="note", message="stopping; press again to stop at once")))

    def wait_for(pid: str) -> None:
        if not waits:
            raise StoreError(f"pid {pid} builds here", intact="its build goes on", hint="build without `--no-wait`")
        on_event(Event(kind="note", message=f"waiting for pid {pid}, which builds here"))

    with ExitStack() as stack:
        stack.enter_context(rare_collections())
        stack.enter_context(ws.exclusive(wait_for))
        ws.prepare()
        lock = lock_reader.lines()
        scratch = stack.enter_context(ws.scratch())
        place = {"root": ws.root, "cas": ws.objects.folder, "scratch": scratch}
        pool = stack.enter_context(Pool(jobs, executor=executor, **place))
        stack.enter_context(interrupts.listening())
        session = stack.enter_context(Session())
        earlier: dict[str, Result] = {}
        given_up: set[str] = set()
        while True:
            journal: Journal | None = None
            running: RunningBuild | None = None
            try:
                journal = open_journal(ws, lambda text: on_event(Event(kind="note", message=text)))
                ws.sweep_partial(journal.with_key)
                shop = Workshop(
                    ws,
                    journal,
                    scratch,
                    lock=lock,
                    on_event=on_event,
                    cancelled=lambda: interrupts.is_asked,
                    session=session,
                    proves=proves,
                )
                walk = Walk(targets, select=select)
                if remote is not None:
                    shop.share(remote, is_cancelled=lambda: interrupts.is_asked)
                running = RunningBuild(shop, walk, pool, interrupts, on_event, options)
                return running.run(earlier, stamp=stamp, lock_lines=lock_lines)
            except ObjectDamaged as error:
                # Something on disk rotted under us: forget it and walk again, so that its maker is seen to be stale.
                if error.digest in given_up:
                    raise
                given_up.add(error.digest)
                ws.objects.discard(error.digest)
                on_event(Event(kind="note", message=f"{error.message}; making it again"))
            except OSError as error:
                raise store_trouble(error) or error from error
            except sqlite3.OperationalError as error:
                raise StoreError(f"cannot use `.loopbuild/state.db`: {error}", hint="make room, then retry") from error
            except sqlite3.DatabaseError as error:
                if "state.db" in given_up:
                    raise StoreError(f"`.loopbuild/state.db` is damaged: {error}", hint="delete it") from error
                given_up.add("state.db")
                aside = ws.set_aside()
                on_event(Event(kind="note", message=f"`state.db` was damaged; it is kept as `{aside.name}`"))
            finally:
                pool.abandon()
                if journal is not None:
                    journal.close()
            if running is not None:
                earlier |= {name: result for name, result in running.results.items() if result.outcome != "fresh"}
