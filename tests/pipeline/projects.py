"""Small real projects for tests: the HR example in a temporary folder, with few rows."""

from __future__ import annotations

import contextlib
import io
import shutil
from dataclasses import dataclass
from pathlib import Path

from loopbuild.cli.main import run

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SMALL = """version: 1
sources:
  hr: {{kind: toolspec, path: tools/hr.json}}
sampling:
  per_tool: {per_tool}
  user_known: [role_id, candidate_id, interview_id, employee_id, leave_id]
evaluation: {{per_tool: {per_tool_eval}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What a command left: exit code, answer, conversation."""

    code: int
    out: str
    err: str


def hr_project(folder: Path, *, per_tool: int = 6, per_tool_eval: int = 2, extra: str = "") -> Path:
    """Copy the HR example's tools and write a loop.yaml with few rows."""
    shutil.copytree(EXAMPLES / "hr" / "tools", folder / "tools")
    shutil.copytree(EXAMPLES / "hr" / "next", folder / "next")
    text = SMALL.format(per_tool=per_tool, per_tool_eval=per_tool_eval) + extra
    (folder / "loop.yaml").write_text(text, encoding="utf-8")
    return folder


def change_schemas(root: Path) -> None:
    """Put the platform's next version in place."""
    shutil.copy(root / "next" / "hr.json", root / "tools" / "hr.json")


def loopbuild(root: Path, *arguments: str) -> Screen:
    """Run one command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["--project", str(root), *arguments])
    return Screen(code=int(code), out=out.getvalue(), err=err.getvalue())
