"""Strict reading of YAML and JSON: plain JSON values, every mistake with its place."""

from __future__ import annotations

from loopbuild.documents.document import Document, Path, Unreadable, pointer_of
from loopbuild.documents.json_text import read_json
from loopbuild.documents.lines import json_lines
from loopbuild.documents.yaml_text import read_yaml

__all__ = ["Document", "Path", "Unreadable", "json_lines", "pointer_of", "read_json", "read_yaml"]
