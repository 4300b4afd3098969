"""`checkpoint:<phase>`: rows -> weights, from the base or from the head of the chain.

The key is the goal: the training rows, the phase's settings, and the goal of the phase before. How the goal is reached
is decided here, when it has changed: continue from the last head on what is new plus replayed rows, or start fresh.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loopbuild.digest import canonical, digest, short
from loopbuild.documents import json_lines
from loopbuild.engine.action import Interrupted
from loopbuild.engine.target import Action, Json
from loopbuild.pipeline import models
from loopbuild.records import ToolCatalog, from_json, to_json


def run(action: Action) -> Json:
    """Train the phase; returns the checkpoint's record with what it was trained on and what it came from."""
    from loopbuild.stages.training.taking_part import runs_on_increment

    rows = action.input("rows")
    course = _course(action, rows["rows"])
    parent = _parent(action, course)
    takes_part = runs_on_increment(action.params["settings"], action.params["phase"])
    if course["mode"] == "continue" and not (course["delta"] and takes_part):
        # Nothing to learn: rows only went away, or this phase does not take part in increments.
        _publish(action, parent["files"])
        return _record(action, course, parent, files=parent["files"], is_adapter=parent["is_adapter"], figures={})
    files, report = _train(action, rows, course, parent)
    _publish(action, files)
    figures = {
        "rows": report.rows,
        "held_back": report.validation_rows,
        "replayed": report.replayed,
        "steps": report.steps,
        "tokens": report.tokens,
        "supervised_tokens": report.supervised_tokens,
        "loss": report.loss,
        "validation_loss": report.validation_loss,
        "seconds": report.seconds,
        "libraries": report.libraries,
        "notes": list(report.notes),
        "checks": list(report.checks),
    }
    return _record(action, course, parent, files=files, is_adapter=report.is_adapter, figures=figures)


def _publish(action: Action, files: Mapping[str, str]) -> None:
    for path, name in files.items():
        action.publish(f"checkpoints/{action.params['phase']}/{path}", name)


def _course(action: Action, wanted: Mapping[str, str]) -> dict[str, Any]:
    """Decide once per increment: the first phase decides, later ones follow it."""
    from loopbuild.stages.training.increment import decide

    rows_digest = digest("rows", dict(wanted))
    head = action.head
    before = action.input("before") if action.params["position"] else None
    same_rows = head is not None and head["course"]["rows_digest"] == rows_digest
    if action.is_from_scratch:
        return _fresh(rows_digest, "asked for with --from-scratch")
    if before is not None:
        if head is None and before["course"]["mode"] == "continue":
            return _fresh(rows_digest, "this phase was never trained")
        if same_rows or before["course"]["rows_digest"] != rows_digest:
            # Only this phase's own settings changed: it starts over from the phase before, on all rows.
            return _fresh(rows_digest, "settings of this phase changed")
        return dict(before["course"])
    if head is None:
        return _fresh(rows_digest, "no checkpoint yet")
    if same_rows:
        return _fresh(rows_digest, "settings of the training changed")
    if head["identity"] != _identity(action):
        return _fresh(rows_digest, "base, adapter or preset changed")
    if head["settings"] != action.context["phases"]:
        return _fresh(rows_digest, "settings of the training changed")
    decision = decide(
        wanted=dict(wanted),
        seen=json.loads(action.fetch(head["seen"])),
        settings=action.context["incremental"],
        tools=_tools_of(action),
    )
    if decision.mode == "fresh":
        return _fresh(rows_digest, decision.reason)
    return {
        "mode": "continue",
        "reason": decision.reason,
        "rows_digest": rows_digest,
        "changed": decision.changed,
        "delta": list(decision.delta),
        "replay": list(decision.replay),
        "removed": decision.removed,
    }


def _fresh(rows_digest: str, reason: str) -> dict[str, Any]:
    decided = {"mode": "fresh", "reason": reason, "rows_digest": rows_digest}
    return decided | {"changed": 0, "delta": [], "replay": [], "removed": 0}


def _parent(action: Action, course: Mapping[str, Any]) -> dict[str, Any]:
    """What the weights start from: the phase before, else the head of an increment, else the base (no files).

    A phase that starts afresh takes the phase before as that was when it last started afresh itself: what an increment
    left under its name descends from the very weights this phase is to be free of.
    """
    if action.params["position"]:
        before = dict(action.input("before"))
        if course["mode"] != "continue":
            before |= before["origins"][action.params["goal_of"][-2]]
        return before
    if course["mode"] == "continue":
        return dict(action.head or {})
    return {"files": {}, "is_adapter": False, "increments": 0}


def _train(
    action: Action, rows: Json, course: Mapping[str, Any], parent: Mapping[str, Any]
) -> tuple[dict[str, str], Any]:
    import os
    import sys

    from loopbuild.stages.training.job import PhaseJob, Settings
    from loopbuild.stages.training.presets import continued, cpu_has_bf16, cuda_is_visible, resolve
    from loopbuild.stages.training.run import PhaseCancelled, run_phase

    training = action.params["settings"]
    phase = action.params["phase"]
    settings = resolve(training, phase, base=training["base"], has_cuda=cuda_is_visible(), has_bf16=cpu_has_bf16())
    if course["mode"] == "continue":
        settings = continued(settings, action.context["incremental"])
    work = action.work
    chosen = set(course["delta"]) | set(course["replay"]) if course["mode"] == "continue" else None
    lines = [
        line for line in json_lines(action.fetch(rows["file"])) if chosen is None or json.loads(line)["key"] in chosen
    ]
    (work / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    catalog = from_json(ToolCatalog, action.input("catalog"))
    (work / "tools.json").write_text(
        json.dumps({tool.id: as_function(tool) for tool in catalog.tools}), encoding="utf-8"
    )
    folder = ""
    if parent["files"]:
        folder = str(work / "parent")
        for path, name in parent["files"].items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            action.fetch_to(name, target)
    base = models.base_path(training["base"], root=action.root)
    job = PhaseJob(
        phase=phase,
        base=base,
        parent=folder,
        mode="continue" if course["mode"] == "continue" else "fresh",
        rows=str(work / "rows.jsonl"),
        replayed=tuple(course["replay"]),
        tools=str(work / "tools.json"),
        settings=from_json(Settings, settings),
        output=str(work / "output"),
        partial=str(action.partial),
        may_download=action.context["download"],
    )

    try:
        report = run_phase(
            job,
            python=sys.executable,
            environment=os.environ,
            on_progress=action.progress,
            is_cancelled=action.is_cancelled,
        )
    except PhaseCancelled as stopped:
        raise Interrupted(stopped.message, target=action.target, intact=stopped.intact, hint=stopped.hint) from stopped
    output = work / "output"
    files = {str(path.relative_to(output)): action.keep(path) for path in sorted(output.rglob("*")) if path.is_file()}
    return files, report


def _record(
    action: Action,
    course: Mapping[str, Any],
    parent: Mapping[str, Any],
    *,
    files: Mapping[str, str],
    is_adapter: bool,
    figures: Mapping[str, Json],
) -> Json:
    wanted = action.input("rows")["rows"]
    head = action.head
    seen = dict(wanted)
    increments = 0
    lineage = {"parent_files": {}, "parent_contract": "", "parent_eval": "", "parent_is_adapter": False}
    above = action.input("before") if action.params["position"] else head if course["mode"] == "continue" else None
    origins = dict(above["origins"]) if above is not None else {}
    if course["mode"] != "continue":
        origins[action.params["phase"]] = {"files": dict(files), "is_adapter": is_adapter}
    if course["mode"] == "continue" and action.params["position"]:
        # The first phase of the increment has decided; a later one descends from the same head.
        before = action.input("before")
        seen = json.loads(action.fetch(before["seen"]))
        increments = before["increments"]
        lineage = {name: before[name] for name in lineage}
    elif course["mode"] == "continue" and head is not None:
        old = json.loads(action.fetch(head["seen"]))
        delta = set(course["delta"])
        seen = {key: value for key, value in wanted.items() if key in delta or old.get(key) == value}
        increments = head["increments"] + 1
    if (
        head is not None
        and head["identity"] == _identity(action)
        and not (course["mode"] == "continue" and action.params["position"])
    ):
        # The last phase of the chain, whichever phase this is: increments start from it, reports compare with it.
        lineage = {
            "parent_files": head["files"],
            "parent_contract": head["contract"],
            "parent_eval": head["eval"],
            "parent_is_adapter": head["is_adapter"],
        }
    return {
        "phase": action.params["phase"],
        "mode": course["mode"],
        "course": dict(course),
        "base": action.params["settings"]["base"],
        "identity": _identity(action),
        "settings": action.context["phases"],
        "files": dict(files),
        "is_adapter": is_adapter,
        "parent": digest("model", parent["files"]) if parent["files"] else "",
        "increments": increments,
        "origins": origins,
        "has_predecessor": head is not None,
        "seen": action.keep_bytes(canonical(seen)),
        "contract": action.input_digest("contract"),
        "eval": action.input_digest("eval"),
        **lineage,
        **figures,
    }


def _identity(action: Action) -> str:
    """Digest of what makes two checkpoints of one chain compatible."""
    training = action.params["settings"]
    return short(
        digest("chain", [action.params["base"], training["preset"], training["lora"], training["system_prompt"]])
    )


def _tools_of(action: Action) -> dict[str, tuple[str, ...]]:
    """Row key -> ids of the tools it calls, for a replay that covers all of them."""
    lines = json_lines(action.fetch(action.input("rows")["file"]))
    return {row["key"]: tuple(row["tools"]) for row in map(json.loads, lines)}


def as_function(tool: Any) -> Json:
    """Return a tool as an OpenAI function schema."""
    return {
        "type": "function",
        "function": {
            "name": tool.call_name,
            "description": tool.description,
            "parameters": to_json(tool.input_schema) or {"type": "object", "properties": {}},
        },
    }
