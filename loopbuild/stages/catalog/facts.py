"""The named facts of a catalog: what a row can depend on, by name. Pure."""

from __future__ import annotations

from loopbuild.records import ToolCatalog, fact_name


def facts(catalog: ToolCatalog) -> dict[str, str]:
    """Return fact name -> fingerprint for every leaf, gate and effect; what was removed is simply absent."""
    out: dict[str, str] = {}
    for tool in catalog.tools:
        for leaf in (*tool.inputs, *tool.outputs):
            out[fact_name(tool.id, leaf.side, leaf.pointer)] = leaf.fingerprint
        out[fact_name(tool.id, "gate")] = tool.gate
        out[fact_name(tool.id, "effect")] = tool.effect
    return dict(sorted(out.items()))
