"""The end of a build: what is left for the next one and for colleagues.

Writes loop.lock, takes back published files nobody stands for any more, and notes in the journal what this build did
and whether it was complete. Decides nothing about targets; a build that was cut short leaves what it had settled. All
of it is for whoever has the turn: other builds may end at the same time, and may have put other results in force.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from loopbuild.engine.commit import unpublish
from loopbuild.engine.history import summary
from loopbuild.engine.lockbook import LockBook
from loopbuild.engine.make import Workshop
from loopbuild.engine.outcome import Outcome
from loopbuild.engine.target import Target
from loopbuild.engine.uptodate import remember

LockLines = Callable[[], Mapping[str, Mapping[str, str]]]


def write_lock(
    shop: Workshop,
    lock: LockBook,
    settled: Mapping[str, Target],
    lock_lines: LockLines | None,
    *,
    unmoved: Collection[str],
    is_complete: bool,
) -> bool:
    """Write the lines of the settled targets; `lock_lines` is asked for further ones only now.

    Return whether all of them stand there, and not for some what another build put in force meanwhile.

    `unmoved` are targets whose lines, if there are any, are known to hold still.
    """
    with shop.journal.transaction():
        shop.leaves.flush(shop.journal)
    return lock.close(
        settled,
        shop.known,
        lock_lines() if lock_lines is not None else {},
        unmoved=unmoved,
        is_complete=is_complete,
        root=shop.ws.root,
        scratch=shop.scratch,
        now=shop.lock_reader.lines(),
        is_in_force=lambda name: shop.is_in_force([name]),
    )


def note_run(
    shop: Workshop,
    targets: Mapping[str, Target],
    outcome: Outcome,
    *,
    started: float,
    stamp: str,
    definitions: str,
    is_complete: bool,
    name: str | None,
) -> None:
    """Note what happened; a complete build with a stamp can be recognised later, after any other one none is.

    So it is for one whose results were put out of force by another build before it ended. `name`: that of a selection,
    empty for everything, None for what nobody will ask for by a name: that leaves other notes as they are.
    """
    is_complete = is_complete and shop.is_in_force(outcome.results)
    stale = sorted(shop.published - shop.publishers.keys()) if is_complete and name == "" else []
    unpublish(stale, out=shop.ws.folder / "out")
    is_noted = is_complete and name is not None
    entries = [shop.known.current[one] for one in outcome.results] if is_noted else []
    files = {path for one in outcome.results for _, path in targets[one].files if is_noted}
    with shop.journal.transaction():
        shop.leaves.forget([f"out:{name}" for name in stale], shop.journal)
        counts = outcome.counts
        quiet = counts.get("fresh", 0) + counts.get("borrowed", 0)
        if len(outcome.results) > quiet or outcome.is_interrupted:
            shop.journal.add_run(
                started=started,
                seconds=outcome.seconds,
                outcome=outcome.word,
                code_version=shop.ws.code_version,
                results=summary(outcome),
            )
        if is_complete and name is None:
            return
        remember(
            shop.journal,
            shop.ws,
            stamp=stamp if is_complete else "",
            leaves=shop.leaves,
            files=files,
            needs=(digest for entry in entries for digest in entry.needs),
            published={path for entry in entries for path in entry.published},
            targets=outcome.results,
            definitions=definitions,
            name=name or "",
        )
