"""The tool graph: which output may feed which input, the units of work that follow, and drawings of both."""

from __future__ import annotations

from loopbuild.stages.toolgraph.build import build_graph
from loopbuild.stages.toolgraph.draw import to_mermaid, to_svg, to_text

__all__ = ["build_graph", "to_mermaid", "to_svg", "to_text"]
