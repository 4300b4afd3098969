"""Intervals and tests against figures known from outside."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.stages.evaluation.matching import best_pairs
from loopbuild.stages.evaluation.statistics import (
    Z95_ONE_SIDED,
    compare_paired,
    mcnemar,
    newcombe_paired,
    wilson,
)


@pytest.mark.parametrize(("k", "n", "low", "high"), [(19, 40, 0.329, 0.625), (190, 200, 0.910, 0.973)])
def test_wilson_intervals(k: int, n: int, low: float, high: float) -> None:
    rate = wilson(k, n)
    assert (round(rate.low, 3), round(rate.high, 3)) == (low, high)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_estimate_and_stays_a_share(counts: tuple[int, int]) -> None:
    rate = wilson(*counts)
    assert 0 <= rate.low <= rate.k / rate.n <= rate.high <= 1


def test_nothing_of_nothing_is_anything() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)


@pytest.mark.parametrize(
    ("lost", "won", "p"), [(6, 0, 0.031), (8, 1, 0.039), (10, 3, 0.092), (15, 5, 0.041), (25, 12, 0.047)]
)
def test_exact_mcnemar(lost: int, won: int, p: float) -> None:
    assert round(mcnemar(lost, won), 3) == p
    assert mcnemar(lost, won) == mcnemar(won, lost)


def test_newcombe_paired_interval() -> None:
    low, high = newcombe_paired(20, 12, 2, 16)
    assert (round(low, 3), round(high, 3)) == (0.056, 0.329)


def test_no_change_is_not_certainty() -> None:
    assert round(newcombe_paired(95, 0, 0, 5, z=Z95_ONE_SIDED)[1], 3) == 0.029


def test_verdicts_of_a_paired_comparison() -> None:
    right = [True] * 200
    assert compare_paired(right, right).verdict == "pass"
    assert compare_paired(right[:20], right[:20]).verdict == "not enough tasks"
    assert compare_paired(right, [True] * 170 + [False] * 30).verdict == "fail"
    assert compare_paired([], []).verdict == "not enough tasks"


@given(
    st.integers(1, 5).flatmap(
        lambda rows: st.integers(1, 5).flatmap(
            lambda columns: st.lists(
                st.lists(st.integers(0, 9), min_size=columns, max_size=columns), min_size=rows, max_size=rows
            )
        )
    )
)
def test_pairs_have_the_greatest_total_weight(weights: list[list[int]]) -> None:
    from itertools import permutations

    pairs = best_pairs(weights)
    rows, columns = len(weights), len(weights[0])
    size = max(rows, columns)
    best = max(
        sum(weights[row][column] for row, column in enumerate(order) if row < rows and column < columns)
        for order in permutations(range(size))
    )
    assert sum(weights[row][column] for row, column in pairs.items()) == best
    assert len(set(pairs.values())) == len(pairs)
    assert all(weights[row][column] > 0 for row, column in pairs.items())


def test_ties_go_to_the_first_predicted_call() -> None:
    assert best_pairs([[5, 5, 5]]) == {0: 0}
    assert best_pairs([[5, 5], [5, 5]]) in ({0: 0, 1: 1}, {0: 1, 1: 0})
