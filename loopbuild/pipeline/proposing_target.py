"""The target of `graph.propose`: a model is asked about tools that nothing feeds."""

from __future__ import annotations

from collections.abc import Iterable

from loopbuild.engine.target import Json, Target
from loopbuild.pipeline.targets import PROPOSALS, PROPOSED_TABLE


def proposing_target(settings: Json) -> Iterable[Target]:
    """Yield the target that asks, where somebody is to be asked."""
    proposer = settings["graph"]["propose"]
    if proposer is None:
        return
    from loopbuild.llm.hosted.proposer import proposer_identity

    yield Target(
        id=PROPOSED_TABLE,
        recipe=PROPOSALS,
        params={"proposer": proposer_identity(proposer)},
        # The catalog and not the contract, in which a guess has the place a replay found: that would ask anew.
        inputs=(("catalog", "catalog:main"), ("graph", "graph:main")),
        # How it is reached, what may be spent and how much of an answer is shown decides no answer.
        context={"proposer": proposer} | {key: settings["synthesis"][key] for key in ("budget_usd", "budget_tokens")},
    )
