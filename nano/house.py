"""Pretraining rows in the house's own form: random projects, sampled, executed and worded by loopbuild's own stages.

    python nano/house.py --out DIR --projects 1200 --seed 0

What the base sees before tuning is thereby what tuning shows it: the same plans, the same words before a call, the same
results and answers, in domains that are never evaluated, by the writer's training voices only. Rows are stored as
token ids; a project depends on its seed alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import projects
import words

from loopbuild.digest import canonical
from loopbuild.errors import LoopbuildError
from loopbuild.llm.offline.writer import OfflineWriter
from loopbuild.loopfile.sections.sampling import SamplingSettings
from loopbuild.records import Example, Level, ToolCatalog, from_json, to_json
from loopbuild.sandbox import open_sandboxes
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.filters.rows import Row
from loopbuild.stages.filters.verdicts import judge_rows
from loopbuild.stages.sampling.cells import plan_cells
from loopbuild.stages.sampling.walk import Unreachable, sample
from loopbuild.stages.sources.toolspec import read
from loopbuild.stages.synthesis.clarify import clarify_request, is_due
from loopbuild.stages.synthesis.dialogues import to_example, to_task
from loopbuild.stages.synthesis.negatives import negative_rows
from loopbuild.stages.synthesis.requests import make_requests
from loopbuild.stages.toolgraph.build import build_graph
from loopbuild.stages.training.presets import NANO_PROMPT
from loopbuild.stages.training.render import function_schemas, render_row, shown_tools

FILTERS = ({"kind": "schema"}, {"kind": "contract"}, {"kind": "provenance"})
LEVELS: tuple[Level, ...] = ("low", "high")
SHARES = {"no_tool": 0.05, "out_of_scope": 0.03}
LONGEST = 1024
KEPT = {1: 0.5, 2: 0.8}
"""Calling turns of a row -> share of such rows that is kept."""


def examples(seed: str, *, per_tool: int) -> tuple[ToolCatalog, list[Example]]:
    """Everything one random project trains on."""
    rng = Random(f"settings-{seed}")
    specification = json.dumps(projects.project(seed))
    assert not words.forbidden_in(specification), "an evaluated domain's nouns"
    listing = read(
        "p", specification.encode(), file="tools.json",
        settings={"include": [], "exclude": [], "effects": {}, "returns": {}, "allow_empty": False},
    )  # fmt: skip
    catalog = build_catalog([listing], entities={})
    graph = build_graph(catalog, {"min_score": 0.6, "per_input": 5, "edges": {"allow": [], "deny": []}})
    ids = sorted(
        {leaf.pointer.rsplit("/", 1)[-1] for tool in catalog.tools for leaf in tool.inputs if leaf.kind == "id"}
    )
    settings = SamplingSettings(
        per_tool=per_tool,
        max_steps=rng.choice((3, 4, 4, 4, 5)),
        user_known=[name for name in ids if rng.random() < 0.75],
        topologies={"single": 0.22, "chain": 0.48, "fan_out": 0.06, "join": 0.08, "map": 0.16},
    ).model_dump(mode="json")
    made: list[Row] = []
    places = {"p": {"kind": "simulated", "fixtures": 64}}
    with closing(open_sandboxes(places, catalog, root=Path(), environment={})) as sandbox:
        cells = plan_cells(catalog, graph, settings=settings, evaluation={"per_tool": 0})
        for subgraph in graph.subgraphs:
            for cell in cells[subgraph.name]:
                found = sample(
                    cell, seed=rng.randrange(1 << 30), catalog=catalog, graph=graph, subgraph=subgraph,
                    sandbox=sandbox, settings=settings,
                )  # fmt: skip
                if isinstance(found, Unreachable):
                    continue
                asked = make_requests(
                    found, catalog, levels=("low", "high") if len(found.steps) > 2 else [rng.choice(("low", "high"))]
                )
                if is_due(found, share=0.15, seed=0) and (one := clarify_request(found, catalog, seed=0, lexicon={})):
                    asked = [one]
                for request, answer in zip(asked, OfflineWriter().write_many(asked), strict=True):
                    task = to_task(found, request, answer, writer="offline")
                    made.append(Row(example=to_example(found, task, catalog), task=task, trajectory=found))
        verdicts = judge_rows(made, catalog=catalog, filters=FILTERS)
    # Through JSON as in the store, which sorts the keys of arguments.
    kept = [
        from_json(Example, json.loads(canonical(to_json(row.example))))
        for row in made
        if verdicts[row.example.key].kept
    ]
    shares = {"no_tool": 0.03, "out_of_scope": 0.02}
    kept += [
        e for _, e in negative_rows(catalog, shares=shares, count=len(kept), seed=rng.randrange(99), purpose="train")
    ]
    return catalog, kept


def rows(tokenizer: Any, seed: str, *, per_tool: int, with_schemas: float) -> Iterator[tuple[list[int], list[bool]]]:
    """Token ids of one project's rows and which carry loss; part of them with schemas in the prompt."""
    rng = Random(f"rows-{seed}")
    catalog, found = examples(seed, per_tool=per_tool)
    schemas = function_schemas(catalog)
    for example in found:
        # A call on its own is soon learned; what takes practice are the steps after the first.
        if rng.random() > KEPT.get(sum(bool(message.get("tool_calls")) for message in example.messages), 1.0):
            continue
        shown = shown_tools(example, schemas, extra_tools=rng.randint(0, 4)) if rng.random() < with_schemas else []
        row = render_row(example, shown, tokenizer, system_prompt=NANO_PROMPT)
        if len(row.ids) <= LONGEST:
            yield list(row.ids), list(row.learned)


def main() -> None:
    from transformers import PreTrainedTokenizerFast

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--projects", type=int, default=1200)
    parser.add_argument("--per-tool", type=int, default=12)
    parser.add_argument("--with-schemas", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tokenizer", type=Path, default=Path("loopbuild/stages/training/nano"))
    args = parser.parse_args()
    tokenizer = PreTrainedTokenizerFast.from_pretrained(args.tokenizer)
    args.out.mkdir(parents=True, exist_ok=True)
    began, total, failed = time.monotonic(), 0, 0
    ids: list[int] = []
    learned: list[bool] = []
    ends: list[int] = []
    for number in range(args.projects):
        try:
            made = list(
                rows(tokenizer, f"{args.seed}-{number}", per_tool=args.per_tool, with_schemas=args.with_schemas)
            )
        except LoopbuildError as error:
            failed += 1
            sys.stderr.write(f"project {number}: {error}\n")
            continue
        for row, flags in made:
            ids += row
            learned += flags
            ends.append(len(ids))
        if number % 100 == 99 or number == args.projects - 1:
            part = number // 100
            np.savez(
                args.out / f"{args.seed:02d}-{part:04d}.npz",
                ids=np.asarray(ids, dtype=np.uint16), learned=np.asarray(learned), ends=np.asarray(ends),
            )  # fmt: skip
            total += len(ends)
            sys.stdout.write(f"{time.monotonic() - began:6.0f}s {number + 1} projects, {total} rows, {failed} failed\n")
            sys.stdout.flush()
            ids, learned, ends = [], [], []


if __name__ == "__main__":
    main()
