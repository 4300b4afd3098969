"""Merges of random branches' locks: they converge whoever merges first, and lose no line nobody took out."""

from __future__ import annotations

import itertools
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from loopbuild.engine.lockfile import Line, decode, encode
from loopbuild.engine.mergelock import Sides, has_markers, merge, split

NAMES = ["checkpoint:r", "rows:a", "rows:b", "tasks:a", "tasks:b", "tool:x"]
_digits = st.sampled_from(["1", "2", "3"])


@st.composite
def lines(draw: st.DrawFn, name: str) -> Line:
    if name.startswith("tool:"):
        return "", {"params": draw(_digits) * 16}
    field = "goal" if name.startswith("checkpoint:") else "key"
    fields = {field: draw(_digits) * 16}
    if draw(st.booleans()) and field == "key":
        fields["generation"] = draw(_digits)
    return f"b3:{draw(_digits) * 64}", fields


@st.composite
def locks(draw: st.DrawFn) -> dict[str, Line]:
    return {name: draw(lines(name)) for name in draw(st.lists(st.sampled_from(NAMES), unique=True))}


@st.composite
def branches(draw: st.DrawFn, count: int = 3) -> tuple[dict[str, Line], list[dict[str, Line]]]:
    base = draw(locks())
    found = []
    for _ in range(count):
        branch = dict(base)
        for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)):
            if draw(st.booleans()):
                branch[name] = draw(lines(name))
            else:
                branch.pop(name, None)
        found.append(branch)
    return base, found


def joined(base: dict[str, Line], ours: dict[str, Line], theirs: dict[str, Line]) -> dict[str, Line]:
    return merge(Sides(base=base, ours=ours, theirs=theirs))


def without_heads(lock: dict[str, Line]) -> dict[str, Line]:
    return {name: line for name, line in lock.items() if "goal" not in line[1]}


@given(drawn=branches())
def test_every_order_of_merging_ends_with_the_same_lines(drawn: tuple[dict[str, Line], list[dict[str, Line]]]) -> None:
    base, found = drawn
    ends = [reduce(lambda one, two: joined(base, one, two), order) for order in itertools.permutations(found)]
    assert all(without_heads(end) == without_heads(ends[0]) for end in ends)
    assert all(encode(end) == encode(dict(reversed(list(end.items())))) for end in ends)


@given(drawn=branches(2))
def test_no_line_is_lost_that_nobody_took_out(drawn: tuple[dict[str, Line], list[dict[str, Line]]]) -> None:
    base, (ours, theirs) = drawn
    merged = joined(base, ours, theirs)
    for name in ours.keys() | theirs.keys():
        sides = [side.get(name) for side in (ours, theirs)]
        is_taken_out = None in sides and name in base and base[name] in sides
        assert (name in merged) != is_taken_out
        if name in merged:
            assert merged[name] in sides
    for name, line in merged.items():
        if "goal" in line[1] and base.get(name) != ours.get(name) is not None:
            assert line == ours[name], "of two heads ours stays"


@given(drawn=branches(2), keys=st.dictionaries(st.sampled_from(NAMES), _digits.map(lambda digit: digit * 64)))
def test_the_side_that_is_wanted_now_counts(
    drawn: tuple[dict[str, Line], list[dict[str, Line]]], keys: dict[str, str]
) -> None:
    base, (ours, theirs) = drawn
    merged = merge(Sides(base=base, ours=ours, theirs=theirs), wanted=keys)
    for name in ours.keys() | theirs.keys():
        found = [line for line in (ours.get(name), theirs.get(name)) if line is not None]
        if name.startswith(("tool:", "checkpoint:")):
            continue
        fitting = [line for line in found if line[1]["key"] == keys.get(name, "")[:16]]
        assert name in keys or name not in merged, "what is declared no more has no line"
        if not fitting and name in keys:
            assert merged.get(name) == joined(base, ours, theirs).get(name)
        if fitting:
            assert merged[name] in fitting
            generations = [int(line[1].get("generation", 0)) for line in fitting]
            assert int(merged[name][1].get("generation", 0)) == max(generations)


@given(drawn=branches(2))
def test_a_conflict_as_git_writes_it_is_read_back(drawn: tuple[dict[str, Line], list[dict[str, Line]]]) -> None:
    base, (ours, theirs) = drawn
    head, *_ = encode({}).splitlines()
    parts = [encode(side).splitlines()[1:] for side in (ours, base, theirs)]
    text = "\n".join(
        [head, "<<<<<<< ours", *parts[0], "||||||| base", *parts[1], "=======", *parts[2], ">>>>>>> theirs"]
    )
    assert has_markers(text)
    sides = split(text)
    assert (sides.base, sides.ours, sides.theirs) == (base, ours, theirs)
    assert decode(encode(merge(sides))) == joined(base, ours, theirs)
