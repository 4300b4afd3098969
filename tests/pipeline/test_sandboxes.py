"""Builds whose calls run elsewhere: recordings, objects of the project, services. What is in the keys, what is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from projects import Screen, hr_project, loopbuild

from loopbuild.engine.target import Json
from loopbuild.loopfile.load import load
from loopbuild.pipeline.sandbox_settings import live_settings, modules_of, sandbox_files, sandbox_params
from loopbuild.pipeline.sandboxes import exam_batch, for_exam, server_reads, variables_of
from loopbuild.pipeline.travelled import is_telling
from tests.sandbox.kinds import ENTRIES
from tests.sandbox.kinds import SHOP as SHOP_PROGRAM
from tests.sandbox.shop import serving

RECORDED = "sandbox: {kind: recorded, path: cassettes/hr.jsonl, of: {kind: simulated, fixtures: 2}}\n"
SECRET = "s3cr3t-of-the-tests"


def dataset(root: Path) -> dict[str, bytes]:
    folder = root / ".loopbuild" / "out" / "dataset"
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def built(root: Path, *arguments: str) -> Screen:
    screen = loopbuild(root, "build", "dataset:", *arguments)
    assert screen.code == 0, screen.err
    return screen


def test_rows_from_a_recording_are_those_of_what_was_recorded(tmp_path: Path) -> None:
    plain = hr_project(
        tmp_path / "plain", per_tool=2, per_tool_eval=1, extra="sandbox: {kind: simulated, fixtures: 2}\n"
    )
    built(plain)
    taped = hr_project(tmp_path / "taped", per_tool=2, per_tool_eval=1, extra=RECORDED)
    missing = loopbuild(taped, "build", "dataset:")
    assert missing.code == 1
    assert "`loopbuild build --record hr` writes it" in missing.err
    screen = built(taped, "--record", "hr")
    assert "answers of `hr` from its `simulated` sandbox: `cassettes/hr.jsonl` written; commit it" in screen.err
    assert dataset(taped) == dataset(plain)
    tape = (taped / "cassettes" / "hr.jsonl").read_bytes()
    assert "unchanged" in built(taped, "--record", "hr").err
    assert built(taped).out.startswith("Nothing to do")
    # A clone has the file, and needs nothing that was recorded.
    text = (taped / "loop.yaml").read_text()
    clone = tmp_path / "clone"
    shutil.copytree(taped, clone, ignore=shutil.ignore_patterns(".loopbuild"))
    (clone / "loop.yaml").write_text(text.replace(", of: {kind: simulated, fixtures: 2}", ""))
    built(clone)
    assert dataset(clone) == dataset(plain)
    assert (clone / "cassettes" / "hr.jsonl").read_bytes() == tape


def test_a_tape_with_a_hole_fails_its_rows_alone_and_says_how_to_fill_it(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1, extra=RECORDED)
    built(root, "--record", "hr")
    path = root / "cassettes" / "hr.jsonl"
    whole = path.read_bytes()
    lines = [line for line in whole.splitlines(keepends=True) if b'"hr/get_candidate"' not in line]
    path.write_bytes(b"".join(lines))
    screen = loopbuild(root, "build", "dataset:")
    assert screen.code == 1
    assert "no answer (not_recorded): no recording of hr/get_candidate(" in screen.err
    assert "record it with `loopbuild build --record hr`" in screen.err
    assert "rows are kept" in screen.err
    # As a refusal it is a way that does not lead on, and an answer like any other.
    yaml = root / "loop.yaml"
    yaml.write_text(yaml.read_text().replace("of: {", "on_miss: tool_error, of: {"))
    built(root)
    yaml.write_text(yaml.read_text().replace("on_miss: tool_error, ", ""))
    path.write_bytes(whole)
    screen = built(root)
    assert "0 trajectories" not in screen.out


def test_sources_that_feed_each_other_are_recorded_together_or_beside_what_they_meet_in_a_build(tmp_path: Path) -> None:
    """A row of the one source that begins in the other asks both."""
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    desks: list[Json] = [
        {"name": "book_desk", "parameters": {"employee_id": "string"}, "returns": {"desk_id": "string"}},
        {"name": "get_desk", "parameters": {"desk_id": "string"}, "returns": {"employee_id": "string"}},
    ]
    (root / "tools" / "desks.json").write_text(json.dumps(desks))
    yaml = root / "loop.yaml"
    text = yaml.read_text()
    of = "of: {kind: simulated, fixtures: 2}"
    hr = f"  hr: {{kind: toolspec, path: tools/hr.json, sandbox: {{kind: recorded, path: hr.jsonl, {of}}}}}\n"
    desk = "  desks: {kind: toolspec, path: tools/desks.json, sandbox: "
    plain = "  hr: {kind: toolspec, path: tools/hr.json}\n"
    yaml.write_text(text.replace(plain, f"{hr}{desk}{{kind: simulated, fixtures: 2}}}}\n"))
    built(root, "--record", "hr")
    assert '"tool":"hr/' in (root / "hr.jsonl").read_text()
    yaml.write_text(text.replace(plain, f"{hr}{desk}{{kind: recorded, path: desks.jsonl, {of}}}}}\n"))
    built(root, "--record", "hr", "--record", "desks")
    rows = [json.loads(line) for line in dataset(root)["train.jsonl"].splitlines()]
    assert any({tool.partition("/")[0] for tool in row["tools"]} == {"hr", "desks"} for row in rows)


def test_what_cannot_be_recorded_is_refused_before_anything_runs(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)
    screen = loopbuild(root, "build", "--record", "hr")
    assert (screen.code, "no sandbox of kind `recorded` with an `of`" in screen.err) == (2, True)
    assert loopbuild(root, "build", "--frozen", "--record", "hr").code == 2
    assert not (root / "cassettes").exists()


def shop_project(root: Path, sandbox: str) -> Path:
    root.mkdir(parents=True)
    (root / "tools").mkdir()
    (root / "tools" / "shop.json").write_text(json.dumps(ENTRIES))
    shutil.copy(SHOP_PROGRAM, root / "store.py")
    (root / "shop.py").write_text("from store import Shop\n\n__all__ = ['Shop']\n")
    (root / "loop.yaml").write_text(
        f"version: 1\nsources:\n  shop: {{kind: toolspec, path: tools/shop.json}}\nsandbox: {sandbox}\n"
        "sampling: {per_tool: 5, user_known: [order_id, customer_id]}\nevaluation: {per_tool: 5}\n"
    )
    return root


def test_an_object_of_the_project_runs_the_calls_and_its_files_are_in_the_keys(tmp_path: Path) -> None:
    root = shop_project(tmp_path / "shop", "{kind: python, module: 'shop:Shop', fixtures: 3}")
    built(root)
    rows = [json.loads(line) for line in dataset(root)["train.jsonl"].splitlines()]
    assert any("CUS-" in json.dumps(row["messages"]) for row in rows)
    assert built(root).out.startswith("Nothing to do")
    before = dataset(root)
    (root / "store.py").write_text((root / "store.py").read_text() + "\n# a remark\n")
    screen = loopbuild(root, "plan", "dataset:")
    assert "read server/shop/module/0001" in screen.out
    built(root)
    assert dataset(root) == before


def test_an_edge_that_a_value_travelled_along_on_a_real_object_is_observed(tmp_path: Path) -> None:
    """Read off the rows: nothing is built anew for it, and in a simulated sandbox there is nothing to observe."""
    root = shop_project(tmp_path / "shop", "{kind: python, module: 'shop:Shop', fixtures: 3}")
    assert "observed" not in loopbuild(root, "graph").out
    assert loopbuild(root, "build", "trajectories:").code == 0
    edges = json.loads(loopbuild(root, "graph", "--format", "json").out)["edges"]
    seen = {
        (edge["producer"], edge["consumer"], edge["consumer_leaf"]) for edge in edges if edge["status"] == "observed"
    }
    assert ("shop/list_orders", "shop/get_order", "/order_id") in seen
    assert " observed" in loopbuild(root, "graph", "--format", "report").out
    assert loopbuild(root, "plan", "trajectories:").out.startswith("Nothing to do")
    loopfile = root / "loop.yaml"
    loopfile.write_text(
        loopfile.read_text().replace("{kind: python, module: 'shop:Shop', fixtures: 3}", "{kind: simulated}")
    )
    assert "observed" not in loopbuild(root, "graph").out


@pytest.mark.parametrize(
    ("value", "is_one"),
    [("CUS-100", True), ("ok", False), (True, False), (7, False), (4711, True), (None, False), ("", False)],
)
def test_a_value_is_telling_when_two_places_hardly_hold_it_by_chance(value: object, is_one: bool) -> None:
    assert is_telling(value) is is_one


def test_modules_are_followed_through_the_project_and_no_further(tmp_path: Path) -> None:
    for name, text in {
        "a.py": "import json\nfrom pkg.b import x\n", "pkg/__init__.py": "", "pkg/b.py": "from . import c\n",
        "pkg/c.py": "import a\n", "other.py": "", "bad.py": "def (",
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert modules_of("a", root=tmp_path) == ("a.py", "pkg/__init__.py", "pkg/b.py", "pkg/c.py")
    assert modules_of("bad", root=tmp_path) == ("bad.py",)
    assert modules_of("absent.mod", root=tmp_path) == ("absent/mod.py",)


def settings_of(root: Path, sandbox: str) -> Json:
    (root / "shop.yaml").write_text("openapi: 3.0.0\n")
    (root / "shop.py").write_text("")
    (root / "tape.jsonl").write_text("")
    path = root / "loop.yaml"
    path.write_text(f"version: 1\nsources:\n  s: {{kind: openapi, path: shop.yaml}}\nsandbox: {sandbox}\n")
    return load(path, environment={}).loopfile.model_dump(mode="json")


SAME = [
    (
        "{kind: http, url: 'https://x.test'}",
        "{kind: http, url: 'https://x.test', auth: {kind: bearer, token: T}, retries: 0, call_timeout_seconds: 3, "
        "max_response_bytes: 9}",
    ),
    (
        "{kind: python, module: 'shop:Shop'}",
        "{kind: python, module: 'shop:Shop', cpu_seconds: 1, memory_mb: 64, call_timeout_seconds: 1, "
        "start_timeout_seconds: 1, max_result_bytes: 5}",
    ),
    (
        "{kind: recorded, path: tape.jsonl}",
        "{kind: recorded, path: tape.jsonl, personal_data: keep, of: {kind: simulated, fixtures: 3}}",
    ),
]
OTHER = [
    ("{kind: http, url: 'https://x.test'}", "{kind: http, url: 'https://y.test'}"),
    ("{kind: http, url: 'https://x.test'}", "{kind: http, url: 'https://x.test', server_errors: tool_error}"),
    ("{kind: http, url: 'https://x.test'}", "{kind: http, url: 'https://x.test', reset: {path: /r}}"),
    ("{kind: python, module: 'shop:Shop'}", "{kind: python, module: 'shop:Store'}"),
    ("{kind: recorded, path: tape.jsonl}", "{kind: recorded, path: tape.jsonl, on_miss: tool_error}"),
]


@pytest.mark.parametrize(("one", "two"), SAME)
def test_how_an_answer_is_got_is_in_no_key(tmp_path: Path, one: str, two: str) -> None:
    assert sandbox_params(settings_of(tmp_path, one), "s") == sandbox_params(settings_of(tmp_path, two), "s")


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_what_decides_an_answer_is_in_the_key(tmp_path: Path, one: str, two: str) -> None:
    assert sandbox_params(settings_of(tmp_path, one), "s") != sandbox_params(settings_of(tmp_path, two), "s")


def test_edges_are_proven_where_a_recording_was_made_and_by_no_recording(tmp_path: Path) -> None:
    with_source = settings_of(tmp_path, "{kind: recorded, path: tape.jsonl, of: {kind: python, module: 'shop:Shop'}}")
    assert live_settings(with_source, "s")["kind"] == "python"
    assert live_settings(settings_of(tmp_path, "{kind: recorded, path: tape.jsonl}"), "s")["kind"] == "simulated"


def test_files_that_decide_answers_are_inputs(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("")
    chosen = {
        "a": {"kind": "recorded", "path": "tape.jsonl"}, "b": {"kind": "python", "module": "shop:Shop"},
        "c": {"kind": "mcp", "command": ["python", "server.py", "--fast"]}, "d": {"kind": "simulated"},
    }  # fmt: skip
    assert sandbox_files(chosen, root=tmp_path) == (
        ("server/a/recording", "tape.jsonl"), ("server/b/module/0000", "shop.py"), ("server/c/01", "server.py"),
    )  # fmt: skip


def test_a_row_depends_on_the_programs_and_on_the_recordings_of_its_own_tools() -> None:
    facts = ["server/hr/01", "recording hr", "recording hr/a", "recording hr/b", "transport shop/a", "recording crm",
             "sandbox/crm"]  # fmt: skip
    assert server_reads(facts, ["hr/a"]) == ("recording hr", "recording hr/a", "server/hr/01")


def test_a_model_under_test_meets_refusals_and_one_world_at_a_time() -> None:
    tape = {"hr": {"kind": "recorded", "path": "x", "on_miss": "infra_error"}}
    assert for_exam(tape)["hr"]["on_miss"] == "tool_error"
    assert exam_batch(tape) == 48
    service = {"kind": "http", "url": "${U}/v1", "auth": {"kind": "basic", "user": "N", "password": "P"}}
    assert exam_batch({"shop": service}) == 4
    assert exam_batch({"shop": {**service, "allow_writes": True, "reset": {"path": "/r"}}}) == 1
    assert sorted(variables_of({"shop": service})) == ["N", "P", "U"]


OPENAPI = """openapi: 3.0.3
info: {title: Shop, version: "1"}
components: {securitySchemes: {key: {type: http, scheme: bearer}}}
paths:
  /orders:
    get:
      operationId: list_orders
      parameters: [{name: status, in: query, schema: {type: string}}]
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {
        order_ids: {type: array, items: {type: string}}}}}}}}
    post:
      operationId: create_order
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [customer_id],
        properties: {customer_id: {type: string}, total: {type: integer, minimum: 1}}}}}}
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {
        order_id: {type: string}}}}}}}
  /orders/{order_id}:
    parameters: [{name: order_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: get_order
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {
        order_id: {type: string}, customer_id: {type: string}, status: {type: string}, total: {type: integer}}}}}}}
    delete:
      operationId: delete_order
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {
        deleted: {type: boolean}}}}}}}
  /customers/{customer_id}:
    parameters: [{name: customer_id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: get_customer
      responses: {"200": {description: ok, content: {application/json: {schema: {type: object, properties: {
        customer_id: {type: string}, name: {type: string}, email: {type: string, format: email}}}}}}}
"""
SERVICE = """{kind: http, url: "${SHOP_URL}", auth: {kind: bearer, token: SHOP_TOKEN}, allow_writes: true,
  allow_destructive: [delete_order], reset: {path: /reset, body: {world: "{fixture}"}}, state: [list_orders],
  fixtures: 3}"""


def test_a_service_is_asked_recorded_and_then_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "shop.yaml").write_text(OPENAPI)
    rest = "sampling: {per_tool: 5, user_known: [order_id, customer_id]}\nevaluation: {per_tool: 5}\n"
    head = "version: 1\nsources:\n  shop: {kind: openapi, path: shop.yaml}\n"
    yaml = root / "loop.yaml"
    yaml.write_text(f"{head}sandbox: {SERVICE}\n{rest}")
    with serving() as service:
        monkeypatch.setenv("SHOP_URL", service.url)
        monkeypatch.setenv("SHOP_TOKEN", SECRET)
        built(root)
        assert {asked["headers"]["Authorization"] for asked in service.seen} == {f"Bearer {SECRET}"}
        assert {"GET", "POST", "DELETE"} <= {asked["method"] for asked in service.seen}
        yaml.write_text(f"{head}sandbox: {{kind: recorded, path: tapes/shop.jsonl, of: {SERVICE}}}\n{rest}")
        screen = built(root, "--record", "shop")
        assert "masked: " in screen.err
    monkeypatch.delenv("SHOP_URL")
    monkeypatch.delenv("SHOP_TOKEN")
    built(root, "--force", "trajectories:")
    held = [path for path in root.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert held == []
    tape = (root / "tapes" / "shop.jsonl").read_bytes()
    assert b"@corp.net" not in tape
    assert service.url.encode() not in tape
