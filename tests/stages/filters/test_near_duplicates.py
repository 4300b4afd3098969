"""Near duplicates: what the join finds is what comparing every pair finds, whatever the order of rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopbuild.digest import digest
from loopbuild.records import Example
from loopbuild.stages.filters.join import join
from loopbuild.stages.filters.near import PRESETS, Nearness, find_near_duplicates, items
from loopbuild.stages.filters.quota import bucket_of, select_quota

SETS = st.lists(st.frozensets(st.sampled_from("abcdefghijkl"), min_size=1), max_size=25)


def row(text: str, key: str, *, tool: str = "hr/get", value: str = "R-1") -> Example:
    call = {"type": "function", "function": {"name": tool.partition("/")[2], "arguments": {"id": value}}}
    return Example(
        key=key, trajectory="", category="call", split="train", level="low", topology="single", writer="offline",
        messages=({"role": "user", "content": text}, {"role": "assistant", "content": "", "tool_calls": [call]}),
        tools=(tool,), digest=digest("test", [text, key]),
    )  # fmt: skip


def near(one: frozenset[str], other: frozenset[str], threshold: float) -> bool:
    return len(one & other) / len(one | other) >= threshold - 1e-9


@given(SETS, st.sampled_from([0.3, 0.5, 0.7, 0.75, 0.85, 1.0]))
def test_the_exact_join_misses_nothing_and_makes_nothing_up(sets: list[frozenset[str]], threshold: float) -> None:
    found = join(sets, nearness=SimpleNamespace(threshold=threshold, method="exact", permutations=128))
    kept: list[int] = []
    for place, one in enumerate(sets):
        matches = [other for other in kept if near(one, sets[other], threshold)]
        assert (place in found) == bool(matches)
        if not matches:
            kept.append(place)
        else:
            assert found[place][0] in matches


@settings(deadline=None)  # the first example pays for loading the package
@given(SETS)
def test_minhash_names_no_pair_that_is_not_near(sets: list[frozenset[str]]) -> None:
    pytest.importorskip("datasketch")
    found = join(sets, nearness=SimpleNamespace(threshold=0.7, method="minhash", permutations=64))
    assert all(near(sets[place], sets[other], 0.7) for place, (other, _) in found.items())
    assert not {other for other, _ in found.values()} & found.keys(), "what stays is no duplicate itself"


def test_other_values_make_no_other_text_unless_unmasked() -> None:
    rows = [row(f"show the people who applied for role R-{n} to me please", f"k{n}", value=f"R-{n}") for n in range(5)]
    assert len(find_near_duplicates(rows, nearness=Nearness.of({}))) == 4
    assert len(find_near_duplicates(rows, nearness=Nearness.of({"preset": "essay", "threshold": 0.95}))) == 0


def test_rows_that_call_other_tools_are_never_near() -> None:
    rows = [row("cancel it", "a"), row("cancel it", "b", tool="hr/other")]
    assert find_near_duplicates(rows, nearness=Nearness.of({})) == {}


def test_the_lower_digest_stays_in_any_order() -> None:
    rows = [row(f"please show me the list of all open roles in {word}", word) for word in ("oslo", "rome", "bonn")]
    found = find_near_duplicates(rows, nearness=Nearness.of({"threshold": 0.8}))
    assert find_near_duplicates(rows[::-1], nearness=Nearness.of({"threshold": 0.8})) == found
    stays = min(rows, key=lambda one: (one.digest, one.key))
    assert {verdict.reason for verdict in found.values()} == {f"near_duplicate_of:{stays.key}"}


def test_one_changed_word_of_twelve() -> None:
    """Why a threshold says little without its unit."""
    one, other = (f"a b c d e {word} g h i j k l" for word in ("f", "x"))
    words, trigrams = ((items(one, n=n, unit="words"), items(other, n=n, unit="words")) for n in (1, 3))
    assert near(*words, 0.84)
    assert not near(*trigrams, 0.6)
    assert Nearness.of({"preset": "strict", "n": None}).n == PRESETS["strict"]["n"]


def many(count: int) -> list[Example]:
    words = ["show", "list", "find", "get", "read", "fetch", "open", "give", "tell", "bring"]
    return [
        replace(row(f"{words[n % 10]} the {n % 7} thing", digest("k", n), tool=f"s{n % 3}/t{n % 11}"), level=level)
        for n in range(count)
        for level in (("low", "high")[n % 2],)
    ]


def test_a_quota_is_kept_and_no_tool_vanishes() -> None:
    rows = many(900)
    left = {one.key for one in rows} - select_quota(rows, rows=200).keys()
    assert 180 <= len(left) <= 200 + 4 * 11
    kept = [one for one in rows if one.key in left]
    assert {one.tools for one in kept} == {one.tools for one in rows}
    assert {bucket_of(one) for one in kept} == {bucket_of(one) for one in rows}
    assert select_quota(rows[:200], rows=200) == {}


def test_a_few_rows_more_exchange_a_few_picks() -> None:
    rows = many(900)
    before = {one.key for one in rows[:-9]} - select_quota(rows[:-9], rows=200).keys()
    after = {one.key for one in rows} - select_quota(rows, rows=200).keys()
    assert len(before ^ after) <= 18
