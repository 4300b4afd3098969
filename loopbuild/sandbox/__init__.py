"""Where calls run. `KINDS` names the kinds without importing them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from loopbuild.errors import SandboxError
from loopbuild.records import Json, ToolCatalog
from loopbuild.sandbox.mixed import MixedSandbox
from loopbuild.sandbox.protocol import Sandbox

__all__ = ["KINDS", "open_parts", "open_sandbox", "open_sandboxes"]

KINDS = {
    "mcp": "loopbuild.sandbox.mcp:open_mcp",
    "http": "loopbuild.sandbox.http:open_http",
    "python": "loopbuild.sandbox.python:open_python",
    "recorded": "loopbuild.sandbox.recorded:open_recorded",
    "simulated": "loopbuild.sandbox.simulated:open_simulated",
}
"""Kind -> `module:function`; the function takes what `open_sandbox` takes."""


def open_sandbox(
    settings: Json, catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str], source: str
) -> Sandbox:
    """Return the sandbox that `settings` (a `sandbox:` section as JSON) describe for the tools of one source.

    `root` is the project folder; of `environment` only what the settings name is handed on. Raises SandboxError.
    """
    kind = settings.get("kind", "simulated")
    if kind not in KINDS:
        raise SandboxError(f"unknown sandbox kind `{kind}`", hint=f"use one of {', '.join(sorted(KINDS))}")
    module, _, function = KINDS[kind].partition(":")
    made = getattr(import_module(module), function)(
        settings, catalog, root=root, environment=environment, source=source
    )
    sandbox: Sandbox = made
    return sandbox


def open_sandboxes(
    settings: Mapping[str, Json], catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str]
) -> Sandbox:
    """Return one sandbox for all sources of `settings` (source -> its section), routing each call to its source's own.

    Raises SandboxError; what was already opened is closed first.
    """
    return MixedSandbox(open_parts(settings, catalog, root=root, environment=environment))


def open_parts(
    settings: Mapping[str, Json], catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str]
) -> dict[str, Sandbox]:
    """Return source -> its sandbox, for all sources of `settings`.

    Simulated sources share what is written, so that what one application makes can be used in another. Raises
    SandboxError; what was already opened is closed first.
    """
    parts: dict[str, Sandbox] = {}
    try:
        for source in sorted(settings):
            parts[source] = open_sandbox(settings[source], catalog, root=root, environment=environment, source=source)
    except BaseException:
        for part in parts.values():
            part.close()
        raise
    if sum(one.get("kind", "simulated") == "simulated" for one in settings.values()) > 1:
        from loopbuild.sandbox.simulated import SimulatedSandbox, share

        share(part for part in parts.values() if isinstance(part, SimulatedSandbox))
    return parts
