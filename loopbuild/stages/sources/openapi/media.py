"""Which of several media types of a request or response is read: those a model can write and read come first."""

from __future__ import annotations

from loopbuild.records import Json
from loopbuild.stages.sources.openapi.spec import Place, Spec

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def preferred(spec: Spec, content: Json, at: Place) -> tuple[str, Json, Place]:
    """Return (media type, schema, its place); the schema is None where no readable type has one."""
    if not isinstance(content, dict):
        return "", None, at
    ranked = sorted((rank, name) for name in content if (rank := _rank(name)) is not None)
    for _, name in ranked:
        value = content[name]
        if isinstance(value, dict) and isinstance(value.get("schema"), dict | bool):
            return name, value["schema"], at.below(name, "schema")
    if content and not ranked:
        spec.say("note", "media", f"only {', '.join(f'`{name}`' for name in sorted(content)[:3])}: not read", at)
    return (ranked[0][1] if ranked else ""), None, at


def _rank(name: str) -> int | None:
    media = name.partition(";")[0].strip().lower()
    if media in ("application/json", "*/*", "application/*"):
        return 0
    if media.endswith("+json"):
        return 1
    if media in _FORMS:
        return 2 + _FORMS.index(media)
    return 5 if media.startswith("text/") else None
