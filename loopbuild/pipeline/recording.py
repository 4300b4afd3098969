"""`build --record NAME`: asks a source's real sandbox everything sampling asks, and writes the answers down.

A recording is made before the build and read by it like any other file. It holds exactly what sampling of this project
asks, so recording again drops what nothing asks any more. On a failure the old file stays as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.engine.query import output
from loopbuild.engine.target import Json
from loopbuild.errors import SandboxError, SelectionError
from loopbuild.pipeline.sandbox_settings import sandbox_settings
from loopbuild.records import Cell, ToolCatalog, ToolGraph, from_json
from loopbuild.sandbox.recorded.cassette import Cassette

if TYPE_CHECKING:
    from loopbuild.pipeline.builds import OpenProject

_PASSES = 3
"""A value may turn up in a text before a field says that it is somebody's name: then all is asked once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What one recording came to."""

    source: str
    kind: str
    path: str
    calls: int
    masked: Mapping[str, int]
    is_changed: bool

    def said(self) -> str:
        """Return it as a sentence."""
        file = f"`{self.path}` {'written; commit it' if self.is_changed else 'unchanged'}"
        hidden = ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in sorted(self.masked.items()))
        found = f"masked: {hidden}" if hidden else "no personal data found, no secrets"
        return f"recorded {self.calls:,} answers of `{self.source}` from its `{self.kind}` sandbox: {file}; {found}"


def recordable(settings: Json) -> dict[str, Json]:
    """Return source -> its sandbox section, of those that have something to record from."""
    found = {}
    for source in sorted(settings["sources"]):
        chosen = sandbox_settings(settings, source)[source]
        if chosen["kind"] == "recorded" and chosen["of"]:
            found[source] = chosen
    return found


def check_names(settings: Json, names: tuple[str, ...]) -> None:
    """Raise SelectionError for a name that has nothing to record."""
    known = recordable(settings)
    for name in names:
        if name not in known:
            others = ", ".join(f"`{one}`" for one in known) or "none is declared"
            raise SelectionError(
                f"`{name}` has no sandbox of kind `recorded` with an `of`", hint=f"to be recorded: {others}"
            )


def record(opened: OpenProject, settings: Json, source: str, *, on_progress: Callable[[str], None]) -> Recorded:
    """Record one source; `cells:main`, `graph:main` and `contract:main` are up to date. Raises SandboxError."""
    from loopbuild.sandbox.recorded.cassette import write
    from loopbuild.sandbox.recorded.masking import Masks, named_secrets

    chosen = recordable(settings)[source]
    inner: Json = chosen["of"]
    root = opened.project.root
    catalog = from_json(ToolCatalog, output(opened.workspace, "contract:main"))
    tools = [tool for tool in catalog.tools if tool.source == source]
    masks = Masks(
        tools,
        secrets=named_secrets(inner, os.environ),
        # What a simulated sandbox shows is made up: its people do not exist.
        keeps_personal=chosen["personal_data"] == "keep" or inner["kind"] == "simulated",
    )
    for number in range(_PASSES):
        if number:
            on_progress(f"`{source}` is asked once more: a text holds what is now known to be personal")
        cassette = _asked(opened, settings, source, inner, catalog, masks, root)
        cassette.masked = dict(sorted(masks.counts.items()))
        content = write(cassette)
        if not masks.finds_more(content):
            break
    else:
        raise SandboxError(
            f"`{source}` shows personal data anew each time it is asked; nothing was written",
            hint="name the fields that hold it in the source's `returns`, or set `personal_data: keep`",
        )
    return Recorded(
        source=source,
        kind=inner["kind"],
        path=chosen["path"],
        calls=len(cassette.calls),
        masked=cassette.masked,
        is_changed=_put(root / chosen["path"], content),
    )


def _asked(
    opened: OpenProject, settings: Json, source: str, inner: Json, catalog: ToolCatalog, masks: Json, root: Path
) -> Cassette:
    from loopbuild.sandbox import open_sandbox
    from loopbuild.sandbox.mixed import MixedSandbox
    from loopbuild.sandbox.recorded.recorder import Recorder
    from loopbuild.stages.sampling.walk import Unreachable, sample

    graph = from_json(ToolGraph, output(opened.workspace, "graph:main"))
    sandbox = open_sandbox(inner, catalog, root=root, environment=os.environ, source=source)
    own = {tool.id: tool for tool in catalog.tools if tool.source == source}
    recorder = Recorder(sandbox, own, masks=masks, kind=inner["kind"], trusts_reads=inner["kind"] == "http")
    wanted = {key: settings["sampling"][key] for key in ("seed", "optional", "user_known", "max_steps")}
    try:
        planned = output(opened.workspace, "cells:main") or {"cells": {}}
        for name, cells in sorted(planned["cells"].items()):
            if name.split("/")[0] != source:
                continue
            subgraph = next(one for one in graph.subgraphs if one.name == name)
            for cell in cells:
                found = sample(
                    from_json(Cell, cell),
                    seed=wanted["seed"],
                    catalog=catalog,
                    graph=graph,
                    subgraph=subgraph,
                    sandbox=MixedSandbox({source: recorder}),
                    settings=wanted,
                )
                if isinstance(found, Unreachable) and found.reason == "sandbox_error":
                    raise SandboxError(f"recording `{source}` stopped: {found.detail}")
    finally:
        recorder.close()
    return recorder.cassette


def _put(path: Path, content: bytes) -> bool:
    """Write a file whole or not at all; returns whether it changed."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
    return True
