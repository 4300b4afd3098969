"""Live listings against real processes: sound, bad, silent, noisy and dead servers."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest

from loopbuild.errors import SourceError
from loopbuild.stages.sources.listing import canonical_listing, read_listing
from loopbuild.stages.sources.mcp_live import MAX_PAGES, list_live

SERVERS = Path(__file__).parent / "servers"


def listed(script: str, *arguments: str, seconds: float = 30, env: dict[str, str] | None = None, cwd: Path) -> list:
    command = [sys.executable, str(SERVERS / script), *arguments]
    found = list_live(
        "hr", command=command, env=env or {}, cwd=cwd, start_timeout_seconds=seconds, call_timeout_seconds=seconds
    )
    return list(found.entries)


def failure(*arguments: str, seconds: float, env: dict[str, str] | None = None, cwd: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        listed("scripted.py", *arguments, seconds=seconds, env=env, cwd=cwd)
    return caught.value


def test_a_server_on_the_official_sdk_is_listed_sorted(tmp_path: Path) -> None:
    raw = listed("sound.py", cwd=tmp_path)
    assert [entry["name"] for entry in raw] == ["get_role", "list_roles", "show_environment"]
    content = canonical_listing(raw)
    listing = read_listing("hr", content, file="listings/hr.json", settings={})
    assert [tool.name for tool in listing.tools] == ["get_role", "list_roles", "show_environment"]
    assert canonical_listing(list(reversed(raw))) == content


def test_a_server_sees_nothing_of_us_but_a_path_a_language_and_an_empty_home(tmp_path: Path) -> None:
    raw = listed("sound.py", env={"ROLE_DB": "roles.db"}, cwd=tmp_path)
    names, _, home = raw[2]["description"].partition(" HOME=")
    assert {name for name in names.split() if name not in ("LC_CTYPE",)} == {"HOME", "LANG", "PATH", "ROLE_DB"}
    assert home == ""


def test_one_malformed_entry_costs_no_other_tool(tmp_path: Path) -> None:
    raw = listed("scripted.py", "one-bad", cwd=tmp_path)
    listing = read_listing("hr", canonical_listing(raw), file="listings/hr.json", settings={})
    assert [tool.name for tool in listing.tools] == ["get_role"]
    assert [item.message for item in listing.diagnostics] == [
        "entry 1 is skipped: a tool without a name",
        "tool `broken` is skipped: `inputSchema` is text, not an object",
    ]


def test_a_repeated_cursor_ends_the_listing(tmp_path: Path) -> None:
    assert [entry["name"] for entry in listed("scripted.py", "same-cursor", cwd=tmp_path)] == ["first", "second"]


def test_pages_without_end_are_cut(tmp_path: Path) -> None:
    assert len(listed("scripted.py", "pages", cwd=tmp_path)) == MAX_PAGES


def test_a_server_that_exits_is_named_with_its_last_words_but_no_secret(tmp_path: Path) -> None:
    error = failure("exit", seconds=20, env={"TOKEN": "s3cr3t-value"}, cwd=tmp_path)
    assert re.search(r"source `hr`: `.*scripted.py exit` ended with exit code 3", error.message)
    assert error.hint == "its last lines on stderr:\n  the licence has run out, token ***"


def test_a_hanging_server_is_stopped_with_its_children(tmp_path: Path) -> None:
    started = time.monotonic()
    error = failure("hang", seconds=1.5, cwd=tmp_path)
    assert time.monotonic() - started < 10
    assert "has not answered within 1.5 s" in error.message
    found = re.search(r"child (\d+) (\d+)", error.hint)
    assert found is not None
    for pid in map(int, found.groups()):
        for _ in range(50):
            if not _is_running(pid):
                break
            time.sleep(0.1)
        assert not _is_running(pid)


def test_a_server_that_starts_but_never_lists_is_stopped(tmp_path: Path) -> None:
    assert "has not listed its tools within 3 s" in failure("slow-list", seconds=3, cwd=tmp_path).message


def test_noise_on_stdout_is_quoted_when_no_answer_comes(tmp_path: Path) -> None:
    assert "it printed `starting up ...`" in failure("garbage", seconds=1.5, cwd=tmp_path).message


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    assert "wrote a line of more than 16 MiB" in failure("endless-line", seconds=20, cwd=tmp_path).message


def test_a_command_that_does_not_exist_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="source `hr`: `no-such-program` cannot be started: no such file") as caught:
        list_live("hr", command=["no-such-program"], env={}, cwd=tmp_path)
    assert "no-such-program" in caught.value.hint


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
