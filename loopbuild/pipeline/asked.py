"""What is counted of requests that cost something, and what a plan knows of the inputs they are made from."""

from __future__ import annotations

import json
from dataclasses import dataclass

from loopbuild.engine.objects import ObjectDamaged
from loopbuild.engine.planned import Plan
from loopbuild.engine.query import surviving
from loopbuild.engine.target import Json
from loopbuild.pipeline.builds import OpenProject


@dataclass(slots=True, kw_only=True)
class Asked:
    """Requests to one model, and the tokens of their prompts."""

    about: float = 0.0
    most: int = 0
    prompt: float = 0.0
    """Tokens of all prompts together, about."""
    prompt_most: int = 0

    def add(self, other: Asked) -> None:
        """Add others to these."""
        self.about += other.about
        self.most += other.most
        self.prompt += other.prompt
        self.prompt_most += other.prompt_most


def planned_output(opened: OpenProject, planned: Plan, name: str) -> Json | None:
    """Return what a target of a plan holds, as far as it is here."""
    entry = planned.entries.get(name)
    if entry is not None and entry.output:
        try:
            return json.loads(opened.workspace.objects.get(entry.output))
        except ObjectDamaged:
            pass  # evaluated in memory only; what was in force before is close enough for a price
    return surviving(opened.workspace, name)
