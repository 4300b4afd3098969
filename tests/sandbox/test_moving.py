"""Laws of writes: what is put elsewhere is found there and nowhere else, and a difference tells the key that was."""

from __future__ import annotations

from typing import Any

import pytest

from loopbuild.records import Json
from loopbuild.sandbox.protocol import EVAL_FIXTURES
from loopbuild.sandbox.simulated import SimulatedSandbox
from tests.sandbox.tools import catalog

TOOLS: list[dict[str, Json]] = [
    {"name": "list_folders", "parameters": {}, "returns": {"folder_ids": ["string"]}},
    {"name": "list_files", "parameters": {"folder_id": "string"}, "returns": {"file_ids": ["string"]}},
    {"name": "get_file", "parameters": {"file_id": "string"}, "returns": {"folder_id": "string", "size": "integer"}},
    {
        "name": "move_file",
        "parameters": {"file_id": "string", "folder_id": "string"},
        "returns": {"success": "boolean"},
    },
]
FILES = catalog(TOOLS)


def value(sandbox: SimulatedSandbox, tool: str, **arguments: Json) -> Any:
    result = sandbox.call(f"s/{tool}", arguments)
    assert result.status == "ok", result
    return result.value


@pytest.mark.parametrize("fixture", [0, 1, 5, EVAL_FIXTURES])
def test_what_is_moved_is_listed_where_it_went_and_nowhere_else(fixture: int) -> None:
    sandbox = SimulatedSandbox(FILES, source="s")
    sandbox.open(fixture)
    here, there, back = value(sandbox, "list_folders")["folder_ids"][:3]
    file = value(sandbox, "list_files", folder_id=here)["file_ids"][0]
    for place in (there, back, here):
        value(sandbox, "move_file", file_id=file, folder_id=place)
        listed = [one for one in (here, there, back) if file in value(sandbox, "list_files", folder_id=one)["file_ids"]]
        assert listed == [place]
        assert value(sandbox, "get_file", file_id=file)["folder_id"] == place


@pytest.mark.parametrize("fixture", [0, 1, 5, EVAL_FIXTURES])
def test_a_difference_tells_the_key_that_was(fixture: int) -> None:
    sandbox = SimulatedSandbox(FILES, source="s")
    sandbox.open(fixture)
    folders = value(sandbox, "list_folders")["folder_ids"]
    file = value(sandbox, "list_files", folder_id=folders[0])["file_ids"][0]
    old = value(sandbox, "get_file", file_id=file)["folder_id"]
    new = next(one for one in folders if one != old)
    value(sandbox, "move_file", file_id=file, folder_id=new)
    (fact,) = sandbox.state_diff()
    assert (fact.field, fact.before, fact.after) == ("folder_id", old, new)
