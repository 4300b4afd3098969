"""`answers:<subgraph>`: what writers that cost something were asked, and what they answered.

A row is one request to one writer and depends on nothing else, so that no change elsewhere asks it again. What came
back is kept for ever, also a refusal: asked again only by `--refresh`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from loopbuild.engine.action import Interrupted
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.llm import WriteRequest
from loopbuild.llm.hosted.identity import OFFLINE, identity, name_of
from loopbuild.llm.protocol import asked_json
from loopbuild.pipeline.recipes.tasks import formerly, requested
from loopbuild.records import from_json, to_json

if TYPE_CHECKING:
    from loopbuild.llm.hosted.budget import Budget


def wanted(action: Action) -> Iterable[WantedRow]:
    """Every request whose writer is not the offline one."""
    for one in requested(action):
        if one.writer["model"] != OFFLINE:
            request = {"writer": one.writer, "asked": asked_json(one.request)}
            yield WantedRow(key=one.request.key, request=request, formerly=formerly(one))


def revalidate(action: Action, row: WantedRow, old_output: Json, changed: tuple[str, ...]) -> RowResult | None:
    """Keep what the same writer answered about an execution whose tools are only called otherwise now."""
    del action, changed
    asked = name_of(row.request["writer"])
    is_same = asked in (old_output["writer"], old_output.get("refused_by", {}).get("writer"))
    return RowResult(key=row.key, output=old_output) if is_same else None


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Ask; a row that could not be asked is an error, one that gave nothing usable says why."""
    from loopbuild.llm.hosted.writers import HostedWriters

    writers: HostedWriters = action.hold("writers", lambda: _open(action))
    asked = [(name_of(row.request["writer"]), from_json(WriteRequest, row.request["asked"])) for row in rows]
    for done in writers.write(asked, ledger=action):
        if done.error:
            yield RowResult(key=done.key, error=done.error, is_more=done.is_more)
            continue
        output: dict[str, Json] = {"writer": done.writer, "usage": asdict(done.usage)}
        if done.refused_by is not None:
            output["refused_by"] = asdict(done.refused_by)
        if done.answer is not None:
            output["words"] = to_json(done.answer)
        else:
            output["unusable"] = {"reason": done.reason, "detail": done.detail}
        yield RowResult(key=done.key, output=output, is_more=done.is_more)
    if action.is_cancelled():
        raise Interrupted(f"`{action.target}` was interrupted", target=action.target)


def budget_of(action: Action) -> Budget:
    """Return what this build may spend: one purse for all that costs money."""
    from loopbuild.llm.hosted.budget import Budget

    limits = action.context
    budget: Budget = action.hold("budget", lambda: Budget(usd=limits["budget_usd"], tokens=limits["budget_tokens"]))
    return budget


def _open(action: Action) -> Json:
    from loopbuild.llm.hosted.writers import HostedWriters

    hosted = [writer for writer in action.context["writers"] if identity(writer)["model"] != OFFLINE]
    return HostedWriters(hosted, budget=budget_of(action), environment=os.environ)
