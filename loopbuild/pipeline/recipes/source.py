"""`source:<name>`: a file of declarations -> a listing."""

from __future__ import annotations

from loopbuild.engine.target import Action, Json
from loopbuild.records import to_json


def run(action: Action) -> Json:
    """Read the source's file; what cannot be read becomes a diagnostic in the listing."""
    from importlib import import_module

    from loopbuild.stages.sources import KINDS

    params = action.params
    module, _, attribute = KINDS[params["kind"]].partition(":")
    read = getattr(import_module(module), attribute)
    listing = read(params["name"], action.file("listing"), file=params["path"], settings=params)
    return to_json(listing)
