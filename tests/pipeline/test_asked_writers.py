"""A project whose texts cost money: what is asked, what it costs, what is kept, and what is never asked twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("litellm", reason="the extra `llm` is not installed")

from projects import Screen, hr_project, loopbuild

from loopbuild.llm.hosted.transport import Transport
from tests.llm.provider import Lasting, Provider, running

KEY = "key-of-ours-4711"
WRITER = """    - model: openai/m
      name: ours
      api_base: {url}
      api_key_env: OUR_KEY
      price: {{prompt_usd_per_million: 1, completion_usd_per_million: 4}}
      timeout_seconds: 20
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running(Provider()) as made:
        yield made


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    made = Lasting({**os.environ, "OUR_KEY": KEY}, names=["OUR_KEY"], in_flight=8)
    yield made
    Transport.close(made)


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch, transport: Transport) -> None:
    monkeypatch.setenv("OUR_KEY", KEY)
    monkeypatch.setattr("loopbuild.llm.hosted.writers.Transport", lambda *_, **__: transport)


def write(root: Path, provider: Provider, *, more: str = "", budget: str = "5", own: str = "", each: str = "") -> None:
    """Write loop.yaml; `own` are further settings of the writer, `more` further writers."""
    text = (root / "loop.yaml").read_text().partition("synthesis:")[0]
    writers = WRITER.format(url=provider.url) + own + more
    (root / "loop.yaml").write_text(f"{text}synthesis:\n  writers:\n{writers}  budget_usd: {budget}\n{each}")


def project(folder: Path, provider: Provider, **changes: Any) -> Path:
    root = hr_project(folder / "hr", per_tool=2, per_tool_eval=1)
    write(root, provider, **changes)
    return root


def answers(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("candidate", "employee", "interview", "leave", "role"):
        shown = loopbuild(root, "show", f"answers:hr/{name}", "--json")
        assert shown.code == 0, shown.err
        found |= json.loads(shown.out)["rows"]
    return found


def texts(root: Path) -> list[str]:
    lines = (root / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text().splitlines()
    return [json.loads(line)["writer"] for line in lines]


def ok(screen: Screen) -> Screen:
    assert screen.code == 0, screen.err
    return screen


def test_a_life_of_a_project_with_a_writer_that_costs_money(tmp_path: Path, provider: Provider) -> None:
    """Priced, built, nothing asked again by what decides no answer; asked again by what does; explained and logged."""
    root = project(tmp_path, provider)
    screen = ok(loopbuild(root, "plan", "dataset:")).out
    assert re.search(r"Would ask ours: about \d+ to \d+ calls, [\d,]+ tokens, \$0\.\d\d \(at most \$\d\.\d\d\)", screen)
    assert "of $5.00. Run `loopbuild build` to do it" in screen
    assert provider.asked == []

    ok(loopbuild(root, "build", "trajectories:"))
    planned = json.loads(ok(loopbuild(root, "plan", "dataset:", "--json")).out)["llm"]
    assert provider.asked == [], "a build of a part asks for no text"
    built = ok(loopbuild(root, "build", "dataset:"))
    first = set(provider.asked)
    assert planned["calls"] == len(provider.asked) == len(first), "each once, and as planned"
    assert re.search(rf"asking ours: about {planned['calls']} calls", built.err)
    assert re.search(rf"{planned['calls']} calls, [\d,]+ tokens, \$0\.\d\d spent on writers", built.out)
    spent = json.loads(ok(loopbuild(root, "log", "--json")).out)[0]["targets"]
    assert sum(one["spent"]["calls"] for one in spent if one["spent"]) == planned["calls"]
    assert "spent" not in json.dumps(answers(root))
    assert "ours" in texts(root)

    assert "Nothing to do" in ok(loopbuild(root, "build", "dataset:")).out
    harmless = "      concurrency: 2\n      max_tries: 2\n      requests_per_minute: 9000\n"
    write(root, provider, own=harmless, budget="9")
    ok(loopbuild(root, "build", "dataset:"))
    assert len(provider.asked) == len(first), "address, pace, price and budget decide no answer"

    ok(loopbuild(root, "build", "dataset:", "--refresh", "answers:hr/role"))
    again = provider.asked[len(first) :]
    assert set(again) < first
    assert len(again) == len(json.loads(loopbuild(root, "show", "answers:hr/role", "--json").out)["rows"])

    found = next(iter(answers(root)))
    shown = ok(loopbuild(root, "show", found[:12])).out
    assert "written by ours: 1 call, " in shown
    assert "answered by m-2026-01-01" in shown
    held = subprocess.run(["grep", "-rlF", KEY, str(root)], capture_output=True, text=True)
    assert held.stdout == "", "the key is in no file"
    assert KEY not in built.err + built.out + shown


def test_what_a_writer_will_not_write_is_kept_as_such_and_explained(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider)
    provider.behave = lambda body, before: "refuse" if "E-" in body["messages"][1]["content"] else "ok"
    built = loopbuild(root, "build", "dataset:")
    assert built.code == 0, built.err
    refused = {key: row for key, row in answers(root).items() if "unusable" in row}
    assert refused
    assert {row["unusable"]["reason"] for row in refused.values()} == {"refused"}
    shown = ok(loopbuild(root, "show", next(iter(refused))[:16])).out
    assert "not written: the writer refused (I can't help with that.)" in shown
    assert "--refresh answers:hr/" in shown
    funnel = ok(loopbuild(root, "show", "dataset:main")).out
    assert re.search(rf"dropped, not written, ours: the writer refused +{len(refused)}\n", funnel)
    asked = len(provider.asked)
    (root / "loop.yaml").write_text((root / "loop.yaml").read_text().replace("per_tool: 2", "per_tool: 3"))
    provider.behave = lambda body, before: "ok"
    ok(loopbuild(root, "build", "dataset:"))
    new = provider.asked[asked:]
    assert new
    assert not set(new) & set(provider.asked[:asked]), "a refusal is an answer too: only new rows are asked for"


def describe(root: Path, tool: str, text: str) -> None:
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    path.write_text(json.dumps([one | {"description": text} if one["name"] == tool else one for one in tools]))


def test_another_description_asks_again_only_where_that_is_wanted(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider)
    ok(loopbuild(root, "build", "answers:hr/role"))
    describe(root, "get_open_roles", "Lists what is vacant.")
    ok(loopbuild(root, "build", "answers:hr/role"))
    asked = len(provider.asked)
    assert not any("vacant" in json.dumps(body) for body in provider.bodies)

    write(root, provider, each="  on_doc_change: rewrite\n")
    ok(loopbuild(root, "build", "answers:hr/role"))
    told = provider.bodies[asked:]
    assert any("Lists what is vacant." in json.dumps(body) for body in told)
    asked = len(provider.asked)
    describe(root, "get_open_roles", "Call get_open_roles with startDate for open positions.")
    calls = json.loads(ok(loopbuild(root, "plan", "answers:hr/role", "--json")).out)["llm"]["calls"]
    ok(loopbuild(root, "build", "answers:hr/role"))
    again = provider.bodies[asked:]
    assert 0 < len(again) == calls <= len(told)
    assert all("Call … with … for open positions." in body["messages"][1]["content"] for body in again)
    assert not any("get_open_roles" in json.dumps(body) for body in again), "names stand in no request"
    assert "Nothing to do" in ok(loopbuild(root, "build", "answers:hr/role")).out


def test_a_second_writer_takes_its_share_and_no_more(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider)
    ok(loopbuild(root, "build", "answers:"))
    before, asked = answers(root), len(provider.asked)
    more = WRITER.format(url=provider.url).replace("ours", "theirs").replace("openai/m", "openai/n")
    reserved = more.replace("theirs", "reserved") + "      held_out: true\n"
    write(root, provider, more=more + reserved)
    ok(loopbuild(root, "build", "dataset:"))
    after = answers(root)
    writers = Counter(row["writer"] for row in after.values())
    assert set(writers) == {"ours", "theirs", "reserved"}
    kept = {key for key, row in after.items() if row["writer"] == "ours"}
    assert all(after[key] == before[key] for key in kept), "what stays with the first is not asked again"
    new = Counter(body["model"] for body in provider.bodies[asked:])
    assert new == {"n": writers["theirs"] + writers["reserved"]}
    assert "theirs" in texts(root)
    assert "reserved" not in texts(root), "its wordings are for held-out tasks alone"
    tasks = json.loads(ok(loopbuild(root, "show", "dataset:eval", "--json")).out)["tasks"]
    worded = [key for key, task in tasks.items() if task["split"] == "wordings"]
    assert worded
    for key in worded:
        (row,) = json.loads(ok(loopbuild(root, "show", key[:16], "--json")).out)
        assert (row["task"]["writer"], row["task"]["voice"]) == ("reserved", "reserved: reserved")

    write(root, provider, more=more + reserved, each="  assignment: each\n")
    asked = len(provider.asked)
    ok(loopbuild(root, "build", "answers:hr/role"))
    assert Counter(body["model"] for body in provider.bodies[asked:])["m"]


def test_nothing_is_asked_that_the_budget_does_not_allow(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider, budget="0.001")
    planned = ok(loopbuild(root, "plan", "dataset:")).out
    assert "Over the budget, so a build would not begin" in planned
    refused = loopbuild(root, "build", "dataset:")
    assert refused.code == 1
    assert "the texts would cost about $0." in refused.err
    assert "`synthesis.budget_usd` allows $0.00" in refused.err
    assert provider.asked == []

    estimate = json.loads(ok(loopbuild(root, "plan", "dataset:", "--json")).out)["llm"]["usd"]
    write(root, provider, budget=f"{estimate * 1.01:.4f}")
    provider.behave = lambda body, before: "wrong schema" if len(body["messages"]) < 6 else "ok"  # thrice as dear
    stopped = loopbuild(root, "build", "dataset:")
    assert stopped.code == 1
    assert "the budget is reached: $" in stopped.err
    assert "texts were not asked for; what was answered is kept" in stopped.err
    spent = json.loads(ok(loopbuild(root, "log", "--json")).out)[0]["targets"]
    assert 0 < sum(one["spent"].get("usd", 0) for one in spent) <= estimate * 1.01
    asked = Counter(provider.asked)
    write(root, provider, budget="5")
    provider.behave = lambda body, before: "ok"
    ok(loopbuild(root, "build", "dataset:"))
    assert max((Counter(provider.asked) - asked).values()) == 1
    assert max(Counter(provider.asked).values()) == 1, "no answer that was had is asked for again"


def test_answers_whose_bytes_are_lost_are_said_to_be_paid_for_again(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider)
    ok(loopbuild(root, "build", "answers:hr/role"))
    rows = len(provider.asked)
    shutil.rmtree(root / ".loopbuild")
    assert f"Would ask ours: about 0 to {rows} calls" in ok(loopbuild(root, "plan", "answers:hr/role")).out
    assert loopbuild(root, "build", "answers:hr/role", "--frozen").code == 1
    assert len(provider.asked) == rows


def test_a_build_that_may_spend_nothing_asks_nobody(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider)
    assert loopbuild(root, "build", "dataset:", "--frozen").code == 1
    assert provider.asked == []
    os.environ.pop("OUR_KEY")
    failed = loopbuild(root, "build", "answers:hr/role")
    assert failed.code == 1
    assert "environment variable `OUR_KEY` is not set" in failed.err
    assert "hint: export OUR_KEY=..." in failed.err
    assert provider.asked == []


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_a_kill_repeats_no_answer_that_was_had(tmp_path: Path, kills: int) -> None:
    """Killed at any moment, children and all left alone: only requests in flight may be asked once more."""
    with running(Provider(seconds=0.15)) as provider:
        provider.behave = lambda body, before: (
            "wrong schema"
            if len(body["messages"]) == 2 and body["messages"][1]["content"].count("Level: high")
            else "ok"
        )
        root = project(tmp_path, provider, own="      concurrency: 4\n")
        command = [sys.executable, "-m", "loopbuild", "--project", str(root), "build", "answers:", "--progress", "none"]
        lost = 0
        for number in range(kills):
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            deadline = time.monotonic() + 60
            had = len(provider.answered)
            while len(provider.answered) < had + 3 + number % 5 and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            lost += 4
            time.sleep(0.5)  # those in flight end, and nobody hears them
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        twice = sum(count - 1 for count in Counter(provider.asked).values())
        assert twice <= lost, "four in flight at each kill"
        assert max(Counter(provider.asked).values()) <= 1 + kills
        rows = answers(root)
        assert all("words" in row for row in rows.values())
        assert {row["usage"]["calls"] for row in rows.values()} == {1, 2}
        assert subprocess.run(command, capture_output=True, timeout=120).returncode == 0
        assert sum(count - 1 for count in Counter(provider.asked).values()) == twice
