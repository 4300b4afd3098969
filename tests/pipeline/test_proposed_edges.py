"""A model that proposes edges: asked once, priced before, held to what it was shown, and sampled by nobody."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("litellm", reason="the extra `llm` is not installed")

from projects import Screen, loopbuild

from loopbuild.pipeline.builds import open_project
from loopbuild.pipeline.tools import current_tools
from loopbuild.records import DataFlowEdge, EdgeEvidence
from loopbuild.stages.toolgraph.evidence import Facts, write_evidence
from tests.llm.provider import Provider, running

pytestmark = pytest.mark.usefixtures("one_transport")
TOOLS = [
    {"name": "list_gates", "parameters": {}, "returns": {"gates": [{"label": "string", "password": "string"}]}},
    {"name": "list_crews", "parameters": {}, "returns": {"names": ["string"], "on_duty": "boolean"}},
    {"name": "open_gate", "parameters": {"gate": "string", "mode": {"type": "string", "enum": ["slow", "fast"]}}},
    {"name": "send_crew", "parameters": {"crew": "string", "message": "string", "dry_run?": "boolean"}},
]
LOOP = """version: 1
sources:
  yard: {{kind: toolspec, path: yard.json}}
sampling: {{per_tool: 4}}
evaluation: {{per_tool: 5}}
synthesis: {{budget_usd: {budget}}}
graph:
  edges: {{allow: [{allow}]}}
  propose:
    model: openai/p
    name: joiner
    api_base: {url}
    price: {{prompt_usd_per_million: 1, completion_usd_per_million: 4}}
    max_tries: 1
    per_input: {per_input}
"""


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running(Provider(behave=lambda body, before: "invent")) as made:
        yield made


def yard(root: Path, provider: Provider, *, budget: str = "5", allow: str = "", per_input: int = 2) -> Path:
    (root / "yard.json").write_text(json.dumps(TOOLS))
    text = LOOP.format(url=provider.url, budget=budget, allow=allow, per_input=per_input)
    (root / "loop.yaml").write_text(text)
    return root


def ok(screen: Screen) -> Screen:
    assert screen.code == 0, screen.err
    return screen


def graph(root: Path) -> Any:
    return json.loads(ok(loopbuild(root, "graph", "--json")).out)


def unproven(root: Path) -> list[str]:
    return [f"{one['producer']}{one['producer_leaf']} -> {one['consumer']}{one['consumer_leaf']}" for one in
            graph(root)["unproven"] if one["rule"] == "proposed"]  # fmt: skip


GATE = "yard/list_gates/gates/[]/label -> yard/open_gate/gate"


def test_proposals_are_priced_asked_once_and_shown_as_unproven(tmp_path: Path, provider: Provider) -> None:
    root = yard(tmp_path, provider)
    assert unproven(root) == []
    ok(loopbuild(root, "build", "graph:main"))
    planned = ok(loopbuild(root, "plan", "proposals:")).out
    assert re.search(r"Would ask the proposer joiner: about 2 calls, [\d,]+ tokens, \$0\.\d\d", planned)
    assert provider.asked == []
    built = ok(loopbuild(root, "build", "proposals:"))
    assert re.search(r"2 calls, [\d,]+ tokens, \$0\.\d+ spent on the proposer", built.out)
    assert len(provider.asked) == 2
    assert provider.bodies[0]["response_format"]["json_schema"]["name"] == "proposal"
    assert GATE in unproven(root)
    assert "yard/list_crews/names/[] -> yard/send_crew/crew" in unproven(root)
    assert graph(root)["edges"] == []
    assert "0.10 proposed, pick, unproven" in ok(loopbuild(root, "graph")).out
    ok(loopbuild(root, "build", "proposals:"))
    assert len(provider.asked) == 2


def test_a_model_is_shown_names_alone_and_held_to_them(tmp_path: Path, provider: Provider) -> None:
    """Secrets, flags, choices and free text are not asked about; what it invents is counted and left out."""
    root = yard(tmp_path, provider)
    ok(loopbuild(root, "build", "proposals:"))
    asked = "\n".join(body["messages"][1]["content"] for body in provider.bodies)
    assert "/gates/[]/label (string)" in asked
    for hidden in ("password", "on_duty", "/mode", "/message", "/dry_run"):
        assert hidden not in asked
    rows = json.loads(ok(loopbuild(root, "show", "proposals:main", "--json")).out)["rows"].values()
    assert {row["unknown"] for row in rows} == {1}
    key = next(iter(json.loads(loopbuild(root, "show", "proposals:main", "--json").out)["rows"]))
    told = ok(loopbuild(root, "show", f"proposals:main#{key[:6]}")).out
    assert "left out, for it names what was not shown: 1" in told
    assert "proposed by joiner: 1 call" in told
    assert not [edge for row in rows for edge in row["edges"] if edge[1] == "nobody/knows"]


def test_at_most_so_many_proposals_are_tried_for_one_input(tmp_path: Path, provider: Provider) -> None:
    root = yard(tmp_path, provider, per_input=1)
    ok(loopbuild(root, "build", "proposals:"))
    asked = len(provider.asked)
    assert [edge.partition(" -> ")[2] for edge in unproven(root)] == ["yard/open_gate/gate", "yard/send_crew/crew"]
    yard(tmp_path, provider, per_input=2)
    assert len(unproven(root)) == 4
    ok(loopbuild(root, "build", "proposals:"))
    assert len(provider.asked) == asked


def test_what_the_author_allows_is_an_edge_and_no_other_question_is_asked_for_it(
    tmp_path: Path, provider: Provider
) -> None:
    root = yard(tmp_path, provider)
    ok(loopbuild(root, "build", "proposals:"))
    asked = len(provider.asked)
    yard(tmp_path, provider, allow='"yard/list_gates#/gates/[]/label -> yard/open_gate#/gate"')
    ok(loopbuild(root, "build", "proposals:"))
    assert len(provider.asked) == asked
    assert [edge["status"] for edge in graph(root)["edges"]] == ["declared"]
    assert GATE not in unproven(root)


def test_a_replay_that_finds_the_place_of_a_guess_asks_no_question_anew(tmp_path: Path, provider: Provider) -> None:
    root = yard(tmp_path, provider)
    more = [
        {"name": "create_crew", "parameters": {"title": "string"}},
        {"name": "end_crew", "parameters": {"crew_id": "string"}},
    ]
    (root / "yard.json").write_text(json.dumps([*TOOLS, *more]))
    ok(loopbuild(root, "build", "proposals:"))
    asked = len(provider.asked)
    assert "/crew_id (unknown)" in "\n".join(body["messages"][1]["content"] for body in provider.bodies)
    edge = "yard/create_crew#/crew/id -> yard/end_crew#/crew_id"
    tools = current_tools(open_project(str(root))).catalog
    ends = DataFlowEdge(
        producer="yard/create_crew",
        producer_leaf="/crew/id",
        consumer="yard/end_crew",
        consumer_leaf="/crew_id",
        score=0.55,
        rule="guessed",
    )
    line = EdgeEvidence(
        edge=edge,
        status="verified",
        replay="verified",
        score=0.55,
        rule="guessed",
        sandbox="",
        facts=Facts(tools).of(ends),
    )
    (root / "graph.lock").write_bytes(write_evidence([line]))
    assert [one["status"] for one in graph(root)["edges"]] == ["verified"]
    ok(loopbuild(root, "build", "proposals:"))
    assert len(provider.asked) == asked


def test_a_budget_that_is_too_small_asks_nobody(tmp_path: Path, provider: Provider) -> None:
    root = yard(tmp_path, provider, budget="0.000001")
    ok(loopbuild(root, "build", "graph:main"))
    screen = loopbuild(root, "build", "proposals:")
    assert screen.code == 1
    assert "the proposals would cost" in screen.err
    assert "take `propose` out of `graph`" in screen.err
    assert provider.asked == []


def test_an_answer_that_is_none_proposes_nothing_and_is_kept(tmp_path: Path, provider: Provider) -> None:
    provider.behave = lambda body, before: "400"
    root = yard(tmp_path, provider)
    assert loopbuild(root, "build", "proposals:").code == 1
    provider.behave = lambda body, before: "refuse"
    ok(loopbuild(root, "build", "proposals:"))
    assert unproven(root) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model: offline", "the offline writer proposes nothing"),
        ("model: openai/p\n    per_inputs: 3", "`per_inputs`"),
        ("model: openai/p\n    api_key: sk-1", "api_key"),
    ],
)
def test_a_mistake_in_the_settings_has_its_place(tmp_path: Path, provider: Provider, change: str, message: str) -> None:
    root = yard(tmp_path, provider)
    (root / "loop.yaml").write_text((root / "loop.yaml").read_text().replace("model: openai/p", change))
    screen = loopbuild(root, "plan")
    assert screen.code == 2
    assert message in screen.err
