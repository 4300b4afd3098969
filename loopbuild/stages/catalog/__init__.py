"""The catalog: what a tool is once read, which facts rows depend on, and what changed between two catalogs."""

from __future__ import annotations

from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.catalog.diff import diff_catalogs
from loopbuild.stages.catalog.facts import facts

__all__ = ["build_catalog", "diff_catalogs", "facts"]
