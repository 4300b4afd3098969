"""`source:<name>`: files of declarations -> a listing."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.records import to_json


def run(action: Action) -> Json:
    """Read the source's files; what cannot be read becomes a diagnostic in the listing."""
    from loopbuild.pipeline.source_files import read_source

    params = action.params
    beside = {path: action.file(f"beside/{number:04d}") for number, path in enumerate(params["beside"])}
    return to_json(read_source(params, action.file("listing"), beside))
