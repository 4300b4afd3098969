"""A tool under another of its names: the one it had before, or the one that changed files give it."""

from __future__ import annotations

from collections.abc import Iterable

from loopbuild.engine import lockfile
from loopbuild.errors import LoopbuildError
from loopbuild.pipeline.builds import OpenProject


def other_name(opened: OpenProject, query: str, known: Iterable[str]) -> tuple[str, str]:
    """Return (id of a built tool, what is to be said about its names) for a name that none has now; else two empties.

    Reads loop.lock first; only then the schema files, which may rename what was built.
    """
    tools = set(known)
    for name, (_, fields) in lockfile.read(opened.workspace.root).items():
        kind, _, old = name.partition(":")
        if kind == "retired" and _is_called(old, query) and fields.get("successor") in tools:
            return fields["successor"], f"`{old}` is called `{fields['successor']}` now"
    for old, new in _renamed(opened):
        if _is_called(new, query) and old in tools:
            return old, f"the schema files call `{old}` `{new}`, as the next build will; this is what was built"
    return "", ""


def _renamed(opened: OpenProject) -> list[tuple[str, str]]:
    from loopbuild.pipeline.comparing import file_reader, settings_of
    from loopbuild.pipeline.declared import declared, source_targets
    from loopbuild.pipeline.tools import built_catalog, difference

    root, built = opened.workspace.root, built_catalog(opened)
    try:
        settings = settings_of(opened)
        now = declared(source_targets(settings, root), settings, file_reader(root)).catalog
        changes = difference(built, now, settings=settings).changes if built is not None else ()
    except LoopbuildError:
        return []  # whoever looks at what was built is not stopped by files that are being edited
    return [(change.old_tool, change.tool) for change in changes if change.change == "renamed" and change.old_tool]


def _is_called(tool: str, query: str) -> bool:
    return query in (tool, tool.partition("/")[2])
