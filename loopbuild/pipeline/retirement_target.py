"""The target of rows about tools that are gone, where loop.lock knows of one."""

from __future__ import annotations

from loopbuild.engine.target import Json, Target
from loopbuild.pipeline.retiring import gone_of
from loopbuild.pipeline.targets import RETIREMENT


def retirement_target(cells: Json, context: Json) -> Target | None:
    """Return the target of rows about tools that are gone; None where none is."""
    settings = context["settings"]
    present = {cell["goal"] for rows in cells["cells"].values() for cell in rows}
    gone = gone_of(context["locked"], present, settings["sources"])
    if not gone:
        return None
    synthesis = settings["synthesis"]
    tables = [(f"rows/{name}", f"rows:{name}") for name in cells["cells"]]
    params = {
        "gone": gone,
        "renames": settings["graph"]["renames"],
        "rows": synthesis["retired"],
        "seed": settings["sampling"]["seed"],
        **({"redirected": synthesis["redirected"]} if synthesis["redirected"] else {}),
    }
    inputs = tuple(sorted([("contract", "contract:main"), *tables]))
    return Target(id="retirement:main", recipe=RETIREMENT, params=params, inputs=inputs)
