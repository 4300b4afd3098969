"""`why` says of an upstream target that came out otherwise that it did, also where nothing follows from it."""

from __future__ import annotations

import json
from pathlib import Path

from projects import hr_project, loopbuild


def test_what_comes_out_with_other_bytes_is_not_called_the_same(tmp_path: Path) -> None:
    root = hr_project(tmp_path / "hr")
    assert loopbuild(root, "build", "graph:main").code == 0
    path = root / "tools" / "hr.json"
    tools = json.loads(path.read_text())
    tools[0]["description"] += " Nothing else changed."
    path.write_text(json.dumps(tools))
    said = loopbuild(root, "why", "graph:main").out
    for name in ("source:hr", "catalog:main"):
        assert f"{name} would run again, to other bytes, of which nothing comes through to here" in said
    assert "contract:main would run again, to the same bytes" in said
    assert "source:hr would run again, to the same bytes" not in said
