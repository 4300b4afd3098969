"""`engine:`: how the build behaves."""

from __future__ import annotations

from typing import Literal

from loopbuild.loopfile.sections.base import Section


class EngineSettings(Section):
    """Behaviour of the build itself."""

    on_doc_change: Literal["rerender"] = "rerender"
    """A changed description alters prompts only: nothing is resampled, rewritten or retrained."""

    executor: Literal["processes", "ray"] = "processes"
    """Where row work runs beside this process: processes of this machine (`--jobs`), or a Ray cluster."""
