"""One conversation with the trained model, its calls run in the sandbox."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from loopbuild.engine.query import output
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.models import base_path, system_prompt
from loopbuild.pipeline.project import load
from loopbuild.pipeline.sandbox_settings import sandbox_settings
from loopbuild.pipeline.sandboxes import for_exam
from loopbuild.records import EvalTask, ToolCatalog, from_json


def last_checkpoint(opened: OpenProject) -> Json | None:
    """Return the record of the last phase that was trained, or None."""
    loaded = load(opened.project, environment=os.environ)
    phases = list(loaded.settings["training"]["phases"])
    return next(
        (found for phase in reversed(phases) if (found := output(opened.workspace, f"checkpoint:{phase}"))), None
    )


class Trial:
    """A loaded model and a sandbox."""

    def __init__(self, opened: OpenProject, checkpoint: Json, *, fixture: int) -> None:
        self._opened = opened
        self._checkpoint = checkpoint
        self._fixture = fixture
        self._stack = ExitStack()

    def __enter__(self) -> Trial:
        from loopbuild.llm.local import LocalModel
        from loopbuild.stages.training.render import function_schemas

        loaded = load(self._opened.project, environment=os.environ)
        root = self._opened.project.root
        training = loaded.settings["training"]
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="loopbuild-try-")))
        for path, name in self._checkpoint["files"].items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self._opened.workspace.objects.get(name))
        base = base_path(training["base"], root=root)
        self._model = LocalModel.load(folder, base=base if self._checkpoint["is_adapter"] else "")
        self._catalog = from_json(ToolCatalog, output(self._opened.workspace, "contract:main"))
        self._system = system_prompt(training)
        self._evaluation = loaded.settings["evaluation"]
        if self._evaluation["constrained_decoding"]:
            self._model.constrain(list(function_schemas(self._catalog).values()))
        self._sandbox: dict[str, Json] = {}
        for source in sorted(loaded.settings["sources"]):
            self._sandbox |= for_exam(sandbox_settings(loaded.settings, source))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def examples(self) -> list[str]:
        """Return a few values of this world a person could mention."""
        from loopbuild.sandbox import open_sandboxes

        sandbox = open_sandboxes(self._sandbox, self._catalog, root=self._opened.project.root, environment=os.environ)
        try:
            sandbox.open(self._fixture)
            found = [
                f"{leaf.pointer.strip('/').replace('_', ' ')} {values[0]}"
                for tool in self._catalog.tools
                for leaf in tool.inputs
                if leaf.kind == "id" and (values := sandbox.known(tool.id, leaf.pointer))
            ]
        finally:
            sandbox.close()
        return list(dict.fromkeys(found))[:6]

    def ask(self, request: str) -> Iterator[tuple[str, str]]:
        """Yield what was said, called and answered, as (role, text)."""
        from loopbuild.sandbox import open_sandboxes
        from loopbuild.stages.evaluation.rollout import roll_out

        task = EvalTask(
            key="try",
            trajectory="",
            split="values",
            category="call",
            level="low",
            topology="single",
            system=self._system,
            user_turns=(request,),
            sandbox="",
            fixture=self._fixture,
            gold=(),
        )
        root = self._opened.project.root
        (transcript,) = roll_out(
            [task],
            model=self._model,
            catalog=self._catalog,
            open_sandbox=lambda _: open_sandboxes(self._sandbox, self._catalog, root=root, environment=os.environ),
            max_calls=self._evaluation["max_calls"],
            max_new_tokens=self._evaluation["max_new_tokens"],
        )
        for message in transcript.messages:
            if message.get("content"):
                yield message["role"], message["content"]
            for call in message.get("tool_calls") or ():
                arguments = json.dumps(call["function"]["arguments"], ensure_ascii=False)
                yield "call", f"{call['function']['name']}({arguments})"
