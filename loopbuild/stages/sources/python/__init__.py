"""Source kind `python`: the public functions of a module, or the methods of a class, as tools."""

from __future__ import annotations

from loopbuild.stages.sources.python.read import read

__all__ = ["read"]
