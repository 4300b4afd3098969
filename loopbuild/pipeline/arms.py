"""Which weights run on which tasks: the four arms of an evaluation, read off the inputs a target has.

`model` is the newest checkpoint on today's tasks, `base` the untrained base on the same. After an increment, `before`
is the checkpoint it started from on the tasks of that time, `stale` the same checkpoint on today's tasks: what the
change would have cost without retraining. After a fresh start `before` is the checkpoint that was replaced.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from loopbuild.digest import digest
from loopbuild.engine.target import Action, Json
from loopbuild.records import EvalTask, ToolCatalog, from_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One model on one set of tasks under one contract."""

    name: str
    model: str
    """Digest naming the weights, or `base:<name>`."""
    files: dict[str, str]
    """Path in the checkpoint -> object digest; empty for the base itself."""
    is_adapter: bool
    tasks: dict[str, EvalTask]
    catalog: ToolCatalog
    is_empty: bool = False
    old_contract: str = ""
    """Digest of the contract an increment started from: calls that were right under it are old habits."""


def arm_of(action: Action) -> Arm:
    """Return the arm whose inputs `action` has."""
    inputs = action.inputs()
    name = next((role for role in ("checkpoint", "before", "stale") if role in inputs), "base")
    checkpoint: Json = action.input(name) if name != "base" else None
    is_empty = name == "stale" and checkpoint["mode"] != "continue"
    if is_empty or (name == "before" and not checkpoint["parent_contract"]):
        return Arm(name=name, model="", files={}, is_adapter=False, tasks={}, catalog=ToolCatalog(), is_empty=True)
    if name == "before":
        tasks = json.loads(action.fetch(checkpoint["parent_eval"]))
        contract = json.loads(action.fetch(checkpoint["parent_contract"]))
    else:
        tasks, contract = action.input("eval"), action.input("contract")
    files: dict[str, str] = {}
    if checkpoint is not None:
        files = checkpoint["files"] if name == "checkpoint" else checkpoint["parent_files"]
    return Arm(
        name={"checkpoint": "model"}.get(name, name),
        model=digest("model", files) if files else f"base:{action.params['base'] if action.params else ''}",
        files=files,
        is_adapter=bool(checkpoint and checkpoint["is_adapter" if name == "checkpoint" else "parent_is_adapter"]),
        tasks=_tasks(tasks),
        catalog=from_json(ToolCatalog, contract),
        old_contract=(checkpoint or {}).get("parent_contract", "") if name != "before" else "",
    )


def _tasks(output: Json) -> dict[str, EvalTask]:
    return {key: from_json(EvalTask, value) for key, value in output["tasks"].items()}
