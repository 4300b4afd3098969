"""The targets that gather all rows: the dataset and its halves; before it, where a judge is among the filters, its own.

Which rows a judge sees is decided by what costs nothing; the dataset goes by the same decision and by the judgements.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from loopbuild.engine.target import Json, Target
from loopbuild.pipeline.category_shares import shares
from loopbuild.pipeline.fidelity import sandbox_kinds
from loopbuild.pipeline.judging import free_filters, judge_of
from loopbuild.pipeline.targets import CANDIDATES, DATASET, EVAL_SET, JUDGEMENTS, TRAIN_SET

Inputs = Sequence[tuple[str, str]]


def dataset_targets(settings: Json, batches: Inputs, places: Mapping[str, str]) -> Iterable[Target]:
    """Yield the dataset and what is between it and the rows; `batches` are the tables of all subgraphs."""
    synthesis = settings["synthesis"]
    params = {"filters": free_filters(settings), "categories": shares(synthesis["categories"])}
    inputs = [*batches, *((name, f"{name}:main") for name in ("contract", "graph", "negatives"))]
    judge = judge_of(settings)
    if judge is not None:
        judged = _judge_targets(judge, synthesis, params, inputs)
        yield from judged
        inputs += [(one.id.partition(":")[0], one.id) for one in judged]
    yield Target(
        id="dataset:main",
        recipe=DATASET,
        params=params | {"variety": synthesis["variety"], "fidelity": sandbox_kinds(settings)},
        context={"places": places},
        inputs=tuple(sorted(inputs)),
    )
    yield Target(id="dataset:train", recipe=TRAIN_SET, inputs=(("dataset", "dataset:main"),))
    yield Target(id="dataset:eval", recipe=EVAL_SET, inputs=(("dataset", "dataset:main"),))


def _judge_targets(judge: Json, synthesis: Json, params: Json, inputs: Inputs) -> list[Target]:
    from loopbuild.llm.hosted.judge import judge_identity

    seen = tuple(sorted(one for one in inputs if one[0].partition("/")[0] != "answers"))
    return [
        Target(id="candidates:main", recipe=CANDIDATES, params=params, inputs=seen),
        Target(
            id="judgements:main",
            recipe=JUDGEMENTS,
            params={"judge": judge_identity(judge)},
            inputs=(("candidates", "candidates:main"),),
            # How a judge is reached, what may be spent, and whether a build waits for it, decides no judgement.
            context={"judge": judge} | {key: synthesis[key] for key in ("budget_usd", "budget_tokens")},
        ),
    ]
