"""Filters that compare rows, and the figures for variety."""

from __future__ import annotations

from dataclasses import replace

from loopbuild.llm.offline.writer import write
from loopbuild.stages.filters.dedup import find_duplicates
from loopbuild.stages.filters.diversity import select_diverse
from loopbuild.stages.filters.masking import mask, masked
from loopbuild.stages.filters.selection import select_rows
from loopbuild.stages.filters.variety import variety
from loopbuild.stages.synthesis.dialogues import sealed, to_example, to_task
from loopbuild.stages.synthesis.requests import make_requests
from tests.stages.synthesis import worded_rows as w

FILTERS = [{"kind": "dedup"}, {"kind": "diversity", "max_share": 0.25, "floor": 4}]


def examples(count: int, *, level: str = "low"):
    made = []
    for trajectory in w.hr_trajectories(count):
        for request in make_requests(trajectory, w.catalog("hr"), levels=(level,)):
            task = to_task(trajectory, request, write(request), writer="offline")
            made.append(to_example(trajectory, task, w.catalog("hr")))
    return made


def with_text(example, text: str, key: str):
    return sealed(replace(example, key=key, messages=({"role": "user", "content": text}, *example.messages[1:])))


def test_of_two_rows_alike_the_lower_digest_stays() -> None:
    one = examples(1)[0]
    twins = [with_text(one, text, key) for text, key in (("Show the open roles", "x"), ("show the open  roles", "y"))]
    found = find_duplicates(twins)
    stays, goes = sorted(twins, key=lambda example: example.digest)
    assert {key: verdict.reason for key, verdict in found.items()} == {goes.key: f"duplicate_of:{stays.key}"}
    assert find_duplicates(twins[::-1]) == found


def test_other_values_said_make_no_duplicate() -> None:
    found: dict[str, object] = {}
    for example in examples(88):
        if example.tools == ("hr/find_employee",):
            found[example.messages[1]["tool_calls"][0]["function"]["arguments"]["name"]] = example
    (one, first), (other, second) = list(found.items())[:2]
    rows = [with_text(first, f"find {one}", "x"), with_text(second, f"find {other}", "y")]
    assert masked(rows[0]) == masked(rows[1]) == "find #"
    assert find_duplicates(rows) == {}


def test_masking_leaves_the_wording() -> None:
    text = "Cancel INT-331 on March 3, 2026, mail a.b@c.org and tell Anna Keller"
    assert mask(text, ["Anna Keller", "2026-03-03"]) == "cancel # on #, mail # and tell #"


def test_a_structure_keeps_its_share_and_never_less_than_the_floor() -> None:
    one = examples(1)[0]
    crowd = [
        with_text(one, f"please show the open roles for {word}", f"c{n}")
        for n, word in enumerate("abcdefghijklmnopqrst")
    ]
    dropped = select_diverse(crowd, max_share=0.25, floor=4)
    assert len(crowd) - len(dropped) == 5
    assert len(crowd[:6]) - len(select_diverse(crowd[:6], max_share=0.25, floor=4)) == 4
    assert {verdict.reason for verdict in dropped.values()} == {"not_selected:hr/get_open_roles"}


def test_one_row_more_changes_little() -> None:
    rows = examples(220)
    before = {key for key, verdict in select_rows(rows[:-1], filters=FILTERS).items() if verdict.kept}
    after = {key for key, verdict in select_rows(rows, filters=FILTERS).items() if verdict.kept}
    assert len(before ^ after) <= 3


def test_order_of_rows_does_not_matter() -> None:
    rows = examples(88)
    assert select_rows(rows, filters=FILTERS) == select_rows(rows[::-1], filters=FILTERS)


def test_the_writers_texts_are_varied() -> None:
    for level in ("low", "high"):
        rows = examples(200, level=level)
        texts = [example.messages[0]["content"] for example in rows]
        figures = variety(texts, masked=[masked(example) for example in rows])
        assert figures.self_bleu_20 <= 0.45
        assert figures.distinct_2 >= 0.25
        assert figures.distinct_masked >= 0.9


def test_templates_are_seen_as_such() -> None:
    figures = variety([f"list the candidates of role R-{n % 20} please" for n in range(200)], masked=["x"] * 200)
    assert figures.self_bleu_20 > 0.6
    assert figures.distinct_2 < 0.25
    assert figures.distinct_masked < 0.01
