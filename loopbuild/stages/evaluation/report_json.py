"""The report as one canonical JSON document for programs: sorted, without clocks, the drawing left out."""

from __future__ import annotations

import json

from loopbuild.stages.evaluation.report import Report


def render_json(report: Report) -> str:
    """Return the report as indented JSON with sorted keys and a final line break."""
    kept = {name: value for name, value in report.items() if name != "graph_svg"}
    return json.dumps(kept, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
