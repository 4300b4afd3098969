"""Every console block of the READMEs is run in a copy of the example it speaks of, but the two make commands.

A line of output shown there must be printed; `...` stands for what is left out. Blocks after `cp next/hr.json` see the
changed schemas, as a reader would.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "pipeline"))
from projects import EXAMPLES, loopbuild

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
YAML = re.compile(r"^```yaml\n(.*?)^```", re.M | re.S)
PAGES = [
    ("README.md", "hr"),
    ("docs/check.md", "hr"),
    ("examples/enterprise/README.md", "enterprise"),
    ("examples/hr/README.md", "hr"),
    ("examples/memory/README.md", "memory"),
]


def commands(block: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found:
            found[-1][1].append(line)
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("page", "example"), PAGES)
def test_console_blocks_print_what_they_show(page: str, example: str, tmp_path: Path) -> None:
    root = tmp_path / example
    shutil.copytree(EXAMPLES / example, root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    assert blocks or page != "README.md"
    for block in blocks:
        for command, shown in commands(block):
            words = shlex.split(command)
            if words[0] == "make":
                continue
            if words[0] == "cp":
                shutil.copy(root / words[1], root / words[2])
                continue
            assert words[0] == "loopbuild", f"{page}: `{command}` is no command this test may run"
            screen = loopbuild(root, *words[1:])
            assert screen.code == 0, f"{command}: {screen.err}"
            for line in shown:
                if line.strip() and line.strip() != "...":
                    pattern = ".*".join(re.escape(part.strip()) for part in re.split(r"\.\.\.", line) if part.strip())
                    assert re.search(pattern, screen.out + screen.err), f"{command}: `{line}` is not in\n{screen.out}"


@pytest.mark.parametrize(("page", "example"), PAGES)
def test_yaml_blocks_load(page: str, example: str, tmp_path: Path) -> None:
    from loopbuild.loopfile.load import load

    root = tmp_path / example
    shutil.copytree(EXAMPLES / example, root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    blocks = [text for text in YAML.findall((ROOT / page).read_text(encoding="utf-8")) if text.startswith("version")]
    for number, block in enumerate(blocks):
        path = root / f"loop.{number}.yaml"
        path.write_text(block, encoding="utf-8")
        load(path, environment={})


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("*/loop*.yaml")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_example_loads_and_plans(path: Path, tmp_path: Path) -> None:
    root = tmp_path / path.parent.name
    shutil.copytree(path.parent, root, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    screen = loopbuild(root, "--file", path.name, "plan")
    assert screen.code == 0, screen.err
