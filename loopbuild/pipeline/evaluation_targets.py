"""The targets of evaluation: each arm's generations and scores, and the report that compares them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from loopbuild.engine.target import Json, Target
from loopbuild.pipeline.sandbox_settings import identity_of, sandbox_context, sandbox_files, sandbox_settings
from loopbuild.pipeline.targets import GENERATIONS, REPORT, SCORES


def evaluation_targets(settings: Json, base: str, project: str, root: Path) -> Iterable[Target]:
    """Yield them all; `base` is the identity of the untrained model, `root` where sandboxes have their files."""
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
