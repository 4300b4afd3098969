"""Laws of the numbers on screens: one word means one number everywhere, and a plan brackets what a build does."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projects import change_schemas, hr_project, loopbuild

from loopbuild.cli.amounts import amounts_text
from loopbuild.engine.outcome import RAN
from loopbuild.pipeline.amounts import Amounts, course_of

DATA = "dataset:"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = hr_project(tmp_path_factory.mktemp("amounts") / "hr", per_tool=4, per_tool_eval=2)
    assert loopbuild(root, "build", DATA).code == 0
    return root


def _edited(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        path = root / "tools" / "hr.json"
        entries = json.loads(path.read_text())
        change(next(one for one in entries if one["name"] == name))
        path.write_text(json.dumps(entries, indent=2))

    return edit


def _without(name: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        path = root / "tools" / "hr.json"
        path.write_text(json.dumps([one for one in json.loads(path.read_text()) if one["name"] != name], indent=2))

    return edit


CHANGES: dict[str, Callable[[Path], None]] = {
    "the next version": change_schemas,
    "a return more": _edited("get_candidate", lambda one: one["returns"].update(city="string")),
    "a return retyped": _edited("get_candidate", lambda one: one["returns"].update(full_name="integer")),
    "words only": _edited("get_candidate", lambda one: one.update(description="Other words about a person.")),
    "an optional parameter more": _edited(
        "list_interviews", lambda one: one["parameters"].update({"status?": "string"})
    ),
    "an optional parameter less": _edited("get_leave_balance", lambda one: one["parameters"].pop("year?")),
    "a tool gone": _without("get_leave_balance"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_plan_brackets_a_build_and_every_screen_quotes_the_same_number(
    built: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    root = Path(shutil.copytree(built, tmp_path / "hr"))
    change(root)
    planned = json.loads(loopbuild(root, "plan", DATA, "--json").out)["trajectories"]
    diffed = json.loads(loopbuild(root, "diff", "--json").out)["stale"]["trajectories"]
    checked = json.loads(loopbuild(root, "check", "--json").out)["projects"][0]["diff"]["stale"]["trajectories"]
    said = loopbuild(root, "status", DATA).out + loopbuild(root, "plan", DATA).out
    done = json.loads(loopbuild(root, "build", DATA, "--json").out)["targets"]
    made = sum(one["rows_run"] for name, one in done.items() if name.startswith("trajectories:"))
    total = sum(one["rows_total"] for name, one in done.items() if name.startswith("trajectories:"))
    texts = sum(one["rows_run"] for name, one in done.items() if name.startswith("tasks:"))

    assert planned["least"] <= made <= planned["most"]
    assert planned["wanted"] == total == planned["kept"] + planned["check"] + planned["new"]
    assert texts <= planned["texts"] * 1.3 + 4
    for word in ("wanted", "kept", "check", "invalid", "new", "least", "most", "texts"):
        assert planned[word] == diffed[word] == checked[word], word
    assert diffed["of"] - diffed["gone"] + diffed["new"] == planned["wanted"]
    if planned["most"]:
        sums = re.findall(r"^[\d,]+ trajectories: .*", said, re.MULTILINE)
        assert len(sums) == 2
        assert len(set(sums)) == 1
        assert loopbuild(root, "why", "trajectories:hr/leave").out  # asked of what is built now: no crash


MOVING = """  coverage: true
synthesis:
  categories: {dialogue: 0.3}
"""


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which a change anywhere may alter which rows are planned."""
    root = hr_project(tmp_path_factory.mktemp("moving") / "hr", per_tool=3, per_tool_eval=1)
    text = (root / "loop.yaml").read_text().replace("sampling:\n", f"sampling:\n{MOVING.partition('synthesis')[0]}")
    (root / "loop.yaml").write_text(text + "synthesis" + MOVING.partition("synthesis")[2])
    assert loopbuild(root, "build", "rows:").code == 0
    return root


def _values(one: dict[str, Any]) -> None:
    one["parameters"]["department"]["enum"].remove("legal")


FURTHER: dict[str, Callable[[Path], None]] = {
    "the next version": change_schemas,
    "a parameter required": _edited("cancel_interview", lambda one: one["parameters"].update(note="string")),
    "a tool renamed": _edited("get_candidate", lambda one: one.update(name="get_candidate_profile")),
    "a value less": _edited("create_employee", _values),
}


@pytest.mark.parametrize("change", FURTHER.values(), ids=FURTHER.keys())
def test_a_build_runs_what_its_plan_says_and_no_more_than_it_allows(
    moving: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """would, ran, and would or may; where others only count they say about, and are about right."""
    root = Path(shutil.copytree(moving, tmp_path / "hr"))
    change(root)
    planned = json.loads(loopbuild(root, "plan", "rows:", "--json").out)
    diffed = json.loads(loopbuild(root, "diff", "--json").out)["stale"]["trajectories"]
    said = loopbuild(root, "diff").out
    done = json.loads(loopbuild(root, "build", "rows:", "--json").out)["targets"]
    ran = {name for name, one in done.items() if one["outcome"] in RAN}
    would = {one["target"] for one in planned["would"]}
    amounts = planned["trajectories"]
    made = sum(one["rows_run"] for name, one in done.items() if name.startswith("trajectories:"))

    assert "source:hr" in would
    assert would <= ran <= would | {one["target"] for one in planned["may"]}
    assert amounts["least"] <= made <= amounts["most"]
    assert amounts["wanted"] == sum(one["rows_total"] for name, one in done.items() if name.startswith("trajectories:"))
    assert 0 < diffed["most"] < amounts["wanted"]
    assert re.search(r"\n  about \d+ trajectories: about \d+ kept, about \d+ to check", said)
    for word in ("wanted", "kept", "check"):
        assert abs(diffed[word] - amounts[word]) <= 0.1 * amounts["wanted"], word


@given(
    st.builds(
        lambda kept, invalid, held, new, gone: Amounts(
            wanted=kept + invalid + held + new, new=new, check=invalid + held, invalid=invalid, gone=gone
        ),
        *[st.integers(0, 5000)] * 5,
    )
)
def test_the_sentence_adds_up(amounts: Amounts) -> None:
    """What a person adds up on the screen is what there will be."""
    text = re.sub(r" \(.*?\)", "", amounts_text(amounts).partition(";")[0])
    head, _, parts = text.partition(": ")
    numbers = [int(found.replace(",", "")) for found in re.findall(r"[\d,]*\d", parts)]
    assert sum(numbers) == int(head.split()[0].replace(",", "")) == amounts.wanted
    assert amounts.least <= amounts.most <= amounts.wanted


def test_training_goes_on_from_the_last_checkpoint_unless_too_much_changes() -> None:
    settings = {"max_rows": 200, "replay": 0.5, "full_rebuild_above": 0.5}
    head = {"files": {"model": "d" * 64}}
    some = course_of(Amounts(wanted=100, new=10, check=20), head=head, training_rows=300, incremental=settings)
    assert (some.mode, some.delta, some.replay) == ("continue", 90, 45)
    many = course_of(Amounts(wanted=100, new=51), head=head, training_rows=300, incremental=settings)
    none = course_of(Amounts(wanted=100, new=10), head=None, training_rows=300, incremental=settings)
    assert many.mode == none.mode == "fresh"
