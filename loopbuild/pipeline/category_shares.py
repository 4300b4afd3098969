"""What the shares of `synthesis.categories` come to: which trajectories and how many texts there are, for the keys."""

from __future__ import annotations

from loopbuild.engine.target import Json


def dialogues(settings: Json) -> dict[str, Json]:
    """Which part of the cells is walked as a dialogue too, how one goes, and which paths it may not take.

    Named only where some are asked for.
    """
    synthesis = settings["synthesis"]
    share = synthesis["categories"]["dialogue"]
    if not share:
        return {}
    from loopbuild.stages.synthesis.several_turns import due

    return {
        "dialogues": due(share, texts=copies(synthesis)),
        "talk": synthesis["dialogues"],
        "held_out": settings["evaluation"]["held_out"],
    }


def copies(synthesis: Json) -> int:
    """How many texts each trajectory has."""
    trained = sum(not writer["held_out"] for writer in synthesis["writers"])
    writers = trained if synthesis["assignment"] == "each" else 1
    return int(len(synthesis["levels"]) * synthesis["texts_per_level"] * writers)


def shares(categories: Json) -> dict[str, Json]:
    """The shares of the categories; one that came later is named only where it is on, and moves no key."""
    return {name: share for name, share in categories.items() if share or name != "dialogue"}


def elsewhere(settings: Json) -> dict[str, Json]:
    """Whether near misses are looked for in other applications too: where all are simulated, that costs nothing."""
    sources = settings["sources"]
    kinds = {(source.get("sandbox") or settings["sandbox"])["kind"] for source in sources.values()}
    is_asked = bool(settings["synthesis"]["categories"]["near_miss"]) and len(sources) > 1
    return {"elsewhere": True} if is_asked and kinds == {"simulated"} else {}


def negatives(settings: Json, cells: Json) -> dict[str, Json]:
    """How many rows that call tools there will be, where `coverage` plans more than `per_tool` says."""
    if not settings["sampling"]["coverage"]:
        return {}
    planned = sum(cell["purpose"] == "train" and not cell.get("round") for rows in cells.values() for cell in rows)
    # Rows of other categories count as well; what turns out too much the data set cuts.
    more = 1 + sum(share for name, share in settings["synthesis"]["categories"].items() if name != "error_recovery")
    return {"rows": round(planned * copies(settings["synthesis"]) * more)}
