"""Laws of values that are worked out: the functions agree with plain arithmetic, and doubt is no answer."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from loopbuild.judging.derive import COMPUTED, EXTREMES, RULES, chosen, derive
from loopbuild.pointers import at, find
from loopbuild.records import Json, Provenance

AMOUNTS = st.lists(st.integers(-(10**6), 10**6).map(lambda cents: cents / 100), min_size=2, max_size=8)
STATES = st.lists(st.sampled_from(["open", "paid", "late"]), min_size=2, max_size=8)


def source(rule: str, leaf: str = "/bills/[]/bill_id", **more: Json) -> Provenance:
    return Provenance(kind="derived", step=0, rule=rule, leaf=leaf, **more)


def bills(**columns: list[Json]) -> Json:
    rows = zip(*columns.values(), strict=True)
    return {
        "bills": [{"bill_id": f"B-{number}", **dict(zip(columns, row, strict=True))} for number, row in enumerate(rows)]
    }


@given(AMOUNTS)
def test_sums_are_exact_to_the_cent(amounts: list[float]) -> None:
    total = derive(source("sum", "/bills/[]/amount"), bills(amount=amounts))
    assert Decimal(str(total)) == sum(Decimal(str(one)) for one in amounts)


@given(AMOUNTS)
def test_an_extreme_is_the_only_one_there_is_or_none(amounts: list[float]) -> None:
    for rule in ("largest", "smallest"):
        found = derive(source(rule, by="/bills/[]/amount"), bills(amount=amounts))
        best = EXTREMES[rule](amounts)
        assert found == (f"B-{amounts.index(best)}" if amounts.count(best) == 1 else None)


@given(STATES, st.sampled_from(["open", "paid", "late"]))
def test_what_matches_is_all_that_matches(states: list[str], wanted: str) -> None:
    result = bills(status=states)
    those = [f"B-{place}" for place, state in enumerate(states) if state == wanted]
    filtered = source("matching", by="/bills/[]/status", given=wanted)
    assert [one.value for one in chosen(filtered, result)] == those
    assert derive(source("count", by="/bills/[]/status", given=wanted), result) == len(those)
    one = derive(source("match", by="/bills/[]/status", given=wanted), result)
    assert one == (those[0] if len(those) == 1 else None)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(-400, 400))
def test_a_date_moves_by_days_and_keeps_its_time(day: date, days: int) -> None:
    later = (day + timedelta(days=days)).isoformat()
    assert derive(source("shift", "/due", given=days), {"due": day.isoformat()}) == later
    assert derive(source("shift", "/due", given=days), {"due": f"{day.isoformat()}T09:30:00Z"}) == f"{later}T09:30:00Z"


def test_the_latest_is_by_time_and_a_difference_is_one_less_the_other() -> None:
    result = bills(due=["2026-03-01", "2025-12-31", "2026-02-28"]) | {"total": 10.3, "paid": 0.1}
    assert derive(source("latest", by="/bills/[]/due"), result) == "B-0"
    assert derive(source("earliest", by="/bills/[]/due"), result) == "B-1"
    assert derive(source("difference", "/total", by="/paid"), result) == 10.2
    assert derive(source("count"), result) == 3
    assert derive(source("count"), {"bills": []}) == 0
    assert [derive(source("count"), other) for other in ({}, {"bills": 3}, None)] == [None] * 3


NAMES = st.sampled_from(["bills", "amount", "bill_id", "due"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
)


@given(ANYTHING)
def test_any_result_gives_a_value_or_none(result: Json) -> None:
    """A number, where one is worked out; of what there is, one that stands at the leaf; else none."""
    ids = [one.value for one in find(result, "/bills/[]/bill_id")]
    for rule in RULES:
        listed, single = source(rule, by="/bills/[]/amount", given=3), source(rule, "/due", given=3)
        values = [derive(listed, result), derive(single, result)]
        if rule == "shift":
            assert values == [None, None], "no text here is a date"
        elif rule in COMPUTED:
            assert all(one is None or type(one) in (int, float) for one in values)
        else:
            assert values[1] is None
            picked = chosen(listed, result)
            assert all(one.value in ids and at(result, one.path) == one.value for one in picked)
            assert values[0] == (picked[0].value if rule != "matching" and len(picked) == 1 else None)
