from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.stages.training.increment import decide, stratified

SETTINGS = {"max_rows": 200, "replay": 1.0, "epochs": 2, "learning_rate_factor": 0.4, "full_rebuild_above": 0.5}


def _rows(count, digest="x"):
    return {f"r{i}": f"{digest}{i}" for i in range(count)}


def _tools(rows, count=5):
    return {key: (f"hr/t{int(key[1:]) % count}",) for key in rows}


def _decide(wanted, seen, **changes):
    return decide(wanted=wanted, seen=seen, tools=_tools(wanted), settings=SETTINGS | changes)


def test_without_a_head_training_is_fresh():
    assert _decide(_rows(10), None).mode == "fresh"


def test_same_rows_need_nothing():
    decision = _decide(_rows(10), _rows(10))
    assert (decision.mode, decision.reason) == ("skip", "every row was trained on")


def test_removed_rows_alone_need_no_training():
    decision = _decide(_rows(8), _rows(10))
    assert (decision.mode, decision.removed) == ("skip", 2)


@pytest.mark.parametrize(("changed", "mode"), [(50, "continue"), (51, "fresh")])
def test_only_above_the_declared_share_training_is_fresh(changed, mode):
    wanted = _rows(100) | {f"r{i}": "new" for i in range(changed)}
    assert _decide(wanted, _rows(100)).mode == mode


def test_delta_is_bounded_and_replay_follows_it():
    wanted = _rows(1000) | {f"r{i}": "new" for i in range(400)}
    decision = _decide(wanted, _rows(1000), max_rows=120, replay=0.5)
    assert len(decision.delta) == 120
    assert len(decision.replay) == 60
    assert decision.changed == 400
    assert set(decision.delta) <= {f"r{i}" for i in range(400)}
    assert not set(decision.replay) & {f"r{i}" for i in range(400)}


def test_added_rows_are_part_of_the_delta():
    assert _decide(_rows(11), _rows(10)).delta == ("r10",)


def test_replay_takes_unaffected_tools_first():
    wanted = _rows(50) | {"r0": "new"}
    decision = _decide(wanted, _rows(50), replay=4.0)
    assert len(decision.replay) == 4
    assert {int(key[1:]) % 5 for key in decision.replay} == {1, 2, 3, 4}


def test_a_tool_with_few_rows_is_not_crowded_out():
    rows = {f"a{i}": ("hr/a",) for i in range(90)} | {f"b{i}": ("hr/b",) for i in range(3)}
    chosen = stratified(rows, limit=10)
    assert sum(key.startswith("b") for key in chosen) == 3


@given(st.lists(st.integers(0, 500), unique=True, max_size=60), st.integers(0, 40), st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_rows(numbers, limit, random):
    rows = [(f"r{n}", (f"hr/t{n % 7}",) * (1 + n % 2)) for n in numbers]
    mixed = list(rows)
    random.shuffle(mixed)
    chosen = stratified(dict(rows), limit=limit)
    assert chosen == stratified(dict(mixed), limit=limit)
    assert len(chosen) == min(limit, len(rows))
