"""Live sources as files: a server is listed once, into `listings/<source>.json`; builds depend on that file.

Committed beside loop.yaml, it lets a build and continuous integration work with the server absent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.errors import SourceError
from loopbuild.pipeline.programs import command_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """A source that has to be asked."""

    name: str
    settings: Json
    path: Path
    is_listed: bool
    sandbox: Json = None
    """Where its calls run."""


def is_live(source: Json) -> bool:
    """Return whether a source of loop.yaml has to be asked: a server, an address, a module that is to be run."""
    if source["kind"] in ("mcp", "openapi"):
        return not source["path"]
    return source["kind"] == "python" and source["import"] is True


def live_sources(settings: Json, *, root: Path) -> list[LiveSource]:
    """Return the sources of loop.yaml that have to be asked, and whether each was listed before."""
    found = []
    for name, source in sorted(settings["sources"].items()):
        if is_live(source):
            path = root / "listings" / f"{name}.json"
            sandbox = source.get("sandbox") or settings["sandbox"]
            found.append(LiveSource(name=name, settings=source, path=path, is_listed=path.is_file(), sandbox=sandbox))
    return found


def write_listing(source: LiveSource, *, root: Path, environment: Mapping[str, str]) -> bool:
    """Ask the source and write its listing; returns whether the file changed. On SourceError it stays as it was."""
    content = _ASK[source.settings["kind"]](source, root, environment)
    if source.is_listed and source.path.read_bytes() == content:
        return False
    if source.is_listed:
        _refuse_worse(source, content)
    put(source.path, content)
    return True


def put(path: Path, content: bytes) -> None:
    """Write a file of `listings/` as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(content)
    fresh.replace(path)


def _refuse_worse(source: LiveSource, content: bytes) -> None:
    """Raise SourceError for an answer without a tool, or with one name given twice, where there is a good listing."""
    from loopbuild.pipeline.source_files import read_source

    file = f"listings/{source.path.name}"
    kept = f"`{file}`, as it was"
    try:
        listing = read_source({**source.settings, "name": source.name, "path": file, "is_live": True}, content)
    except SourceError as error:
        error.intact = kept
        raise
    twice = [one for one in listing.diagnostics if one.code == "duplicate-tool"]
    if twice:
        raise SourceError(f"source `{source.name}`: {twice[0].message}", source=source.name, intact=kept)


def _ask_server(source: LiveSource, root: Path, environment: Mapping[str, str]) -> bytes:
    from loopbuild.loopfile.variables import fill, filled_in
    from loopbuild.stages.sources.listing import canonical_listing
    from loopbuild.stages.sources.mcp_live import list_live

    settings = source.settings
    listed = list_live(
        source.name,
        command=command_of(settings["command"], root=root),
        url=fill(settings["url"], environment),
        headers={name: fill(text, environment) for name, text in settings["headers"].items()},
        env={name: fill(text, environment) for name, text in settings["env"].items()},
        secrets=filled_in([settings["url"]], environment),
        cwd=root,
        start_timeout_seconds=settings["start_timeout_seconds"],
        call_timeout_seconds=settings["call_timeout_seconds"],
    )
    more: dict[str, Json] = {"notes": list(listed.notes)} if listed.notes else {}
    if source.sandbox["kind"] == "mcp":
        observed = _observed(source, canonical_listing(listed.entries), root, environment)
        more |= {"observed": observed} if observed else {}
    return canonical_listing(listed.entries, **more)


def _observed(source: LiveSource, content: bytes, root: Path, environment: Mapping[str, str]) -> Json:
    """Call the read-only tools where calls run anyway; a sandbox that cannot start costs the observation alone."""
    from loopbuild.errors import SandboxError
    from loopbuild.sandbox import open_sandbox
    from loopbuild.stages.catalog.canonical import build_catalog
    from loopbuild.stages.sources.mcp_dump import read
    from loopbuild.stages.sources.observing import observe

    listing = read(source.name, content, file=source.path.name, settings={**source.settings, "allow_empty": True})
    catalog = build_catalog([listing])
    chosen = {**source.sandbox, **{key: source.settings[key] for key in ("command", "env") if not source.sandbox[key]}}
    try:
        sandbox = open_sandbox(chosen, catalog, root=root, environment=environment, source=source.name)
    except SandboxError:
        return {}
    try:
        return observe(catalog.tools, sandbox)
    except SandboxError:
        return {}
    finally:
        sandbox.close()


def _ask_address(source: LiveSource, _: Path, environment: Mapping[str, str]) -> bytes:
    from loopbuild.loopfile.variables import fill, filled_in
    from loopbuild.stages.sources.openapi.fetch import fetch

    settings = source.settings
    headers = {name: fill(text, environment) for name, text in settings["headers"].items()}
    url = settings["url"]
    return fetch(source.name, fill(url, environment), headers=headers, secrets=filled_in([url], environment))


def _ask_module(source: LiveSource, root: Path, environment: Mapping[str, str]) -> bytes:
    from loopbuild.stages.sources.python.importing import list_imported

    settings = source.settings
    interpreter = settings["python"] or "python"
    return list_imported(
        source.name,
        module=settings["module"],
        root=root,
        interpreter=command_of([str(root / interpreter) if "/" in interpreter else interpreter], root=root)[0],
        search_path=environment.get("PATH", os.defpath),
        timeout_seconds=settings["import_timeout_seconds"],
    )


_ASK = {"mcp": _ask_server, "openapi": _ask_address, "python": _ask_module}
