"""A judge among the filters: whom it sees, what it costs, and that trouble is never a verdict."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

pytest.importorskip("litellm", reason="the extra `llm` is not installed")

from projects import Screen, hr_project, loopbuild

from tests.llm.provider import Provider, running

pytestmark = pytest.mark.usefixtures("one_transport")
FREE_FILTERS = ["schema", "contract", "danger", "provenance", "execution", "controls", "dedup", "diversity"]
JUDGE = """  - judge:
      model: openai/j
      name: reader
      api_base: {url}
      price: {{prompt_usd_per_million: 1, completion_usd_per_million: 4}}
      max_tries: 1
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running(Provider()) as made:
        yield made


@pytest.fixture(scope="module")
def unjudged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose rows are made: judging is all that is left to do."""
    root = hr_project(tmp_path_factory.mktemp("unjudged") / "hr", per_tool=2, per_tool_eval=1)
    ok(loopbuild(root, "build", "dataset:"))
    return root


@pytest.fixture(autouse=True)
def built(unjudged: Path, tmp_path: Path) -> None:
    shutil.copytree(unjudged, tmp_path / "hr")


def project(folder: Path, provider: Provider, *, own: str = "", budget: str = "5", more: str = "") -> Path:
    root = folder / "hr"
    head = (root / "loop.yaml").read_text().partition("synthesis:")[0]
    filters = "".join(f"  - {name}\n" for name in FREE_FILTERS) + JUDGE.format(url=provider.url) + own
    (root / "loop.yaml").write_text(f"{head}synthesis: {{budget_usd: {budget}{more}}}\nfilters:\n{filters}")
    return root


def ok(screen: Screen) -> Screen:
    assert screen.code == 0, screen.err
    return screen


def shown(root: Path, what: str) -> Any:
    return json.loads(ok(loopbuild(root, "show", what, "--json")).out)


def lines(root: Path) -> list[str]:
    return (root / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text().splitlines()


def by_row(*deeds: str) -> Callable[[dict[str, Any], int], str]:
    """Do the same for the same row, whenever it is asked about; the first deed is for most."""

    def behave(body: dict[str, Any], before: int) -> str:
        number = blake3(body["messages"][1]["content"].encode()).digest()[0]
        return deeds[number % 24] if number % 24 < len(deeds) else deeds[0]

    return behave


def test_a_judge_that_finds_nothing_changes_nothing(tmp_path: Path, provider: Provider) -> None:
    """Priced before it is asked; it sees each training row the free filters kept, once, and no held-out task."""
    before = lines(tmp_path / "hr")
    root = project(tmp_path, provider)
    planned = ok(loopbuild(root, "plan", "dataset:")).out
    assert re.search(r"Would ask the judge reader: about \d+ to \d+ calls, [\d,]+ tokens, \$0\.\d\d", planned)
    ok(loopbuild(root, "build", "candidates:"))
    exact = json.loads(ok(loopbuild(root, "plan", "dataset:", "--json")).out)["llm"]
    assert provider.asked == []
    built = ok(loopbuild(root, "build", "dataset:"))
    assert exact["calls"] == len(provider.asked) == len(before)
    assert re.search(rf"{len(before)} calls, [\d,]+ tokens, \$0\.\d\d spent on the judge", built.out)
    assert lines(root) == before
    assert provider.bodies[0]["response_format"]["json_schema"]["name"] == "judgement"
    cost = shown(root, "dataset:main")["figures"]["cost"]
    assert cost["calls"] == len(before)
    assert abs(cost["usd_per_row"] * len(before) - cost["usd"]) < 1e-4
    screen = ok(loopbuild(root, "show", "dataset:main")).out
    assert re.search(r"cost +\$0\.\d\d, \d+ calls, \$0\.000\d for a training row", screen)
    assert f"judged by reader: {len(before)} good, 0 dropped, 0 without a verdict" in loopbuild(root, "report").out + (
        ok(loopbuild(root, "show", "dataset:main")).out
    )

    assert "Nothing to do" in ok(loopbuild(root, "build", "dataset:")).out
    project(tmp_path, provider, own="      concurrency: 2\n      undecided: hold_back\n", budget="7")
    ok(loopbuild(root, "build", "dataset:"))
    assert len(provider.asked) == len(before), "pace, purse and patience decide no judgement"
    project(tmp_path, provider, more=", texts_per_level: 2")
    ok(loopbuild(root, "build", "dataset:"))
    assert len(set(provider.asked)) == len(provider.asked) > len(before), "rows that were there are not judged again"


def test_what_the_judge_finds_bad_is_dropped_with_its_reason(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider)
    provider.behave = by_row("ok", "bad", "bad", "bad")
    ok(loopbuild(root, "build", "dataset:"))
    dataset = shown(root, "dataset:main")
    bad = {key: verdict for key, verdict in dataset["verdicts"].items() if verdict[0] == "judge"}
    assert bad
    assert {tuple(verdict) for verdict in bad.values()} == {("judge", "judge:unnatural", "Nobody talks like this.")}
    assert not bad.keys() & dataset["train"].keys()
    assert dataset["funnel"]["judged"]["bad"] == len(bad)
    screen = ok(loopbuild(root, "show", "dataset:main")).out
    assert re.search(rf"dropped, `judge`: no person would say it \(train\) +{len(bad)}\n", screen)
    row = ok(loopbuild(root, "show", min(bad)[:12])).out
    assert "dropped by `judge`: no person would say it (Nobody talks like this.)" in row
    assert re.search(r"judged by reader: bad, 1 call, \d+ tokens, \$0\.00", row)
    kept = ok(loopbuild(root, "show", min(dataset["train"])[:12])).out
    assert "judged by reader: good (The calls do what was asked.)" in kept


@pytest.mark.parametrize("deed", ["429", "hang", "hang up", "500", "refuse", "sorry", "bad json", "empty", "unknown"])
def test_trouble_is_no_verdict_and_the_next_build_asks_again(tmp_path: Path, provider: Provider, deed: str) -> None:
    """Neither kept nor dropped: there is no data set without a verdict, and only such rows are asked about again."""
    root = project(tmp_path, provider, own="      timeout_seconds: 8\n" if deed == "hang" else "")
    provider.behave = by_row("ok", deed)
    ok(loopbuild(root, "build", "candidates:"))
    asked = shown(root, "candidates:main")["asked"]
    failed = loopbuild(root, "build", "dataset:")
    assert failed.code == 1
    told = re.search(r"judgements:main`: (\d+) of (\d+) rows failed, such as `(\w+)`: deferred: ", failed.err)
    assert told, failed.err
    waiting, total = int(told[1]), int(told[2])
    assert 0 < waiting < total == len(asked)
    assert f"{total - waiting} rows are kept" in failed.err
    assert "deferred: the judge has not given a verdict yet" in ok(loopbuild(root, "show", told[3][:12])).out
    judged = shown(root, "dataset:main")["funnel"].get("judged")
    assert judged is None, "what is in force is the data set of before there was a judge"
    assert "Would ask the judge reader: about" in ok(loopbuild(root, "plan", "dataset:")).out

    provider.behave = lambda body, before: "ok"
    again = len(provider.asked)
    ok(loopbuild(root, "build", "dataset:"))
    assert len(provider.asked) - again == waiting
    judged = shown(root, "dataset:main")["funnel"]["judged"]
    assert (judged["good"], judged["bad"], judged["deferred"]) == (total, 0, 0)


def test_a_build_may_go_on_without_rows_that_have_no_verdict(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider, own="      undecided: hold_back\n")
    provider.behave = by_row("ok", "unknown", "refuse", "bad json")
    ok(loopbuild(root, "build", "dataset:"))
    dataset = shown(root, "dataset:main")
    held = sorted(key for key, verdict in dataset["verdicts"].items() if verdict[0] == "deferred")
    judged = dataset["funnel"]["judged"]
    assert judged["deferred"] == len(held) == sum(judged["reasons"].values()) > 0
    assert not set(held) & dataset["train"].keys()
    assert "deferred" not in json.dumps(dataset["funnel"]["dropped"])
    screen = ok(loopbuild(root, "show", "dataset:main")).out
    assert f"{len(held)} without a verdict\n  held back until there is one: " in screen
    row = ok(loopbuild(root, "show", held[0][:12])).out
    assert "deferred: the judge gave no verdict: " in row
    assert f"`--refresh judgements:main#{held[0][:8]}` asks again" in row

    provider.behave = lambda body, before: "ok"
    again = len(provider.asked)
    ok(loopbuild(root, "build", "dataset:", "--refresh", f"judgements:main#{held[0][:12]}"))
    assert len(provider.asked) == again + 1
    assert held[0] in shown(root, "dataset:main")["train"]


def test_writers_and_judge_have_one_purse(tmp_path: Path, provider: Provider) -> None:
    root = project(tmp_path, provider, budget="0.001")
    assert "the judgements would cost about $0." in ok(loopbuild(root, "plan", "dataset:")).out
    refused = loopbuild(root, "build", "dataset:")
    assert refused.code == 1
    assert "the judgements would cost about $0." in refused.err
    assert "`synthesis.budget_usd` allows $0.00" in refused.err
    assert provider.asked == []

    writer = "{model: openai/m, api_base: '%s', price: {prompt_usd_per_million: 1, completion_usd_per_million: 4}}"
    more = f", writers: [{writer % provider.url}]"
    project(tmp_path, provider, more=more)
    ok(loopbuild(root, "build", "trajectories:"))
    limit = json.loads(ok(loopbuild(root, "plan", "dataset:", "--json")).out)["llm"]["usd"]
    project(tmp_path, provider, more=more, budget=f"{limit * 1.01:.4f}")
    provider.behave = lambda body, before: "wrong schema" if len(body["messages"]) < 6 else "ok"
    stopped = loopbuild(root, "build", "dataset:")
    assert stopped.code == 1
    assert "the budget is reached: $" in stopped.err
    spent = json.loads(ok(loopbuild(root, "log", "--json")).out)[0]["targets"]
    assert 0 < sum(one["spent"].get("usd", 0) for one in spent) <= limit * 1.01


def test_no_judge_is_told_a_secret(tmp_path: Path, provider: Provider) -> None:
    tools = [
        {
            "name": "create_account",
            "parameters": {"name": "string", "password": "string"},
            "returns": {"account_id": "string"},
        },
        {"name": "list_accounts", "parameters": {"name": "string"}, "returns": {"account_ids": ["string"]}},
    ]
    root = tmp_path / "hr"
    (root / "loop.yaml").write_text((root / "loop.yaml").read_text().replace("per_tool: 2", "per_tool: 4"))
    (root / "tools" / "hr.json").write_text(json.dumps(tools))
    project(tmp_path, provider)
    ok(loopbuild(root, "build", "dataset:"))
    judged = shown(root, "dataset:main")["funnel"]["judged"]
    assert judged["secret"]
    assert provider.bodies
    assert all("password" not in json.dumps(body["messages"][1:]) for body in provider.bodies)
    secret = shown(root, "candidates:main")["secret"][0]
    row = ok(loopbuild(root, "show", secret[:12])).out
    assert "  kept\n" in row
    assert "not judged: it holds a secret" in row
