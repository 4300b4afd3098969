"""`retirement:main`: rows about tools that loop.lock knows and the catalog has no more."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.retiring import successors
from loopbuild.records import Example, ToolCatalog, from_json, to_json


def run(action: Action) -> Json:
    """Tell rows of each successor again, with the old name in a call or a request; refuse where there is none."""
    from loopbuild.stages.synthesis.retired import retired_rows

    catalog, params = from_json(ToolCatalog, action.input("contract")), action.params
    there = {tool.id for tool in catalog.tools}
    gone = {tool: digests for tool, digests in params["gone"].items() if tool not in there}
    named = successors(gone, catalog, params["renames"])
    wanted = {successor for successor in named.values() if successor}
    kept = [
        from_json(Example, row["example"])
        for role, table in sorted(action.inputs().items())
        if role.startswith("rows/")
        for _, row in sorted(table["rows"].items())
        if row["verdict"]["kept"]
        and row["example"]["split"] == "train"
        and wanted & set(row["example"]["tools"])
        # The words of a dialogue are about more than its first call.
        and row["example"]["category"] != "dialogue"
    ]
    told = {"count": params["rows"], "redirected": params.get("redirected", 0), "seed": params["seed"]}
    made = retired_rows(named, kept, catalog, **told)
    verdict = {"kept": True, "filter": "", "reason": "", "detail": ""}
    return {
        "rows": {one.key: {"example": to_json(one), "verdict": {"key": one.key, **verdict}} for one in made},
        "successors": named,
    }
