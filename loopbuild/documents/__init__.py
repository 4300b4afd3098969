"""Strict reading of YAML and JSON: plain JSON values, every mistake with its place."""

from __future__ import annotations

from loopbuild.documents.document import Document, Path, Unreadable, pointer_of
from loopbuild.documents.json_text import read_json
from loopbuild.documents.yaml_text import read_yaml

__all__ = ["Document", "Path", "Unreadable", "pointer_of", "read_json", "read_yaml"]
