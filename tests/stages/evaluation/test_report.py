"""Figures, gates and what people read of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hr_world import CATALOG, CHAIN, SINGLE, TALK, TASKS, World

import loopbuild
from loopbuild.cli.scores import report_text, words_of
from loopbuild.digest import canonical
from loopbuild.judging.validate import Validator
from loopbuild.records import METRICS, REGRESSION, SPLITS, EvalTask, Score, Transcript, to_json
from loopbuild.records.words import CLASS_WORDS, METRIC_WORDS, SPLIT_WORDS, known_codes
from loopbuild.stages.evaluation.comparison import compare_runs
from loopbuild.stages.evaluation.failure import CLASS_OF
from loopbuild.stages.evaluation.gates import check_gates, worst
from loopbuild.stages.evaluation.report import assemble, headline
from loopbuild.stages.evaluation.report_data import dataset_tables
from loopbuild.stages.evaluation.report_html import render_html
from loopbuild.stages.evaluation.report_json import render_json
from loopbuild.stages.evaluation.report_markdown import LIMIT, render_markdown
from loopbuild.stages.evaluation.rollout import roll_out
from loopbuild.stages.evaluation.score import score
from loopbuild.stages.evaluation.stand_ins import NullAgent, play, replay_gold, written
from loopbuild.stages.evaluation.summary import summarise

VALIDATOR = Validator(CATALOG)
SPREAD = {"least": 4, "median": 12, "p95": 20, "most": 31}
VARIED = {"texts": 90, "self_bleu_20": 0.31, "self_bleu_20_masked": 0.4, "distinct_2": 0.5, "distinct_masked": 0.9}
DATA: dict[str, Any] = {
    "generated": 120,
    "kept": 100,
    "dropped": [{"filter": "dedup", "reason": "dedup: duplicate_of (train)", "count": 20}],
    "splits": {"train": 90, "eval": 10},
    "unreachable": 3,
    "figures": {
        "shares": {
            "category": {"call": 80, "no_tool": 10}, "topology": {"single": 50, "fan_out": 30},
            "calls": {"1": 50, "2": 30}, "level": {"high": 45, "low": 45}, "writer": {"offline": 90},
        },
        "origins": {"user": 70, "tool": 30},
        "words": {"user": SPREAD, "assistant": SPREAD, "messages": SPREAD},
        "tools": {"hr/get_role": 40, "hr/list_roles": 2},
        "links": {"hr/list_roles /ids -> hr/get_role /id": 30},
        "diversity": {"before": {"low": VARIED}, "after": {"low": VARIED}},
    },
}  # fmt: skip
TRAINED = {"phase": "recall", "mode": "fresh", "rows": 83, "held_back": 7, "steps": 9, "tokens": 999, "loss": 0.1}
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\u2028|`"


def run_of(tasks: list[EvalTask], transcripts: list[Transcript]) -> tuple[dict[str, Score], dict[str, Transcript]]:
    by_key = {one.key: one for one in transcripts}
    return {task.key: score(task, by_key[task.key], CATALOG, VALIDATOR) for task in tasks}, by_key


def summary_of(tasks: list[EvalTask], transcripts: list[Transcript]) -> Any:
    scores, by_key = run_of(tasks, transcripts)
    return summarise(scores, tasks, transcripts=by_key, catalog=CATALOG)


def gold() -> list[Transcript]:
    return replay_gold(TASKS, catalog=CATALOG, open_sandbox=lambda _: World())


def silence() -> list[Transcript]:
    return roll_out(TASKS, model=NullAgent(), catalog=CATALOG, open_sandbox=lambda _: World())


def test_gold_fills_every_metric_with_certainty() -> None:
    summary = summary_of(TASKS, gold())
    rates = [rate for table in summary["splits"].values() for rate in table.values()]
    assert all(rate["k"] == rate["n"] > 0 for rate in rates)
    assert summary["failures"] == []
    assert set(summary["splits"]) == {"values", "wordings", "paths", "negative"}
    assert {one["name"] for one in summary["tools"]} == {step.call.tool[3:] for task in TASKS for step in task.gold}


def test_silence_scores_nothing_where_calls_are_due() -> None:
    summary = summary_of(TASKS, silence())
    for split in ("values", "wordings", "paths"):
        assert {name: rate["k"] for name, rate in summary["splits"][split].items() if rate["k"]} == {}


def test_a_task_without_a_score_counts_as_wrong() -> None:
    scores, _ = run_of(TASKS, gold())
    del scores["single"], scores["chain"]
    summary = summarise(scores, TASKS)
    assert summary["missing"] == ["chain", "single"]
    solved = summary["all"]["solved"]
    assert (solved["k"], solved["n"]) == (len(TASKS) - 2, len(TASKS))


def test_a_broken_sandbox_leaves_the_denominator() -> None:
    scores, _ = run_of(TASKS, gold())
    scores["single"] = score(SINGLE, Transcript(key="single", messages=(), status="environment"), CATALOG, VALIDATOR)
    summary = summarise(scores, TASKS)
    assert (summary["environment"], summary["all"]["solved"]["n"]) == (1, len(TASKS) - 1)


def test_groups_of_a_schema_change_are_summed_apart() -> None:
    tasks = [replace(task, group="new" if task.key == "chain" else "unchanged") for task in TASKS]
    summary = summary_of(tasks, gold())
    assert summary["groups"]["new"]["solved"]["n"] == 1
    assert summary["groups"]["unchanged"]["solved"]["n"] == len(TASKS) - 1


def test_examples_show_what_was_due_and_what_was_made() -> None:
    turns = [written([("get_candidate", {"candidate_id": "E-7"})]), "Done."]
    summary = summary_of([SINGLE], play(SINGLE, turns, catalog=CATALOG, open_sandbox=lambda _: World()))
    (failure,) = [one for one in summary["failures"] if one["code"] == "wrong_tool_same_domain"]
    (example,) = failure["examples"]
    assert example["gold"] == [{"name": "get_leave_balance", "arguments": {"employee_id": "E-7", "year": 2027}}]
    assert example["predicted"] == [{"name": "get_candidate", "arguments": {"candidate_id": "E-7"}}]


def test_gates_fail_closed() -> None:
    tasks = [replace(SINGLE, key=f"t{n}") for n in range(30)]
    right = replay_gold(tasks, catalog=CATALOG, open_sandbox=lambda _: World())
    summary = summary_of(tasks, right)
    assert worst(check_gates(summary, {"solved": 0.9, "values.tool_selection": 0.9})) == "pass"
    (missing,) = check_gates(summary, {"chains_solved": 0.5})
    assert (missing.verdict, missing.value) == ("fail", None)
    few = summary_of(tasks[:5], right[:5])
    assert check_gates(few, {"solved": 0.9})[0].verdict == "not enough tasks"
    wrong = summary_of(tasks, roll_out(tasks, model=NullAgent(), catalog=CATALOG, open_sandbox=lambda _: World()))
    (missed,) = check_gates(wrong, {"solved": 0.1})
    assert (missed.verdict, missed.reason) == ("fail", "0 of 30 is 0.000, below 0.1")


def test_a_regression_is_judged_by_the_paired_bound() -> None:
    tasks = [replace(SINGLE, key=f"t{n}") for n in range(150)]
    scores, _ = run_of(tasks, replay_gold(tasks, catalog=CATALOG, open_sandbox=lambda _: World()))
    change = compare_runs(scores, scores, tasks)
    (kept,) = check_gates(summarise(scores, tasks), {"max_regression": 0.05}, change=change)
    assert kept.verdict == "pass"
    worse = {key: replace(one, solved=False) if key.endswith("1") else one for key, one in scores.items()}
    (lost,) = check_gates(summarise(worse, tasks), {"max_regression": 0.05}, change=compare_runs(scores, worse, tasks))
    assert lost.verdict == "fail"
    assert check_gates(summarise(scores, tasks), {"max_regression": 0.05}) == []


def test_a_gate_on_losses_does_not_pass_where_the_predecessor_cannot_be_compared() -> None:
    (doubt,) = check_gates(summarise({}, []), {"max_regression": 0.05}, has_predecessor=True)
    assert doubt.verdict == "not enough tasks"


class Page(HTMLParser):
    """Collects what a browser would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def hostile_report() -> Any:
    task = replace(SINGLE, key=HOSTILE, user_turns=(HOSTILE,))
    turns = [written([(HOSTILE, {HOSTILE: HOSTILE})]), HOSTILE]
    summary = summary_of([task, TALK], [
        *play(task, turns, catalog=CATALOG, open_sandbox=lambda _: World()),
        *play(TALK, [HOSTILE], catalog=CATALOG, open_sandbox=lambda _: World()),
    ])  # fmt: skip
    change = {"tools": {"added": [HOSTILE]}, "comparisons": {}, "changed": 1507, "delta": 200, "replay": 200}
    return assemble(
        project=HOSTILE,
        arms={"model": summary, "null": summary, "stale": summary},
        gates=check_gates(summary, {"solved": 0.9, HOSTILE: 0.5}),
        increment=change,
        graph_svg=f"<svg xmlns='http://www.w3.org/2000/svg'><script>{HOSTILE}</script></svg>",
        data={"generated": 3, "dropped": [{"reason": HOSTILE, "count": 1}], "kept": 2, "splits": {HOSTILE: 2}},
        training=[{"phase": HOSTILE, "mode": "fresh", "rows": 3, "loss": 0.1}],
    )


def test_hostile_text_stays_text_in_the_page() -> None:
    page = Page()
    text = render_html(hostile_report())
    page.feed(text)
    scripts = [attrs for tag, attrs in page.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "report"}]
    assert [attrs["src"][:26] for tag, attrs in page.tags if tag == "img"] == ["data:image/svg+xml;base64,"]
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert not any("href" in attrs for _, attrs in page.tags)
    (policy,) = [attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    record = re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
    assert record is not None
    assert not set(record[1]) & set("<>&\u2028\u2029")
    assert json.loads(record[1])["project"] == HOSTILE


def test_hostile_text_stays_text_in_markdown() -> None:
    text = render_markdown(hostile_report())
    outside = re.sub(r"\\.", "", re.sub(r"(?<!\\)`[^`]*`", "", text))
    assert not set(outside) & set("<`")
    assert all("|" not in line or line.startswith("|") for line in outside.splitlines())


def test_a_report_says_how_much_of_a_change_was_not_trained_on() -> None:
    told = "Trained on 200 changed or added rows and 200 replayed ones; 1,307 more changed rows were left out"
    for text in (render_html(hostile_report()), render_markdown(hostile_report())):
        assert told in text


def test_values_that_training_rows_show_are_not_called_unseen() -> None:
    arms = {"model": summary_of(TASKS, gold())}
    known = {"values": {"k": 3, "n": 4, "such": ["A-1", "A-2"]}}
    report = assemble(project="till", arms=arms, data={"known": known}, gaps=["No training row calls `till/x`."])
    assert report["limits"][0] == "No training row calls `till/x`."
    assert report["limits"][1].startswith(
        "3 of 4 held-out tasks that call hold ids or names a training row shows as well"
    )
    for text in (render_html(report), render_markdown(report)):
        assert "unseen values" not in text
        assert "other requests" in text
    assert words_of(dict(report))["values"] == "other requests (known ids: 3 of 4 tasks)"
    known["values"]["k"] = 0
    assert "unseen values" in render_markdown(assemble(project="till", arms=arms, data={"known": known}))


def test_markdown_keeps_within_a_comment() -> None:
    report = hostile_report()
    report["tools"] = [dict(report["tools"][0], name=f"tool_{n}" + "x" * 60) for n in range(2000)]
    example = dict(report["failures"][0]["examples"][0], prompt=["word " * 200])
    report["failures"] = [dict(report["failures"][0], examples=[example] * 3) for _ in range(60)]
    assert len(render_markdown(report).encode("utf-8")) <= LIMIT


def test_equal_results_give_equal_bytes() -> None:
    one, other = (
        assemble(project="hr", arms={"model": summary_of(TASKS, gold()), "null": summary_of(TASKS, silence())})
        for _ in range(2)
    )
    for render in (render_html, render_markdown, render_json):
        assert render(one) == render(other)
    canonical(to_json(one))


def test_report_speaks_of_the_trained_model_first() -> None:
    report = assemble(project="hr", arms={"null": summary_of(TASKS, silence()), "model": summary_of(TASKS, gold())})
    assert list(report["arms"]) == ["model", "null"]
    assert headline(report) == "solved 8 of 8 held-out tasks, 100.0%"
    assert report["verdict"] == "no gates"


def test_arms_without_tasks_are_left_out() -> None:
    report = assemble(project="hr", arms={"model": summary_of(TASKS, gold()), "stale": summarise({}, [])})
    assert list(report["arms"]) == ["model"]
    assert render_html(assemble(project="hr", arms={})).count("nothing was evaluated")


def test_the_screen_shows_count_share_and_interval_in_80_columns_under_the_names_of_the_page() -> None:
    nothing = roll_out([CHAIN], model=NullAgent(), catalog=CATALOG, open_sandbox=lambda _: World())
    arms = {
        "model": summary_of([CHAIN], replay_gold([CHAIN], catalog=CATALOG, open_sandbox=lambda _: World())),
        "base": summary_of([CHAIN], nothing),
        "null": summary_of([CHAIN], nothing),
    }
    report = assemble(project="hr", arms=arms, data=DATA, training=[TRAINED])
    lines = report_text(dict(report)).splitlines()
    assert lines[0].split() == ["held-out", "tasks", "trained", "untrained", "silent", "95%", "interval"]
    assert any(line.split()[:4] == ["chains:", "solved", "1.00", "(1/1)"] for line in lines)
    assert all(len(line) <= 80 for line in lines)
    page, text = render_html(report), render_markdown(report)
    for word in ("chains: solved", "untrained", "silent"):
        assert word in page
        assert word in text


def test_people_read_words_and_programs_codes() -> None:
    report = assemble(project="hr", arms={"model": summary_of(TASKS, silence())}, data=DATA, training=[TRAINED])
    page = re.sub(r"<script.*?</script>", "", render_html(report))
    visible = re.sub(r"<[^>]*>", " ", page)
    for shown in (visible, render_markdown(report), report_text(dict(report))):
        assert "no call where one is due" in shown
        assert "says the same as another row" in shown
        assert not re.search("no_call_when_needed|duplicate_of", shown)
        assert re.search(r"held back to watch the loss", shown, re.IGNORECASE)
    assert '"code": "no_call_when_needed"' in render_json(report)


def test_the_page_the_text_and_the_data_hold_the_datasets_figures() -> None:
    increment = {"changed": 500, "delta": 300, "replay": 300, "removed": 12, "tools": {}, "comparisons": {}}
    report = assemble(project="hr", arms={"model": summary_of(TASKS, gold())}, data=DATA, increment=increment)
    page, text = re.sub(r"<script.*?</script>", "", render_html(report)), render_markdown(report)
    for table in dataset_tables(DATA, increment):
        assert ('<table class="funnel">' if table.title == "From rows made to rows kept" else table.title) in page
        assert f"### {table.title}" in text
    assert dict(dataset_tables(DATA, increment)[-1].rows)["left out (`training.incremental.max_rows`)"] == "200"
    assert json.loads(render_json(report))["data"]["figures"] == DATA["figures"]
    assert "http:" not in page
    assert "https:" not in page


def test_every_name_in_a_file_has_words() -> None:
    assert set(CLASS_OF) <= known_codes()
    assert {*METRICS, REGRESSION} <= METRIC_WORDS.keys()
    assert set(SPLITS) <= SPLIT_WORDS.keys()
    assert {one for one in CLASS_OF.values() if one} <= CLASS_WORDS.keys()
    names = [words for words, _ in METRIC_WORDS.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("folder", ["filters", "sampling"])
def test_every_reason_a_stage_gives_has_words(folder: str) -> None:
    """Read off the sources: a new code is a line in the table."""
    place = Path(loopbuild.__file__).parent / "stages" / folder
    text = "\n".join(path.read_text() for path in place.rglob("*.py"))
    codes = set(re.findall(r'(?:reason|code)=f?"([a-z_]+)', text))
    assert len(codes) > 3
    assert codes - {"invalid_call"} <= known_codes()
