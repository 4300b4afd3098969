"""What must hold between settings, and what is legal but odd."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from loopbuild.loopfile.spans import Settings
from loopbuild.records import Diagnostic


def check(settings: Settings, *, folder: Path, environment: Mapping[str, str]) -> list[Diagnostic]:
    """Return what is wrong or odd beyond single values."""
    return []
