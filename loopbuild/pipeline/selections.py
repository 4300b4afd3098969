"""Selections in the words of a project: `tool:hr/x` and `row:3fa9` besides what the engine understands.

`tool:` means every target with a row that read something of that tool: a leaf, its gate, an edge to or from it.
`state:modified.params`, `.returns` and `.docs` mean those of the tools whose roll-up is not the one in the lock.
`row:` means every table that holds such a row.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping

from loopbuild.engine import lockfile
from loopbuild.engine.answers import resolve
from loopbuild.engine.demands import Demands
from loopbuild.engine.lockfile import Lines
from loopbuild.engine.plan import plan
from loopbuild.engine.query import nature_of, readers_of, rows_like
from loopbuild.engine.selection import Selection
from loopbuild.errors import SelectionError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.project import LoadedProject
from loopbuild.pipeline.references import referred

_EDGE_END = re.compile(r"(\S+)#")


ASPECTS = ("params", "returns", "docs")
"""The roll-ups of a tool that loop.lock holds."""
_LEAST_DIGITS = 4


def selected(
    opened: OpenProject,
    loaded: LoadedProject,
    words: Iterable[str],
    *,
    exclude: Iterable[str] = (),
    state: str = "",
) -> Selection:
    """Return the selection in some words; states are seen against the lock that `state` names.

    Raises SelectionError for words that can not be read or answered.
    """
    lines = referred(loaded.project.root, state).lines if state else None
    return resolve(
        opened.workspace,
        loaded.targets,
        words,
        exclude=exclude,
        asks={"tool": lambda name: _readers(opened, name), "row": lambda start: _holders(opened, start)},
        aspects={name: lambda name=name: _touched(opened, name, lines) for name in ASPECTS},  # type: ignore[misc]
        lines=lines,
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

    A bare name under `from_scratch` is a phase; sources under `refresh` are none of the engine's business; a row there
    is `generations:model#3fa9`, or `row:3fa9` in whichever pinned tables hold it.
    """
    phases = [name if ":" in name else f"checkpoint:{name}" for name in from_scratch]
    words = [word for word in refresh if not word.startswith("source:")]
    pinned = [word for word in words if not _is_row(word)]
    found = [selected(opened, loaded, words) if words else None for words in (list(force), pinned, phases)]
    rows = _rows_of(opened, [word for word in words if _is_row(word)])
    demands = Demands(force=found[0], refresh=found[1], from_scratch=found[2], refresh_rows=rows)
    if demands:
        planned = plan(opened.workspace, loaded.targets, stamp=opened.project.stamp)
        if not planned.open_ended:
            demands.check(planned.targets)
    return demands


def _readers(opened: OpenProject, pattern: str) -> frozenset[str]:
    if "/" not in pattern and "*" not in pattern:
        pattern = _whole_name(opened, pattern)
    found = readers_of(opened.workspace, lambda fact: any(_is_tool(name, pattern) for name in tools_of(fact)))
    if not found:
        raise SelectionError(
            f"no row read anything of a tool called `{pattern}`",
            hint="`loopbuild show TOOL` shows one; a tool that was never built for has no rows yet",
        )
    return found


def _whole_name(opened: OpenProject, name: str) -> str:
    """Return the id of the only tool of that name among those rows read of, as `show` takes it; the name for none."""
    met: set[str] = set()

    def note(fact: str) -> bool:
        met.update(tool for tool in tools_of(fact) if tool.partition("/")[2] == name)
        return False

    readers_of(opened.workspace, note)
    if len(met) > 1:
        several = ", ".join(f"`tool:{tool}`" for tool in sorted(met))
        raise SelectionError(f"`tool:{name}` may be {several}", hint="give the source as well")
    return met.pop() if met else name


def _holders(opened: OpenProject, start: str) -> frozenset[str]:
    return frozenset(_rows_like(opened, start))


def _rows_like(opened: OpenProject, start: str, *, target: str = "") -> Mapping[str, tuple[str, ...]]:
    if len(start) < _LEAST_DIGITS:
        raise SelectionError(
            f"`{start}` is too short for a row", hint=f"give {_LEAST_DIGITS} digits of its key or more"
        )
    found = rows_like(opened.workspace, start, target=target)
    if not found:
        where = f"`{target}` has no row" if target else "no row in force has a key"
        raise SelectionError(
            f"{where} that begins with `{start}`", hint="`loopbuild show TARGET` lists the rows of one"
        )
    return found


def _is_row(word: str) -> bool:
    return "#" in word or word.startswith("row:")


def _rows_of(opened: OpenProject, words: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return the pinned tables with the one row that each word means in them."""
    wanted: dict[str, set[str]] = {}
    for word in words:
        target, mark, start = word.partition("#")
        start = start if mark else word.removeprefix("row:")
        found = _rows_like(opened, start, target=target if mark else "")
        if not mark:
            pinned = {name: rows for name, rows in found.items() if nature_of(opened.workspace, name) == "pinned"}
            if not pinned:
                raise SelectionError(
                    f"`{word}` is in no pinned table, so there is nothing to refresh",
                    hint=f"it is in {', '.join(f'`{name}`' for name in found)}; `--force` runs those again",
                )
            found = pinned
        for name, rows in found.items():
            if len(rows) > 1:
                raise SelectionError(
                    f"`{start}` is the beginning of {len(rows)} row keys of `{name}`", hint="give more digits"
                )
            wanted.setdefault(name, set()).update(rows)
    return {name: frozenset(rows) for name, rows in wanted.items()}


def _touched(opened: OpenProject, aspect: str, lines: Lines | None) -> frozenset[str]:
    """Return the tables with a row that read a tool whose roll-up differs from that of a lock."""
    old = lockfile.read(opened.workspace.root) if lines is None else lines
    tools = frozenset(tool for tool, aspects in tool_changes(opened, old).items() if aspect in aspects)
    return readers_of(opened.workspace, lambda fact: not tools.isdisjoint(tools_of(fact))) if tools else frozenset()


def tool_changes(opened: OpenProject, lines: Lines) -> dict[str, tuple[str, ...]]:
    """Return the tools that are not as a lock has them, with the roll-ups that differ; `+` a new one, `-` a removed.

    Raises SourceError for a source that can not be read.
    """
    from loopbuild.pipeline.tools import current_tools

    now = {f"tool:{tool.id}": tool for tool in current_tools(opened).catalog.tools}
    before = {name: fields for name, (_, fields) in lines.items() if name.startswith("tool:")}
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(now.keys() | before.keys()):
        if name not in now or name not in before:
            aspects: tuple[str, ...] = ("-",) if name in before else ("+",)
        else:
            _, fields = lockfile.extra_line({aspect: getattr(now[name], aspect) for aspect in ASPECTS})
            aspects = tuple(aspect for aspect in ASPECTS if fields[aspect] != before[name].get(aspect))
        if aspects:
            found[name.removeprefix("tool:")] = aspects
    return found


def tools_of(fact: str) -> tuple[str, ...]:
    """Return the tools a fact is about: one for a leaf, both ends of an edge, none for a subgraph or a server."""
    first, _, rest = fact.partition(" ")
    if first == "edge":
        return tuple(_EDGE_END.findall(rest))
    return (first,) if "/" in first else ()


def _is_tool(name: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(name, pattern) if "*" in pattern else name == pattern
