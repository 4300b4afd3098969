"""Opening the sandboxes a recipe needs, and what in them its rows depend on."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from loopbuild.digest import digest, digest_bytes
from loopbuild.engine.target import Action, Json
from loopbuild.records import ToolCatalog
from loopbuild.sandbox.protocol import Sandbox


def sandboxes_of(action: Action) -> dict[str, Json]:
    """Return source -> its sandbox section: those in the key and those of other sources that may be called."""
    return {**action.params["sandbox"], **(action.context or {}).get("beside", {})}


def server_facts(action: Action) -> dict[str, str]:
    """Return what decides how calls are answered: programs that are part of the project, other sources' sandboxes."""
    facts = {}
    for source, chosen in sandboxes_of(action).items():
        if source not in action.params["sandbox"]:
            facts[f"sandbox/{source}"] = digest("sandbox", chosen)
        if chosen["kind"] != "mcp":
            continue
        for position, word in enumerate(chosen["command"]):
            if position and word.endswith((".py", ".js", ".mjs", ".ts")) and "://" not in word:
                role = f"server/{source}/{position:02d}"
                facts[role] = digest_bytes("server", action.file(role))
    return facts


def server_reads(facts: Iterable[str], tools: Iterable[str]) -> tuple[str, ...]:
    """Return the names of those server facts that a row which called these tools depends on."""
    called = {tool.partition("/")[0] for tool in tools}
    return tuple(sorted(name for name in facts if name.split("/")[1] in called))


@contextmanager
def opened(settings: Mapping[str, Json], catalog: ToolCatalog, *, root: Path) -> Iterator[Sandbox]:
    """Yield one sandbox that routes each call to its source's own; closed on leaving, whatever happened."""
    from loopbuild.sandbox import open_sandboxes

    sandbox = open_sandboxes(settings, catalog, root=root, environment=os.environ)
    try:
        yield sandbox
    finally:
        sandbox.close()
