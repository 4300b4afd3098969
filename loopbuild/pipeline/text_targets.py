"""The targets of texts: who words what, and the words."""

from __future__ import annotations

from collections.abc import Iterable

from loopbuild.engine.target import Json, Target
from loopbuild.llm.hosted.identity import identity
from loopbuild.pipeline.category_shares import elsewhere
from loopbuild.pipeline.descriptions import WORDED
from loopbuild.pipeline.targets import ANSWERS, FURTHER, TASKS, asks_writers


def text_targets(name: str, settings: Json) -> Iterable[Target]:
    """Yield the table of words of one subgraph; before it, where writers are asked over the network, their answers."""
    synthesis = settings["synthesis"]
    params = {key: synthesis[key] for key in ("assignment", "levels", "texts_per_level", "lexicon")} | {
        "writers": [identity(writer) for writer in synthesis["writers"]],
        "clarify": synthesis["categories"]["clarify"],
        **({} if synthesis["clarify_in"] == "single" else {"clarify_in": synthesis["clarify_in"]}),
        "categories": {name: synthesis["categories"][name] for name in FURTHER},
        "seed": settings["sampling"]["seed"],
        **elsewhere(settings),
    }
    inputs = [("contract", "contract:main"), ("trajectories", f"trajectories:{name}")]
    if synthesis["on_doc_change"] == "rewrite" and asks_writers(settings):
        # Descriptions stand in no contract; nobody is told of them unless that is asked for.
        inputs.append((WORDED, "catalog:main"))
    if asks_writers(settings):
        yield Target(
            id=f"answers:{name}",
            recipe=ANSWERS,
            params=params,
            inputs=tuple(sorted(inputs)),
            # How a writer is reached and what may be spent on it decides no answer.
            context={key: synthesis[key] for key in ("writers", "budget_usd", "budget_tokens")},
        )
        inputs.append(("answers", f"answers:{name}"))
    yield Target(id=f"tasks:{name}", recipe=TASKS, params=params, inputs=tuple(sorted(inputs)))
