"""A small HR world for the laws of evaluation: a catalog, a sandbox that runs it, tasks made by running gold calls."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from loopbuild.records import (
    EvalTask,
    Provenance,
    SchemaLeaf,
    StateFact,
    Step,
    ToolCall,
    ToolCatalog,
    ToolResult,
    ToolSchema,
)

USER = Provenance(kind="user")


def came(step: int, path: str) -> Provenance:
    return Provenance(kind="tool", step=step, path=path)


def tool(name: str, effect: str, entity: str, properties: dict[str, Any], optional: Sequence[str] = ()) -> ToolSchema:
    required = [one for one in properties if one not in optional]
    return ToolSchema(
        id=f"hr/{name}",
        source="hr",
        name=name,
        call_name=name,
        effect=effect,
        entity=entity,
        input_schema={"type": "object", "properties": properties, "required": required},
        inputs=tuple(
            SchemaLeaf(
                side="input",
                pointer=f"/{one}",
                types=(schema["type"],),
                enum=tuple(schema.get("enum", ())),
                kind="id" if one.endswith("_id") else "",
                is_required=one in required,
            )
            for one, schema in properties.items()
        ),
    )


TEXT = {"type": "string"}
CATALOG = ToolCatalog(
    tools=(
        tool("cancel_interview", "update", "interview", {"interview_id": TEXT, "reason": TEXT}, optional=["reason"]),
        tool("get_candidate", "read", "candidate", {"candidate_id": TEXT}),
        tool(
            "get_leave_balance",
            "read",
            "leave balance",
            {"employee_id": TEXT, "year": {"type": "integer", "minimum": 2020, "maximum": 2030, "default": 2026}},
            optional=["year"],
        ),
        tool("get_open_roles", "read", "role", {}),
        tool("get_role_candidates", "read", "candidate", {"role_id": TEXT}),
        tool("list_interviews", "read", "interview", {"role_id": TEXT}),
        tool(
            "request_leave",
            "create",
            "leave",
            {"employee_id": TEXT, "leave_type": {"type": "string", "enum": ["vacation", "sick", "unpaid"]}},
        ),
        tool("schedule_interview", "create", "interview", {"candidate_id": TEXT, "role_id": TEXT}),
    )
)


class World:
    """Roles, candidates and interviews in memory; ids minted in the order of creation."""

    name = "hr"
    fixtures = 10

    def __init__(self) -> None:
        self.is_closed = False
        self.open(0)

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        del tools  # Its ids look one way, whoever asks.
        self._roles = {f"R-{fixture}{n}": [f"C-{fixture}{n}{m}" for m in range(3)] for n in range(2)}
        self._rows: dict[tuple[str, str], dict[str, Any]] = {("interview", "I-0"): {"role_id": "R-00", "open": True}}
        self._start = copy.deepcopy(self._rows)

    def call(self, tool_id: str, arguments: Mapping[str, Any]) -> ToolResult:
        made = getattr(self, "_" + tool_id.removeprefix("hr/"))(**arguments)
        if made is None:
            return ToolResult(status="tool_error", value={"error": "not found"}, code="not_found")
        return ToolResult(status="ok", value=made)

    def state_diff(self) -> tuple[StateFact, ...]:
        facts = []
        for (entity, key), row in sorted(self._rows.items()):
            for name, value in sorted(row.items()):
                before = self._start.get((entity, key), {}).get(name)
                change = "changed" if (entity, key) in self._start else "added"
                if before != value:
                    facts.append(
                        StateFact(change=change, entity=entity, key=key, field=name, before=before, after=value)
                    )
        return tuple(facts)

    def snapshot(self) -> Any:
        return copy.deepcopy(self._rows)

    def restore(self, token: Any) -> None:
        self._rows = copy.deepcopy(token)

    def known(self, tool_id: str, pointer: str) -> tuple[Any, ...]:
        return ()

    def records(self, tool_id: str, pointers: Any) -> tuple[Any, ...]:
        return ()

    def close(self) -> None:
        self.is_closed = True

    def _add(self, entity: str, **row: Any) -> str:
        key = f"{entity[0].upper()}-{len(self._rows) + 100}"
        self._rows[entity, key] = row
        return key

    def _get_open_roles(self) -> Any:
        return {"role_ids": list(self._roles)}

    def _get_role_candidates(self, role_id: str) -> Any:
        return {"candidate_ids": self._roles[role_id]} if role_id in self._roles else None

    def _get_candidate(self, candidate_id: str) -> Any:
        known = any(candidate_id in some for some in self._roles.values())
        return {"name": f"Name {candidate_id}", "years": 3} if known else None

    def _schedule_interview(self, candidate_id: str, role_id: str) -> Any:
        return {"interview_id": self._add("interview", candidate_id=candidate_id, role_id=role_id)}

    def _list_interviews(self, role_id: str) -> Any:
        return {"interview_ids": [key for (_, key), row in sorted(self._rows.items()) if row.get("role_id") == role_id]}

    def _cancel_interview(self, interview_id: str, reason: str = "") -> Any:
        row = self._rows.get(("interview", interview_id))
        if row is None:
            return None
        row |= {"open": False, "reason": reason}
        return {"status": "cancelled"}

    def _get_leave_balance(self, employee_id: str, year: int = 2026) -> Any:
        return {"days_left": 7 if year == 2026 else 9}

    def _request_leave(self, employee_id: str, leave_type: str) -> Any:
        return {"leave_id": self._add("leave", employee_id=employee_id, leave_type=leave_type)}


def task(key: str, said: str | Sequence[str], calls: Sequence[tuple[int, ToolCall]], **changes: Any) -> EvalTask:
    """A task whose gold is what the world answers to `calls`, given as (turn, call)."""
    world = World()
    world.open(changes.get("fixture", 0))
    steps = tuple(Step(call=one, result=world.call(one.tool, one.arguments), turn=turn) for turn, one in calls)
    fields: dict[str, Any] = {
        "key": key,
        "trajectory": f"t-{key}",
        "split": "values",
        "category": "call",
        "level": "low",
        "topology": "single" if len(calls) < 2 else "chain",
        "system": "Use tools when needed. Be brief.",
        "user_turns": (said,) if isinstance(said, str) else tuple(said),
        "sandbox": "hr",
        "fixture": 0,
        "gold": steps,
        "state_diff": world.state_diff(),
        "tools": tuple(dict.fromkeys(one.tool for _, one in calls)),
    }
    return EvalTask(**fields | changes)


def call(name: str, **arguments: tuple[Any, Provenance]) -> ToolCall:
    return ToolCall(
        tool=f"hr/{name}",
        arguments={one: value for one, (value, _) in arguments.items()},
        provenance={f"/{one}": origin for one, (_, origin) in arguments.items()},
    )


SINGLE = task(
    "single", "How many days of leave has E-7 left in 2027?",
    [(0, call("get_leave_balance", employee_id=("E-7", USER), year=(2027, USER)))],
)  # fmt: skip
WRITE = task("write", "E-7 wants a vacation.", [
    (0, call("request_leave", employee_id=("E-7", USER), leave_type=("vacation", USER)))])  # fmt: skip
CHAIN = task("chain", "Schedule the best candidate of the first open role.", [
    (0, call("get_open_roles")),
    (1, call("get_role_candidates", role_id=("R-00", came(0, "/role_ids/0")))),
    (2, call("schedule_interview",
             candidate_id=("C-000", came(1, "/candidate_ids/0")), role_id=("R-00", came(0, "/role_ids/0")))),
])  # fmt: skip
READ_CHAIN = task("reads", "Who is second for R-00?", [
    (0, call("get_role_candidates", role_id=("R-00", USER))),
    (1, call("get_candidate", candidate_id=("C-001", came(0, "/candidate_ids/1")))),
], split="paths")  # fmt: skip
FAN_OUT = task("fan", "Interview the first two candidates of R-00.", [
    (0, call("get_role_candidates", role_id=("R-00", USER))),
    (1, call("schedule_interview", candidate_id=("C-000", came(0, "/candidate_ids/0")), role_id=("R-00", USER))),
    (1, call("schedule_interview", candidate_id=("C-001", came(0, "/candidate_ids/1")), role_id=("R-00", USER))),
], topology="fan_out", split="wordings")  # fmt: skip
MINTED = task("minted", "Interview C-000 and C-001 for R-00, then cancel both, ill and moved.", [
    (0, call("schedule_interview", candidate_id=("C-000", USER), role_id=("R-00", USER))),
    (0, call("schedule_interview", candidate_id=("C-001", USER), role_id=("R-00", USER))),
    (1, call("cancel_interview", interview_id=("I-101", came(0, "/interview_id")), reason=("ill", USER))),
    (1, call("cancel_interview", interview_id=("I-102", came(1, "/interview_id")), reason=("moved", USER))),
], topology="parallel")  # fmt: skip
CLARIFY = task("clarify", ("Cancel the interview.", "I-0"), [
    (0, call("cancel_interview", interview_id=("I-0", USER)))], category="clarify")  # fmt: skip
TALK = task("talk", "Any ideas for the summer party?", [], category="no_tool", split="negative")
TASKS = [SINGLE, WRITE, CHAIN, READ_CHAIN, FAN_OUT, MINTED, CLARIFY, TALK]
