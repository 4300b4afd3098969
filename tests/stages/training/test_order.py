from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from loopbuild.stages.training.order import schedule


def _rows(count):
    return [7 + (i * 37) % 90 for i in range(count)], [f"r{i}" for i in range(count)]


@given(st.integers(1, 200), st.integers(1, 17), st.sampled_from([1.0, 2.0, 3.0]))
def test_every_row_is_met_once_per_epoch(count, batch, epochs):
    lengths, keys = _rows(count)
    order = schedule(lengths, keys, epochs=epochs, batch=batch, salt=0)
    assert set(Counter(order).values()) == {int(epochs)}
    assert len(Counter(order)) == count


def test_half_an_epoch_meets_half_the_rows():
    lengths, keys = _rows(100)
    assert len(set(schedule(lengths, keys, epochs=0.5, batch=4, salt=0))) == 50


def test_order_depends_on_keys_and_seed_not_on_the_listing():
    lengths, keys = _rows(60)
    order = [keys[i] for i in schedule(lengths, keys, epochs=2, batch=8, salt=0)]
    turned = [keys[::-1][i] for i in schedule(lengths[::-1], keys[::-1], epochs=2, batch=8, salt=0)]
    assert order == turned
    assert order != [keys[i] for i in schedule(lengths, keys, epochs=2, batch=8, salt=1)]


def test_rows_of_like_length_meet_in_a_batch():
    lengths, keys = _rows(320)
    order = schedule(lengths, keys, epochs=1, batch=16, salt=0)
    batches = [[lengths[i] for i in order[at : at + 16]] for at in range(0, 320, 16)]
    padded = sum(max(batch) * len(batch) for batch in batches)
    assert padded < 1.1 * sum(lengths)
