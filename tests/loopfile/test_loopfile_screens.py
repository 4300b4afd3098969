"""Every code of a mistake in loop.yaml as a person sees it, whole."""

from __future__ import annotations

from typing import Any

import pytest
from loopfiles import HEAD, Folder

from loopbuild.loopfile.diagnostics import key_path, render, render_all
from loopbuild.records import Diagnostic, Span

SCREENS = {
    "not_yaml": (
        HEAD + "graph:\n\tmin_score: 0.5\n",
        "error: a tab in the indentation\n"
        "  --> loop.yaml:5:1\n"
        "   |\n"
        " 5 |  min_score: 0.5\n"
        "   | ^\n"
        "hint: indent with spaces\n",
    ),
    "empty": (
        "",
        "error: `loop.yaml` is empty\n"
        "  --> loop.yaml:1:1\n"
        "   |\n"
        " 1 |\n"
        "   | ^\n"
        "hint: `loopbuild init` writes a first one\n",
    ),
    "duplicate_key": (
        HEAD + "graph: {min_score: 0.5}\ngraph: {min_score: 0.6}\n",
        "error: key `graph` is given twice, first on line 4\n"
        "  --> loop.yaml:5:1\n"
        "   |\n"
        " 5 | graph: {min_score: 0.6}\n"
        "   | ^^^^^\n"
        "hint: line 4 has `graph: {min_score: 0.5}`; keep one of the two\n",
    ),
    "alias": (
        HEAD + "graph: &strict {min_score: 0.9}\n",
        "error: anchor `&strict` is not allowed\n"
        "  --> loop.yaml:4:8\n"
        "   |\n"
        " 4 | graph: &strict {min_score: 0.9}\n"
        "   |        ^^^^^^^\n"
        "hint: write the value out where it is used\n",
    ),
    "not_json": (
        HEAD + "training:\n  base: !!python/name:os.system\n",
        "error: tag `!!python/name:os.system` is not allowed\n"
        "  --> loop.yaml:5:9\n"
        "   |\n"
        " 5 |   base: !!python/name:os.system\n"
        "   |         ^^^^^^^^^^^^^^^^^^^^^^^\n"
        "hint: only plain values are read\n",
    ),
    "unknown_key": (
        "version: 1\nsources:\n  hr:\n    comand: [npx, hr-server]\n    kind: mcp\n    command: [hr-server]\n",
        "error: unknown key `comand`\n"
        "  --> loop.yaml:4:5\n"
        "   |\n"
        " 4 |     comand: [npx, hr-server]\n"
        "   |     ^^^^^^ in `sources.hr`\n"
        "hint: did you mean `command`?\n",
    ),
    "unknown_key_of_another_section": (
        HEAD + "training:\n  epochs: 3\n",
        "error: unknown key `epochs`\n"
        "  --> loop.yaml:5:3\n"
        "   |\n"
        " 5 |   epochs: 3\n"
        "   |   ^^^^^^ in `training`\n"
        "hint: `epochs` belongs under `training.phases`\n",
    ),
    "missing_key": (
        "version: 1\nsources:\n  hr:\n    kind: toolspec\n",
        "error: missing key `path` in `sources.hr`\n  --> loop.yaml:3:3\n   |\n 3 |   hr:\n   |   ^^ in `sources`\n",
    ),
    "unknown_kind": (
        HEAD + "filters:\n  - schema\n  - {dedupe: {}}\n",
        "error: unknown filter kind `dedupe`\n"
        "  --> loop.yaml:6:6\n"
        "   |\n"
        " 6 |   - {dedupe: {}}\n"
        "   |      ^^^^^^ in `filters[1]`\n"
        "hint: did you mean `dedup`?\n",
    ),
    "wrong_type": (
        HEAD + "training:\n  phases:\n    teach:\n      schemas_in_prompt: yes\n",
        "error: `schemas_in_prompt` must be `true` or `false`, not the text `yes`\n"
        "  --> loop.yaml:7:26\n"
        "   |\n"
        " 7 |       schemas_in_prompt: yes\n"
        "   |                          ^^^ in `training.phases.teach`\n"
        "hint: write `true`\n",
    ),
    "bad_value": (
        HEAD + "evaluation:\n  held_out: 20   # percent\n",
        "error: `held_out` must be at most 1, not `20`\n"
        "  --> loop.yaml:5:13\n"
        "   |\n"
        " 5 |   held_out: 20   # percent\n"
        "   |             ^^ in `evaluation`\n"
        "hint: a share: write `0.2` for 20%\n",
    ),
    "missing_file": (
        "version: 1\nsources:\n  hr: {kind: toolspec, path: hr.jsn}\n",
        "error: `hr.jsn` does not exist\n"
        "  --> loop.yaml:3:30\n"
        "   |\n"
        " 3 |   hr: {kind: toolspec, path: hr.jsn}\n"
        "   |                              ^^^^^^ in `sources.hr`\n"
        "hint: did you mean `hr.json`?\n",
    ),
    "unknown_name": (
        HEAD + "graph:\n  edges:\n    deny:\n      - hr/get_role -> crm/*\n",
        "error: no source is named `crm`\n"
        "  --> loop.yaml:7:9\n"
        "   |\n"
        " 7 |       - hr/get_role -> crm/*\n"
        "   |         ^^^^^^^^^^^^^^^^^^^^ in `graph.edges.deny`\n"
        "hint: declared: `hr`\n",
    ),
    "suspicious": (
        HEAD + "  memory:\n    kind: mcp\n    command: [npx, -y, server-memory]\n",
        "warning: `npx server-memory` starts whatever version is newest that day\n"
        "  --> loop.yaml:6:24\n"
        "   |\n"
        " 6 |     command: [npx, -y, server-memory]\n"
        "   |                        ^^^^^^^^^^^^^ in `sources.memory.command`\n"
        "hint: pin it, as in `server-memory@1.2.3`\n",
    ),
    "wide_characters": (
        HEAD + 'training: {base: "模型", sed: 1}\n',
        "error: unknown key `sed`\n"
        "  --> loop.yaml:4:24\n"
        "   |\n"
        ' 4 | training: {base: "模型", sed: 1}\n'
        "   |                          ^^^ in `training`\n"
        "hint: did you mean `seed`?\n",
    ),
    "long_line": (
        "version: 1\n"
        "sources:\n"
        "  hr: {kind: toolspec, path: hr.json, "
        "include: [get_roles, get_candidates, list_interviews], exclud: [delete_*], allow_empty: true}\n",
        "error: unknown key `exclud`\n"
        "  --> loop.yaml:3:94\n"
        "   |\n"
        " 3 | …ates, list_interviews], exclud: [delete_*], allow_empty: true}\n"
        "   |                          ^^^^^^ in `sources.hr`\n"
        "hint: did you mean `exclude`?\n",
    ),
    "control_characters": (
        HEAD + 'training: {base: "a\u202eb", sed: 1}\n',
        "error: unknown key `sed`\n"
        "  --> loop.yaml:4:25\n"
        "   |\n"
        ' 4 | training: {base: "a b", sed: 1}\n'
        "   |                         ^^^ in `training`\n"
        "hint: did you mean `seed`?\n",
    ),
}


@pytest.mark.parametrize(("text", "screen"), SCREENS.values(), ids=SCREENS)
def test_screen(folder: Folder, text: str, screen: str) -> None:
    assert folder.screen(text) == screen


@pytest.mark.parametrize("screen", [screen for _, screen in SCREENS.values()], ids=SCREENS)
def test_screens_fit_80_columns(screen: str) -> None:
    assert max(len(line) for line in screen.splitlines()) <= 80


def test_ten_are_shown_and_the_rest_is_counted(folder: Folder) -> None:
    screen = folder.screen(HEAD + "".join(f"key{n}: 1\n" for n in range(1, 15)))
    assert screen.count("error: ") == 10
    assert "`key10`" in screen
    assert "`key11`" not in screen
    assert screen.endswith("\n\nand 4 more\n")


def test_warnings_never_crowd_out_errors(folder: Folder) -> None:
    servers = "".join(f"  s{n}: {{kind: mcp, command: [npx, server{n}]}}\n" for n in range(12))
    screen = folder.screen(HEAD + servers + "graph: {min_score: 2}\n")
    assert screen.count("warning: ") == 9
    assert screen.count("error: ") == 1
    assert screen.endswith("\n\nand 3 more\n")


def test_without_the_source_the_place_is_still_named() -> None:
    span = Span(file="tools/hr.json", line=3, column=7, pointer="/tools/0")
    mistake = Diagnostic(severity="error", code="bad-value", message="no name", span=span)
    assert render(mistake, None) == "error: no name\n  --> tools/hr.json:3:7"
    assert render_all([mistake]) == "error: no name\n  --> tools/hr.json:3:7"
    assert render_all([mistake], texts={"tools/hr.json": "a\nb"}) == "error: no name\n  --> tools/hr.json:3:7"
    nowhere = Diagnostic(severity="note", code="flat", message="nothing chains", hint="add `returns:`")
    assert render(nowhere, None) == "note: nothing chains\nhint: add `returns:`"


@pytest.mark.parametrize(
    ("pointer", "shown"),
    [("", ""), ("/sources/hr", "sources.hr"), ("/filters/2/dedup", "filters[2].dedup"), ("/a~1b/~0", "a/b.~")],
)
def test_key_paths_read_as_people_write_them(pointer: Any, shown: str) -> None:
    assert key_path(pointer) == shown
