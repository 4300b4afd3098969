"""What must hold between settings, what is odd, and where `${VAR}` may stand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from loopfiles import HEAD, Folder

from loopbuild.errors import LoopfileError
from loopbuild.loopfile.load import load
from loopbuild.loopfile.variables import fill

SOURCES = "version: 1\nsources:\n"

ERRORS = [
    (SOURCES + "  hr: {kind: toolspec, path: tools/*.json}\n", "3:30 missing-file: `tools/*.json` matches no file"),
    (
        SOURCES + "  hr: {kind: openapi, path: h*.json}\n",
        "3:29 bad-value: `h*.json` is a pattern, and an OpenAPI source is one document",
    ),
    (SOURCES + "  hr: {kind: openapi, path: hr.yaml}\n", "3:29 missing-file: `hr.yaml` does not exist"),
    (SOURCES + "  hr: {kind: mcp, path: nowhere/list.json}\n", "3:25 missing-file: `nowhere/list.json` does not exist"),
    (SOURCES + "  hr: {kind: mcp}\n", "3:3 missing-key: missing key `command`, `url` or `path` in `sources.hr`"),
    (
        SOURCES + '  hr: {kind: mcp, command: [serve], url: "http://localhost/mcp"}\n',
        "3:37 bad-value: `url` beside `command`: a source is read from one place",
    ),
    (SOURCES + "  hr: {kind: openapi}\n", "3:3 missing-key: missing key `path` or `url` in `sources.hr`"),
    (SOURCES + "  hr: {kind: openapi, url: hr.yaml}\n", "3:28 bad-value: `hr.yaml` is no address to fetch from"),
    (
        SOURCES + '  hr: {kind: openapi, path: hr.json, url: "https://x/y"}\n',
        "3:38 bad-value: `url` beside `path`: a source is read from one place",
    ),
    (
        SOURCES + '  hr: {kind: openapi, path: hr.json, refs: {"https://x/y": absent.yaml}}\n',
        "3:60 missing-file: `absent.yaml` does not exist",
    ),
    (SOURCES + "  hr: {kind: python, module: my-tools}\n", "3:30 bad-value: `my-tools` names no module"),
    (
        SOURCES + "  hr: {kind: python, module: my.tools}\n",
        "3:30 missing-file: module `my.tools` does not exist: there is no `my/tools.py`",
    ),
    (HEAD + "sandbox: {kind: mcp}\n", "4:1 missing-key: missing key `command` in `sandbox`"),
    (
        HEAD + "sandbox: {kind: mcp, command: [serve], state: {kind: sqlite}}\n",
        "4:40 missing-key: missing key `path` in `sandbox.state`",
    ),
    (
        HEAD + "sandbox: {kind: mcp, command: [serve], state: {kind: sqlite, path: /var/lib/own.db}}\n",
        "4:68 bad-value: `/var/lib/own.db` is outside of the server's private working folder",
    ),
    (
        HEAD + "sandbox: {kind: mcp, command: [serve], state: {kind: jsonl, path: a/../../own.jsonl}}\n",
        "4:67 bad-value: `a/../../own.jsonl` is outside of the server's private working folder",
    ),
    (
        HEAD + "sandbox: {kind: mcp, command: [serve], folder: nowhere}\n",
        "4:48 missing-file: `nowhere` does not exist",
    ),
    (HEAD + "training: {base: ./model}\n", "4:18 missing-file: `./model` does not exist"),
    (HEAD + "graph: {edges: {deny: [hr/a -> crm/b]}}\n", "4:24 unknown-name: no source is named `crm`"),
    (HEAD + "graph: {renames: {old/a: hrr/a}}\n", "4:26 unknown-name: no source is named `hrr`"),
    (
        HEAD + "graph: {edges: {allow: [hr/a => hr/b]}}\n",
        "4:25 bad-value: edge rule `hr/a => hr/b` is not `producer -> consumer`",
    ),
    (
        HEAD + "sampling: {topologies: {single: 0, chain: 0, fan_out: 0, join: 0, map: 0}}\n",
        "4:12 bad-value: every share of `topologies` is 0",
    ),
    (HEAD + "training: {phases: {}}\n", "4:12 bad-value: no phase: there is no model to make"),
    (HEAD + "evaluation: {gate: {tool_selecton: 0.9}}\n", "4:21 unknown-name: `tool_selecton` is no metric"),
    (HEAD + "evaluation: {gate: {values.speed: 0.9}}\n", "4:21 unknown-name: `values.speed` is no metric"),
    (
        HEAD + "synthesis: {categories: {no_tool: 0.9}}\n",
        "4:13 bad-value: the shares of `categories` add up to 1: no plain request is left",
    ),
    (HEAD + "synthesis: {writers: []}\n", "4:13 bad-value: `writers` is empty: nobody to write texts"),
    (HEAD + "synthesis: {levels: []}\n", "4:13 bad-value: `levels` is empty: no level to write texts at"),
    (HEAD + 'training: {base: "${MODEL}"}\n', "4:18 bad-value: `${MODEL}` is not filled in here"),
    (SOURCES + '  hr: {kind: mcp, url: "http://${HOST:-x}/"}\n', "3:24 bad-value: `${HOST:-x}` names no variable"),
    (SOURCES + '  hr: {kind: mcp, url: "http://${HOST"}\n', "3:24 bad-value: `${HOST` names no variable"),
]

WARNINGS = [
    ("sampling: {per_tool: 4}\n", "4:22 suspicious: 4 trajectories per tool say little about a tool"),
    ("evaluation: {per_tool: 1}\n", "4:24 suspicious: 1 trajectories per tool say little about a tool"),
    ("evaluation: {held_out: 0}\n", "4:24 suspicious: no call path is held out: the report cannot show memorising"),
    ("evaluation: {held_out: 0.8}\n", "4:24 suspicious: 80% of the call paths would not be trained"),
    (
        "synthesis: {categories: {no_tool: 0.5}}\n",
        "4:13 suspicious: the shares of `categories` add up to 0.6: most rows would be special cases",
    ),
    ("synthesis: {levels: [low, low]}\n", "4:27 suspicious: level `low` is listed twice"),
    ("filters: []\n", "4:1 suspicious: no filter: every row is kept, wrong ones too"),
    ("filters: [schema, {kind: schema}]\n", "4:19 suspicious: filter `schema` is listed twice"),
    (
        "training: {phases: {teach: {learning_rate: 2}}}\n",
        "4:44 suspicious: a learning rate of 2 rarely converges",
    ),
    (
        '  m: {kind: mcp, url: "http://h/", env: {A: "${A_B}"}}\n',
        "4:45 suspicious: environment variable `A_B` is not set",
    ),
    ('  m: {kind: mcp, url: "http://h/", env: {A: $HOME}}\n', "4:45 suspicious: `$HOME` is taken as it stands"),
    (
        '  m: {kind: mcp, url: "http://h/", headers: {Authorization: Bearer abc}}\n',
        "4:46 suspicious: `Authorization` looks like a secret written into the file",
    ),
    ('  m: {kind: mcp, url: "http://me:pw@h/"}\n', "4:18 suspicious: `url` holds a password written into the file"),
    ("  m: {kind: mcp, path: hr.json, headers: {A: b}}\n", "4:33 suspicious: `headers` without `url` are sent nowhere"),
]

SERVERS = [
    ("[npx, -y, server]", "starts"),
    ("[npx, --yes, '@scope/server']", "starts"),
    ("[npx, server@latest, .]", "starts"),
    ("[/usr/bin/npx, server]", "starts"),
    ("[uvx, mcp-server-git]", "starts"),
    ("[uvx, --from, mcp-server-git, git]", "starts"),
    ("[pipx, run, mcp-server-git]", "starts"),
    ("[npx, -y, server@1.2.3]", ""),
    ("[npx, '@scope/server@1.2.3']", ""),
    ("[npx, -p, server@1.2.3, start]", ""),
    ("[uvx, mcp-server-git==1.0]", ""),
    ("[uvx, mcp-server-git@1.0]", ""),
    ("[uvx, --from, 'mcp-server-git==1.0', git]", ""),
    ("[npx, ./server.js]", ""),
    ("[npx]", ""),
    ("[python, -m, server]", ""),
]


@pytest.mark.parametrize(("text", "expected"), ERRORS)
def test_error(folder: Folder, text: str, expected: str) -> None:
    found = folder.found(text)
    assert [one.severity for one in found] == ["error"]
    assert folder.lines(text)[0].partition(" (")[0] == expected


@pytest.mark.parametrize(("text", "expected"), WARNINGS)
def test_oddity_is_a_warning_and_the_file_still_loads(folder: Folder, text: str, expected: str) -> None:
    folder.load(HEAD + text)
    assert [line.partition(" (")[0] for line in folder.lines(HEAD + text)] == [expected]
    assert all(one.severity == "warning" for one in folder.found(HEAD + text))


@pytest.mark.parametrize(("command", "expected"), SERVERS)
def test_server_is_pinned_or_warned_about(folder: Folder, command: str, expected: str) -> None:
    messages = [one.message for one in folder.found(SOURCES + f"  m: {{kind: mcp, command: {command}}}\n")]
    assert len(messages) == bool(expected)
    assert all("starts whatever version is newest" in message for message in messages)


def test_defaults_raise_no_warning(folder: Folder) -> None:
    assert folder.lines(HEAD) == []


def test_files_are_sought_beside_loop_yaml_not_in_the_current_folder(folder: Folder, tmp_path: Path) -> None:
    inner = tmp_path / "service" / "tools"
    inner.mkdir(parents=True)
    (inner / "a.json").write_text("[]")
    (tmp_path / "service" / "loop.yaml").write_text(SOURCES + "  hr: {kind: toolspec, path: 'tools/*.json'}\n")
    assert load(Path("service/loop.yaml"), environment={}).warnings == ()
    (tmp_path / "service" / "loop.yaml").write_text(SOURCES + "  hr: {kind: toolspec, path: hr.json}\n")
    with pytest.raises(LoopfileError) as failed:
        load(Path("service/loop.yaml"), environment={})
    assert failed.value.diagnostics[0].span.file == "service/loop.yaml"


@pytest.mark.parametrize(("environment", "count"), [({}, 1), ({"TOOLS": "."}, 0), ({"TOOLS": "nowhere"}, 1)])
def test_variable_in_a_path_is_followed_where_it_is_set(
    folder: Folder, environment: Mapping[str, str], count: int
) -> None:
    text = SOURCES + '  hr: {kind: toolspec, path: "${TOOLS}/hr.json"}\n'
    found = folder.found(text, environment=environment)
    assert len(found) == count
    assert not any("nowhere" in one.message + one.hint for one in found), "what a variable holds is shown nowhere"


def test_loading_fills_no_variable_in(folder: Folder) -> None:
    text = SOURCES + '  m: {kind: mcp, url: "http://h/", headers: {Authorization: "Bearer ${TOKEN}"}}\n'
    one, other = (folder.load(text, environment={"TOKEN": value}) for value in ("first-secret", "second-secret"))
    assert one == other
    assert "first-secret" not in repr(one)
    assert one.loopfile.model_dump()["sources"]["m"]["headers"] == {"Authorization": "Bearer ${TOKEN}"}


def test_fill_names_the_variable_that_is_not_set() -> None:
    assert fill("Bearer ${A}-${B_2}", {"A": "x", "B_2": "${A}"}) == "Bearer x-${A}"
    with pytest.raises(LoopfileError, match="`C` is not set"):
        fill("${C}", {"A": "x"})


def test_a_mistake_elsewhere_hides_no_check(folder: Folder) -> None:
    text = SOURCES + "  hr: {kind: toolspec, path: none.json}\ngraph: {min_scor: 1}\n"
    assert [line.split(":")[1].split(" ")[1] for line in folder.lines(text)] == ["missing-file", "unknown-key"]


def test_checks_survive_every_wrong_type(folder: Folder) -> None:
    """Whatever stands in a section, the answer is a diagnostic."""
    for key in ("sources", "graph", "sampling", "sandbox", "synthesis", "filters", "training", "evaluation", "engine"):
        for value in ("3", "x", "null", "[]", "[1, [2]]", "{a: 1}", "{a: {b: [1]}}", "{a: [{}]}"):
            head = "version: 1\n" if key == "sources" else HEAD
            assert folder.lines(head + f"{key}: {value}\n") or (key, value) == ("filters", "[]")


def test_missing_file_and_folder_are_named(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(LoopfileError, match=r"`none.yaml` does not exist") as failed:
        load(Path("none.yaml"), environment={})
    assert "loopbuild init" in failed.value.hint
    with pytest.raises(LoopfileError, match="cannot be read: is a directory"):
        load(tmp_path, environment={})


def test_the_error_counts_its_mistakes(folder: Folder) -> None:
    with pytest.raises(LoopfileError, match=r"`loop.yaml` has 2 mistakes"):
        folder.load(HEAD + "a: 1\nb: 1\nsampling: {per_tool: 1}\n")


def test_the_key_that_is_a_keyword_of_python_is_a_key_like_others(folder: Folder) -> None:
    (folder.path / "tools.py").write_text("")
    (line,) = folder.lines(SOURCES + "  hr: {kind: python, module: tools, import: 1}\n")
    assert line.startswith("3:45 wrong-type: `import` must be `true` or `false`, not `1`")
    (line,) = folder.lines(SOURCES + "  hr: {kind: python, module: tools, imprt: true}\n")
    assert line == "3:37 unknown-key: unknown key `imprt` (did you mean `import`?)"
    (line,) = folder.lines(SOURCES + "  hr: {kind: python, module: tools, python: python3.12}\n")
    assert line == "3:37 suspicious: `python` without `import: true` is not used: nothing is imported"
