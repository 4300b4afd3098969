"""`build --record NAME`: asks a source's real sandbox everything sampling and filters ask, and writes the answers down.

A recording is made before the build and read by it like any other file. It holds exactly what this project asks, so
recording again drops what nothing asks any more. On a failure the old file stays as it was.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loopbuild.engine.query import output
from loopbuild.engine.target import Json
from loopbuild.errors import SandboxError, SelectionError
from loopbuild.pipeline.category_shares import dialogues
from loopbuild.pipeline.sampling_settings import training, walking
from loopbuild.pipeline.sandbox_settings import sandbox_settings
from loopbuild.records import Cell, ToolCatalog, ToolGraph, Trajectory, from_json
from loopbuild.sandbox.recorded.cassette import Cassette

if TYPE_CHECKING:
    from loopbuild.pipeline.builds import OpenProject
    from loopbuild.sandbox.protocol import Sandbox
    from loopbuild.sandbox.recorded.masking import Masks

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


def record(
    opened: OpenProject, settings: Json, names: tuple[str, ...], *, on_progress: Callable[[str], None]
) -> list[Recorded]:
    """Record these sources, in one go: what one of them answers may be asked of another.

    `cells:main`, `graph:main` and `contract:main` are up to date. Raises SandboxError, and then no file has changed.
    """
    from loopbuild.sandbox.recorded.cassette import write
    from loopbuild.sandbox.recorded.masking import Masks, Pseudonyms, named_secrets

    chosen = {name: recordable(settings)[name] for name in dict.fromkeys(names)}
    catalog = from_json(ToolCatalog, output(opened.workspace, "contract:main"))
    secrets = {text for one in chosen.values() for text in named_secrets(one["of"], os.environ)}
    book = Pseudonyms()
    masks = {
        name: Masks(
            [tool for tool in catalog.tools if tool.source == name],
            secrets=secrets,
            # What a simulated sandbox shows is made up: its people do not exist.
            keeps_personal=one["personal_data"] == "keep" or one["of"]["kind"] == "simulated",
            pseudonyms=book,
        )
        for name, one in chosen.items()
    }
    for number in range(_PASSES):
        if number:
            on_progress("all is asked once more: a text holds what is now known to be personal")
        cassettes = _asked(opened, settings, chosen, catalog, masks)
        if not any(book.leaks(write(cassettes[name])) for name, one in chosen.items() if _hides(one)):
            break
    else:
        raise SandboxError(
            "personal data turns up anew each time it is asked for; nothing was written",
            hint="name the fields that hold it in the source's `returns`, or set `personal_data: keep`",
        )
    made = []
    for name, one in chosen.items():
        cassette = cassettes[name]
        cassette.masked = book.counts(write(cassette))
        made.append(
            Recorded(
                source=name,
                kind=one["of"]["kind"],
                path=one["path"],
                calls=len(cassette.calls),
                masked=cassette.masked,
                is_changed=_put(opened.project.root / one["path"], write(cassette)),
            )
        )
    return made


def _hides(chosen: Json) -> bool:
    return bool(chosen["personal_data"] == "mask")


def _asked(
    opened: OpenProject, settings: Json, chosen: Mapping[str, Json], catalog: ToolCatalog, masks: Mapping[str, Masks]
) -> dict[str, Cassette]:
    """Sample whatever calls one of the sources, and return what each answered."""
    from loopbuild.sandbox import open_parts, open_sandbox
    from loopbuild.sandbox.mixed import MixedSandbox
    from loopbuild.sandbox.recorded.recorder import Recorder
    from loopbuild.stages.sampling.walk import Unreachable, sample

    graph = from_json(ToolGraph, output(opened.workspace, "graph:main"))
    planned: Json = output(opened.workspace, "cells:main") or {"cells": {}}
    wanted = walking(settings["sampling"]) | {"talk": dialogues(settings).get("talk", {})}
    wanted["trains"] = training(settings["evaluation"]["held_out"])
    is_controlled = any(one["kind"] == "controls" for one in settings["filters"])
    recorders: dict[str, Recorder] = {}
    root = opened.project.root
    try:
        for name, one in chosen.items():
            section = one["of"]
            inner = open_sandbox(section, catalog, root=root, environment=os.environ, source=name)
            own = {tool.id: tool for tool in catalog.tools if tool.source == name}
            kind = section["kind"]
            recorders[name] = Recorder(inner, own, masks=masks[name], kind=kind, trusts_reads=kind == "http")
        for name, cells in sorted(planned["cells"].items()):
            sources = {name.split("/")[0], *planned.get("beside", {}).get(name, ())}
            if not sources & set(chosen):
                continue
            subgraph = next(one for one in graph.subgraphs if one.name == name)
            # Those that are not recorded stand beside it as they will in the build.
            others = {one: sandbox_settings(settings, one)[one] for one in sources - set(chosen)}
            beside = open_parts(others, catalog, root=root, environment=os.environ)
            sandbox = MixedSandbox({**beside, **{one: recorders[one] for one in sources & set(chosen)}})
            try:
                for cell in _walked(settings, cells):
                    found = sample(
                        cell,
                        seed=wanted["seed"],
                        catalog=catalog,
                        graph=graph,
                        subgraph=subgraph,
                        sandbox=sandbox,
                        settings=wanted,
                    )
                    broken = ""
                    if isinstance(found, Unreachable):
                        broken = found.detail if found.reason == "sandbox_error" else ""
                    elif is_controlled:
                        broken = _control(found, catalog, sandbox)
                    if broken:
                        names = ", ".join(f"`{one}`" for one in chosen)
                        raise SandboxError(f"recording {names} stopped: {broken}")
            finally:
                for part in beside.values():
                    part.close()
    finally:
        for recorder in recorders.values():
            recorder.close()
    return {name: recorder.cassette for name, recorder in recorders.items()}


def _walked(settings: Json, cells: Sequence[Json]) -> Iterator[Cell]:
    """Yield the cells that a build walks in the sandbox: those of the plan, and dialogues that begin like them."""
    from loopbuild.stages.synthesis.several_turns import dialogue_cell

    planned = [from_json(Cell, cell) for cell in cells]
    yield from planned
    part = dialogues(settings).get("dialogues", 0.0)
    for cell in planned if part else ():
        dialogue = dialogue_cell(cell, part=part, seed=settings["sampling"]["seed"])
        if dialogue is not None:
            yield dialogue


def _control(trajectory: Trajectory, catalog: ToolCatalog, sandbox: Sandbox) -> str:
    """Ask what the filter `controls` will ask; returns how the sandbox broke, empty when it did not."""
    from loopbuild.stages.filters.controls import shuffled
    from loopbuild.stages.sampling.attempt import attempt

    tools = catalog.by_id()
    mixed = shuffled(trajectory)
    if mixed is None or all(tools[step.call.tool].effect == "read" for step in mixed.steps):
        return ""
    outcome = attempt(mixed, sandbox=sandbox)
    return outcome.detail if outcome is not None and outcome.status == "infra_error" else ""


def _put(path: Path, content: bytes) -> bool:
    """Write a file whole or not at all; returns whether it changed."""
    if path.is_file() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)
    return True
