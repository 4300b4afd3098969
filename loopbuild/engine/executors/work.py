"""What a worker does: make one plain target, or a chunk of rows, from a message of JSON and digests.

Runs in any process that sees the store's folder. Errors come back as values: a failed recipe is an answer, and only a
failing executor raises.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from loopbuild.digest import canonical
from loopbuild.engine.action import Folders, StoredAction, Wiring, recipe_function
from loopbuild.engine.execute import recipe_code
from loopbuild.engine.make import Job
from loopbuild.engine.objects import Objects
from loopbuild.engine.tables import run_inline
from loopbuild.engine.target import Json, Recipe, RowResult, Target, WantedRow
from loopbuild.engine.workspace import remove_tree
from loopbuild.errors import LoopbuildError

Message = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a plain recipe gave in another process."""

    content: bytes
    kept: frozenset[str]
    published: Mapping[str, str]
    seconds: float
    """How long it took there, without the time it waited for its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsAnswer:
    """What a chunk of rows gave: those that were finished, and the error that ended it."""

    results: tuple[RowResult, ...]
    kept: frozenset[str]
    error: Exception | None = None


def message_of(job: Job, *, root: Path, cas: Path, scratch: Path) -> Message:
    """Return everything a worker has to know of a job."""
    target = job.target
    return {
        "root": str(root),
        "cas": str(cas),
        "scratch": str(scratch),
        "id": target.id,
        "recipe": asdict(target.recipe),
        "params": target.params,
        "context": target.context,
        "key": job.key,
        "inputs": dict(job.wiring.inputs),
        "files": dict(job.wiring.files),
    }


def run_plain(message: Message) -> Answer | Exception:
    """Make a plain target."""
    start = time.monotonic()
    target, action, folder = _action(message)
    try:
        with recipe_code(target.id):
            output = recipe_function(target.recipe.run)(action)
        return Answer(
            content=canonical(output),
            kept=frozenset(action.kept),
            published=action.published,
            seconds=time.monotonic() - start,
        )
    except (LoopbuildError, OSError, TypeError, ValueError) as error:
        return error
    finally:
        remove_tree(folder)


def run_chunk(message: Message, rows: Sequence[Sequence[Json]]) -> RowsAnswer:
    """Run rows, each given as [key, request]."""
    target, action, folder = _action(message)
    results: list[RowResult] = []
    failure: Exception | None = None
    try:
        for result, _ in run_inline(target, action, [WantedRow(key=key, request=request) for key, request in rows]):
            results.append(result)
    except (LoopbuildError, OSError) as error:
        failure = error
    finally:
        remove_tree(folder)
    return RowsAnswer(results=tuple(results), kept=frozenset(action.kept), error=failure)


_tasks = itertools.count()


def _action(message: Message) -> tuple[Target, StoredAction, Path]:
    target = Target(
        id=message["id"], recipe=Recipe(**message["recipe"]), params=message["params"], context=message["context"]
    )
    folder = Path(message["scratch"]) / f"worker-{os.uname().nodename}-{os.getpid()}-{next(_tasks)}"
    folder.mkdir()
    action = StoredAction(
        target,
        key=message["key"],
        wiring=Wiring(inputs=message["inputs"], files=message["files"]),
        objects=Objects(Path(message["cas"]), scratch=folder),
        root=Path(message["root"]),
        folders=Folders(work=folder / "work", partial=folder / "partial"),  # pure: nothing worth keeping
    )
    return target, action, folder
