"""The HR platform as a real MCP server: the tools of tools/hr.json over stdio, state in `hr.db` of the working folder.

Every call opens the database file anew, so putting an old copy of the file back resets the server. A missing file is
filled with people, roles and applications that depend on LOOPBUILD_FIXTURE alone (default 0).
"""

import hashlib
import os
import random
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, TypedDict

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

DATABASE = Path("hr.db")
FIXTURE = int(os.environ.get("LOOPBUILD_FIXTURE", "0"))
FIRST = "Amara Boris Celine Dario Elif Farid Greta Hiro Ines Jonas Kaya Lior Maren Nadia Omar Petra".split()
LAST = "Abell Brandt Castano Dvorak Eriksen Fontaine Gallo Horvat Ivanov Jansen Kimura Lindqvist".split()
SCHEMA = """
create table roles (id text primary key, is_open integer not null);
create table candidates (id text primary key, name text, email text, years_experience integer);
create table applications (role_id text, candidate_id text, score real, primary key (role_id, candidate_id));
create table interviews (id text primary key, candidate_id text, role_id text, status text, reason text);
create table employees (id text primary key, name text, email text, department text, days_left integer);
create table leaves (
    id text primary key, employee_id text, leave_type text, start_date text, end_date text, status text
);
"""

server = MCPServer("hr")


class Roles(TypedDict):
    role_ids: list[str]


class Candidates(TypedDict):
    candidate_ids: list[str]
    scores: list[float]


class Interview(TypedDict):
    interview_id: str


class Interviews(TypedDict):
    interview_ids: list[str]


class Status(TypedDict):
    status: str


class Candidate(TypedDict):
    name: str
    email: str
    years_experience: int


class Employee(TypedDict):
    employee_id: str
    email: str


class EmployeeId(TypedDict):
    employee_id: str


class Balance(TypedDict):
    days_left: int


class Leave(TypedDict):
    leave_id: str
    status: str


def connect() -> sqlite3.Connection:
    """Open the database, filling a new one."""
    is_new = not DATABASE.exists()
    connection = sqlite3.connect(DATABASE, isolation_level=None)
    if is_new:
        fill(connection, random.Random(FIXTURE))
    return connection


def fill(connection: sqlite3.Connection, rng: random.Random) -> None:
    """Invent a small company."""
    connection.executescript("begin;" + SCHEMA)
    names = rng.sample([f"{first} {last}" for first in FIRST for last in LAST], 40)
    roles = [f"R-{number}" for number in rng.sample(range(1000, 9999), 6)]
    candidates = [f"C-{number}" for number in rng.sample(range(100, 999), 20)]
    connection.executemany("insert into roles values (?, ?)", [(role, int(i < 4)) for i, role in enumerate(roles)])
    for candidate, name in zip(candidates, names, strict=False):
        email = name.lower().replace(" ", ".") + "@mail.example"
        connection.execute("insert into candidates values (?, ?, ?, ?)", (candidate, name, email, rng.randint(0, 25)))
    for role in roles:
        for candidate in rng.sample(candidates, rng.randint(3, 5)):
            score = rng.randint(400, 990) / 10
            connection.execute("insert into applications values (?, ?, ?)", (role, candidate, score))
        for candidate in rng.sample(candidates, rng.randint(1, 3)):
            identity = minted("INT", connection, role, candidate)
            connection.execute("insert into interviews values (?, ?, ?, 'scheduled', '')", (identity, candidate, role))
    for name in names[20:]:
        email = name.lower().replace(" ", ".") + "@company.example"
        row = (f"E-{rng.randint(10000, 99999)}", name, email, rng.choice(["sales", "legal"]), rng.randint(0, 30))
        connection.execute("insert into employees values (?, ?, ?, ?, ?)", row)
    connection.execute("commit")


def minted(prefix: str, connection: sqlite3.Connection, *parts: str) -> str:
    """Return a new id that depends on the content and on how often the same was asked before."""
    tables = {"INT": "interviews", "E": "employees", "L": "leaves"}
    for attempt in range(100):
        name = "/".join([str(FIXTURE), *parts, str(attempt)])
        identity = f"{prefix}-{int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 90000 + 10000}"
        if not connection.execute(f"select 1 from {tables[prefix]} where id = ?", (identity,)).fetchone():
            return identity
    raise ToolError("no free id")


def existing(connection: sqlite3.Connection, table: str, what: str, identity: str) -> None:
    """Refuse an id the table does not hold."""
    if not connection.execute(f"select 1 from {table} where id = ?", (identity,)).fetchone():
        raise ToolError(f"not_found: no {what} {identity}")


@server.tool()
def get_open_roles() -> Roles:
    """List the roles that are open for applications."""
    with closing(connect()) as db:
        return {"role_ids": [row[0] for row in db.execute("select id from roles where is_open order by id")]}


@server.tool()
def get_role_candidates(role_id: str) -> Candidates:
    """List the candidates of a role, best score first."""
    with closing(connect()) as db:
        existing(db, "roles", "role", role_id)
        query = "select candidate_id, score from applications where role_id = ? order by score desc, candidate_id"
        rows = db.execute(query, (role_id,)).fetchall()
        return {"candidate_ids": [row[0] for row in rows], "scores": [row[1] for row in rows]}


@server.tool()
def schedule_interview(candidate_id: str, role_id: str) -> Interview:
    """Schedule an interview of a candidate for a role."""
    with closing(connect()) as db:
        existing(db, "candidates", "candidate", candidate_id)
        existing(db, "roles", "role", role_id)
        identity = minted("INT", db, role_id, candidate_id)
        db.execute("insert into interviews values (?, ?, ?, 'scheduled', '')", (identity, candidate_id, role_id))
        return {"interview_id": identity}


@server.tool()
def get_candidate(candidate_id: str) -> Candidate:
    """Read one candidate's profile."""
    with closing(connect()) as db:
        existing(db, "candidates", "candidate", candidate_id)
        query = "select name, email, years_experience from candidates where id = ?"
        name, email, years = db.execute(query, (candidate_id,)).fetchone()
        return {"name": name, "email": email, "years_experience": years}


@server.tool()
def list_interviews(role_id: str) -> Interviews:
    """List the interviews planned for a role."""
    with closing(connect()) as db:
        existing(db, "roles", "role", role_id)
        query = "select id from interviews where role_id = ? and status = 'scheduled' order by id"
        return {"interview_ids": [row[0] for row in db.execute(query, (role_id,))]}


@server.tool()
def cancel_interview(interview_id: str, reason: str = "") -> Status:
    """Cancel an interview."""
    with closing(connect()) as db:
        existing(db, "interviews", "interview", interview_id)
        query = "update interviews set status = 'cancelled', reason = ? where id = ? and status = 'scheduled'"
        if not db.execute(query, (reason, interview_id)).rowcount:
            raise ToolError(f"conflict: interview {interview_id} is cancelled already")
        return {"status": "cancelled"}


@server.tool()
def find_employee(name: str) -> Employee:
    """Find an employee by full name."""
    with closing(connect()) as db:
        row = db.execute("select id, email from employees where name = ? order by id", (name,)).fetchone()
        if row is None:
            raise ToolError(f"not_found: no employee named {name}")
        return {"employee_id": row[0], "email": row[1]}


@server.tool()
def create_employee(
    name: str,
    email: Annotated[str, Field(json_schema_extra={"format": "email"})],
    department: Literal["engineering", "sales", "finance", "support", "legal"],
) -> EmployeeId:
    """Enter a new employee."""
    with closing(connect()) as db:
        identity = minted("E", db, name, email)
        db.execute("insert into employees values (?, ?, ?, ?, 30)", (identity, name, email, department))
        return {"employee_id": identity}


@server.tool()
def get_leave_balance(employee_id: str, year: Annotated[int, Field(ge=2020, le=2030)] = 2026) -> Balance:
    """How many days of leave an employee has left in a year."""
    with closing(connect()) as db:
        existing(db, "employees", "employee", employee_id)
        (days,) = db.execute("select days_left from employees where id = ?", (employee_id,)).fetchone()
        return {"days_left": max(0, days - (2026 - year))}


@server.tool()
def request_leave(
    employee_id: str, leave_type: Literal["vacation", "sick", "parental", "unpaid"], start_date: date, end_date: date
) -> Leave:
    """Request leave for an employee."""
    with closing(connect()) as db:
        existing(db, "employees", "employee", employee_id)
        if end_date < start_date:
            raise ToolError("invalid_argument: end_date lies before start_date")
        identity = minted("L", db, employee_id, str(start_date))
        row = (identity, employee_id, leave_type, str(start_date), str(end_date), "pending")
        db.execute("insert into leaves values (?, ?, ?, ?, ?, ?)", row)
        return {"leave_id": identity, "status": "pending"}


@server.tool()
def approve_leave(leave_id: str) -> Status:
    """Approve a request for leave."""
    with closing(connect()) as db:
        existing(db, "leaves", "leave", leave_id)
        db.execute("update leaves set status = 'approved' where id = ?", (leave_id,))
        return {"status": "approved"}


if __name__ == "__main__":
    server.run()
