"""An earlier build as a trace: who was made when, beside whom; for the viewers of Chrome's trace format, as Perfetto.

Decides the lanes: a target goes into the first one that was free when it began. Pure.
"""

from __future__ import annotations

from loopbuild.engine.history import Run, TargetRun
from loopbuild.engine.target import Json
from loopbuild.errors import SelectionError

_PROCESS = 1


def trace(run: Run) -> Json:
    """Return a build in the JSON object form of the trace format. Raises SelectionError where no times were noted."""
    if any(target.began is None for target in run.targets):
        raise SelectionError(
            f"build {run.number} is of a release that noted no times", hint="trace a build of this release"
        )
    events: list[Json] = [_said("process_name", 0, f"loopbuild, build {run.number}")]
    ends: list[float] = []
    for target in sorted(run.targets, key=lambda one: (one.began or 0.0, -one.seconds)):
        began = target.began or 0.0
        lane = next((number for number, end in enumerate(ends) if end <= began + 1e-4), len(ends))
        if lane == len(ends):
            ends.append(0.0)
            events.append(_said("thread_name", lane, f"lane {lane + 1}"))
        ends[lane] = began + target.seconds
        events.append(_event(target, lane))
    return {
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "build": run.number,
            "started": run.started,
            "outcome": run.outcome,
            "code_version": run.code_version,
        },
    }


def _event(target: TargetRun, lane: int) -> Json:
    rows = {"rows_run": target.rows_run, "rows_total": target.rows_total} if target.rows_total else {}
    said = {"reasons": ", ".join(target.reasons), "message": target.message, "output": target.output}
    return {
        "name": target.target,
        "cat": target.target.partition(":")[0],
        "ph": "X",
        "ts": round((target.began or 0.0) * 1e6),
        "dur": round(target.seconds * 1e6),
        "pid": _PROCESS,
        "tid": lane,
        "args": {
            "outcome": target.outcome,
            **rows,
            **{name: text for name, text in said.items() if text},
            **dict(target.spent),
        },
    }


def _said(what: str, lane: int, name: str) -> Json:
    return {"name": what, "ph": "M", "pid": _PROCESS, "tid": lane, "args": {"name": name}}
