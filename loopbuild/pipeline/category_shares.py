"""What the shares of `synthesis.categories` come to: which trajectories and how many texts there are, for the keys."""

from __future__ import annotations

from loopbuild.engine.target import Json


def dialogues(synthesis: Json) -> dict[str, Json]:
    """Which part of the cells is walked as a dialogue too, and how one goes; named only where some are asked for."""
    share = synthesis["categories"]["dialogue"]
    if not share:
        return {}
    from loopbuild.stages.synthesis.several_turns import due

    return {"dialogues": due(share, texts=copies(synthesis)), "talk": synthesis["dialogues"]}


def copies(synthesis: Json) -> int:
    """How many texts each trajectory has."""
    trained = sum(not writer["held_out"] for writer in synthesis["writers"])
    writers = trained if synthesis["assignment"] == "each" else 1
    return int(len(synthesis["levels"]) * synthesis["texts_per_level"] * writers)


def shares(categories: Json) -> dict[str, Json]:
    """The shares of the categories; one that came later is named only where it is on, and moves no key."""
    return {name: share for name, share in categories.items() if share or name != "dialogue"}
