"""Rows that cost money: what was paid for is kept, what failed is asked again, nothing is paid twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path

import pytest

from loopbuild.engine.demands import Demands
from loopbuild.engine.journal import Journal
from loopbuild.engine.query import rows_of
from loopbuild.engine.target import Target
from tests.engine import recipes
from tests.engine.conftest import Project
from tests.engine.recipes import PAID, table
from tests.faults.children import child, exit_code, new_project

KEYS = [f"q{number:02}" for number in range(40)]


def _paid() -> list[Target]:
    return table(PAID)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = new_project(tmp_path / "project")
    found.write(words="", rows="".join(f"{key}\n" for key in KEYS))
    return found


def _calls(project: Project) -> Counter[str]:
    return Counter(line.removeprefix("table:main ") for line in project.calls())


@pytest.mark.parametrize("kills", [15, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_a_kill_repeats_no_paid_call_but_the_one_in_flight(project: Project, kills: int) -> None:
    chance = random.Random(11)
    paid: Counter[str] = Counter()
    hits = 0
    for number in range(kills):
        if number % 5 == 0:
            assert project.build(_paid()).is_success
            keys = [f"{number}-{key}" for key in KEYS]
            project.write(rows="".join(f"{key}\n" for key in keys))
        pid = child(lambda: project.build(_paid()))
        time.sleep(chance.uniform(0.01, 0.1))
        os.kill(pid, signal.SIGKILL)
        hits += exit_code(pid) == -signal.SIGKILL
    assert project.build(_paid()).is_success
    paid = _calls(project)
    sent = [count for call, count in paid.items() if call.endswith("sent")]
    assert hits
    assert len(sent) == len(KEYS) * (-(-kills // 5) + 1)
    assert sum(count - 1 for count in sent) <= hits, "every kill has one call in flight at most"
    assert set(rows_of(project.ws, "table:main")) == set(keys)
    assert project.build(_paid()).counts == {"fresh": 2}


@pytest.mark.parametrize("fault", ["429", "cut", "empty", "timeout"])
def test_an_unusable_answer_fails_its_row_and_only_that_is_asked_again(project: Project, fault: str) -> None:
    project.write(words=f"q03={fault}\nq17={fault}\n")
    outcome = project.build(_paid())
    result = outcome.results["table:main"]
    assert (result.outcome, result.rows_failed, result.rows_total) == ("failed", 2, 40)
    assert _calls(project)["q05 paid"] == 1
    project.write(words="")
    assert project.build(_paid()).is_success
    assert sorted(_calls(project)) == ["q03 paid", "q03 sent", "q17 paid", "q17 sent"]
    assert rows_of(project.ws, "table:main")["q03"].output == {"text": "answer to q03"}


def test_at_the_cap_results_are_kept_and_more_room_pays_for_the_rest_alone(project: Project) -> None:
    (project.root / "cap").write_text("25")
    outcome = project.build(_paid())
    assert not outcome.is_success
    assert "25 rows are kept" in outcome.errors[0].intact
    project.calls()
    (project.root / "cap").unlink()
    assert project.build(_paid()).is_success
    assert [call for call in _calls(project) if call.endswith("sent")] == [f"{key} sent" for key in KEYS[25:]]


def test_another_served_model_is_another_answer_only_when_asked_again(project: Project) -> None:
    """An alias that moves changes no key: what was answered stays, and says by whom."""
    project.build(_paid())
    before = rows_of(project.ws, "table:main")
    project.write(words="".join(f"{key}=answer of another model\n" for key in KEYS))
    project.calls()
    project.build(_paid())
    assert {key: row.output for key, row in rows_of(project.ws, "table:main").items()} == {
        key: row.output for key, row in before.items()
    }
    demands = Demands(refresh_rows={"table:main": frozenset(KEYS[:2])})
    assert project.build(_paid(), demands=demands).results["table:main"].rows_run == 2
    assert rows_of(project.ws, "table:main")[KEYS[0]].output == {"text": "answer of another model"}


def test_a_broken_line_keeps_what_was_answered_before(project: Project) -> None:
    project.write(words="q20=crash\n")
    outcome = project.build(_paid())
    assert outcome.results["table:main"].outcome == "failed"
    assert _calls(project)["q19 paid"] == 1
    project.write(words="")
    assert project.build(_paid()).is_success
    assert min(_calls(project)) == "q20 paid"


def test_a_paid_answer_is_on_the_disk_before_the_next_call(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its object and folder are synced, and its row is committed so that a power loss does not take it back."""
    seen: list[str] = []
    real_sync, real_connect = os.fsync, sqlite3.connect

    def sync(handle: int) -> None:
        seen.append("sync")
        real_sync(handle)

    def connect(*arguments: object, **options: object) -> sqlite3.Connection:
        found: sqlite3.Connection = real_connect(*arguments, **options)  # type: ignore[call-overload]
        found.set_trace_callback(lambda text: seen.append(text.partition(" INTO ")[0].partition("(")[0]))
        return found

    def note(action: recipes.Action, what: str) -> None:
        seen.append(what)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(sqlite3, "connect", connect)
    monkeypatch.setattr(recipes, "note", note)
    project.build(_paid())
    start = seen.index("q00 paid")
    between = seen[start + 1 : seen.index("q01 sent")]
    assert [step for step in between if step in ("sync", "PRAGMA synchronous=FULL", "COMMIT")][-2:] == [
        "PRAGMA synchronous=FULL",
        "COMMIT",
    ]
    assert between.count("sync") >= 2
    assert between.index("sync") < between.index("COMMIT")


def test_paid_rows_survive_a_lost_index(project: Project) -> None:
    project.build(_paid())
    project.calls()
    for path in (project.root / ".loopbuild").glob("state.db*"):
        path.unlink()
    assert project.build(_paid()).is_success
    assert project.calls() == []


def test_a_journal_can_be_durable_for_one_transaction(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "state.db", is_writable=True)
    with journal.transaction(is_durable=True):
        journal.set_meta("a", 1)

    def fail() -> None:
        with journal.transaction(is_durable=True):
            journal.set_meta("a", 2)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert journal.meta("a") == 1
    journal.close()
