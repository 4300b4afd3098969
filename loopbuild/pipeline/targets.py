"""loop.yaml -> targets: the only place that knows which stage feeds which.

Decides ids, inputs and what enters each key; knows nothing of how a stage does its work. Wording (descriptions,
places in files) stays in `catalog:main`; everything expensive hangs on `contract:main`, the same catalog without
words, so that editing a description stops there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from loopbuild.digest import digest
from loopbuild.engine.target import Json, Recipe, Target
from loopbuild.llm.hosted.identity import OFFLINE
from loopbuild.pipeline.category_shares import copies, dialogues, elsewhere, negatives
from loopbuild.pipeline.judging import free_filters
from loopbuild.pipeline.listings import is_live
from loopbuild.pipeline.retiring import knows_gone, locked_tools
from loopbuild.pipeline.sampling_settings import planning, training_paths, walking
from loopbuild.pipeline.sandbox_settings import (
    identity_of,
    sandbox_context,
    sandbox_files,
    sandbox_of,
    sandbox_params,
    sandbox_settings,
)
from loopbuild.pipeline.source_files import files_of, observed_file

R = "loopbuild.pipeline.recipes"
FURTHER = ("missing_tool", "confirm", "near_miss", "error_recovery")
"""Categories that are further texts about trajectories."""
EVIDENCE = "graph.lock"
"""What replays found out about edges, beside loop.yaml; a project without the file goes by names alone."""

PAID: Any = {"nature": "pinned", "chunk_rows": 1_000_000, "is_request_whole": True}
"""How tables of requests are kept: the first answer to one stands, whatever else changes."""
SOURCE = Recipe(name="source", version=6, run=f"{R}.source:run", is_cheap=True)
CATALOG = Recipe(name="catalog", version=10, run=f"{R}.catalog:run", is_cheap=True)
CONTRACT = Recipe(name="contract", version=4, run=f"{R}.catalog:run_contract", is_cheap=True)
GRAPH = Recipe(name="graph", version=8, run=f"{R}.graph:run", is_cheap=True)
PROPOSED_TABLE = "proposals:main"
PROPOSALS = Recipe(
    **PAID,
    name="proposals",
    version=1,
    run=f"{R}.proposals:run",
    wanted=f"{R}.proposals:wanted",
)
CELLS = Recipe(name="cells", version=6, run=f"{R}.cells:run", is_cheap=True)
TRAJECTORIES = Recipe(
    name="trajectories",
    version=20,
    run=f"{R}.trajectories:run",
    wanted=f"{R}.trajectories:wanted",
    facts=f"{R}.trajectories:facts",
    revalidate=f"{R}.trajectories:revalidate",
    unit_param="subgraph",
)
ANSWERS = Recipe(
    **PAID,
    name="answers",
    version=1,
    run=f"{R}.answers:run",
    wanted=f"{R}.answers:wanted",
    revalidate=f"{R}.answers:revalidate",
)
TASKS = Recipe(
    name="tasks",
    version=12,
    run=f"{R}.tasks:run",
    wanted=f"{R}.tasks:wanted",
    facts=f"{R}.tasks:facts",
    revalidate=f"{R}.tasks:revalidate",
)
ROWS = Recipe(name="rows", version=20, run=f"{R}.rows:run", wanted=f"{R}.rows:wanted", facts=f"{R}.rows:facts")
NEGATIVES = Recipe(name="negatives", version=1, run=f"{R}.negatives:run")
CONTRASTS = Recipe(
    name="contrasts",
    version=11,
    run=f"{R}.contrasts:run",
    wanted=f"{R}.contrasts:wanted",
    facts=f"{R}.contrasts:facts",
)
PAIRS = Recipe(name="pairs", version=2, run=f"{R}.pairs:run")
RETIREMENT = Recipe(name="retirement", version=3, run=f"{R}.retirement:run")
CANDIDATES = Recipe(name="candidates", version=1, run=f"{R}.candidates:run")
JUDGEMENTS = Recipe(
    **PAID,
    name="judgements",
    version=1,
    run=f"{R}.judgements:run",
    wanted=f"{R}.judgements:wanted",
)
DATASET = Recipe(name="dataset", version=12, run=f"{R}.dataset:run")
TRAIN_SET = Recipe(name="dataset-train", version=1, run=f"{R}.dataset:run_train")
EVAL_SET = Recipe(name="dataset-eval", version=1, run=f"{R}.dataset:run_eval")
CHECKPOINT = Recipe(name="checkpoint", version=3, run=f"{R}.checkpoint:run", nature="historical")
GENERATIONS = Recipe(
    name="generations",
    version=16,
    run=f"{R}.generations:run",
    wanted=f"{R}.generations:wanted",
    facts=f"{R}.generations:facts",
    nature="pinned",
    chunk_rows=1_000_000,
)
SCORES = Recipe(name="scores", version=3, run=f"{R}.scores:run")
REPORT = Recipe(name="report", version=7, run=f"{R}.report:run")

NATURES = {
    recipe.name: recipe.nature
    for recipe in (
        *(SOURCE, CATALOG, CONTRACT, GRAPH, PROPOSALS, CELLS, TRAJECTORIES, ANSWERS, TASKS, ROWS, NEGATIVES),
        *(CONTRASTS, PAIRS, RETIREMENT, CANDIDATES, JUDGEMENTS),
        *(DATASET, TRAIN_SET, EVAL_SET, CHECKPOINT, GENERATIONS, SCORES, REPORT),
    )
}


def static_targets(settings: Json, *, root: Path, places: Mapping[str, str] | None = None) -> list[Target]:
    """Return the targets known before anything is read.

    `settings` is loop.yaml with defaults filled in, `places` where in the file promises about the dataset stand.
    """
    # Here, because it loads the records of `training:`; questions about sources do without.
    from loopbuild.pipeline.models import base_identity, base_leaves
    from loopbuild.pipeline.proposing_target import proposing_target

    sources = [source_target(name, source, root) for name, source in sorted(settings["sources"].items())]
    has_evidence = (root / EVIDENCE).is_file()
    evidence: dict[str, Any] = {"context": {"has_evidence": has_evidence}}
    evidence["files"] = (("evidence", EVIDENCE),) if has_evidence else ()
    return [
        *sources,
        Target(
            id="catalog:main",
            recipe=CATALOG,
            params={"entities": settings["graph"]["entities"]},
            inputs=tuple((target.id.removeprefix("source:"), target.id) for target in sources),
        ),
        Target(
            id="contract:main",
            recipe=CONTRACT,
            params={"allow": settings["graph"]["edges"]["allow"]},
            inputs=(("catalog", "catalog:main"),),
            **evidence,
        ),
        Target(
            id="graph:main",
            recipe=GRAPH,
            params=_without(settings["graph"], "renames", "entities", "propose"),
            inputs=(("contract", "contract:main"),),
            **evidence,
        ),
        *proposing_target(settings),
        Target(
            id="cells:main",
            recipe=CELLS,
            params={
                "sampling": planning(settings["sampling"]),
                "per_tool_eval": settings["evaluation"]["per_tool"],
                "sandboxes": {name: sandbox_params(settings, name)[name] for name in sorted(settings["sources"])},
                **training_paths(settings),
            },
            inputs=(("contract", "contract:main"), ("graph", "graph:main")),
            expand="loopbuild.pipeline.targets:expand_cells",
            context={
                "settings": settings,
                "locked": locked_tools(root) if knows_gone(settings) else {},
                "project": root.name,
                "root": str(root),
                "places": dict(places or {}),
                "base": base_identity(settings["training"]["base"], root=root),
                "base_files": base_leaves(settings["training"]["base"], root=root),
            },
        ),
    ]


def expand_cells(target: Target, output: Json) -> Iterable[Target]:
    """One family of batches per subgraph, then everything that gathers them."""
    settings, project, base = (target.context[name] for name in ("settings", "project", "base"))
    root = Path(target.context["root"])
    subgraphs = sorted(output["cells"])
    for name in subgraphs:
        yield from _subgraph_targets(name, settings, root, output.get("beside", {}).get(name, ()))
    batches = [(f"{kind}/{name}", f"{kind}:{name}") for name in subgraphs for kind in ("rows", "trajectories")]
    if asks_writers(settings):
        batches += [(f"answers/{name}", f"answers:{name}") for name in subgraphs]
    yield Target(
        id="negatives:main",
        recipe=NEGATIVES,
        params={
            "negatives": _without_calls(settings["synthesis"]["categories"]),
            "per_tool": settings["sampling"]["per_tool"],
            "per_tool_eval": settings["evaluation"]["per_tool"],
            "levels": copies(settings["synthesis"]),
            "seed": settings["sampling"]["seed"],
            **negatives(settings, output["cells"]),
        },
        inputs=(("contract", "contract:main"),),
    )
    from loopbuild.pipeline.dataset_targets import dataset_targets
    from loopbuild.pipeline.retirement_target import retirement_target

    retirement = retirement_target(output, target.context)
    if retirement is not None:
        yield retirement
        batches.append(("retirement", retirement.id))
    yield from dataset_targets(settings, batches, target.context["places"])
    if settings["synthesis"]["pairs"] is not None:
        from loopbuild.pipeline.pair_targets import pair_targets

        beside = output.get("beside", {})
        yield from pair_targets({name: beside.get(name, ()) for name in subgraphs}, settings, root)
    yield from _training_targets(settings, base, target.context["base_files"])
    yield from _evaluation_targets(settings, base, project, root)


def source_target(name: str, source: Json, root: Path) -> Target:
    """Return the target of one source of loop.yaml; looks which files are there."""
    files = files_of(name, source, root=root)
    params: dict[str, Any] = {"name": name, "kind": source["kind"], "path": files[0], "beside": list(files[1:])}
    params |= {key: source[key] for key in ("include", "exclude", "effects", "returns", "allow_empty")}
    params |= {key: source[key] for key in ("refs", "module") if key in source}
    params |= {"deprecated": "retire"} if source["deprecated"] == "retire" else {}
    params["is_live"] = is_live(source)
    if source["observe"]:
        params["observed"] = observed_file(name)
        files = (*files, params["observed"])  # the last, so that no other changes its role
        params["beside"] = list(files[1:])
    roles = [("listing", files[0]), *((f"beside/{number:04d}", path) for number, path in enumerate(files[1:]))]
    return Target(id=f"source:{name}", recipe=SOURCE, params=params, files=tuple(sorted(roles)))


def _subgraph_targets(name: str, settings: Json, root: Path, others: Iterable[str]) -> Iterable[Target]:
    """The targets of one subgraph; `others` are the sources beside its own that feed it.

    Their sandboxes are no parameters, which would concern every row: they are in what the cells say, and are a fact
    for the rows that called them.
    """
    sandbox, files, context = sandbox_of(name, settings, root, others)
    yield Target(
        id=f"trajectories:{name}",
        recipe=TRAJECTORIES,
        params={
            "subgraph": name,
            "sandbox": sandbox,
            "sampling": walking(settings["sampling"]),
            **dialogues(settings),
        },
        inputs=(("cells", "cells:main"), ("contract", "contract:main"), ("graph", "graph:main")),
        files=files,
        context=context | {"renames": settings["graph"]["renames"]},
    )
    from loopbuild.pipeline.text_targets import text_targets

    yield from text_targets(name, settings)
    apart = elsewhere(settings)
    if apart:
        # A tool of another application is tried in the right one's place; which one, no cell says.
        sandbox, files, context = sandbox_of(name, settings, root, sorted(settings["sources"]))
    yield Target(
        id=f"rows:{name}",
        recipe=ROWS,
        params={
            "filters": free_filters(settings),
            "held_out": settings["evaluation"]["held_out"],
            "sandbox": sandbox,
            **apart,
        },
        inputs=(
            ("contract", "contract:main"),
            ("tasks", f"tasks:{name}"),
            ("trajectories", f"trajectories:{name}"),
        ),
        files=files,
        context=context,
    )


def asks_writers(settings: Json) -> bool:
    """Return whether some writer is asked over the network."""
    return any(writer["model"] != OFFLINE for writer in settings["synthesis"]["writers"])


def _without_calls(shares: Json) -> Json:
    """The shares of what is made without a trajectory; of `missing_tool` the half in which no tool is even withheld."""
    made = {name: shares[name] for name in ("no_tool", "out_of_scope")}
    return made | {"missing_tool": shares["missing_tool"] / 2}


def _training_targets(settings: Json, base: str, base_files: list[str]) -> Iterable[Target]:
    training = settings["training"]
    phases = list(training["phases"])
    context = {
        "incremental": training["incremental"],
        "download": training["download"],
        "phases": digest("phases", [training["phases"], training["seed"], training["validation"]]),
    }
    for index, phase in enumerate(phases):
        inputs = [("rows", "dataset:train")]
        if index:
            inputs.append(("before", f"checkpoint:{phases[index - 1]}"))
        yield Target(
            id=f"checkpoint:{phase}",
            recipe=CHECKPOINT,
            params={
                "phase": phase,
                "position": index,
                "base": base,
                "settings": _without(training, "phases", "incremental", "download")
                | {"phases": {phase: training["phases"][phase]}},
                "goal_of": phases[: index + 1],
            },
            inputs=tuple(sorted(inputs)),
            order_only=(("catalog", "catalog:main"), ("contract", "contract:main"), ("eval", "dataset:eval")),
            files=tuple((f"base/{number:04d}", path) for number, path in enumerate(base_files)),
            head=f"checkpoint:{phases[-1]}",
            context=context,
        )


def _evaluation_targets(settings: Json, base: str, project: str, root: Path) -> Iterable[Target]:
    phases = list(settings["training"]["phases"])
    last = f"checkpoint:{phases[-1]}"
    now = {"contract": "contract:main", "eval": "dataset:eval"}
    # The role under which an arm sees the checkpoint says which weights it runs. `before` and `stale` are those an
    # increment started from, on the old tasks and on the new ones; without an increment they have no rows.
    arms = {"model": {**now, "checkpoint": last}, "before": {"before": last}, "stale": {**now, "stale": last}}
    if settings["evaluation"]["compare_base"]:
        arms["base"] = now
    for arm, inputs in arms.items():
        yield from _arm(arm, settings, base, inputs, root)
    yield Target(
        id="report:main",
        recipe=REPORT,
        params={
            "gate": settings["evaluation"]["gate"],
            "renames": settings["graph"]["renames"],
            "constrained": settings["evaluation"]["constrained_decoding"],
            "arms": sorted(arms),
            "phases": phases,
        },
        context={"project": project},
        inputs=tuple(
            sorted(
                [
                    ("contract", "contract:main"),
                    ("dataset", "dataset:main"),
                    ("eval", "dataset:eval"),
                    ("graph", "graph:main"),
                    *((f"checkpoint/{phase}", f"checkpoint:{phase}") for phase in phases),
                    *((f"scores/{arm}", f"scores:{arm}") for arm in arms),
                    *((f"generations/{arm}", f"generations:{arm}") for arm in arms),
                ]
            )
        ),
    )


def _arm(arm: str, settings: Json, base: str, inputs: dict[str, str], root: Path) -> Iterable[Target]:
    """Generations and scores of one model on one set of tasks."""

    from loopbuild.pipeline.models import system_prompt

    evaluation = settings["evaluation"]
    system = system_prompt(settings["training"])
    chosen: dict[str, Json] = {}
    for source in sorted(settings["sources"]):
        chosen |= sandbox_settings(settings, source)
    files = sandbox_files(chosen, root=root)
    yield Target(
        id=f"generations:{arm}",
        recipe=GENERATIONS,
        params={
            "base": settings["training"]["base"],
            "base_identity": base,
            "system": system,
            "max_calls": evaluation["max_calls"],
            "max_new_tokens": evaluation["max_new_tokens"],
            "constrained": evaluation["constrained_decoding"],
            "sandbox": identity_of(chosen),
        },
        inputs=tuple(sorted(inputs.items())),
        files=files,
        context=sandbox_context(chosen, files),
    )
    yield Target(
        id=f"scores:{arm}",
        recipe=SCORES,
        inputs=tuple(sorted((inputs | {"generations": f"generations:{arm}"}).items())),
    )


def _without(section: Json, *keys: str) -> dict[str, Json]:
    return {key: value for key, value in section.items() if key not in keys}
