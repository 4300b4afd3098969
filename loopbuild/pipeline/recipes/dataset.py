"""`dataset:*`: which rows are kept, and what trains and what is asked.

`dataset:main` gathers every row's verdict and applies the filters that look at rows together; `dataset:train` and
`dataset:eval` are its two halves, so that a change in one leaves the other alone.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping

from loopbuild.engine.target import Action, Json
from loopbuild.pipeline.coverage import gaps
from loopbuild.pipeline.covered import covered, shown_by
from loopbuild.pipeline.fidelity import fidelity
from loopbuild.pipeline.selecting import cut_again, free_verdicts, made_rows, table_rows, trained
from loopbuild.records import EvalTask, Example, ToolCatalog, ToolGraph, Trajectory, Verdict, from_json
from loopbuild.stages.filters.judged import DEFERRED, JUDGE, judged


def run(action: Action) -> Json:
    """Judge rows together, assign splits, and report the funnel."""
    from loopbuild.pipeline.promises import hold
    from loopbuild.stages.filters.figures import figures

    rows = made_rows(action)
    train = [row for row in rows.values() if row["example"]["split"] == "train"]
    catalog = from_json(ToolCatalog, action.input("contract"))
    graph = from_json(ToolGraph, action.input("graph"))
    trajectories = {row.get("key", key): row for key, row in table_rows(action, "trajectories")}
    shares = action.params["categories"]
    verdicts = _verdicts(action, rows, shares)
    verdicts |= _leaks(rows, verdicts)
    survivors = {key for key, verdict in verdicts.items() if verdict.kept}
    examples = {key: rows[key]["example"] for key in sorted(survivors) if rows[key]["example"]["split"] == "train"}
    tasks = {key: rows[key]["task"] for key in sorted(survivors) if rows[key].get("task")}
    lines = "".join(json.dumps(example, ensure_ascii=False, sort_keys=True) + "\n" for example in examples.values())
    tested = "".join(json.dumps(task, ensure_ascii=False, sort_keys=True) + "\n" for task in tasks.values())
    made = [from_json(Example, row["example"]) for row in train]
    stay = [example for example in made if example.key in examples]
    told = figures(made, stay, facts=rows, fidelity=fidelity(catalog, action.params["fidelity"]))
    told |= _cost(action, len(stay))
    noted = hold(
        stay,
        rows=rows,
        verdicts=verdicts,
        tasks=tasks,
        trajectories=trajectories,
        shares=shares,
        names=frozenset(tool.call_name for tool in catalog.tools),
        variety=action.params["variety"],
        diversity=told["diversity"]["after"],
        places=(action.context or {}).get("places", {}),
    )
    files = {"train": action.keep_bytes(lines.encode()), "eval": action.keep_bytes(tested.encode())}
    for name, kept_file in files.items():
        action.publish(f"dataset/{name}.jsonl", kept_file)
    return {
        "train": {key: example["digest"] for key, example in examples.items()},
        "tasks": tasks,
        "files": files,
        "verdicts": {key: [v.filter, v.reason, v.detail] for key, v in sorted(verdicts.items()) if not v.kept},
        "funnel": _funnel(rows, verdicts) | _unwritten(action) | _judged(action, verdicts),
        "figures": told,
        "gaps": gaps(trajectories, examples.values()) | noted,
        "covered": covered(
            trajectories,
            examples.values(),
            shown=shown_by(trajectories, catalog, graph),
            catalog=catalog,
            graph=graph,
        ),
        "known": _known(tasks, examples, trajectories, catalog),
    }


def _verdicts(action: Action, rows: Mapping[str, Json], shares: Mapping[str, float]) -> dict[str, Verdict]:
    """What the free filters say of each row; of what they keep, what the judge says, where there is one."""
    if "judgements" not in action.inputs():
        return free_verdicts(action, rows, shares=shares, filters=action.params["filters"])
    verdicts = {key: from_json(Verdict, one) for key, one in action.input("candidates")["verdicts"].items()}
    verdicts |= judged(action.input("judgements")["rows"])
    return cut_again(verdicts, trained(rows, verdicts), shares=shares)


def _leaks(rows: dict[str, Json], verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
    """Drop held-out tasks whose words a training row has, and the second of two alike: they would test memory."""
    said = {
        _plain(message["content"])
        for key, row in rows.items()
        if row["example"]["split"] == "train" and verdicts[key].kept
        for message in row["example"]["messages"]
        if message["role"] == "user"
    }
    found = {}
    for key, row in sorted(rows.items()):
        if not row.get("task") or not verdicts[key].kept:
            continue
        text = _plain(row["task"]["user_turns"][0])
        # The two rows of a conditional are asked for in the same words, and told apart by what they find.
        is_pair = row["task"]["topology"] == "conditional"
        own = f"{text} {row['task']['gold'][-1]['call']['tool']}" if is_pair and row["task"]["gold"] else text
        if text in said or own in said:
            found[key] = Verdict(key=key, kept=False, filter="split", reason="text_is_known")
        said.add(own)
    return found


def _known(
    tasks: Mapping[str, Json], examples: Mapping[str, Json], trajectories: Mapping[str, Json], catalog: ToolCatalog
) -> Json:
    """Return per split how many tasks that call hold ids or names a training row shows, of how many, and some of them.

    Nothing is dropped for it: a server with a single world would keep no task. It is said instead.
    """
    from loopbuild.stages.evaluation.overlap import known_of, shown_in

    tools = catalog.by_id()
    shown: set[str] = set()
    for key in sorted({row["trajectory"] for row in examples.values()} & trajectories.keys()):
        shown |= shown_in(from_json(Trajectory, trajectories[key]).steps, tools)
    found: dict[str, Json] = {}
    for _, value in sorted(tasks.items()):
        task = from_json(EvalTask, value)
        if task.gold:
            known = known_of(task, shown, tools)
            split = found.setdefault(task.split, {"k": 0, "n": 0, "such": []})
            split["k"] += bool(known)
            split["n"] += 1
            split["such"] = sorted({*split["such"], *known})[:3]
    return found


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text.casefold()).strip()


def run_train(action: Action) -> Json:
    """The training half: row key -> row digest, and the file that holds the rows."""
    dataset = action.input("dataset")
    return {"rows": dataset["train"], "file": dataset["files"]["train"]}


def run_eval(action: Action) -> Json:
    """The held-out half."""
    return {"tasks": action.input("dataset")["tasks"]}


def _unwritten(action: Action) -> Json:
    """Texts that no writer gave, by writer and reason; nothing where only the offline one writes."""
    if not any(role.startswith("answers/") for role in action.inputs()):
        return {}
    reasons = Counter(
        f"{row['writer']}: {row['unusable']['reason']}" for _, row in table_rows(action, "answers") if "unusable" in row
    )
    return {"unwritten": dict(sorted(reasons.items()))}


def _judged(action: Action, verdicts: Mapping[str, Verdict]) -> Json:
    """Who judged how many rows, and how many have no verdict; nothing where nobody judges."""
    if "judgements" not in action.inputs():
        return {}
    said = action.input("judgements")["rows"]
    counts = Counter("deferred" if "deferred" in row else row["verdict"] for row in said.values())
    reasons = Counter(
        verdict.reason.partition(":")[2] for key, verdict in verdicts.items() if verdict.filter == DEFERRED
    )
    return {
        "judged": {
            "judges": sorted({row["judge"] for row in said.values()}),
            **{name: counts[name] for name in ("good", "bad", "deferred")},
            "secret": len(action.input("candidates")["secret"]),
            "reasons": dict(sorted(reasons.items())),
        }
    }


def _cost(action: Action, kept: int) -> Json:
    """What texts and judgements in force have cost, in all and for a training row; nothing where nobody was asked."""
    tables = ("answers", "judgements")
    used = [row["usage"] for kind in tables for _, row in table_rows(action, kind) if row["usage"]["calls"]]
    if not used:
        return {}
    usd = sum(one["usd"] for one in used)
    tokens = sum(one["prompt_tokens"] + one["completion_tokens"] for one in used)
    calls = sum(one["calls"] for one in used)
    each = usd / kept if kept else 0.0
    return {"cost": {"usd": round(usd, 6), "calls": calls, "tokens": tokens, "usd_per_row": round(each, 6)}}


def _funnel(rows: dict[str, Json], verdicts: dict[str, Verdict]) -> Json:
    made = Counter(row["example"]["split"] for row in rows.values())
    dropped: dict[str, Counter[str]] = {}
    for key, verdict in verdicts.items():
        if not verdict.kept and verdict.filter != DEFERRED:
            code, _, detail = verdict.reason.partition(":")
            # Of these the category or the fault tells more than the code, which is the same for all.
            told = detail if verdict.filter in ("contract", "share", JUDGE) else code
            reason = f"{verdict.filter}: {told}"
            dropped.setdefault(rows[key]["example"]["split"], Counter())[reason] += 1
    return {
        "made": dict(sorted(made.items())),
        "dropped": {split: dict(sorted(counts.items())) for split, counts in sorted(dropped.items())},
        "kept": {
            "train": sum(1 for key, v in verdicts.items() if v.kept and rows[key]["example"]["split"] == "train"),
            "eval": sum(1 for key, v in verdicts.items() if v.kept and rows[key].get("task")),
        },
        "categories": dict(
            sorted(Counter(r["example"]["category"] for k, r in rows.items() if verdicts[k].kept).items())
        ),
        "topologies": dict(
            sorted(
                Counter(
                    r["example"]["topology"]
                    for k, r in rows.items()
                    if verdicts[k].kept and r["example"]["category"] == "call"
                ).items()
            )
        ),
    }
