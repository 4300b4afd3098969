"""Which two optional parameters of a tool shall be seen together, apart and neither: what a schema lets a call do.

Pure, and a matter of one tool alone: what another takes decides nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import combinations, product

from loopbuild.digest import unit_interval
from loopbuild.pointers import escaped
from loopbuild.records import Json, ToolSchema
from loopbuild.stages.sampling.alternatives import sets_of

MOST = 8
"""Parameters of a tool that are paired: of three hundred nobody sees all pairs."""

Combination = tuple[str, bool, str, bool]
"""Two parameters by pointer, each with whether it is given."""


def paired(tool: ToolSchema, optional: Sequence[str]) -> Sequence[str]:
    """Return the `optional` parameters that are paired: of many the same ones, one more takes the place of one."""
    if len(optional) <= MOST:
        return optional
    ranked = sorted(optional, key=lambda pointer: unit_interval("paired", [tool.id, pointer]))
    return sorted(ranked[:MOST])


def combined(tool: ToolSchema, optional: Sequence[str]) -> Iterator[Combination]:
    """Yield what two of the `optional` parameters can be, both given, one or neither; not what a schema refuses."""
    alternatives, needs = _alternatives(tool.input_schema), _needs(tool.input_schema)
    for first, second in combinations(paired(tool, optional), 2):
        for is_first, is_second in product((True, False), repeat=2):
            given = {name for name, is_given in ((first, is_first), (second, is_second)) if is_given}
            left, whole = {first, second} - given, _whole(given, needs)
            if left.isdisjoint(whole) and not any(_refuses(sets, whole, left) for sets in alternatives):
                yield first, is_first, second, is_second


Sets = tuple[bool, tuple[frozenset[str], ...]]
"""Whether only one of them may be given, and the sets of parameters one of which must be."""


def _alternatives(schema: Json) -> list[Sets]:
    """Return the sets of parameters of `oneOf` and `anyOf`, where these say nothing else."""
    found = [(rule == "oneOf", sets_of((schema or {}).get(rule))) for rule in ("oneOf", "anyOf")]
    return [(is_one, tuple(map(_pointers, sets))) for is_one, sets in found if sets]


def _needs(schema: Json) -> dict[str, frozenset[str]]:
    rules = (schema or {}).get("dependentRequired") or {}
    return {f"/{escaped(name)}": _pointers(names) for name, names in rules.items()}


def _pointers(names: Collection[str]) -> frozenset[str]:
    return frozenset(f"/{escaped(name)}" for name in names)


def _refuses(sets: Sets, given: Set[str], left: Set[str]) -> bool:
    """Say whether parameters given and left out leave none of the sets, or more of them than may be."""
    is_one, members = sets
    if all(not names.isdisjoint(left) for names in members):
        return True
    return is_one and sum(names <= given for names in members) > 1


def _whole(given: Set[str], needs: Mapping[str, frozenset[str]]) -> Set[str]:
    """Return the parameters given with all that go with them."""
    found = set(given)
    while more := {other for name in found for other in needs.get(name, ())} - found:
        found |= more
    return found
