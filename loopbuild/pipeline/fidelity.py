"""How near to the truth what a tool answered is: a real server, a recording of one, a world made from schemas, or
nothing but values of the right form.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.engine.target import Json
from loopbuild.pipeline.sandbox_settings import entities_said, sandbox_settings
from loopbuild.records import ToolCatalog

_REAL = "exact"


def sandbox_kinds(settings: Json) -> dict[str, Json]:
    """Return source -> `simulated`, `recorded`, or `exact` where a program or server answers.

    What a simulated world is told of entities stands with it, for it is what a tool is understood by.
    """
    chosen = {name: sandbox_settings(settings, name)[name] for name in sorted(settings["sources"])}
    kinds = {name: one["kind"] if one["kind"] in ("simulated", "recorded") else _REAL for name, one in chosen.items()}
    return kinds | {name: {"simulated": said} for name, said in entities_said(chosen).items()}


def fidelity(catalog: ToolCatalog, kinds: Mapping[str, Json]) -> dict[str, str]:
    """Return tool -> the kind of its source; `opaque` where a simulated world does not know what the tool does."""
    from loopbuild.sandbox.simulated.declared import model_of

    found: dict[str, str] = {}
    for source, chosen in sorted(kinds.items()):
        kind, said = (chosen, {}) if isinstance(chosen, str) else next(iter(chosen.items()))
        tools = [tool for tool in catalog.tools if tool.source == source]
        plans = model_of(tools, said).plans if kind == "simulated" else {}
        found |= {
            tool.id: "opaque" if tool.id in plans and plans[tool.id].operation == "opaque" else kind for tool in tools
        }
    return found
