"""`retirement:main`: rows about tools that loop.lock knows and the catalog has no more."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.retiring import successors
from loopbuild.records import Example, ToolCatalog, from_json, to_json


def run(action: Action) -> Json:
    """Tell rows of each successor again, beginning with the old name; refuse where there is none."""
    from loopbuild.stages.synthesis.retired import retired_rows

    catalog, params = from_json(ToolCatalog, action.input("contract")), action.params
    there = {tool.id for tool in catalog.tools}
    gone = {tool: digests for tool, digests in params["gone"].items() if tool not in there}
    named = successors(gone, catalog, params["renames"])
    kept = [
        from_json(Example, row["example"])
        for role, table in sorted(action.inputs().items())
        if role.startswith("rows/")
        for _, row in sorted(table["rows"].items())
        if row["verdict"]["kept"]
        and row["example"]["split"] == "train"
        and len(row["example"]["tools"]) == 1
        # The words of a dialogue are about more than its first call.
        and row["example"]["category"] != "dialogue"
    ]
    made = retired_rows(named, kept, catalog, count=params["rows"], seed=params["seed"])
    verdict = {"kept": True, "filter": "", "reason": "", "detail": ""}
    return {
        "rows": {one.key: {"example": to_json(one), "verdict": {"key": one.key, **verdict}} for one in made},
        "successors": named,
    }
