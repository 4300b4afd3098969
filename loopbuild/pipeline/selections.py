"""Selections in the words of a project: `tool:hr/x` besides what the engine understands.

`tool:` means every target with a row that read something of that tool: a leaf, its gate, an edge to or from it.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from loopbuild.engine.answers import resolve
from loopbuild.engine.demands import Demands
from loopbuild.engine.plan import plan
from loopbuild.engine.query import readers_of
from loopbuild.engine.selection import Selection
from loopbuild.errors import SelectionError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.project import LoadedProject

_EDGE_END = re.compile(r"(\S+)#")


def selected(
    opened: OpenProject, loaded: LoadedProject, words: Iterable[str], *, exclude: Iterable[str] = ()
) -> Selection:
    """Return the selection in some words. Raises SelectionError for words that can not be read or answered."""
    return resolve(
        opened.workspace,
        loaded.targets,
        words,
        exclude=exclude,
        asks={"tool": lambda name: _readers(opened, name)},
    )


def demanded(
    opened: OpenProject,
    loaded: LoadedProject,
    *,
    force: Iterable[str] = (),
    refresh: Iterable[str] = (),
    from_scratch: Iterable[str] = (),
) -> Demands:
    """Return what is demanded, checked before anything is spent: SelectionError for a word no target answers to.

    A bare name under `from_scratch` is a phase; sources under `refresh` are none of the engine's business.
    """
    phases = [name if ":" in name else f"checkpoint:{name}" for name in from_scratch]
    pinned = [name for name in refresh if not name.startswith("source:")]
    found = [selected(opened, loaded, words) if words else None for words in (list(force), pinned, phases)]
    demands = Demands(force=found[0], refresh=found[1], from_scratch=found[2])
    if demands:
        planned = plan(opened.workspace, loaded.targets, stamp=opened.project.stamp)
        if not planned.open_ended:
            demands.check(planned.targets)
    return demands


def _readers(opened: OpenProject, pattern: str) -> frozenset[str]:
    found = readers_of(opened.workspace, lambda fact: any(_is_tool(name, pattern) for name in tools_of(fact)))
    if not found:
        raise SelectionError(
            f"no row read anything of a tool called `{pattern}`",
            hint="`loopbuild show TOOL` shows one; a tool that was never built for has no rows yet",
        )
    return found


def tools_of(fact: str) -> tuple[str, ...]:
    """Return the tools a fact is about: one for a leaf, both ends of an edge, none for a subgraph or a server."""
    first, _, rest = fact.partition(" ")
    if first == "edge":
        return tuple(_EDGE_END.findall(rest))
    return (first,) if "/" in first else ()


def _is_tool(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) if "*" in pattern else name == pattern
