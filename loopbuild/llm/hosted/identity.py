"""Who a writer is: what enters the identity of every text, and what never does.

In it: name, model, voice, sampling settings, the prompts. Not in it, because it decides when and where an answer is
had and not which: address, keys, time limits, concurrency and rates, tries, prices, budgets, the form of answers asked
of the provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from loopbuild.llm.hosted.prompts import prompts_digest
from loopbuild.llm.protocol import Wording
from loopbuild.records import Json

OFFLINE = "offline"
SAMPLING = ("temperature", "top_p", "seed", "max_tokens", "options")


def name_of(writer: Mapping[str, Json]) -> str:
    """Return what a writer of loop.yaml is called."""
    return str(writer.get("name") or writer["model"])


def identity(writer: Mapping[str, Json]) -> dict[str, Json]:
    """Return all that decides a writer's answers."""
    if writer["model"] == OFFLINE:
        return {"model": OFFLINE}
    return (
        asked_identity(writer, prompts=prompts_digest())
        | ({"voice": writer["voice"]} if writer["voice"] else {})
        | ({"held_out": True} if writer["held_out"] else {})
    )


def asked_identity(asked: Mapping[str, Json], *, prompts: str) -> dict[str, Json]:
    """Return what decides the answers of a model that is asked: who it is, how it is sampled, how it is put."""
    sampling = {key: asked[key] for key in SAMPLING if asked[key] not in (None, {})}
    return {"name": name_of(asked), "model": asked["model"], "sampling": sampling, "prompts": prompts}


def candidates(writers: Iterable[Mapping[str, Json]], wording: Wording) -> list[str]:
    """Return the names of those who may word a text; for held-out wording the offline writer, if nobody else may."""
    wanted = wording == "held_out"
    found = [name_of(writer) for writer in writers if bool(writer.get("held_out")) == wanted]
    return found if found or not wanted else [OFFLINE]
