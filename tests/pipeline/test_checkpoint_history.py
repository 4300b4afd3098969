"""Which weights a phase starts from, over a history of fresh starts and increments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loopbuild.digest import digest
from loopbuild.pipeline.recipes import checkpoint

ROWS = {"r1": "d1", "r2": "d2"}
TRAINING = {"preset": "full", "lora": {}, "system_prompt": None, "base": "b"}
PHASES = ("teach", "recall")


@dataclass
class Standing:
    """What an action knows, without an engine."""

    params: dict[str, Any]
    inputs: dict[str, Any]
    head: Any = None
    context: dict[str, Any] = field(default_factory=lambda: {"phases": "p", "incremental": {}})

    def input(self, role: str) -> Any:
        return self.inputs[role]

    def input_digest(self, role: str) -> str:
        return role

    def fetch(self, name: str) -> bytes:
        return name.encode()

    def keep_bytes(self, data: bytes) -> str:
        return data.decode()


def record(position: int, course: dict[str, Any], files: str, *, before: Any = None, head: Any = None) -> Any:
    """The record of a phase that made the weights `files`."""
    action = at(position, before=before, head=head)
    parent = checkpoint._parent(action, course)  # type: ignore[arg-type]
    return checkpoint._record(
        action,  # type: ignore[arg-type]
        course,
        parent,
        files={"model": files},
        is_adapter=False,
        figures={},
    )


def at(position: int, *, before: Any = None, head: Any = None) -> Standing:
    params = {
        "position": position,
        "phase": PHASES[position],
        "goal_of": list(PHASES[: position + 1]),
        "settings": TRAINING,
        "base": "b",
    }
    inputs = {"rows": {"rows": ROWS}} | ({"before": before} if before is not None else {})
    return Standing(params=params, inputs=inputs, head=head)


FRESH = checkpoint._fresh(digest("rows", ROWS), "no checkpoint yet")
CONTINUED = FRESH | {"mode": "continue", "delta": ["r1"], "changed": 1}


def history() -> tuple[Any, Any]:
    """Teach and recall, trained fresh and continued once; an increment's teach is the old recall's weights and more."""
    teach = record(0, FRESH, "teach")
    recall = record(1, FRESH, "recall", before=teach)
    teach_again = record(0, CONTINUED, "recall+teach", head=recall)
    return teach_again, record(1, CONTINUED, "recall+teach+recall", before=teach_again, head=recall)


def test_an_increment_goes_on_from_the_last_phase_of_the_chain() -> None:
    teach, recall = history()
    assert teach["parent"] == digest("model", {"model": "recall"})
    assert recall["parent"] == digest("model", {"model": "recall+teach"})
    assert recall["increments"] == 1


def test_a_phase_that_starts_afresh_takes_nothing_from_an_increment() -> None:
    """Else `--from-scratch recall` would go on from the very weights it is to replace."""
    teach, recall = history()
    for head in (recall, None):
        parent = checkpoint._parent(at(1, before=teach, head=head), FRESH)  # type: ignore[arg-type]
        assert parent["files"] == {"model": "teach"}
    again = record(1, FRESH, "recall afresh", before=teach, head=recall)
    assert again["origins"] == {
        "teach": {"files": {"model": "teach"}, "is_adapter": False},
        "recall": {"files": {"model": "recall afresh"}, "is_adapter": False},
    }
    assert again["increments"] == 0


def test_a_fresh_model_knows_which_one_it_replaces() -> None:
    teach, recall = history()
    again = record(1, FRESH, "recall afresh", before=teach, head=recall)
    assert again["parent_files"] == recall["files"]
    assert again["has_predecessor"]
    first = record(0, FRESH, "teach")
    assert not first["has_predecessor"]
    assert first["parent_contract"] == ""
