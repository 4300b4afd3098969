"""What enters the keys of a project: the table of ARCHITECTURE.md against what every recipe really declares."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from projects import hr_project, loopbuild

from loopbuild.engine import lockfile
from loopbuild.engine.plan import plan
from loopbuild.engine.target import Target
from loopbuild.pipeline.builds import open_project
from loopbuild.pipeline.project import load

ROOT = Path(__file__).parents[2]
Covered = tuple[frozenset[str], frozenset[str], frozenset[str]]


def targets_of(root: Path) -> Mapping[str, Target]:
    opened = open_project(str(root))
    return plan(opened.workspace, load(opened.project, environment={}).targets).targets


def declared(targets: Mapping[str, Target]) -> dict[str, Covered]:
    """Recipe and version -> (params, kinds of inputs, roles of files) over all its targets."""
    found: dict[str, Covered] = {}
    for target in targets.values():
        recipe = f"{target.recipe.name} {target.recipe.version}"
        params, inputs, files = found.get(recipe, (frozenset(), frozenset(), frozenset()))
        found[recipe] = (
            params | frozenset(target.params),
            inputs | {name.partition(":")[0] for _, name in target.inputs},
            files | {role.partition("/")[0] for role, _ in target.files},
        )
    return found


def table() -> dict[str, Covered]:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rows = text.partition("| recipe | params | inputs | files |")[2].partition("\n\n")[0].splitlines()[2:]
    found: dict[str, Covered] = {}
    for row in rows:
        recipe, *cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        params, inputs, files = (frozenset(re.findall(r"[a-z_]+", cell)) for cell in cells)
        found[recipe] = (params, inputs, files)
    return found


ASKED = """synthesis:
  pairs: {}
  redirected: 2
  on_doc_change: rewrite
  writers:
    - {model: openai/x, price: {prompt_usd_per_million: 0, completion_usd_per_million: 0}}
"""
JUDGED = """filters:
  - schema
  - judge: {model: openai/j, price: {prompt_usd_per_million: 0, completion_usd_per_million: 0}}
"""
PROPOSED = """graph:
  propose: {model: openai/p, price: {prompt_usd_per_million: 0, completion_usd_per_million: 0}}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = hr_project(tmp_path_factory.mktemp("identity") / "hr", per_tool=2, per_tool_eval=1)
    path = folder / "loop.yaml"
    (folder / "server.py").write_text("")
    (folder / "seed").mkdir()
    (folder / "seed" / "start.db").write_text("")
    gone = {"tool:hr/gone": lockfile.extra_line({"params": "0" * 16, "returns": "0" * 16, "docs": ""})}
    (folder / "loop.lock").write_text(lockfile.encode(gone))
    text = path.read_text().replace("path: tools/hr.json}", "path: tools/hr.json, deprecated: retire}")
    path.write_text(
        text + "sandbox: {kind: mcp, command: [python, server.py], folder: seed}\n" + ASKED + JUDGED + PROPOSED
    )
    return folder


def test_the_table_is_what_the_recipes_declare(root: Path) -> None:
    assert declared(targets_of(root)) == table()


def test_what_is_said_to_be_in_no_key_is_in_none(tmp_path: Path) -> None:
    """Each of these is changed alone; not one key of the whole graph may move."""
    keys = planned_keys(hr_project(tmp_path / "a", per_tool=2, per_tool_eval=1))
    extras = [
        "synthesis: {budget_usd: 5}\n",
        "training: {incremental: {max_rows: 7, replay: 0.5, full_rebuild_above: 0.9}}\n",
        "training: {download: true}\n",
    ]
    for number, extra in enumerate(extras):
        root = hr_project(tmp_path / f"b{number}", per_tool=2, per_tool_eval=1, extra=extra)
        assert planned_keys(root) == keys, extra


@pytest.mark.parametrize(
    "extra",
    ["graph: {min_score: 0.7}\n", "training: {seed: 3}\n", "synthesis: {texts_per_level: 2}\n", "filters: [schema]\n"],
)
def test_what_decides_results_is_in_some_key(tmp_path: Path, extra: str) -> None:
    one = declared_params(hr_project(tmp_path / "a", per_tool=2, per_tool_eval=1))
    two = declared_params(hr_project(tmp_path / "b", per_tool=2, per_tool_eval=1, extra=extra))
    assert one != two


def test_how_a_writer_is_reached_and_paid_is_in_no_key(tmp_path: Path) -> None:
    keys = planned_keys(hr_project(tmp_path / "a", per_tool=2, per_tool_eval=1, extra=ASKED))
    assert [name for name in keys if name.startswith("answers:")]
    own = (
        "    - {model: openai/x, api_base: 'http://localhost:1/v1', concurrency: 3, max_tries: 2, timeout_seconds: 5}\n"
    )
    head, _, _ = ASKED.partition("    - {model")
    other = f"{head}{own}  budget_usd: 7\n  budget_tokens: 10000\n"
    assert planned_keys(hr_project(tmp_path / "b", per_tool=2, per_tool_eval=1, extra=other)) == keys


def test_how_a_judge_is_reached_and_waited_for_is_in_no_key(tmp_path: Path) -> None:
    """And a judge is no business of the rows it is to judge."""
    keys = planned_keys(hr_project(tmp_path / "a", per_tool=2, per_tool_eval=1, extra=JUDGED))
    assert "judgements:main" in keys
    own = (
        "{model: openai/j, api_base: 'http://localhost:1/v1', concurrency: 3, timeout_seconds: 5, undecided: hold_back}"
    )
    other = f"filters: [schema, {{judge: {own}}}]\nsynthesis: {{budget_usd: 7}}\n"
    assert planned_keys(hr_project(tmp_path / "b", per_tool=2, per_tool_eval=1, extra=other)) == keys
    free = planned_keys(hr_project(tmp_path / "c", per_tool=2, per_tool_eval=1, extra="filters: [schema]\n"))
    assert {name: key for name, key in free.items() if name.startswith("rows:")}.items() <= keys.items()


def declared_params(root: Path) -> dict[str, str]:
    return {name: json.dumps(target.params, sort_keys=True) for name, target in targets_of(root).items()}


def planned_keys(root: Path) -> dict[str, str]:
    opened = open_project(str(root))
    found = plan(opened.workspace, load(opened.project, environment={}).targets)
    return {name: entry.key for name, entry in found.entries.items()}


def test_keys_are_the_same_in_every_place_zone_locale_and_process(tmp_path: Path) -> None:
    first = hr_project(tmp_path / "one", per_tool=2, per_tool_eval=1)
    second = hr_project(tmp_path / "a folder elsewhere" / "zwei", per_tool=2, per_tool_eval=1)
    assert loopbuild(first, "build", "dataset:").code == 0
    (second / ".loopbuild").mkdir()
    shutil.copy(first / "loop.lock", second / "loop.lock")  # all keys are known without a byte of the results
    code = (
        "import sys, json; sys.path[:0] = [sys.argv[1], sys.argv[2]]; from pathlib import Path;"
        "from test_identity import planned_keys; print(json.dumps(planned_keys(Path(sys.argv[3]))))"
    )
    found = []
    for root, surroundings in (
        (first, {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"}),
        (second, {"PYTHONHASHSEED": "2", "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)}),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code, str(ROOT), str(Path(__file__).parent), str(root)],
            env={**os.environ, **surroundings},
            cwd=root.parent,
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert found[0]["dataset:train"]
