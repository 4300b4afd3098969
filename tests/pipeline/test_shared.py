"""What tables share is never changed by those who read it: after a build it still equals what its inputs give."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path

from loopbuild.digest import digest
from loopbuild.engine import derived
from loopbuild.engine.workspace import Workspace
from tests.pipeline.projects import change_schemas, hr_project, loopbuild


def test_no_recipe_changes_what_it_shares_with_others(tmp_path: Path) -> None:
    derived._kept.clear()
    root = hr_project(tmp_path, per_tool=3, per_tool_eval=1)
    assert loopbuild(root, "build", "dataset:").code == 0
    change_schemas(root)
    assert loopbuild(root, "build", "dataset:").code == 0
    ws = Workspace.open(root, code_version="")
    assert len(derived._kept) > 5
    for (module, name, *digests), value in derived._kept.items():
        make = getattr(import_module(module), name)
        # What is told beside the inputs has a name and no object: nothing, or no rename that loop.yaml settles.
        given = {digest("given", told): told for told in (None, {})}
        assert make(*(given[one] if one in given else json.loads(ws.objects.get(one)) for one in digests)) == value
