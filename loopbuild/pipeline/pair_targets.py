"""The targets of preference pairs, where `synthesis.pairs` asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from loopbuild.engine.target import Json, Target
from loopbuild.pipeline.sandbox_settings import sandbox_of
from loopbuild.pipeline.targets import CONTRASTS, PAIRS


def pair_targets(subgraphs: Mapping[str, Iterable[str]], settings: Json, root: Path) -> Iterable[Target]:
    """Proven contrasts of each subgraph, and the pairs chosen among them."""
    pairs = settings["synthesis"]["pairs"]
    for name, others in sorted(subgraphs.items()):
        sandbox, files, context = sandbox_of(name, settings, root, others)
        yield Target(
            id=f"contrasts:{name}",
            recipe=CONTRASTS,
            params={"weights": pairs["weights"], "sandbox": sandbox},
            inputs=(
                ("contract", "contract:main"),
                ("dataset", "dataset:main"),
                ("rows", f"rows:{name}"),
                ("trajectories", f"trajectories:{name}"),
            ),
            files=files,
            context=context,
        )
    inputs = [(f"contrasts/{name}", f"contrasts:{name}") for name in subgraphs]
    yield Target(
        id="pairs:main",
        recipe=PAIRS,
        params=dict(pairs),
        inputs=tuple(sorted([("dataset", "dataset:main"), *inputs])),
    )
