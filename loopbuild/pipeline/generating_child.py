"""The process that loads a model and runs it over tasks: job file in, one JSON line per message out."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from loopbuild.children import leave_with_parent
from loopbuild.records import EvalTask, ToolCatalog, from_json, to_json

SLICE = 96
"""Tasks handed over at once: what is finished is stored by the parent, so a kill loses at most these."""


def main(path: Path) -> None:
    """Run the job in `path`."""
    leave_with_parent()
    # Libraries print where they like; the channel to the parent is ours alone.
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def emit(message: dict[str, Any]) -> None:
        channel.write(json.dumps(message) + "\n")

    job = json.loads(path.read_text(encoding="utf-8"))
    from loopbuild.llm.local import LocalModel
    from loopbuild.pipeline.models import base_path
    from loopbuild.pipeline.sandboxes import exam_batch
    from loopbuild.sandbox import open_sandboxes
    from loopbuild.sandbox.protocol import Sandbox
    from loopbuild.stages.evaluation.rollout import roll_out
    from loopbuild.stages.training.render import function_schemas

    params = job["params"]
    root = Path(job["root"])
    catalog = from_json(ToolCatalog, job["catalog"])
    tasks = [replace(from_json(EvalTask, value), system=params["system"]) for value in job["tasks"]]
    base = base_path(params["base"], root=root)
    emit({"done": 0, "note": "loading the model"})
    model = LocalModel.load(job["model"] or base, base=base if job["is_adapter"] else "")
    if params["constrained"]:
        model.constrain(list(function_schemas(catalog).values()))

    def open_sandbox(task: EvalTask) -> Sandbox:
        return open_sandboxes(params["sandbox"], catalog, root=root, environment=os.environ)

    batch = exam_batch(params["sandbox"])  # every conversation has a sandbox of its own
    # Similar conversations side by side pad less; the order changes no answer, each is decoded by itself.
    tasks.sort(key=lambda task: (len(task.gold), sum(map(len, task.user_turns)), task.key))
    for first in range(0, len(tasks), SLICE):
        part = tasks[first : first + SLICE]
        finished = roll_out(
            part,
            model=model,
            catalog=catalog,
            open_sandbox=open_sandbox,
            max_calls=params["max_calls"],
            max_new_tokens=params["max_new_tokens"],
            batch=batch,
            on_progress=lambda done, total, offset=first: emit({"done": offset + done}),  # type: ignore[misc]
        )
        for transcript in finished:
            emit({"transcript": to_json(transcript)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
