"""Which of several sets of parameters a call gives, where the schema asks for one of them: by number or by address."""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.digest import seed
from loopbuild.records import Json, ToolSchema
from loopbuild.stages.sampling.reach import Reach


def alternative(tool: ToolSchema, reach: Reach, *, key: str) -> Mapping[str, bool]:
    """Return name -> whether a call gives it, for the parameters that `anyOf` and `oneOf` of a tool decide about.

    Sets that people can fill come before those with ids, and those a plan wishes for before all.
    """
    found: dict[str, bool] = {}
    for rule in ("anyOf", "oneOf"):
        sets = sets_of((tool.input_schema or {}).get(rule))
        if not sets:
            continue
        wished = [names for names in sets if any(reach.given.get((tool.id, f"/{name}")) for name in names)]
        sayable = [names for names in sets if all(_is_sayable(tool, name, reach) for name in names)]
        choice = wished or sayable or sets
        chosen = choice[seed("alternative", [key, tool.id, rule]) % len(choice)]
        found |= {name: name in chosen for names in sets for name in names}
    return found


def sets_of(rule: Json) -> list[tuple[str, ...]]:
    """Return the sets of parameters that an `anyOf` or `oneOf` asks for; none where it says anything else."""
    parts = rule if isinstance(rule, list) else []
    if not all(isinstance(part, Mapping) and part.get("required") for part in parts):
        return []
    return [tuple(part["required"]) for part in parts]


def _is_sayable(tool: ToolSchema, name: str, reach: Reach) -> bool:
    leaves = [leaf for leaf in tool.inputs if leaf.pointer.split("/")[1] == name]
    return bool(leaves) and all(reach.may_be_said(leaf, tool.id) for leaf in leaves)
