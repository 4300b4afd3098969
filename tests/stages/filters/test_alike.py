"""Filter `self_bleu`: who goes is who comparing with every row that stays finds, whatever the order of rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_near_duplicates import row

from loopbuild.stages.filters.alike import find_alike
from loopbuild.stages.filters.selection import select_rows
from loopbuild.stages.filters.variety import bleu, tokens

TEXTS = st.lists(st.lists(st.sampled_from("abcd"), min_size=1, max_size=14).map(" ".join), max_size=14)


@given(TEXTS, st.sampled_from([0.3, 0.5, 0.8, 0.95]))
def test_the_index_misses_nothing_and_makes_nothing_up(texts: list[str], threshold: float) -> None:
    rows = [row(text, f"k{number}") for number, text in enumerate(texts)]
    found = find_alike(rows, threshold=threshold, mask=False)
    kept: list[str] = []
    for one in sorted(rows, key=lambda example: (example.digest, example.key)):
        text = str(one.messages[0]["content"])
        is_alike = any(bleu(tokens(text), [tokens(other)]) > threshold for other in kept)
        assert (one.key in found) == is_alike
        if not is_alike:
            kept.append(text)
    assert find_alike(rows[::-1], threshold=threshold, mask=False) == found


LONG = "please look up who is responsible for the north wing of {} and tell me the name today"


def test_a_row_names_the_one_that_stays_and_values_make_no_other_wording() -> None:
    rows = [row(LONG.format(value), value, value=value) for value in ("R-1", "R-22")]
    (goes,) = find_alike(rows, threshold=0.8).values()
    (stays,) = {one.key for one in rows} - {goes.key}
    assert (goes.filter, goes.reason) == ("self_bleu", f"self_bleu:{stays}")
    assert goes.detail == "BLEU 1.00 against it, values masked"
    verdicts = select_rows(rows, filters=[{"kind": "self_bleu", "threshold": 0.8, "mask": True}])
    assert [key for key, verdict in verdicts.items() if not verdict.kept] == [goes.key]


@pytest.mark.parametrize("change", [{"category": "clarify"}, {"tools": ("hr/put",)}])
def test_rows_about_something_else_are_not_alike(change: dict[str, object]) -> None:
    one = row(LONG.format("R-1"), "a")
    other = replace(row(LONG.format("R-2"), "b", tool="hr/put" if "tools" in change else "hr/get"), **change)
    assert find_alike([one, other], threshold=0.8) == {}
