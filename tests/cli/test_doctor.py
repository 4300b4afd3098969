"""What `doctor` calls in order is there, what it calls bad is named with the way out, and it sees who works here."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from projects import hr_project, loopbuild

from loopbuild.engine.locks import Lock

LIVE = """
sources:
  hr: {kind: toolspec, path: tools/hr.json}
  far: {kind: mcp, command: [no-such-program, --stdio]}
synthesis:
  writers: [{model: openai/gpt-test, api_key_env: LOOPBUILD_TEST_NO_KEY}]
  budget_usd: 1
"""

OWN = """
sources:
  hr: {kind: toolspec, path: tools/hr.json}
synthesis: {budget_usd: 1}
"""


def verdicts(root: Path, *, code: int) -> dict[str, tuple[str, str, str]]:
    found = loopbuild(root, "doctor", "--json")
    assert found.code == code, found.out + found.err
    return {one["about"]: (one["verdict"], one["text"], one["hint"]) for one in json.loads(found.out)}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return hr_project(tmp_path / "hr", per_tool=2, per_tool_eval=1)


def test_a_project_is_in_order_before_and_after_its_first_build(project: Path) -> None:
    assert verdicts(project, code=0)["index"][1].startswith("none")
    assert not (project / ".loopbuild").exists()
    assert loopbuild(project, "build", "catalog:").code == 0
    assert verdicts(project, code=0)["index"][:2] == ("ok", "sound")
    assert loopbuild(project, "doctor").out.endswith("All is in order\n")


def test_what_the_settings_need_and_is_not_there_is_named_with_the_way_out(project: Path) -> None:
    text = (project / "loop.yaml").read_text()
    (project / "loop.yaml").write_text(text.partition("sources:")[0] + LIVE)
    found = verdicts(project, code=1)
    assert found["program no-such-program"][0] == "bad"
    assert found["program no-such-program"][1] == "for source `far`, not found"
    assert found["variable LOOPBUILD_TEST_NO_KEY"] == (
        "bad",
        "for writer `openai/gpt-test`, not found",
        "export LOOPBUILD_TEST_NO_KEY=...",
    )


def test_who_needs_a_key_is_told_apart(project: Path) -> None:
    filters = "filters:\n  - schema\n  - judge: {model: gemini/g, api_key_env: LOOPBUILD_TEST_NO_KEY}\n"
    (project / "loop.yaml").write_text((project / "loop.yaml").read_text().partition("sources:")[0] + OWN + filters)
    assert verdicts(project, code=1)["variable LOOPBUILD_TEST_NO_KEY"][1] == "for judge `gemini/g`, not found"


def test_a_store_out_of_order_is_told_from_one_that_mends_itself(project: Path) -> None:
    assert loopbuild(project, "build", "catalog:").code == 0
    (project / ".loopbuild" / "state.db").write_bytes(b"garbage" * 1000)
    assert verdicts(project, code=0)["index"][0] == "note"
    (project / "loop.lock").write_text("<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    verdict, _, hint = verdicts(project, code=1)["loop.lock"]
    assert (verdict, hint) == ("bad", "run `loopbuild merge-lock`")
    (project / "loop.yaml").write_text("sources: [")
    assert verdicts(project, code=1)["loop.yaml"][0] == "bad"


def test_who_works_here_is_told_by_what_he_holds(project: Path) -> None:
    assert loopbuild(project, "build", "catalog:").code == 0
    store = project / ".loopbuild"
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        (store / "tmp" / f"run-{os.getpid()}-0").mkdir()
        Lock(store / "tmp" / f"run-{os.getpid()}-0" / "alive").take()
        lease = Lock(store / "leases" / "0")
        lease.take(says=f"{os.getpid()} checkpoint:recall")
        os.write(writing, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(reading, 1)
    try:
        assert verdicts(project, code=0)["at work"][1].startswith(f"pid {pid} since ")
        assert verdicts(project, code=0)["at work"][1].endswith(", makes checkpoint:recall")
        assert loopbuild(project, "status").err.startswith(f"pid {pid} works here since ")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    assert "at work" not in verdicts(project, code=0)
