"""Laws of sampled trajectories, on the HR example."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from loopbuild.digest import canonical
from loopbuild.judging.validate import Validator
from loopbuild.pointers import at, find
from loopbuild.records import Cell, Trajectory, from_json, to_json
from loopbuild.sandbox.pools import side_of
from loopbuild.sandbox.simulated import SimulatedSandbox
from loopbuild.stages.sampling.pointers import schematic
from loopbuild.stages.sampling.replay import ReplayFault, replay
from loopbuild.stages.sampling.walk import Unreachable, sample
from tests.stages.sampling.world import HR_NEXT, cells, hr, hr_with, sampled, settings

OFFER = {
    "name": "extend_offer",
    "description": "Make a candidate an offer for a role.",
    "parameters": {"candidate_id": "string", "role_id": "string"},
    "returns": {"offer_id": "string"},
}


@pytest.fixture(scope="module")
def rows() -> dict[Cell, Trajectory]:
    return sampled(*hr())


def test_every_cell_of_the_example_is_reached(rows: dict[Cell, Trajectory]) -> None:
    catalog, graph = hr()
    assert len(rows) == len(list(cells(catalog, graph, settings())))


def test_the_path_ends_with_the_goal_and_every_earlier_step_feeds_a_later_one(rows: dict[Cell, Trajectory]) -> None:
    for cell, row in rows.items():
        assert row.steps[-1].call.tool == cell.goal
        assert len(row.steps) == cell.length
        used = {source.step for step in row.steps for source in step.call.provenance.values() if source.kind == "tool"}
        alone = set(range(len(row.steps))) - used
        ends = {number for number, step in enumerate(row.steps) if step.call.tool == cell.goal}
        branch = {len(row.steps) - 2} if cell.topology == "fan_out" else set()
        assert alone <= ends | branch


def test_every_provenance_is_true(rows: dict[Cell, Trajectory]) -> None:
    for row in rows.values():
        for number, step in enumerate(row.steps):
            leaves = {path: at(step.call.arguments, path) for path in step.call.provenance}
            assert all(value is not None for value in leaves.values())
            for path, source in step.call.provenance.items():
                if source.kind == "tool":
                    assert source.step < number
                    result = row.steps[source.step].result.value
                    assert at(result, source.path) == leaves[path]
                    assert schematic(source.path) == source.leaf
                    items = find(result, source.leaf)
                    assert source.rule != "only" or len({item.value for item in items}) == 1
                    assert source.rule != "last" or items[-1].path == source.path
                    assert source.rule not in ("first", "top") or items[0].path == source.path


def test_ids_come_from_a_result_unless_a_person_knows_them() -> None:
    catalog, graph = hr()
    tools = catalog.by_id()
    for known in ((), ("role_id",)):
        for row in sampled(catalog, graph, settings(user_known=list(known))).values():
            for step in row.steps:
                kinds = {leaf.pointer: leaf.kind for leaf in tools[step.call.tool].inputs}
                for path, source in step.call.provenance.items():
                    if kinds[path] == "id" and source.kind == "user":
                        assert path.removeprefix("/") in known


def test_all_calls_validate_and_every_writing_goal_changes_the_state(rows: dict[Cell, Trajectory]) -> None:
    catalog, _ = hr()
    validator, tools = Validator(catalog), catalog.by_id()
    for cell, row in rows.items():
        assert not [fault for step in row.steps for fault in validator.check(step.call.tool, step.call.arguments)]
        if tools[cell.goal].effect != "read":
            assert row.state_diff


def test_the_essays_trajectory_can_be_produced(rows: dict[Cell, Trajectory]) -> None:
    """Open roles, the candidates of one, and an interview with each of its two best."""
    wanted = ["hr/get_open_roles", "hr/get_role_candidates", "hr/schedule_interview", "hr/schedule_interview"]
    found = [row for row in rows.values() if [step.call.tool for step in row.steps] == wanted]
    assert found
    for row in found:
        first, second = row.steps[2].call, row.steps[3].call
        assert [first.provenance["/candidate_id"].rule, second.provenance["/candidate_id"].rule] == ["top", "second"]
        assert first.provenance["/role_id"].step == 0
        assert first.arguments["role_id"] == second.arguments["role_id"] == row.steps[1].call.arguments["role_id"]
        assert [step.turn for step in row.steps] == [0, 1, 2, 3]
        assert len({fact.key for fact in row.state_diff}) == 2


def test_the_same_cell_gives_the_same_bytes_in_another_process(rows: dict[Cell, Trajectory]) -> None:
    program = (
        "import hashlib; from loopbuild.digest import canonical; from loopbuild.records import to_json;"
        "from tests.stages.sampling.world import hr, sampled;"
        "print(hashlib.sha256(b''.join(canonical(to_json(row)) for row in sampled(*hr()).values())).hexdigest())"
    )
    here = hashlib.sha256(b"".join(canonical(to_json(row)) for row in rows.values())).hexdigest()
    root = Path(__file__).parents[3]
    for hash_seed in ("1", "77"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            env=environment,
            cwd=root,
            timeout=60,
            check=True,
        )
        assert done.stdout.strip() == here


def test_the_order_of_sampling_leaves_no_trace(rows: dict[Cell, Trajectory]) -> None:
    catalog, graph = hr()
    sandbox = SimulatedSandbox(catalog, source="hr")
    for subgraph, cell in reversed(list(cells(catalog, graph, settings()))):
        again = sample(
            cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph, sandbox=sandbox, settings=settings()
        )
        assert again == rows[cell]


def test_an_added_tool_changes_no_row_that_does_not_use_it(rows: dict[Cell, Trajectory]) -> None:
    new = sampled(*hr_with(OFFER))
    assert any(cell.goal == "hr/extend_offer" for cell in new)
    kept = [cell for cell in rows if cell in new]
    moved = [cell for cell in kept if new[cell] != rows[cell]]
    assert all("hr/extend_offer" in {step.call.tool for step in new[cell].steps} for cell in moved)
    # Cells disappear only where the new tool makes another shape possible for the same goal.
    assert len(kept) >= 0.85 * len(rows)
    assert len(moved) <= 0.1 * len(kept)


def test_the_next_version_changes_only_rows_that_use_what_changed(rows: dict[Cell, Trajectory]) -> None:
    """In it get_candidate is renamed, schedule_interview needs a mode, extend_offer is new."""
    new = sampled(*hr(HR_NEXT))
    touched = {"hr/get_candidate", "hr/get_candidate_profile", "hr/schedule_interview", "hr/extend_offer"}
    same = 0
    for cell, row in rows.items():
        if cell in new and not touched & {step.call.tool for step in (*row.steps, *new[cell].steps)}:
            assert new[cell] == row
            same += 1
    assert same > len(rows) // 2


def test_a_renamed_tool_keeps_its_values() -> None:
    """What get_candidate_profile says of a candidate is what get_candidate said."""
    old, new = SimulatedSandbox(hr()[0], source="hr"), SimulatedSandbox(hr(HR_NEXT)[0], source="hr")
    old.open(3)
    new.open(3)
    ids = old.known("hr/get_candidate", "/candidate_id")
    assert ids == new.known("hr/get_candidate_profile", "/candidate_id")
    for identity in ids[:5]:
        arguments = {"candidate_id": identity}
        assert old.call("hr/get_candidate", arguments) == new.call("hr/get_candidate_profile", arguments)


def test_values_of_evaluation_are_never_those_of_training(rows: dict[Cell, Trajectory]) -> None:
    """Ids, names and addresses a person says, and ids any result shows."""
    tools = hr()[0].by_id()
    said: dict[str, set[str]] = {"train": set(), "eval": set()}
    for cell, row in rows.items():
        assert (row.fixture >= 1000) == (cell.purpose == "eval")
        for step in row.steps:
            for leaf in (leaf for leaf in tools[step.call.tool].outputs if leaf.kind == "id"):
                said[cell.purpose] |= {str(found.value) for found in find(step.result.value, leaf.pointer)}
            for leaf in tools[step.call.tool].inputs:
                if leaf.kind in ("person", "text") and not leaf.enum:
                    said[cell.purpose] |= {str(found.value) for found in find(step.call.arguments, leaf.pointer)}
    assert said["train"]
    assert said["eval"]
    assert not said["train"] & said["eval"]


def test_side_of_holds_a_fifth_out() -> None:
    held = sum(side_of(f"value {number}") == "eval" for number in range(5000)) / 5000
    assert 0.17 < held < 0.23


def test_each_value_of_an_enum_is_covered(rows: dict[Cell, Trajectory]) -> None:
    for tool in hr()[0].tools:
        for leaf in (leaf for leaf in tool.inputs if leaf.enum):
            seen = {
                found.value
                for cell, row in rows.items()
                if cell.purpose == "train" and cell.goal == tool.id
                for found in find(row.steps[-1].call.arguments, leaf.pointer)
            }
            assert seen == set(leaf.enum)


def test_steps_speak_of_one_and_the_same_thing() -> None:
    """A candidate is interviewed for the role they were listed under, whoever named it."""
    catalog, graph = hr()
    for known in ([], ["role_id"], ["*_id"]):
        for row in sampled(catalog, graph, settings(user_known=known)).values():
            for step in row.steps:
                source = step.call.provenance.get("/candidate_id")
                if step.call.tool == "hr/schedule_interview" and source is not None and source.kind == "tool":
                    assert step.call.arguments["role_id"] == row.steps[source.step].call.arguments["role_id"]


def test_reads_name_the_leaves_a_row_uses(rows: dict[Cell, Trajectory]) -> None:
    row = next(row for row in rows.values() if row.cell.goal == "hr/schedule_interview" and row.cell.length == 3)
    assert set(row.reads) >= {
        "hr/get_open_roles output /role_ids/[]",
        "hr/get_role_candidates input /role_id",
        "hr/get_role_candidates output /candidate_ids/[]",
        "hr/schedule_interview effect",
        "hr/schedule_interview gate",
        "hr/schedule_interview input /candidate_id",
        "hr/schedule_interview output /interview_id",
    }
    assert "hr/get_role_candidates output /scores/[]" not in row.reads
    assert list(row.reads) == sorted(row.reads)


def test_the_signature_knows_the_path_and_no_values(rows: dict[Cell, Trajectory]) -> None:
    def path(row: Trajectory) -> tuple[object, ...]:
        steps = row.steps if row.cell.topology != "map" else (*row.steps[:-1], row.steps[-1])
        return tuple(dict.fromkeys(step.call.tool for step in steps)), row.cell.topology == "map", row.cell.topology

    by_signature: dict[str, set[object]] = {}
    for row in rows.values():
        by_signature.setdefault(row.signature, set()).add(path(row)[:2])
    assert all(len(paths) == 1 for paths in by_signature.values())
    assert 8 < len(by_signature) < len(rows) / 2


def test_rows_survive_being_written_down(rows: dict[Cell, Trajectory]) -> None:
    for row in rows.values():
        assert from_json(Trajectory, to_json(row)) == row


def test_replay_gives_the_row_back_and_notices_a_difference(rows: dict[Cell, Trajectory]) -> None:
    catalog, _ = hr()
    sandbox = SimulatedSandbox(catalog, source="hr")
    for row in rows.values():
        assert replay(from_json(Trajectory, to_json(row)), catalog=catalog, sandbox=sandbox) == row
    row = next(row for row in rows.values() if len(row.steps) == 3 and row.cell.goal == "hr/schedule_interview")
    elsewhere = replay(replace(row, fixture=row.fixture + 1), catalog=catalog, sandbox=sandbox)
    assert isinstance(elsewhere, ReplayFault)
    assert elsewhere.code == "value_differs"
    newer = replay(row, catalog=hr(HR_NEXT)[0], sandbox=SimulatedSandbox(hr(HR_NEXT)[0], source="hr"))
    assert newer == ReplayFault(code="invalid_call", step=2, detail="missing_required /mode")


def test_an_id_nothing_yields_is_named_as_the_reason() -> None:
    catalog, graph = hr_with(
        {"name": "void_badge", "parameters": {"badge_id": "string"}, "returns": {"status": "string"}}
    )
    subgraph = next(one for one in graph.subgraphs if "hr/void_badge" in one.goals)
    cell = Cell(goal="hr/void_badge", topology="chain", length=2, index=0, purpose="train")
    outcome = sample(
        cell, seed=0, catalog=catalog, graph=graph, subgraph=subgraph,
        sandbox=SimulatedSandbox(catalog, source="hr"), settings=settings(),
    )  # fmt: skip
    assert outcome == Unreachable(reason="opaque_id", detail="nothing yields `/badge_id` of `hr/void_badge`")


def test_a_thousand_rows_take_less_than_five_seconds() -> None:
    catalog, graph = hr()
    start = time.process_time()
    count = len(sampled(catalog, graph, settings(per_tool=20)))
    assert count / (time.process_time() - start) > 200
