"""Opening the sandboxes a recipe needs, and what in them its rows depend on."""

from __future__ import annotations

import atexit
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary

from loopbuild.digest import digest, digest_bytes
from loopbuild.engine.target import Action, Json
from loopbuild.errors import SandboxError
from loopbuild.pipeline.sandbox_settings import MADE_UP, entities_said, identity_of
from loopbuild.records import ToolCatalog
from loopbuild.sandbox.patience import GivenUp
from loopbuild.sandbox.protocol import Sandbox

_EXAM_BATCH = 48
T = TypeVar("T")
_FOLDERS: WeakKeyDictionary[Action, Mapping[str, str]] = WeakKeyDictionary()


def server_facts(action: Action, catalog: ToolCatalog) -> dict[str, str]:
    """Return the digests of what decides how calls are answered and is part of the project.

    Programs, modules and starting folders of a server as a whole, recordings tool by tool, where a call of each tool
    goes over HTTP, what made-up tables take each tool to do, and the settings of other sources that feed a subgraph:
    those are in no parameter, which would concern every row.
    """
    facts = dict(_folders(action))
    for role in _roles(action):
        if role.startswith("server/") and not role.endswith("/recording"):
            facts[role] = digest_bytes("server", action.file(role))
    for source, chosen in settings_of(action).items():
        if source not in action.params["sandbox"]:
            facts[f"sandbox/{source}"] = digest("sandbox", identity_of({source: chosen}))
        own = [tool for tool in catalog.tools if tool.source == source]
        if chosen["kind"] == "recorded":
            from loopbuild.sandbox.recorded.aliases import renamed
            from loopbuild.sandbox.recorded.cassette import facts_of, read, write

            # A tool of which nothing was recorded has its fact too: a row must notice when something is.
            facts |= {f"recording {tool.id}": digest("recording", []) for tool in own}
            content = action.file(f"server/{source}/recording")
            if chosen.get("renames"):
                content = write(renamed(read(content, file=chosen["path"]), chosen["renames"], source=source))
            facts |= facts_of(content, source=source)
        elif chosen["kind"] == "simulated":
            from loopbuild.sandbox.simulated.meaning import meanings

            meant = meanings(catalog, entities_said(settings_of(action)))
            facts |= {MADE_UP + tool.id: meant[tool.id] for tool in own}
        elif chosen["kind"] == "http":
            facts |= {f"transport {tool.id}": digest("transport", tool.transport) for tool in own}
    return facts


def _folders(action: Action) -> Mapping[str, str]:
    """Return a fact for each folder servers start with. Asked for row by row, so it is kept with the action."""
    roles = [role for role in _roles(action) if role.startswith("folder/")]
    if not roles:
        return {}
    if action not in _FOLDERS:
        held: dict[str, dict[str, str]] = {}
        for role in roles:
            _, source, name = role.split("/", 2)
            held.setdefault(f"folder/{source}", {})[name] = digest_bytes("server", action.file(role))
        _FOLDERS[action] = {name: digest("folder", files) for name, files in held.items()}
    return _FOLDERS[action]


def twice(attempt: Callable[[], T]) -> T | SandboxError:
    """Return what `attempt` gives, at the second try where the sandbox was lost once; else how it was lost.

    Raises GivenUp when the sandbox was lost too often: no other row would fare better.
    """
    for _ in range(2):
        try:
            return attempt()
        except GivenUp:
            raise
        except SandboxError as error:
            lost = error
    return lost


def server_reads(facts: Iterable[str], tools: Iterable[str]) -> tuple[str, ...]:
    """Return the names of those server facts that a row depends on when it called these tools."""
    called = set(tools)
    sources = {tool.partition("/")[0] for tool in called}
    names = []
    for name in sorted(facts):
        kind, _, tool = name.partition(" ")
        # `server/SOURCE/...`, `sandbox/SOURCE` and `recording SOURCE` are about a whole source; who called nothing may
        # have asked any.
        source = tool or kind.split("/")[1]
        if tool in called if "/" in tool else not called or source in sources:
            names.append(name)
    return tuple(names)


def around(facts: Iterable[str], tools: Iterable[str]) -> tuple[str, ...]:
    """Return the names of those server facts that a row depends on when no way through `tools` was found."""
    own = set(tools)
    return tuple(name for name in facts if not name.startswith(MADE_UP) or name.removeprefix(MADE_UP) in own)


def spelling(action: Action, catalog: ToolCatalog, tools: Iterable[str]) -> list[Json]:
    """Return what `tools` ask of the ids of their made-up worlds; mostly nothing."""
    from loopbuild.sandbox.simulated.meaning import spelled_by

    settings = settings_of(action)
    is_made_up = {source for source, chosen in settings.items() if chosen["kind"] == "simulated"}
    called = [tool for tool in tools if tool.partition("/")[0] in is_made_up]
    return spelled_by(catalog, called, entities_said(settings))


def settings_of(action: Action) -> dict[str, Json]:
    """Return source -> the whole section its sandbox is opened with; keys cover only a part of it."""
    found: dict[str, Json] = (action.context or {}).get("sandbox") or action.params["sandbox"]
    return found


def for_exam(settings: Mapping[str, Json]) -> dict[str, Json]:
    """Return the sandboxes as a model under test meets them.

    What it asks and nobody recorded is a refusal: to leave such tasks out would forgive exactly the wrong calls.
    """
    return {
        source: {**one, "on_miss": "tool_error"} if one["kind"] == "recorded" else one
        for source, one in settings.items()
    }


def exam_batch(settings: Mapping[str, Json]) -> int:
    """Return how many conversations may have sandboxes at the same time: tables are cheap, servers are processes."""
    from loopbuild.sandbox.http.allowed import may_write

    if any(one["kind"] == "http" and may_write(one) for one in settings.values()):
        return 1  # a service that is reset has one world at a time
    return 4 if is_served(settings) else _EXAM_BATCH


def is_served(settings: Mapping[str, Json]) -> bool:
    """Say whether calls run outside this process."""
    return any(one["kind"] in ("mcp", "http", "python") for one in settings.values())


def variables_of(settings: Mapping[str, Json]) -> list[str]:
    """Return the environment variables that loop.yaml names for these sandboxes."""
    names: list[str] = []
    for one in settings.values():
        texts = [*(one.get("env") or {}).values(), one.get("url") or "", one.get("folder") or ""]
        texts.append((one.get("state") or {}).get("path", "") if isinstance(one.get("state"), dict) else "")
        names += [name for text in texts for name in re.findall(r"\$\{(\w+)\}", text)]
        names += [name for key, name in (one.get("auth") or {}).items() if key in ("token", "user", "password")]
    return names


@contextmanager
def opened(settings: Mapping[str, Json], catalog: ToolCatalog, *, root: Path) -> Iterator[Sandbox]:
    """Yield one sandbox that routes each call to its source's own; closed on leaving, whatever happened."""
    from loopbuild.sandbox import open_sandboxes

    sandbox = open_sandboxes(settings, catalog, root=root, environment=os.environ)
    try:
        yield sandbox
    finally:
        sandbox.close()


@contextmanager
def opened_again(action: Action, catalog: ToolCatalog, *, facts: Mapping[str, str]) -> Iterator[Sandbox]:
    """Like `opened`, for rows that come one by one: the last row's sandbox serves again while nothing of it changed.

    Starting an interpreter or a server for each row took .4 to 1 s. A service is let go at once: others wait for it.
    `close_kept` ends it; so does the end of this process.
    """
    settings = settings_of(action)
    key = digest("kept", [settings, dict(facts), action.input_digest("contract"), str(action.root)])
    if any(one["kind"] == "http" for one in settings.values()):
        with opened(settings, catalog, root=action.root) as sandbox:
            yield sandbox
        return
    if not _KEPT or _KEPT[0][0] != key:
        from loopbuild.sandbox import open_sandboxes

        close_kept()
        _KEPT.append((key, open_sandboxes(settings, catalog, root=action.root, environment=os.environ)))
    yield _KEPT[0][1]


def close_kept() -> None:
    """Close the sandbox that was kept for the next row, if there is one."""
    while _KEPT:
        _KEPT.pop()[1].close()


_KEPT: list[tuple[str, Sandbox]] = []
atexit.register(close_kept)


def _roles(action: Action) -> list[str]:
    found: list[str] = (action.context or {}).get("sandbox_files") or []
    return found
