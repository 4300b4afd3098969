"""Builders: a project folder with one schema file, and loop.yaml written into it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from loopbuild.errors import LoopfileError
from loopbuild.loopfile.diagnostics import render_all
from loopbuild.loopfile.load import LoadedLoopfile, load
from loopbuild.records import Diagnostic

HEAD = "version: 1\nsources:\n  hr: {kind: toolspec, path: hr.json}\n"
"""Three lines; what a test adds begins on line 4."""


class Folder:
    """A project folder; `loop.yaml` in it is rewritten by every call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "hr.json").write_text("[]")

    def load(self, text: str | bytes, *, environment: Mapping[str, str] | None = None) -> LoadedLoopfile:
        content = text if isinstance(text, bytes) else text.encode()
        (self.path / "loop.yaml").write_bytes(content)
        return load(Path("loop.yaml"), environment=environment or {})

    def found(self, text: str | bytes, *, environment: Mapping[str, str] | None = None) -> tuple[Diagnostic, ...]:
        """Return all diagnostics, of a valid file its warnings."""
        try:
            return self.load(text, environment=environment).warnings
        except LoopfileError as error:
            return error.diagnostics

    def lines(self, text: str | bytes, *, environment: Mapping[str, str] | None = None) -> list[str]:
        """Return each diagnostic as `line:column code: message (hint)`."""
        found = self.found(text, environment=environment)
        assert all(one.span is not None and one.span.file == "loop.yaml" for one in found)
        return [
            f"{one.span.line}:{one.span.column} {one.code}: {one.message}" + (f" ({one.hint})" if one.hint else "")
            for one in found
            if one.span is not None
        ]

    def screen(self, text: str | bytes, *, environment: Mapping[str, str] | None = None) -> str:
        """Return what a person sees."""
        return render_all(self.found(text, environment=environment)) + "\n"
