"""How near to the truth what a tool answered is: a real server, a recording of one, a world made from schemas, or
nothing but values of the right form.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.engine.target import Json
from loopbuild.pipeline.sandbox_settings import sandbox_settings
from loopbuild.records import ToolCatalog

_REAL = "exact"


def sandbox_kinds(settings: Json) -> dict[str, str]:
    """Return source -> `simulated`, `recorded`, or `exact` where a program or server answers."""
    chosen = {name: sandbox_settings(settings, name)[name]["kind"] for name in sorted(settings["sources"])}
    return {name: kind if kind in ("simulated", "recorded") else _REAL for name, kind in chosen.items()}


def fidelity(catalog: ToolCatalog, kinds: Mapping[str, str]) -> dict[str, str]:
    """Return tool -> the kind of its source; `opaque` where a simulated world does not know what the tool does."""
    from loopbuild.sandbox.simulated.model import derive

    found: dict[str, str] = {}
    for source, kind in sorted(kinds.items()):
        tools = [tool for tool in catalog.tools if tool.source == source]
        plans = derive(tools).plans if kind == "simulated" else {}
        found |= {
            tool.id: "opaque" if tool.id in plans and plans[tool.id].operation == "opaque" else kind for tool in tools
        }
    return found
