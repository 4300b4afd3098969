"""What loop.yaml says about single tools of a source: which to keep, what they do, what they return.

Pure: tools and settings in, tools and diagnostics out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from loopbuild.records import DeclaredTool, Diagnostic, Json
from loopbuild.stages.sources.shapes import contradictions
from loopbuild.stages.sources.shorthand import BadShape, schema_of


def select(tools: Sequence[DeclaredTool], settings: Json) -> tuple[list[DeclaredTool], list[Diagnostic]]:
    """Return what `include` and `exclude` keep, with `effects` and `returns` applied, and what went unused."""
    kept, notes = keep(tools, settings)
    out, more = apply(kept, settings)
    return out, notes + more


def keep(tools: Sequence[DeclaredTool], settings: Json) -> tuple[list[DeclaredTool], list[Diagnostic]]:
    """Return the tools that `include`, `exclude` and `deprecated` keep, and the patterns that match none."""
    include = list(settings.get("include") or ())
    exclude = list(settings.get("exclude") or ())
    kept = [
        tool
        for tool in tools
        if (not include or any(is_meant(tool, glob) for glob in include))
        and not any(is_meant(tool, glob) for glob in exclude)
    ]
    notes = [
        _unused(key, glob)
        for key, globs in (("include", include), ("exclude", exclude))
        for glob in globs
        if not any(is_meant(tool, glob) for tool in tools)
    ]
    if settings.get("deprecated") == "retire":
        notes += [_retired(tool) for tool in kept if _is_deprecated(tool)]
        kept = [tool for tool in kept if not _is_deprecated(tool)]
    return kept, notes


def apply(kept: Sequence[DeclaredTool], settings: Json) -> tuple[list[DeclaredTool], list[Diagnostic]]:
    """Return tools with `effects` and `returns` of loop.yaml applied, and the names there that match none.

    An effect given in loop.yaml is kept apart from the source's own untrusted hints, as the hint `effect`.
    """
    effects = settings.get("effects") or {}
    returns = settings.get("returns") or {}
    notes = [_unused("effects", glob) for glob in sorted(effects) if not _any_name(kept, glob)]
    notes += [_unused("returns", glob) for glob in sorted(returns) if not _any_name(kept, glob)]
    out: list[DeclaredTool] = []
    for tool in kept:
        effect = _best(effects, tool.name)
        if effect is not None:
            tool = replace(tool, hints={**tool.hints, "effect": effect})
        shape = _best(returns, tool.name)
        if shape is not None:
            try:
                given = schema_of(shape)
                notes += _against(tool, given)
                tool = replace(tool, output_schema=given, output_origin="override")
            except BadShape as exc:
                notes.append(
                    Diagnostic(
                        severity="error",
                        code="bad-returns",
                        message=f"`returns` of `{tool.name}`: {exc.message}",
                        span=tool.span,
                        hint=exc.hint,
                    )
                )
        out.append(tool)
    return out, notes


def is_meant(tool: DeclaredTool, pattern: str) -> bool:
    """Say whether a pattern of `include` or `exclude` means a tool: by name, `tag:x`, `method:x` or `path:x`."""
    kind, colon, glob = pattern.partition(":")
    if colon and kind in ("tag", "method", "path"):
        transport = tool.hints.get("transport") or {}
        values = tool.hints.get("tags") or () if kind == "tag" else (transport.get(kind, ""),)
        glob = glob.lower() if kind == "method" else glob
        return any(fnmatchcase(str(value), glob) for value in values)
    return fnmatchcase(tool.name, pattern)


def _against(tool: DeclaredTool, given: Json) -> list[Diagnostic]:
    """Say where `returns` contradicts what the source declares; `returns` wins."""
    if tool.output_origin != "declared":
        return []
    return [
        Diagnostic(
            severity="warning",
            code="override-vs-declared",
            message=f"`returns` of `{tool.name}` makes `{pointer or '/'}` {', '.join(kinds)}, "
            "which its source declares otherwise",
            span=tool.span,
        )
        for pointer, kinds in contradictions(tool.output_schema, given)
    ]


def _is_deprecated(tool: DeclaredTool) -> bool:
    return tool.hints.get("deprecated") is True


def _retired(tool: DeclaredTool) -> Diagnostic:
    message = f"`{tool.name}` is deprecated, so it counts as gone"
    return Diagnostic(severity="note", code="deprecated", message=message, span=tool.span)


def _any_name(tools: Sequence[DeclaredTool], glob: str) -> bool:
    return any(fnmatchcase(tool.name, glob) for tool in tools)


def _best(table: dict[str, Json], name: str) -> Json:
    """Return the entry of `name`, exact names before globs, longer globs before shorter ones."""
    if name in table:
        return table[name]
    globs = sorted((glob for glob in table if fnmatchcase(name, glob)), key=lambda glob: (-len(glob), glob))
    return table[globs[0]] if globs else None


def _unused(key: str, glob: str) -> Diagnostic:
    return Diagnostic(severity="warning", code="unknown-name", message=f"`{key}`: no tool is called `{glob}`")
