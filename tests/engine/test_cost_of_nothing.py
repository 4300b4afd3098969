"""What a build with nothing to do may load."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.engine.conftest import Project
from tests.engine.recipes import chain

HEAVY = "litellm openai httpx torch transformers datasets networkx rich pydantic yaml msgspec asyncio multiprocessing"


@pytest.mark.parametrize(
    ("work", "also"),
    [
        (
            "from loopbuild.engine.uptodate import is_unchanged; assert is_unchanged(ws, {}, 's')",
            ["shutil", "tempfile"],
        ),
        (
            "from loopbuild.engine.build import build; from tests.engine.recipes import chain;"
            "assert build(ws, chain(), on_event=lambda event: None).counts == {'fresh': 9}",
            [],
        ),
    ],
)
def test_nothing_heavy_is_loaded(project: Project, work: str, also: list[str]) -> None:
    project.build(chain(), stamp="s")
    code = (
        "import sys; from pathlib import Path; from loopbuild.engine.workspace import Workspace;"
        f"ws = Workspace.open(Path(sys.argv[1]), code_version='1'); {work}; print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project.root)], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert not loaded.intersection([*HEAVY.split(), *also])
