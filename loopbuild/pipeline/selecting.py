"""What the filters that cost nothing leave of all rows made: one decision, whoever goes on from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.covered import shown_by
from loopbuild.pipeline.refilling import refilled, rounds_of
from loopbuild.records import Example, ToolCatalog, ToolGraph, Verdict, from_json


def table_rows(action: Action, kind: str) -> Iterator[tuple[str, Json]]:
    """Yield key and row of every input table of a kind."""
    for role, batch in sorted(action.inputs().items()):
        if role.partition("/")[0] == kind:
            yield from sorted(batch["rows"].items())


def made_rows(action: Action) -> dict[str, Json]:
    """Return every row that was made, by key."""
    return {key: row for kind in ("negatives", "rows", "retirement") for key, row in table_rows(action, kind)}


def free_verdicts(
    action: Action, rows: Mapping[str, Json], *, shares: Mapping[str, float], filters: Json
) -> dict[str, Verdict]:
    """Return a verdict for each row: those it has, those of shares, and those of filters that compare rows.

    Rows that were planned in case others are lost are looked at last, and taken where something is short.
    """
    from loopbuild.stages.filters.mix import cut_back
    from loopbuild.stages.filters.selection import select_rows

    verdicts = {key: from_json(Verdict, row["verdict"]) for key, row in rows.items()}
    good = trained(rows, verdicts)
    trajectories = {row.get("key", key): row for key, row in table_rows(action, "trajectories")}
    rounds = rounds_of(trajectories)
    kept = [one for one in good if one.trajectory not in rounds]
    # Before rows are held against each other, for a surplus is not there to crowd others out; and after, for `quota`
    # evens categories out.
    verdicts |= cut_back(kept, shares=shares)
    verdicts |= select_rows([one for one in kept if verdicts[one.key].kept], filters=filters)
    if rounds:
        catalog = from_json(ToolCatalog, action.input("contract"))
        graph = from_json(ToolGraph, action.input("graph"))
        verdicts |= refilled(
            [one for one in kept if verdicts[one.key].kept],
            [one for one in good if one.trajectory in rounds],
            rounds=rounds,
            shown=shown_by(trajectories, catalog, graph),
            filters=filters,
        )
    return cut_again(verdicts, good, shares=shares)


def cut_again(verdicts: dict[str, Verdict], kept: list[Example], *, shares: Mapping[str, float]) -> dict[str, Verdict]:
    """Cut categories back once more after rows went: with rows of several calls the share of those that recover does
    too.
    """
    from loopbuild.stages.filters.mix import cut_back

    while cut := cut_back([one for one in kept if verdicts[one.key].kept], shares=shares):
        verdicts |= cut
    return verdicts


def trained(rows: Mapping[str, Json], verdicts: Mapping[str, Verdict]) -> list[Example]:
    """Return the training rows that are kept, in order."""
    return [
        from_json(Example, row["example"])
        for key, row in rows.items()
        if row["example"]["split"] == "train" and verdicts[key].kept
    ]
