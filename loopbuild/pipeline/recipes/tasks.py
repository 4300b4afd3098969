"""`tasks:<subgraph>`: trajectories -> words. A row is written anew only when what its writer is told has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from loopbuild.digest import unit_interval
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.llm import WriteRequest
from loopbuild.pipeline import shared
from loopbuild.records import ToolCatalog, Trajectory, from_json, to_json


def wanted(action: Action) -> Iterable[WantedRow]:
    """The requests of every trajectory; each holds everything its writer learns."""
    from loopbuild.stages.synthesis.requests import writer_of

    writers = [writer["model"] for writer in action.params["writers"]]
    catalog = action.derived(shared.catalog, "contract")
    for trajectory in trajectories(action.input("trajectories")):
        for request in requests_of(trajectory, catalog, action.params):
            told = {"writer": writer_of(request.key, writers), "asked": to_json(request), "basis": trajectory.digest}
            yield WantedRow(key=request.key, request=told | {"trajectory": trajectory.key})


def facts(action: Action) -> Mapping[str, str]:
    """None: the request says it all."""
    return {}


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Let each writer word its rows."""
    from loopbuild.llm import open_writer
    from loopbuild.stages.synthesis.dialogues import to_task

    known = {one.key: one for one in trajectories(action.input("trajectories"))}
    by_writer: dict[str, list[WantedRow]] = {}
    for row in rows:
        by_writer.setdefault(row.request["writer"], []).append(row)
    for name, share in sorted(by_writer.items()):
        asked = {row.key: from_json(WriteRequest, row.request["asked"]) for row in share}
        basis = {row.key: known[row.request["trajectory"]] for row in share}
        for answer in open_writer(name).write_many(list(asked.values())):
            task = to_task(basis[answer.key], asked[answer.key], answer, writer=name)
            yield RowResult(key=answer.key, output=to_json(task))


def trajectories(table: Json) -> list[Trajectory]:
    """Return the trajectories of a table, without the cells that could not be reached."""
    return [from_json(Trajectory, row) for _, row in sorted(table["rows"].items()) if "unreachable" not in row]


def requests_of(trajectory: Trajectory, catalog: ToolCatalog, params: Mapping[str, Json]) -> list[WriteRequest]:
    """Return what is written about one trajectory.

    For training every level, and a clarifying dialogue for a share of them. For evaluation one level, drawn from the
    trajectory's own key, once in a trained voice and once in the reserved one: more texts of one execution would only
    make the intervals look narrower than they are.
    """
    from loopbuild.stages.synthesis.clarify import clarify_request, is_due
    from loopbuild.stages.synthesis.requests import make_requests

    seed, lexicon, levels = params["seed"], params["lexicon"], params["levels"]
    is_eval = trajectory.cell.purpose == "eval"
    if is_eval:
        levels = [levels[int(unit_interval("level", trajectory.key) * len(levels))]]
    texts = 1 if is_eval else params["texts_per_level"]
    requests = make_requests(trajectory, catalog, levels=levels, texts_per_level=texts, seed=seed, lexicon=lexicon)
    # Of the texts wanted, `clarify` is a share; of the trajectories it is that share times the texts each gets.
    share = params["clarify"] * len(levels) * texts / max(1e-9, 1.0 - params["clarify"]) / SINGLE_SHARE
    if is_due(trajectory, share=min(1.0, share), seed=seed):
        dialogue = clarify_request(trajectory, catalog, seed=seed, lexicon=lexicon)
        if dialogue is not None:
            requests.append(dialogue)
    return requests


SINGLE_SHARE = 0.5
"""About how many trajectories are single calls with something to leave out; only those can become dialogues."""
