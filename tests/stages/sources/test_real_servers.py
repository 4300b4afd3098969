"""The public reference servers, each in an environment of its own that the test set-up installs.

`pytest -m "slow and network" tests/stages/sources/test_real_servers.py`; skipped with a reason where npm or PyPI cannot
be reached. What is asserted are the facts the rest of the project was designed around.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from loopbuild.records import ToolCatalog
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.sources.listing import canonical_listing, read_listing
from loopbuild.stages.sources.mcp_live import list_live

pytestmark = [pytest.mark.slow, pytest.mark.network]

# server -> (registry, package and version, program, arguments, tools, tools that declare a return)
SERVERS = {
    "memory": ("npm", "@modelcontextprotocol/server-memory@2026.8.31", "mcp-server-memory", [], 9, 9),
    "filesystem": ("npm", "@modelcontextprotocol/server-filesystem@2026.8.31", "mcp-server-filesystem", ["."], 14, 0),
    "everything": ("npm", "@modelcontextprotocol/server-everything@2026.8.31", "mcp-server-everything", [], 13, 1),
    "git": ("pypi", "mcp-server-git==2026.10.19", "mcp-server-git", [], 12, 0),
    "time": ("pypi", "mcp-server-time==2026.10.19", "mcp-server-time", ["--local-timezone", "UTC"], 2, 2),
}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers")


def installed(registry: str, package: str, program: str, home: Path) -> Path:
    """Return the program, installed into a folder of its own; skips where it cannot be had."""
    if registry == "npm":
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("npm is not installed")
        _run([npm, "install", "--no-audit", "--no-fund", "--prefix", str(home), package])
        return home / "node_modules" / ".bin" / program
    _run([sys.executable, "-m", "venv", str(home)])
    _run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", package])
    return home / "bin" / program


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"`{command[0]}` has not ended within 240 s")
    if done.returncode:
        pytest.skip(f"`{' '.join(command[:3])}` failed: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_public_server_is_listed_as_it_is(name: str, homes: Path, tmp_path: Path) -> None:
    registry, package, program, arguments, tools, declared = SERVERS[name]
    path = installed(registry, package, program, homes / name)
    found = list_live(name, command=[str(path), *arguments], cwd=tmp_path, env={})
    listing = read_listing(name, canonical_listing(found.entries), file=f"{name}.json", settings={})
    assert [item for item in listing.diagnostics if item.severity == "error"] == []
    catalog: ToolCatalog = build_catalog([listing])
    assert len(catalog.tools) == tools
    assert sum(tool.output_origin == "declared" for tool in catalog.tools) == declared
    assert {leaf.origin for tool in catalog.tools for leaf in tool.outputs} <= {"declared"}
