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
    sampling = {key: writer[key] for key in SAMPLING if writer[key] not in (None, {})}
    made = {"name": name_of(writer), "model": writer["model"], "sampling": sampling, "prompts": prompts_digest()}
    return (
        made
        | ({"voice": writer["voice"]} if writer["voice"] else {})
        | ({"held_out": True} if writer["held_out"] else {})
    )


def candidates(writers: Iterable[Mapping[str, Json]], wording: Wording) -> list[str]:
    """Return the names of those who may word a text; for held-out wording the offline writer, if nobody else may."""
    wanted = wording == "held_out"
    found = [name_of(writer) for writer in writers if bool(writer.get("held_out")) == wanted]
    return found if found or not wanted else [OFFLINE]
