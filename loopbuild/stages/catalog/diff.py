"""Two catalogs -> `CatalogDiff`: tools added, removed, renamed and changed, each with its level.

Pure. Reordering, `$ref` against inline, number spelling and unknown `x-` keys are no change at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.records import CatalogDiff, LeafChange, ToolCatalog, ToolChange, ToolSchema
from loopbuild.stages.catalog.leafdiff import compare, worst
from loopbuild.stages.catalog.renames import pair_tools, tool_reason
from loopbuild.visible import named


def diff_catalogs(old: ToolCatalog, new: ToolCatalog, *, renames: Mapping[str, str] | None = None) -> CatalogDiff:
    """Return what turns `old` into `new`, sorted by tool.

    `renames` settles what the names leave open: old tool id -> new tool id, or `source/tool#/old` -> `source/tool#/new`
    for a parameter. An entry whose sides are not both there (any more) is ignored, it may be an old one.
    """
    said = dict(renames or {})
    before, after = old.by_id(), new.by_id()
    removed = [tool for tool in old.tools if tool.id not in after]
    added = [tool for tool in new.tools if tool.id not in before]
    notes: list[str] = []
    pairs: list[tuple[ToolSchema, ToolSchema, float, str]] = []
    for tool in removed:
        twin = next((candidate for candidate in added if candidate.id == said.get(tool.id)), None)
        if twin is not None and not any(twin is other for _, other, *_ in pairs):
            pairs.append((tool, twin, 1.0, "loop.yaml says so"))
    removed, added = _unpaired(pairs, removed, added)
    found = pair_tools(removed, added)
    pairs += [(tool, twin, points, tool_reason(tool, twin)) for tool, twin, points in found.certain]
    removed, added = _unpaired(pairs, removed, added)
    for tool, twin, points in found.doubtful:
        notes.append(
            f"`{named(tool.id)}` may have become `{named(twin.id)}` ({points:.2f}); treated as removed and "
            f"added, `graph: {{renames: {{{named(tool.id)}: {named(twin.id)}}}}}` would settle it"
        )
    notes += _moved_sources(removed, added)
    changes = [ToolChange(tool=tool.id, change="removed", level="breaking", span=tool.span) for tool in removed]
    changes += [ToolChange(tool=tool.id, change="added", level="compatible", span=tool.span) for tool in added]
    for tool, twin, points, why in pairs:
        leaves = compare(tool, twin, renames=_parameters(said, tool.id, twin.id), notes=notes)
        changes.append(
            ToolChange(tool=twin.id, change="renamed", level="breaking", old_tool=tool.id, score=points, why=why,
                       leaves=leaves, span=twin.span)
        )  # fmt: skip
    for tool in old.tools:
        twin = after.get(tool.id)
        if twin is not None and _differs(tool, twin):
            leaves = compare(tool, twin, renames=_parameters(said, tool.id, twin.id), notes=notes)
            leaves += _call_name(tool, twin)
            if leaves:
                level = worst([leaf.level for leaf in leaves])
                changes.append(ToolChange(tool=twin.id, change="changed", level=level, leaves=leaves, span=twin.span))
    changes.sort(key=lambda change: (change.tool, change.change))
    return CatalogDiff(changes=tuple(changes), notes=tuple(sorted(notes)))


def _moved_sources(removed: Sequence[ToolSchema], added: Sequence[ToolSchema]) -> list[str]:
    """Return what to know where all of a source is gone, and most of it there is under another source's name."""
    come: dict[str, dict[str, ToolSchema]] = {}
    for tool in added:
        come.setdefault(tool.source, {})[tool.name] = tool
    notes = []
    for source in sorted({tool.source for tool in removed}):
        gone = [tool for tool in removed if tool.source == source]
        for name, tools in sorted(come.items()):
            same = sum(tool.name in tools and tools[tool.name].params == tool.params for tool in gone)
            if same > len(gone) / 2 and same > 1:
                notes.append(
                    f"{same:,} of {len(gone):,} tools that are gone from source `{named(source)}` came with source "
                    f"`{named(name)}`: under its old name their rows would be kept"
                )
    return notes


def _unpaired(
    pairs: Sequence[tuple[ToolSchema, ToolSchema, float, str]],
    removed: Sequence[ToolSchema],
    added: Sequence[ToolSchema],
) -> tuple[list[ToolSchema], list[ToolSchema]]:
    gone = {old.id for old, *_ in pairs}
    come = {new.id for _, new, *_ in pairs}
    return [tool for tool in removed if tool.id not in gone], [tool for tool in added if tool.id not in come]


def _differs(old: ToolSchema, new: ToolSchema) -> bool:
    return any(
        getattr(old, name) != getattr(new, name)
        for name in (
            "params",
            "returns",
            "docs",
            "effect",
            "gate",
            "call_name",
            "output_origin",
            "transport",
            "hints",
            "is_deprecated",
        )
    )


def _call_name(old: ToolSchema, new: ToolSchema) -> tuple[LeafChange, ...]:
    if old.call_name == new.call_name:
        return ()
    detail = f"a model calls it `{new.call_name}`, no longer `{old.call_name}`"
    return (
        LeafChange(change="call_name_changed", level="breaking", old=old.call_name, new=new.call_name, detail=detail),
    )


def _parameters(renames: Mapping[str, str], old_id: str, new_id: str) -> dict[str, str]:
    """Return the settled parameter renames of one tool, pointer to pointer."""
    out: dict[str, str] = {}
    for left, right in renames.items():
        tool, mark, pointer = left.partition("#")
        twin, _, target = right.partition("#")
        if mark and tool in (old_id, new_id) and twin in (old_id, new_id):
            out[pointer] = target
    return out
