"""`tasks:<subgraph>`: trajectories -> words. A row is written anew only when what its writer is told has changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from loopbuild.digest import digest, unit_interval
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.llm import WriteAnswer, WriteRequest
from loopbuild.llm.hosted.identity import OFFLINE, candidates, name_of
from loopbuild.llm.protocol import asked_json
from loopbuild.pipeline import shared
from loopbuild.pipeline.descriptions import WORDED, descriptions, with_descriptions
from loopbuild.records import Task, ToolCatalog, Trajectory, fact_name, from_json, to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A text that shall exist, and who writes it."""

    trajectory: Trajectory
    request: WriteRequest
    writer: Mapping[str, Json]
    """Its identity."""


def wanted(action: Action) -> Iterable[WantedRow]:
    """The requests of every trajectory; each holds everything its writer learns. Of asked writers, those answered."""
    answers = action.input("answers")["rows"] if "answers" in action.inputs() else {}
    for one in requested(action):
        told = {"writer": name_of(one.writer), "asked": asked_json(one.request), "basis": one.trajectory.digest}
        if one.writer["model"] != OFFLINE:
            answer = answers.get(one.request.key, {})
            if "words" not in answer:
                continue
            # Another may have worded what this one refused.
            told |= {"writer": answer["writer"], "words": digest("words", answer["words"])}
        request = told | {"trajectory": one.trajectory.key}
        yield WantedRow(key=one.request.key, request=request, formerly=formerly(one))


def facts(action: Action) -> Mapping[str, str]:
    """None: the request says it all."""
    return {}


def formerly(one: Requested) -> str:
    """Return the key of the text there may be already: names never stand in texts, so new ones change none."""
    return one.request.key if one.trajectory.formerly else ""


def revalidate(action: Action, row: WantedRow, old_output: Json, changed: tuple[str, ...]) -> RowResult | None:
    """Keep the words about an execution whose tools or parameters are only called otherwise now."""
    from loopbuild.stages.synthesis.dialogues import sealed_task

    del changed
    old = from_json(Task, old_output)
    known = action.derived(shared.executions, "trajectories")
    trajectory = known[row.request["trajectory"]]
    is_about_it = any(sealed_task(old, basis).digest == old.digest for basis in trajectory.formerly)
    if old.writer != row.request["writer"] or not is_about_it:
        return None
    return RowResult(key=row.key, output=to_json(sealed_task(old, trajectory.digest)))


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Let each writer word its rows; what was asked for money is there already."""
    from loopbuild.llm import open_writer
    from loopbuild.stages.synthesis.dialogues import to_task

    known = {one.key: one for one in trajectories(action.input("trajectories"))}
    by_writer: dict[str, list[WantedRow]] = {}
    for row in rows:
        by_writer.setdefault(row.request["writer"], []).append(row)
    for name, share in sorted(by_writer.items()):
        asked = {row.key: from_json(WriteRequest, row.request["asked"]) for row in share}
        basis = {row.key: known[row.request["trajectory"]] for row in share}
        if name == OFFLINE:
            answers: Iterable[WriteAnswer] = open_writer(name).write_many(list(asked.values()))
        else:
            table = action.input("answers")["rows"]
            answers = (from_json(WriteAnswer, table[key]["words"]) for key in asked)
        for answer in answers:
            task = to_task(basis[answer.key], asked[answer.key], answer, writer=name)
            yield RowResult(key=answer.key, output=to_json(task))


def requested(action: Action) -> Iterator[Requested]:
    """Yield every text that shall exist, with its writer."""
    catalog = action.derived(shared.catalog, "contract")
    told = action.derived(descriptions, WORDED) if WORDED in action.inputs() else {}
    for trajectory in trajectories(action.input("trajectories")):
        yield from texts_of(trajectory, catalog, action.params, told)


def texts_of(
    trajectory: Trajectory, catalog: ToolCatalog, params: Mapping[str, Json], told: Mapping[str, str] | None = None
) -> Iterator[Requested]:
    """Yield the texts about one trajectory: each of one writer, or of every one.

    `told` is what descriptions say, for writers that are asked.
    """
    from loopbuild.stages.synthesis.open_choice import OPEN
    from loopbuild.stages.synthesis.requests import writer_of

    writers = {OFFLINE: {"model": OFFLINE}} | {name_of(writer): writer for writer in params["writers"]}
    # What a person says later is worded by the offline writer: it knows what came before.
    is_own = bool(trajectory.later) or holds_secrets(trajectory, catalog)
    for request in requests_of(trajectory, catalog, params):
        is_late = any(one.rule == OPEN for step in request.steps for one in step.arguments)
        names = [OFFLINE] if is_own or is_late else candidates(params["writers"], request.wording)
        if params["assignment"] == "split":
            writer = writers[writer_of(request.seed, names)]
            yield Requested(trajectory=trajectory, request=_told(request, trajectory, writer, told), writer=writer)
            continue
        for name in sorted(names):
            like = digest("worded", [request.like, name]) if request.like else ""
            own = replace(request, key=digest("worded", [request.key, name]), like=like)
            own = _told(own, trajectory, writers[name], told)
            yield Requested(trajectory=trajectory, request=own, writer=writers[name])


def _told(
    request: WriteRequest, trajectory: Trajectory, writer: Mapping[str, Json], told: Mapping[str, str] | None
) -> WriteRequest:
    return with_descriptions(request, trajectory, told) if told and writer["model"] != OFFLINE else request


def holds_secrets(trajectory: Trajectory, catalog: ToolCatalog) -> bool:
    """Say whether a password, token or key is among its values: then no writer but the offline one sees it."""
    called = {step.call.tool for step in trajectory.steps}
    return any(
        leaf.is_sensitive and (leaf.side == "output" or fact_name(tool.id, "input", leaf.pointer) in trajectory.reads)
        for tool in catalog.tools
        if tool.id in called
        for leaf in (*tool.inputs, *tool.outputs)
    )


def trajectories(table: Json) -> list[Trajectory]:
    """Return the trajectories of a table, without the cells that could not be reached."""
    return [from_json(Trajectory, row) for _, row in sorted(table["rows"].items()) if "unreachable" not in row]


def requests_of(trajectory: Trajectory, catalog: ToolCatalog, params: Mapping[str, Json]) -> list[WriteRequest]:
    """Return what is written about one trajectory.

    For training every level, and a clarifying dialogue for a share of them. For evaluation one level, drawn from the
    trajectory's own key, once in a trained voice and once in the reserved one: more texts of one execution would only
    make the intervals look narrower than they are.
    """
    from loopbuild.stages.synthesis.categories import further_requests
    from loopbuild.stages.synthesis.clarify import MARGIN, clarify_request, is_due
    from loopbuild.stages.synthesis.open_choice import choice_request
    from loopbuild.stages.synthesis.open_choice import is_possible as is_open
    from loopbuild.stages.synthesis.requests import make_requests, pair_of
    from loopbuild.stages.synthesis.several_turns import dialogue_request

    seed, lexicon, levels = params["seed"], params["lexicon"], params["levels"]
    if trajectory.later:
        return [dialogue_request(trajectory, catalog, levels=levels, seed=seed, lexicon=lexicon)]
    is_eval = trajectory.cell.purpose == "eval"
    if is_eval:
        levels = [levels[int(unit_interval("level", pair_of(trajectory)) * len(levels))]]
    texts = 1 if is_eval else params["texts_per_level"]
    requests = make_requests(trajectory, catalog, levels=levels, texts_per_level=texts, seed=seed, lexicon=lexicon)
    # Of the texts wanted, `clarify` is a share; of the trajectories it is that share times the texts each gets.
    share = params["clarify"] * len(levels) * texts / max(1e-9, 1.0 - params["clarify"])
    any_shape = params.get("clarify_in") == "any"
    share *= MARGIN if any_shape else 1 / SINGLE_SHARE
    if is_due(trajectory, share=min(1.0, share), seed=seed):
        dialogue = clarify_request(trajectory, catalog, seed=seed, lexicon=lexicon, any_shape=any_shape)
        if dialogue is not None:
            requests.append(dialogue)
    if any_shape and share and is_open(trajectory, catalog):
        requests.append(choice_request(trajectory, catalog, seed=seed, lexicon=lexicon))
    requests += further_requests(
        trajectory, catalog, shares=params["categories"], texts=len(levels) * texts, seed=seed, lexicon=lexicon,
        elsewhere=bool(params.get("elsewhere")),
    )  # fmt: skip
    return requests


SINGLE_SHARE = 0.5
"""About how many trajectories are single calls with something to leave out; only those can become dialogues."""
