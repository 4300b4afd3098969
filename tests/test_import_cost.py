"""What the cheap paths load. The no-op of a trained project is measured where one is trained: test_end_to_end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SMALL_CORE = {"blake3", "loopbuild"}
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "peft",
    "datasets",
    "datasketch",
    "litellm",
    "mcp",
    "networkx",
    "rich",
    "pydantic",
    "yaml",
    "httpx",
}
# plan parses loop.yaml when something changed; models, trainers, servers and drawing stay out.
HEAVY_FOR_PLAN = HEAVY - {"pydantic", "yaml"}
EXAMPLE = Path(__file__).parent.parent / "examples" / "hr"


def modules(*arguments: str) -> set[str]:
    code = (
        "import sys; from loopbuild.cli.main import run; run(sys.argv[1:]);"
        "print('@' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("@")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["build", "--help"], ["plan", "--help"]])
def test_help_loads_nothing(arguments: list[str]) -> None:
    assert not HEAVY & modules(*arguments)


def test_a_check_of_a_schema_file_loads_no_records_of_loop_yaml(tmp_path: Path) -> None:
    """Importing and running what validates loop.yaml would take longer than all of `check`."""
    import shutil

    root = tmp_path / "hr"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    for arguments in (["check", str(root / "tools" / "hr.json")], ["--project", str(root), "diff"]):
        assert not (HEAVY - {"yaml"}) & modules(*arguments)


@pytest.mark.parametrize("verb", ["plan", "status", "diff", "check", "graph"])
def test_questions_about_a_changed_project_load_no_model_and_no_server(verb: str, tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "hr"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    assert not HEAVY_FOR_PLAN & modules("--project", str(root), verb)


def test_pricing_texts_loads_no_litellm(tmp_path: Path) -> None:
    import shutil

    root = tmp_path / "hr"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    text = (root / "loop.yaml").read_text().partition("\nsynthesis:")[0]
    (root / "loop.yaml").write_text(text + "\nsynthesis: {writers: [{model: openai/gpt-4.1-mini}], budget_usd: 500}\n")
    pytest.importorskip("litellm", reason="its list of prices is read")
    assert not (HEAVY_FOR_PLAN | {"openai"}) & modules("--project", str(root), "plan")
