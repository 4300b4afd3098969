"""loop.yaml from its file to frozen records, with every mistake at once.

Decides the order of the readings: bytes, YAML, shape, then what must hold between settings. Resolves no `${VAR}`:
values of the environment stay out of the records, and so out of every digest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from loopbuild.digest import digest_bytes
from loopbuild.documents import Document, Unreadable, read_yaml
from loopbuild.documents import Path as Path_
from loopbuild.errors import LoopfileError
from loopbuild.loopfile.checks import check
from loopbuild.loopfile.model import Loopfile
from loopbuild.loopfile.sections.synthesis import Categories
from loopbuild.loopfile.spans import Settings
from loopbuild.loopfile.translate import translate
from loopbuild.records import Diagnostic, Span

_FIRST = "`loopbuild init` writes a first one"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLoopfile:
    """A valid loop.yaml."""

    loopfile: Loopfile
    digest: str
    """Of the file's bytes; settings are compared by the records, never by this."""
    warnings: tuple[Diagnostic, ...]
    text: str
    """What `warnings` point into."""
    places: Mapping[str, str]
    """Promise about the dataset -> `file:line:column` of the setting that makes it, or of what is written nearest."""


def load(path: Path, *, environment: Mapping[str, str]) -> LoadedLoopfile:
    """Return the settings of a loop.yaml; raises LoopfileError with every diagnostic in file order.

    Paths in the file are relative to its folder. `environment` only tells which variables are set.
    """
    file = _label(path)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise LoopfileError(f"`{file}` does not exist", hint="`loopbuild init` writes one") from None
    except OSError as exc:
        raise LoopfileError(f"`{file}` cannot be read: {(exc.strerror or str(exc)).lower()}") from exc
    try:
        document = read_yaml(content, file=file)
    except Unreadable as exc:
        found = [replace(one, hint=_FIRST) if one.code == "empty" else one for one in exc.diagnostics]
        raise _failed(file, found) from None
    loopfile, found = read(document, folder=path.parent, environment=environment)
    if loopfile is None:
        raise _failed(file, found)
    return LoadedLoopfile(
        loopfile=loopfile,
        digest=digest_bytes("loopfile", content),
        warnings=tuple(found),
        text=document.text,
        places=_places(Settings(document), path.name),
    )


def _places(settings: Settings, file: str) -> dict[str, str]:
    paths: dict[str, Path_] = {name: ("synthesis", "categories", name) for name in Categories.model_fields}
    paths |= {"rows": ("sampling", "per_tool"), "split": ("evaluation", "held_out"), "verdicts": ("filters",)}
    paths["retired"] = ("synthesis", "retired")
    paths["self_bleu"] = ("synthesis", "variety", "fail")
    found = {}
    for name, path in paths.items():
        span = settings.span(path, key=True)
        found[name] = f"{file}:{span.line}:{span.column}"
    return found


def read(
    document: Document, *, folder: Path, environment: Mapping[str, str]
) -> tuple[Loopfile | None, list[Diagnostic]]:
    """Return the settings, None when there is an error, and all diagnostics in file order."""
    value = document.value
    if not isinstance(value, dict):
        empty = value is None
        message = f"`{document.file}` is empty" if empty else f"`{document.file}` must be a mapping of sections"
        span = Span(file=document.file, line=1, column=1)
        code = "empty" if empty else "wrong-type"
        return None, [Diagnostic(severity="error", code=code, message=message, span=span, hint=_FIRST)]
    settings = Settings(document)
    found = list(document.diagnostics)
    loopfile = None
    try:
        loopfile = Loopfile.model_validate(settings.value)
    except ValidationError as exc:
        found += [translate(error, settings) for error in exc.errors(include_url=False)]
    found += check(settings, folder=folder, environment=environment)
    found = _in_file_order(found)
    is_valid = not any(diagnostic.severity == "error" for diagnostic in found)
    return (loopfile if is_valid else None), found


def _failed(file: str, found: list[Diagnostic]) -> LoopfileError:
    errors = [diagnostic for diagnostic in found if diagnostic.severity == "error"]
    return LoopfileError(f"`{file}` has {len(errors)} mistake{'s' if len(errors) > 1 else ''}", diagnostics=found)


def _in_file_order(found: list[Diagnostic]) -> list[Diagnostic]:
    """Sort by place; of several errors at one place the first found stays, it is the cause."""
    kept: dict[tuple[int, int, str], Diagnostic] = {}
    for diagnostic in found:
        span = diagnostic.span or Span(file="")
        # Two keys may be missing at one place; any other second error there follows from the first.
        extra = diagnostic.message if diagnostic.code == "missing-key" or diagnostic.severity != "error" else ""
        kept.setdefault((span.line, span.column, extra), diagnostic)
    return [kept[place] for place in sorted(kept, key=lambda place: place[:2])]


def _label(path: Path) -> str:
    shown = os.path.relpath(path)
    return str(path) if shown.startswith("..") else shown
