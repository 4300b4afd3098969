"""Preference pairs: the chosen side reaches what was asked, the rejected one does not; decided here by running both."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from projects import hr_project, loopbuild

from loopbuild.engine.query import output, targets_in_force
from loopbuild.engine.workspace import Workspace
from loopbuild.judging.compare import same_state
from loopbuild.records import ToolCatalog, Trajectory, from_json
from loopbuild.sandbox import open_sandboxes
from loopbuild.sandbox.protocol import Sandbox

ON = "synthesis: {pairs: {}}\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = hr_project(tmp_path_factory.mktemp("pairs") / "hr", per_tool=12, per_tool_eval=2, extra=ON)
    screen = loopbuild(folder, "build", "pairs:")
    assert screen.code == 0, screen.err
    return folder


@pytest.fixture(scope="module")
def pairs(root: Path) -> list[dict[str, Any]]:
    return lines(root, "pairs")


def lines(root: Path, name: str) -> list[dict[str, Any]]:
    text = (root / ".loopbuild" / "out" / "dataset" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def catalog(root: Path) -> ToolCatalog:
    return from_json(ToolCatalog, output(Workspace.open(root, code_version="test"), "contract:main"))


@pytest.fixture(scope="module")
def sandbox(root: Path, catalog: ToolCatalog) -> Iterator[Sandbox]:
    opened = open_sandboxes({"hr": {"kind": "simulated"}}, catalog, root=root, environment={})
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def executions(root: Path) -> dict[str, Trajectory]:
    ws = Workspace.open(root, code_version="test")
    found = {}
    for name in targets_in_force(ws):
        if name.startswith("trajectories:"):
            for row in (output(ws, name) or {"rows": {}})["rows"].values():
                if "steps" in row:
                    found[row["key"]] = from_json(Trajectory, row)
    return found


class Replay:
    """Runs a pair's side after its prompt and says how it ends: a second opinion, by the rules of the law alone."""

    def __init__(self, sandbox: Sandbox, catalog: ToolCatalog, trajectory: Trajectory) -> None:
        self.sandbox, self.catalog, self.trajectory = sandbox, catalog, trajectory
        self.results: dict[int, Any] = {}

    def reaches_gold(self, prompt: list[Any], side: dict[str, Any], rest: list[int]) -> bool:
        steps, by_name = self.trajectory.steps, self.catalog.by_call_name()
        self.sandbox.open(self.trajectory.fixture)
        start = sum(len(message.get("tool_calls") or ()) for message in prompt)
        for place in range(start):
            self.results[place] = self.sandbox.call(steps[place].call.tool, steps[place].call.arguments).value
        free = [place for place in range(start, len(steps)) if place not in rest]
        for call in side.get("tool_calls") or ():
            tool = by_name[call["function"]["name"]]
            schema = {"additionalProperties": False, **tool.input_schema}
            checker = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
            if not checker.is_valid(call["function"]["arguments"]):
                return False
            result = self.sandbox.call(tool.id, call["function"]["arguments"])
            if result.status != "ok":
                return False
            place = next((one for one in free if steps[one].call.tool == tool.id), None)
            if place is not None:
                free.remove(place)
                self.results[place] = result.value
        return all(self.goes_on(place) for place in rest) and self.is_gold()

    def goes_on(self, place: int) -> bool:
        step = self.trajectory.steps[place]
        arguments = json.loads(json.dumps(step.call.arguments))
        for pointer, source in step.call.provenance.items():
            if source.kind == "tool":
                value = self.results.get(source.step)
                for part in source.path.split("/")[1:]:
                    if isinstance(value, list):
                        value = value[int(part)] if int(part) < len(value) else None
                    else:
                        value = (value or {}).get(part)
                if value is None:
                    return False
                *parts, last = pointer.split("/")[1:]
                holder = arguments
                for part in parts:
                    holder = holder[int(part)] if isinstance(holder, list) else holder[part]
                holder[int(last) if isinstance(holder, list) else last] = value
        result = self.sandbox.call(step.call.tool, arguments)
        self.results[place] = result.value
        return result.status == "ok"

    def is_gold(self) -> bool:
        steps = self.trajectory.steps
        used = {source.step for step in steps for source in step.call.provenance.values()}
        tools = self.catalog.by_id()
        reads = [p for p, one in enumerate(steps) if p not in used and tools[one.call.tool].effect == "read"]
        told = all(self.results.get(place) == steps[place].result.value for place in reads)
        return told and same_state(self.sandbox.state_diff(), self.trajectory.state_diff)


def test_the_chosen_side_reaches_gold_and_the_rejected_side_does_not(
    pairs: list[dict[str, Any]], executions: dict[str, Trajectory], sandbox: Sandbox, catalog: ToolCatalog
) -> None:
    assert len(pairs) > 60
    for pair in pairs:
        if not pair["trajectory"] or pair["fault"] == "contradicts":
            continue
        trajectory = executions[pair["trajectory"]]
        done = sum(len(message.get("tool_calls") or ()) for message in pair["prompt"])
        now = len(pair["chosen"][0].get("tool_calls") or ())
        rest = list(range(done + now, len(trajectory.steps)))
        assert Replay(sandbox, catalog, trajectory).reaches_gold(pair["prompt"], pair["chosen"][0], rest)
        ended = Replay(sandbox, catalog, trajectory).reaches_gold(pair["prompt"], pair["rejected"][0], pair["rest"])
        assert not ended, pair


def test_what_is_rejected_without_a_call_breaks_a_promise_or_says_what_nobody_saw(
    root: Path, pairs: list[dict[str, Any]]
) -> None:
    rows = {row["key"]: row for row in lines(root, "train")}
    for pair in pairs:
        if pair["fault"] == "needless":
            assert rows[pair["row"]]["category"] in ("no_tool", "out_of_scope")
            assert pair["rejected"][0]["tool_calls"]
        if pair["fault"] == "contradicts":
            seen = json.dumps(pair["prompt"], ensure_ascii=False)
            old, new = (set(re.findall(r"[\w-]+", pair[side][0]["content"])) for side in ("chosen", "rejected"))
            assert all(word not in seen for word in new - old)
            assert new - old


def test_sides_share_a_prefix_of_a_kept_row_and_differ_in_one_turn(root: Path, pairs: list[dict[str, Any]]) -> None:
    rows = {row["key"]: row for row in lines(root, "train")}
    for pair in pairs:
        messages = [{k: v for k, v in m.items() if k != "loss"} for m in rows[pair["row"]]["messages"]]
        assert messages[: len(pair["prompt"])] == pair["prompt"]
        assert messages[len(pair["prompt"])] == pair["chosen"][0] != pair["rejected"][0]
        assert len(pair["chosen"]) == len(pair["rejected"]) == 1


def test_sides_are_well_formed_and_about_as_long(pairs: list[dict[str, Any]], catalog: ToolCatalog) -> None:
    names = catalog.by_call_name()
    for pair in pairs:
        lengths = []
        for side in ("chosen", "rejected"):
            calls = pair[side][0].get("tool_calls") or []
            assert all(call["function"]["name"] in names for call in calls)
            assert all(isinstance(call["function"]["arguments"], dict) for call in calls)
            spelled = sum(len(json.dumps(call["function"], ensure_ascii=False)) for call in calls)
            lengths.append(len(pair[side][0]["content"]) + spelled)
        assert abs(lengths[1] - lengths[0]) <= 0.3 * lengths[0]


def test_classes_have_their_shares_or_an_excuse_and_no_execution_has_many(
    root: Path, pairs: list[dict[str, Any]]
) -> None:
    made = output(Workspace.open(root, code_version="test"), "pairs:main")
    shares = {"parameter": 0.42, "domain": 0.28, "decomposition": 0.18, "context": 0.12}
    counts = Counter(pair["kind"] for pair in pairs)
    for kind, share in shares.items():
        if not any(excuse.startswith(kind) for excuse in made["excuses"]):
            assert abs(counts[kind] / len(pairs) - share) <= 0.02, (kind, counts)
    assert max(Counter(pair["trajectory"] or pair["row"] for pair in pairs).values()) <= 2
    figures = made["figures"]
    assert figures["tried"] == figures["proven"] + sum(figures["discarded"].values())
    assert figures["discarded"]["decomposition: uninformative"] > 0


def test_a_second_build_makes_no_pair_and_a_screen_explains_one(root: Path, pairs: list[dict[str, Any]]) -> None:
    assert "Nothing to do" in loopbuild(root, "build", "pairs:").out
    pair = next(one for one in pairs if one["proof"] == "other_state")
    screen = loopbuild(root, "show", pair["key"][:12]).out
    for words in (f"{pair['kind']}: {pair['fault']}", "bad because: other_state", "chosen", "rejected"):
        assert words in screen
    assert "preference pairs" in loopbuild(root, "show", "pairs:main").out


def test_pairs_are_off_unless_asked_for(tmp_path: Path) -> None:
    folder = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    assert "pairs:main" not in loopbuild(folder, "plan", "--json").out


def test_trl_takes_the_exported_pairs(root: Path, tmp_path: Path) -> None:
    data_utils = pytest.importorskip("trl.data_utils")
    from transformers import AutoTokenizer

    done = loopbuild(root, "export", "--format", "trl-dpo", str(tmp_path / "dpo"))
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in (tmp_path / "dpo" / "train.jsonl").read_text().splitlines()]
    nano = Path(__file__).parents[2] / "loopbuild" / "stages" / "training" / "nano"
    tokenizer = AutoTokenizer.from_pretrained(str(nano))
    for row in rows[:20]:
        sides = {name: row[name] for name in ("prompt", "chosen", "rejected")}
        assert data_utils.is_conversational(sides)
        told = data_utils.apply_chat_template(sides, tokenizer, tools=json.loads(row["tools"]))
        assert told["prompt"]
        assert told["chosen"] != told["rejected"]
