"""The process that loads a model and runs it over tasks: job file in, one JSON line per message out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from loopbuild.engine.children import leave_with_parent
from loopbuild.records import EvalTask, ToolCatalog, from_json, to_json


def main(path: Path) -> None:
    """Run the job in `path`."""
    leave_with_parent()
    job = json.loads(path.read_text(encoding="utf-8"))
    from loopbuild.llm.local import LocalModel
    from loopbuild.pipeline.models import base_path, system_prompt
    from loopbuild.pipeline.sandboxes import opened
    from loopbuild.sandbox.protocol import Sandbox
    from loopbuild.stages.evaluation.rollout import roll_out

    params = job["params"]
    catalog = from_json(ToolCatalog, job["catalog"])
    tasks = [from_json(EvalTask, value) for value in job["tasks"]]
    base = base_path(params["base"], root=Path(job["root"]))
    if job["is_adapter"]:
        model = LocalModel.load(job["model"], base=base)
    else:
        model = LocalModel.load(job["model"] or base)


    def open_sandbox(task: EvalTask) -> Sandbox:
        return opened(params["sandbox"], catalog, root=Path(job["root"])).__enter__()

    def report(done: int, total: int) -> None:
        emit({"done": done, "total": total})

    for transcript in roll_out(
        tasks,
        model=model,
        catalog=catalog,
        open_sandbox=open_sandbox,
        system=system_prompt(params),
        max_calls=params["max_calls"],
        max_new_tokens=params["max_new_tokens"],
        on_progress=report,
    ):
        emit({"transcript": to_json(transcript)})


def emit(message: dict[str, Any]) -> None:
    """Write one line for the parent."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Deterministic, and no surprise on a busy machine: the shipped model is fastest on one thread.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main(Path(sys.argv[1]))


