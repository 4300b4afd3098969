"""Which calls of a service may run at all. Pure: the settings and the tool decide, never the service.

A write runs only where loop.yaml allows it and a reset is declared: without one, what a row leaves behind would be the
next row's world.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from loopbuild.records import Json, ToolSchema
from loopbuild.sandbox.http.requests import is_reading, method_of


def why_not(tool: ToolSchema, settings: Json) -> tuple[str, str]:
    """Return (code, sentence) for a call that may not run; two empty texts for one that may."""
    if not tool.transport.get("path"):
        return "no_transport", f"`{tool.id}` says no method and path, so it cannot be asked over HTTP"
    if is_reading(tool):
        return "", ""
    method = method_of(tool)
    is_destructive = tool.effect == "delete" or method == "DELETE"
    if is_destructive and not any(fnmatchcase(tool.name, glob) for glob in settings.get("allow_destructive") or ()):
        return "read_only", f"`{tool.id}` destroys, and no `allow_destructive` of its sandbox names it"
    if not is_destructive and not settings.get("allow_writes") and method not in _methods(settings):
        return "read_only", f"`{tool.id}` writes ({method}), and its sandbox is read-only without `allow_writes`"
    if not settings.get("reset"):
        return "no_reset", f"`{tool.id}` writes, and its sandbox declares no `reset` to take that back"
    return "", ""


def may_write(settings: Json) -> bool:
    """Say whether anything this sandbox runs can change the service."""
    allows = settings.get("allow_writes") or settings.get("allow_methods") or settings.get("allow_destructive")
    return bool(settings.get("reset") and allows)


def _methods(settings: Json) -> set[str]:
    return {str(method).upper() for method in settings.get("allow_methods") or ()}
