"""Hand-made trajectories over the example tools, with plausible results and full provenance."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

from loopbuild import digest
from loopbuild.records import (
    Cell,
    Json,
    Provenance,
    StateFact,
    Step,
    ToolCall,
    ToolCatalog,
    ToolResult,
    Trajectory,
)
from loopbuild.stages.catalog import build_catalog
from loopbuild.stages.sources.toolspec import read

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = (
    "Anna Keller",
    "Tomas Brandt",
    "Li Wei",
    "Fatima Noor",
    "Jonas Weber",
    "Maria Silva",
    "Omar Haddad",
    "Ines Costa",
)
SETTINGS = {"include": [], "exclude": [], "effects": {}, "returns": {}, "allow_empty": False, "kind": "toolspec"}


@cache
def catalog(name: str) -> ToolCatalog:
    path = EXAMPLES / name / "tools" / f"{name}.json"
    return build_catalog([read(name, path.read_bytes(), file=str(path), settings=SETTINGS | {"path": str(path)})])


def user(**values: Json) -> dict[str, tuple[Json, Provenance]]:
    return {name: (value, Provenance(kind="user")) for name, value in values.items()}


def from_step(step: int, path: str, value: Json, *, rule: str = "only") -> tuple[Json, Provenance]:
    leaf = "/".join("[]" if part.isdigit() else part for part in path.split("/"))
    return value, Provenance(kind="tool", step=step, path=path, leaf=leaf, rule=rule)


def step(tool: str, arguments: dict[str, tuple[Json, Provenance]], value: Json, *, turn: int) -> Step:
    call = ToolCall(
        tool=tool,
        arguments={name: pair[0] for name, pair in arguments.items()},
        provenance={f"/{name}": pair[1] for name, pair in arguments.items()},
    )
    return Step(call=call, result=ToolResult(status="ok", value=value), turn=turn)


def trajectory(steps: list[Step], *, number: int, topology: str = "chain", purpose: str = "train") -> Trajectory:
    goal = steps[-1].call.tool
    cell = Cell(goal=goal, topology=topology, length=len(steps), index=number, purpose=purpose)  # type: ignore[arg-type]
    key = digest.digest("plan", [goal, topology, len(steps), number, purpose, [s.call.tool for s in steps]])
    return Trajectory(
        key=key, cell=cell, sandbox="simulated", fixture=number % 16, steps=tuple(steps),
        state_diff=(StateFact(change="added", entity="interview", key="x"),), reads=(f"{goal} gate",),
        digest=digest.digest("trajectory", [key]), signature=digest.digest("path", [s.call.tool for s in steps]),
    )  # fmt: skip


def hr_trajectories(count: int, *, purpose: str = "train", start: int = 0) -> list[Trajectory]:
    """Return `count` trajectories going round the shapes below."""
    return [_SHAPES[n % len(_SHAPES)](n, purpose) for n in range(start, start + count)]


def _roles(rng: Random) -> list[str]:
    return [f"R-{rng.randrange(1000, 9999)}" for _ in range(rng.randrange(2, 6))]


def _candidates(rng: Random, count: int = 0) -> dict[str, Json]:
    ids = [f"C-{rng.randrange(100, 999)}" for _ in range(count or rng.randrange(3, 7))]
    return {"candidate_ids": ids, "scores": sorted((rng.randrange(50, 99) for _ in ids), reverse=True)}


def _hr(tool: str, arguments: dict[str, tuple[Json, Provenance]], value: Json, turn: int) -> Step:
    return step(f"hr/{tool}", arguments, value, turn=turn)


def _open_roles(n: int, purpose: str) -> Trajectory:
    return trajectory(
        [_hr("get_open_roles", {}, {"role_ids": _roles(Random(n))}, 0)], number=n, topology="single", purpose=purpose
    )


def _single_employee(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    name = rng.choice(NAMES)
    department = rng.choice(("engineering", "sales", "finance", "support", "legal"))
    arguments = user(name=name, email=f"{name.split()[0].lower()}@orbit.example", department=department)
    return trajectory(
        [_hr("create_employee", arguments, {"employee_id": f"E-{rng.randrange(99, 999)}"}, 0)],
        number=n,
        topology="single",
        purpose=purpose,
    )


def _single_find(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    value = {"employee_id": f"E-{rng.randrange(99, 999)}", "email": "a.k@orbit.example"}
    return trajectory(
        [_hr("find_employee", user(name=rng.choice(NAMES)), value, 0)], number=n, topology="single", purpose=purpose
    )


def _candidates_of_first(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    roles = _roles(rng)
    rule, at = rng.choice((("first", 0), ("last", len(roles) - 1), ("second", 1)))
    first = _hr("get_open_roles", {}, {"role_ids": roles}, 0)
    second = _hr(
        "get_role_candidates", {"role_id": from_step(0, f"/role_ids/{at}", roles[at], rule=rule)}, _candidates(rng), 1
    )
    return trajectory([first, second], number=n, purpose=purpose)


def _interview_top(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    roles, found, count = _roles(rng), _candidates(rng), rng.choice((1, 2, 2, 3))
    steps = [
        _hr("get_open_roles", {}, {"role_ids": roles}, 0),
        _hr("get_role_candidates", {"role_id": from_step(0, "/role_ids/0", roles[0], rule="first")}, found, 1),
    ]
    for rank in range(count):
        arguments = {
            "candidate_id": from_step(1, f"/candidate_ids/{rank}", found["candidate_ids"][rank], rule="top"),
            "role_id": from_step(0, "/role_ids/0", roles[0], rule="first"),
        }
        steps.append(_hr("schedule_interview", arguments, {"interview_id": f"INT-{rng.randrange(1000, 9999)}"}, 2))
    return trajectory(steps, number=n, topology="map" if count > 1 else "chain", purpose=purpose)


def _leave(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    name, employee = rng.choice(NAMES), f"E-{rng.randrange(99, 999)}"
    start = f"2026-{rng.randrange(2, 9):02d}-{rng.randrange(1, 20):02d}"
    arguments = user(
        leave_type=rng.choice(("vacation", "sick", "parental", "unpaid")),
        start_date=start,
        end_date=start[:8] + f"{int(start[8:]) + 7:02d}",
    )
    steps = [
        _hr("find_employee", user(name=name), {"employee_id": employee, "email": "x@orbit.example"}, 0),
        _hr(
            "request_leave",
            {"employee_id": from_step(0, "/employee_id", employee)} | arguments,
            {"leave_id": f"L-{rng.randrange(100, 999)}", "status": "pending"},
            1,
        ),
    ]
    if n % 2:
        leave = steps[-1].result.value["leave_id"]
        steps.append(_hr("approve_leave", {"leave_id": from_step(1, "/leave_id", leave)}, {"status": "approved"}, 2))
    return trajectory(steps, number=n, purpose=purpose)


def _balance(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    name, employee = rng.choice(NAMES), f"E-{rng.randrange(99, 999)}"
    extra = user(year=rng.randrange(2020, 2031)) if n % 2 else {}
    steps = [
        _hr("find_employee", user(name=name), {"employee_id": employee, "email": "x@orbit.example"}, 0),
        _hr(
            "get_leave_balance",
            {"employee_id": from_step(0, "/employee_id", employee)} | extra,
            {"days_left": rng.randrange(0, 30)},
            1,
        ),
    ]
    return trajectory(steps, number=n, purpose=purpose)


def _cancel(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    roles = _roles(rng)
    interviews = [f"INT-{rng.randrange(1000, 9999)}" for _ in range(3)]
    extra = (
        user(reason=rng.choice(("the role was filled", "candidate is ill", "scheduling conflict", "budget freeze")))
        if n % 2
        else {}
    )
    steps = [
        _hr("get_open_roles", {}, {"role_ids": roles}, 0),
        _hr(
            "list_interviews",
            {"role_id": from_step(0, "/role_ids/1", roles[1], rule="second")},
            {"interview_ids": interviews},
            1,
        ),
        _hr(
            "cancel_interview",
            {"interview_id": from_step(1, "/interview_ids/2", interviews[2], rule="last")} | extra,
            {"status": "cancelled"},
            2,
        ),
    ]
    return trajectory(steps, number=n, purpose=purpose)


def _hire(n: int, purpose: str) -> Trajectory:
    rng = Random(n)
    roles, found = _roles(rng), _candidates(rng)
    profile = {"name": rng.choice(NAMES), "email": "c@orbit.example", "years_experience": rng.randrange(1, 20)}
    steps = [
        _hr("get_open_roles", {}, {"role_ids": roles}, 0),
        _hr("get_role_candidates", {"role_id": from_step(0, "/role_ids/0", roles[0], rule="first")}, found, 1),
        _hr(
            "get_candidate",
            {"candidate_id": from_step(1, "/candidate_ids/0", found["candidate_ids"][0], rule="top")},
            profile,
            2,
        ),
        _hr(
            "create_employee",
            {"name": from_step(2, "/name", profile["name"]), "email": from_step(2, "/email", profile["email"])}
            | user(department="sales"),
            {"employee_id": "E-77"},
            3,
        ),
    ]
    return trajectory(steps, number=n, purpose=purpose)


def _profile(n: int, purpose: str) -> Trajectory:
    hired = _hire(n, purpose).steps[:3]
    return trajectory(list(hired), number=n, purpose=purpose)


def _known(n: int, purpose: str) -> Trajectory:
    """A person says the id."""
    rng = Random(n)
    kind = n // len(_SHAPES) % 4
    if kind == 0:
        made = _hr("get_role_candidates", user(role_id=f"R-{rng.randrange(1000, 9999)}"), _candidates(rng), 0)
    elif kind == 1:
        made = _hr(
            "cancel_interview",
            user(interview_id=f"INT-{rng.randrange(1000, 9999)}", reason="panel is travelling"),
            {"status": "cancelled"},
            0,
        )
    elif kind == 2:
        made = _hr(
            "schedule_interview",
            user(candidate_id=f"C-{rng.randrange(100, 999)}", role_id=f"R-{rng.randrange(1000, 9999)}"),
            {"interview_id": "INT-5501"},
            0,
        )
    else:
        made = _hr("approve_leave", user(leave_id=f"L-{rng.randrange(100, 999)}"), {"status": "approved"}, 0)
    return trajectory([made], number=n, topology="single", purpose=purpose)


_SHAPES = (
    _open_roles, _interview_top, _single_employee, _candidates_of_first, _leave, _balance, _single_find, _cancel,
    _known, _hire, _profile,
)  # fmt: skip


def memory_trajectories(count: int, *, purpose: str = "train") -> list[Trajectory]:
    made = []
    for n in range(count):
        rng = Random(n)
        a, b = rng.sample(NAMES, 2)
        people = [
            {
                "name": a,
                "entityType": "person",
                "observations": rng.sample(
                    ["likes tea", "works at Orbit", "prefers morning meetings", "speaks Portuguese"], rng.choice((1, 2))
                ),
            },
            {"name": "Orbit Labs", "entityType": "company", "observations": ["founded in 2012"]},
        ]
        shape = n % 8
        if shape == 0:
            chosen = people[: rng.choice((1, 2))]
            steps = [step("memory/create_entities", user(entities=chosen), {"entities": chosen}, turn=0)]
        elif shape == 1:
            links = [{"from": a, "to": b, "relationType": rng.choice(("knows", "works_with", "reports_to"))}][:1]
            if n % 3:
                links.append({"from": b, "to": "Orbit Labs", "relationType": "works_at"})
            steps = [step("memory/create_relations", user(relations=links), {"relations": links}, turn=0)]
        elif shape == 2:
            notes = [
                {
                    "entityName": a,
                    "contents": rng.sample(
                        ["plays chess", "moved to Lisbon", "allergic to nuts, sadly"], rng.choice((1, 2))
                    ),
                }
            ]
            steps = [
                step(
                    "memory/add_observations",
                    user(observations=notes),
                    {"results": [{"entityName": a, "addedObservations": notes[0]["contents"]}]},
                    turn=0,
                )
            ]
        elif shape == 3:
            steps = [
                step(
                    "memory/delete_entities",
                    user(entityNames=[a, b][: rng.choice((1, 2))]),
                    {"success": True, "message": "Entities deleted successfully"},
                    turn=0,
                )
            ]
        elif shape == 4:
            gone = [{"entityName": a, "observations": ["plays chess"]}]
            steps = [
                step(
                    "memory/delete_observations",
                    user(deletions=gone),
                    {"success": True, "message": "Observations deleted successfully"},
                    turn=0,
                )
            ]
        elif shape == 5:
            steps = [
                step(
                    "memory/search_nodes",
                    user(query=rng.choice(("Orbit", "tea", "chess club"))),
                    {"entities": people, "relations": []},
                    turn=0,
                )
            ]
        elif shape == 6:
            steps = [
                step(
                    "memory/open_nodes",
                    user(names=[a, b][: rng.choice((1, 2))]),
                    {"entities": people[:1], "relations": []},
                    turn=0,
                )
            ]
        else:
            steps = [step("memory/read_graph", {}, {"entities": people, "relations": []}, turn=0)]
        made.append(trajectory(steps, number=n, topology="single", purpose=purpose))
    return made
