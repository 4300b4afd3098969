"""Where the other side of a comparison comes from: loop.yaml read quickly, revisions of git, places of leaves."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from projects import EXAMPLES

from loopbuild.documents import read_yaml
from loopbuild.errors import SelectionError
from loopbuild.loopfile.load import load
from loopbuild.pipeline import revisions
from loopbuild.pipeline.leafplaces import LeafPlaces
from loopbuild.pipeline.quick import quick_settings
from loopbuild.records import Span

ROOT = Path(__file__).parents[2]
FILES = [*sorted(EXAMPLES.glob("*/loop*.yaml")), ROOT / "loop.yaml.example"]


def agrees(quick: Any, full: Any) -> bool:
    """Everything the quick reading says is what the full one says."""
    if isinstance(quick, dict):
        return all(key in full and agrees(value, full[key]) for key, value in quick.items())
    if isinstance(quick, list) and isinstance(full, list):
        return len(quick) == len(full) and all(map(agrees, quick, full))
    return bool(quick == full)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_quick_reading_says_what_the_full_one_says(path: Path) -> None:
    full = load(path, environment={}).loopfile.model_dump(mode="json")
    quick = quick_settings(path.read_bytes(), file=path.name)
    assert quick is not None
    assert agrees(quick, full)
    assert quick["sources"].keys() == full["sources"].keys()


@pytest.mark.parametrize(
    "extra",
    [
        "training: {phases: {only: {}}}", "training: {phases: {a: {on_increment: false}, b: {epochs: 2}}}",
        "training: {incremental: {full_rebuild_above: 1}}", "sampling: {per_tool: 3, user_known: [id]}",
        "synthesis: {writers: [{model: offline}, {model: openai/small}], budget_usd: 1}",
        "graph: {renames: {hr/a: hr/b}, min_score: 1}",
        "check: {fail_on: breaking, ignore: {near-names: ['*']}}",
    ],
)  # fmt: skip
def test_settings_that_differ_from_their_default_are_read_alike(extra: str, tmp_path: Path) -> None:
    (tmp_path / "hr.json").write_text("[]")
    path = tmp_path / "loop.yaml"
    path.write_text(f"version: 1\nsources: {{hr: {{kind: toolspec, path: hr.json}}}}\n{extra}\n")
    full = load(path, environment={}).loopfile.model_dump(mode="json")
    assert agrees(quick_settings(path.read_bytes(), file="loop.yaml"), full)


@pytest.mark.parametrize(
    "text",
    [
        "version: 2\nsources: {hr: {kind: toolspec, path: a}}",
        "version: 1\nsources: {}",
        "version: 1\nsources: {hr: {kind: toolspc, path: a}}",
        "version: 1\nsources: {hr: {kind: toolspec, pth: a}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: '${DIR}/a'}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: 3}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a, include: [3]}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a}}\ngraph: {renmes: {}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a}}\ncheck: {ignore: {nonsense: ['*']}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a}}\ncheck: {fail_on: often}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a}}\nsources: {}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a}}\nsandbox: {kind: simulated, entities: {role: {key: id}}}",
        "version: 1\nsources: {hr: {kind: toolspec, path: a, sandbox: {kind: simulated, entities: {role: {key: id}}}}}",
        "version: 1\nsources: [",
        "[]",
        "",
    ],
)
def test_what_is_not_plainly_right_is_left_to_the_full_reading(text: str) -> None:
    assert quick_settings(text.encode(), file="loop.yaml") is None


# -- git -------------------------------------------------------------------------------------------------------------


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    inner = tmp_path / "apps" / "ü b"
    inner.mkdir(parents=True)
    (inner / "a.json").write_text("one")
    (inner / "b c.json").write_bytes(b"\x00two\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    git(tmp_path, "tag", "v1")
    (inner / "a.json").write_text("three")
    git(tmp_path, "commit", "-q", "-am", "second")
    return inner


def test_files_are_read_as_they_were_from_any_folder_of_a_repository(repository: Path) -> None:
    commit = revisions.resolve(repository, "v1")
    found = revisions.read(
        repository, commit, ["a.json", "b c.json", "missing.json", "../../x", "/etc/passwd", "a.json"]
    )
    assert found == {"a.json": b"one", "b c.json": b"\x00two\n"}
    assert revisions.read(repository, revisions.resolve(repository, "HEAD"), ["./a.json"]) == {"./a.json": b"three"}
    assert revisions.names(repository, commit) == ["a.json", "b c.json"]
    assert revisions.last_change(repository, "a.json") == revisions.resolve(repository, "HEAD")
    assert revisions.last_change(repository, "missing.json") == ""


@pytest.mark.parametrize("word", ["nonsense", "--output=/tmp/x", "-h", "HEAD:apps", "a\nb", "", "v1^{tree}"])
def test_what_is_no_revision_is_a_mistake(repository: Path, word: str) -> None:
    with pytest.raises(SelectionError) as caught:
        revisions.resolve(repository, word)
    assert "\n" not in caught.value.message or word == "a\nb"


def test_a_folder_in_no_repository_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SelectionError, match="in no git repository"):
        revisions.resolve(tmp_path, "HEAD")


def test_no_configuration_of_a_repository_runs_a_program(repository: Path) -> None:
    """Text conversion, file monitors and filters belong to whoever wrote the repository."""
    top = repository.parents[1]
    trap = top / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {top}/sprung\ncat\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "diff.json.textconv", "filter.json.smudge", "core.sshCommand", "core.pager"):
        git(top, "config", key, str(trap))
    (top / ".gitattributes").write_text("*.json diff=json filter=json\n")
    commit = revisions.resolve(repository, "HEAD")
    revisions.read(repository, commit, ["a.json"])
    revisions.names(repository, commit)
    revisions.last_change(repository, "a.json")
    assert not (top / "sprung").exists()


# -- places ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "side", "pointer", "marked"),
    [
        ({"name": "t", "parameters": {"role_id": "string", "mode?": "string"}}, "input", "/mode", '"mode?"'),
        ({"name": "t", "parameters": {"a": "string"}, "returns": {"a": "string"}}, "output", "/a", '"a"'),
        ({"name": "t", "inputSchema": {"type": "object", "properties": {"type": {"type": "string"}}}}, "input", "/type",
         '"type": {'),
        ({"function": {"name": "t", "parameters": {"properties": {"x": {"properties": {"y": {}}}}}}}, "input", "/x/y",
         '"y"'),
        ({"name": "t", "inputSchema": {"properties": {"l": {"items": {"properties": {"k": {}}}}}}}, "input", "/l/[]/k",
         '"k"'),
        ({"name": "t", "parameters": [{"name": "q", "in": "query"}]}, "input", "/q", "{"),
        ({"name": "t", "parameters": {}}, "input", "/gone", "{"),
    ],
)  # fmt: skip
def test_a_leaf_is_found_in_every_dialect(entry: Any, side: str, pointer: str, marked: str) -> None:
    text = json.dumps({"tools": [{"name": "other", "parameters": {"mode": "string"}}, entry]}, indent=1)
    finder = LeafPlaces(lambda _: text.encode())
    span = finder.of(Span(file="t.json", line=1, column=1, pointer="/tools/1"), side, pointer)
    assert span is not None
    assert text.splitlines()[span.line - 1][span.column - 1 :].startswith(marked)


SPEC = """\
openapi: 3.0.3
paths:
  /shops/{shop}:
    parameters:
      - {name: shop, in: path, required: true, schema: {type: string}}
    put:
      parameters:
        - $ref: '#/components/parameters/page'
      requestBody:
        content: {application/json: {schema: {$ref: 'shared.yaml#/Shop'}}}
      responses:
        "200":
          content:
            application/json:
              example: {owner: {properties: {login: me}}}
              schema: {$ref: '#/components/schemas/Answer'}
components:
  parameters:
    page: {name: page, in: query, schema: {type: integer}}
  schemas:
    Answer:
      type: object
      properties:
        owner:
          anyOf:
            - {$ref: '#/components/schemas/User'}
            - type: string
    User:
      properties:
        login: {type: string}
        boss: {$ref: '#/components/schemas/User'}
"""
SHARED = """\
Shop:
  type: object
  properties:
    title: {type: string}
    tags: {type: array, items: {type: string}}
"""


@pytest.mark.parametrize(
    ("side", "pointer", "place"),
    [
        ("input", "/shop", "api.yaml:5"),
        ("input", "/page", "api.yaml:19"),
        ("input", "/title", "shared.yaml:4"),
        ("input", "/body/tags/[]", "shared.yaml:5"),
        ("output", "/owner/|object-1a2b3c/login", "api.yaml:30"),
        ("output", "/owner/|object-1a2b3c/boss/login", "api.yaml:30"),
        ("output", "/owner", "api.yaml:24"),
        ("output", "/gone", "api.yaml:6"),
    ],
)
def test_a_leaf_of_an_operation_is_found_where_it_is_spelled(side: str, pointer: str, place: str) -> None:
    finder = LeafPlaces({"api.yaml": SPEC.encode(), "shared.yaml": SHARED.encode()}.__getitem__)
    span = finder.of(Span(file="api.yaml", line=6, column=5, pointer="/paths/~1shops~1{shop}/put"), side, pointer)
    assert span is not None
    assert f"{span.file}:{span.line}" == place


MODULE = """\
class Base:
    id: str

class Shop(Base):
    title: str

class Tools:
    def update(
        self,
        shop: "list[Shop]",
        *,
        notify: bool = False,
    ) -> Shop | None:
        ...
"""


@pytest.mark.parametrize(
    ("side", "pointer", "place"),
    [
        ("input", "/notify", (12, 9)),
        ("input", "/shop/[]/title", (5, 5)),
        ("input", "/shop/[]/id", (2, 5)),
        ("input", "/shop/[]/gone", (10, 9)),
        ("output", "/title", (5, 5)),
        ("output", "/gone", (13, 10)),
        ("input", "/gone", (8, 5)),
    ],
)
def test_an_argument_is_found_in_its_module(side: str, pointer: str, place: tuple[int, int]) -> None:
    finder = LeafPlaces(lambda _: MODULE.encode())
    span = finder.of(Span(file="shop.py", line=8, column=5, pointer="update"), side, pointer)
    assert span is not None
    assert (span.line, span.column) == place


def test_a_form_feed_ends_no_line_of_a_module() -> None:
    finder = LeafPlaces(lambda _: b"\f\n\ndef update(a: int) -> str: ...\n")
    span = finder.of(Span(file="shop.py", line=3, column=5, pointer="update"), "output", "/gone")
    assert span is not None
    assert (span.line, span.column) == (3, 23)


def test_a_file_that_holds_something_else_now_leaves_the_place_of_the_tool() -> None:
    span = Span(file="t.json", line=7, column=3, pointer="/0")
    assert LeafPlaces(lambda _: b'["its parameters are gone"]').of(span, "input", "/x") == span


def test_a_file_that_went_away_leaves_the_place_of_the_tool() -> None:
    def gone(_: str) -> bytes:
        raise FileNotFoundError

    span = Span(file="t.json", line=7, column=3, pointer="/0")
    assert LeafPlaces(gone).of(span, "input", "/x") == span


def test_the_hook_names_a_command_that_exists_and_takes_the_files_of_sources() -> None:
    (hook,) = read_yaml((ROOT / ".pre-commit-hooks.yaml").read_bytes(), file="hooks").value
    assert hook["entry"] == "loopbuild check"
    assert hook["language"] == "python"
    for name in ("loop.yaml", "loop.lock", "a/tools/hr.json", "listings/x.json", "x.jsonl", "spec.yml", "pkg/tools.py"):
        assert re.search(hook["files"], name), name
    assert not re.search(hook["files"], "README.md")
