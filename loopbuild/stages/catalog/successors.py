"""Which tool took the place of one that is gone, by what loop.lock still tells of it: its name and two digests.

The schema itself may be nowhere any more, and whoever clones the project shall find the same. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.records import ToolCatalog, ToolSchema
from loopbuild.stages.catalog.renames import jaccard
from loopbuild.stages.catalog.words import words_of

LEAST = 0.60
"""Half of it is the name, a quarter each the input and the return: one of the three may have changed, not two."""


def successor_of(gone: str, params: str, returns: str, catalog: ToolCatalog, *, said: Mapping[str, str]) -> str:
    """Return the id of the tool that took the place of `gone`; empty where none did, or several might have.

    `params` and `returns` are its digests or their beginnings; `said` are renames that loop.yaml settles.
    """
    tools = catalog.by_id()
    if said.get(gone) in tools:
        return said[gone]
    source, _, name = gone.partition("/")
    scored = sorted(
        ((_likeness(name, params, returns, tool), tool.id) for tool in catalog.tools if tool.source == source),
        reverse=True,
    )
    if not scored or scored[0][0] < LEAST or (len(scored) > 1 and scored[0][0] == scored[1][0]):
        return ""
    return scored[0][1]


def _likeness(name: str, params: str, returns: str, tool: ToolSchema) -> float:
    named = jaccard(words_of(name), words_of(tool.name))
    same = [bool(old) and new.startswith(old) for old, new in ((params, tool.params), (returns, tool.returns))]
    return 0.5 * named + 0.25 * sum(same) if named else 0.0
