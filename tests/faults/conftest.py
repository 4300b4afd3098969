"""A project with the files that `everything` reads, and what a build of it leaves when nothing goes wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.conftest import Project
from tests.faults.children import everything, new_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path / "project")


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> str:
    project = new_project(tmp_path_factory.mktemp("clean"))
    project.build(everything())
    return project.snapshot()
