"""Laws of the canonical form."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopbuild.digest import canonical, digest, unit_interval

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
).filter(lambda value: _encodes(value))


def _encodes(value: object) -> bool:
    try:
        canonical(value)
    except ValueError:
        return False
    return True


@given(st.dictionaries(st.text(alphabet="abc"), st.integers()))
def test_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    assert canonical(value) == canonical(dict(reversed(list(value.items()))))


@given(values)
def test_a_value_survives_its_own_canonical_form(value: object) -> None:
    import json

    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {"k": {1: 2}}, {1, 2}, b"x", object()])
def test_what_has_no_single_spelling_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        canonical({"inside": [value]})


def test_two_domains_never_collide() -> None:
    assert digest("row", [1]) != digest("action", [1])


def test_one_and_one_point_zero_and_true_differ() -> None:
    assert len({digest("x", 1), digest("x", 1.0), digest("x", True)}) == 3


def test_the_scheme_is_pinned() -> None:
    """A change here makes every key in every project unknown: raise FINGERPRINT_VERSION and say so in the changelog."""
    assert digest("action", {"b": [1, 2.5, None, "é"], "a": True})[:16] == PINNED


PINNED = "acaf57ae54541a2c"


def test_digests_are_equal_in_another_process_with_another_hash_seed() -> None:
    code = "from loopbuild.digest import digest; print(digest('x', {'b': 1, 'a': ['é', 0.1]}))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": "", "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1", "2")
    }
    assert outputs == {digest("x", {"a": ["é", 0.1], "b": 1})}


@given(st.text(alphabet="abcdef", max_size=8))
def test_the_unit_interval_is_half_open(name: str) -> None:
    assert 0 <= unit_interval("t", name) < 1
