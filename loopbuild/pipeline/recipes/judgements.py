"""`judgements:main`: what the judge was asked, and what it said.

A row is one question about one finished row and depends on nothing else, so that no change elsewhere asks it again.
Where there is no verdict there is none: such a row is neither kept nor dropped.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from loopbuild.engine.action import Interrupted
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.llm.hosted.identity import name_of
from loopbuild.pipeline.recipes.answers import budget_of
from loopbuild.records import from_json
from loopbuild.records.words import undecided_words


def wanted(action: Action) -> Iterable[WantedRow]:
    """Every row the free filters have kept."""
    for key, asked in sorted(action.input("candidates")["asked"].items()):
        yield WantedRow(key=key, request={"judge": action.params["judge"], "asked": asked})


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Ask; where no verdict comes, the row is an error or, if the build shall not wait for it, held back."""
    from loopbuild.llm.hosted.judge import JudgeRequest
    from loopbuild.llm.hosted.writers import HostedWriters

    judges: HostedWriters = action.hold("judge", lambda: _open(action))
    name, waits = name_of(action.context["judge"]), action.context["judge"]["undecided"] == "wait"
    asked = [(name, from_json(JudgeRequest, row.request["asked"])) for row in rows]
    for done in judges.write(asked, ledger=action):
        if done.error:
            yield RowResult(key=done.key, error=f"deferred: {done.error}", is_more=done.is_more)
            continue
        output: dict[str, Json] = {"judge": done.writer, "usage": asdict(done.usage), **_said(done.answer)}
        if done.answer is None:
            output["deferred"] = {"reason": done.reason, "detail": done.detail}
        why = output.get("deferred")
        if why and waits:
            said = f"deferred: `{name}` gave no verdict: {undecided_words(why['reason'])} ({why['detail']})"
            way_out = "`undecided: hold_back` builds without such rows"
            yield RowResult(key=done.key, error=f"{said}; {way_out}", is_more=done.is_more)
            continue
        yield RowResult(key=done.key, output=output, is_more=done.is_more)
    if action.is_cancelled():
        raise Interrupted(f"`{action.target}` was interrupted", target=action.target)


def _said(answer: Json) -> Mapping[str, Json]:
    if answer is None:
        return {}
    if answer.verdict == "unknown":
        return {"deferred": {"reason": "unknown", "detail": answer.note}}
    return {"verdict": answer.verdict, "reason": answer.reason, "note": answer.note}


def _open(action: Action) -> Json:
    from loopbuild.llm.hosted.judge import JUDGING
    from loopbuild.llm.hosted.writers import HostedWriters

    judge = action.context["judge"]
    return HostedWriters([judge], budget=budget_of(action), work=JUDGING, environment=os.environ)
