"""Opening the sandboxes a recipe needs, and what in them its rows depend on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from weakref import WeakKeyDictionary, finalize

from loopbuild.digest import digest, digest_bytes
from loopbuild.engine.target import Action, Json
from loopbuild.errors import SandboxError
from loopbuild.records import ToolCatalog
from loopbuild.sandbox.patience import GivenUp
from loopbuild.sandbox.protocol import Sandbox

T = TypeVar("T")
_FACTS: WeakKeyDictionary[Action, dict[str, str]] = WeakKeyDictionary()


def server_facts(action: Action) -> dict[str, str]:
    """Return the digests of what the project holds of its servers: programs, and each folder they start in as a whole.

    Their bytes decide what calls return. Asked for row by row, so what was read once is kept with the action.
    """
    known = _FACTS.get(action)
    if known is None:
        facts, folders = {}, dict[str, dict[str, str]]()
        for role in action.context["watched"]:
            kind, source, name = role.split("/", 2)
            found = digest_bytes("server", action.file(role))
            if kind == "folder":
                folders.setdefault(f"folder/{source}", {})[name] = found
            else:
                facts[role] = found
        known = _FACTS[action] = facts | {name: digest("folder", held) for name, held in folders.items()}
    return known


def twice(attempt: Callable[[], T]) -> T | SandboxError:
    """Return what `attempt` gives, at the second try where the sandbox was lost once; else how it was lost.

    Raises GivenUp when the sandbox was lost too often: no other row would fare better.
    """
    try:
        return attempt()
    except GivenUp:
        raise
    except SandboxError:
        pass
    try:
        return attempt()
    except GivenUp:
        raise
    except SandboxError as error:
        return error


_KEPT: WeakKeyDictionary[Action, Sandbox] = WeakKeyDictionary()


def kept_open(action: Action, catalog: ToolCatalog) -> Sandbox:
    """Return the sandbox of an action that is asked row by row: opened once, closed when the action is gone."""
    sandbox = _KEPT.get(action)
    if sandbox is None:
        from loopbuild.sandbox import open_sandboxes

        sandbox = open_sandboxes(action.params["sandbox"], catalog, root=action.root, environment=os.environ)
        _KEPT[action] = sandbox
        finalize(action, sandbox.close)
    return sandbox


@contextmanager
def opened(settings: Mapping[str, Json], catalog: ToolCatalog, *, root: Path) -> Iterator[Sandbox]:
    """Yield one sandbox that routes each call to its source's own; closed on leaving, whatever happened."""
    from loopbuild.sandbox import open_sandboxes

    sandbox = open_sandboxes(settings, catalog, root=root, environment=os.environ)
    try:
        yield sandbox
    finally:
        sandbox.close()
