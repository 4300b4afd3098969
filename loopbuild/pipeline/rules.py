"""What loop.yaml says about tools that are not there: edge rules and renames, each with its place.

The names can only be checked against the tools, so reading loop.yaml alone does not find them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from loopbuild.engine.target import Json
from loopbuild.errors import LoopfileError
from loopbuild.pointers import escaped
from loopbuild.records import Diagnostic, Span, ToolCatalog


def placed(error: LoopfileError, loopfile: Path) -> LoopfileError:
    """Return the error with the places of its diagnostics in `loopfile`, as far as they say which setting is meant."""
    found = _placed(error.diagnostics, loopfile)
    return LoopfileError(error.message, diagnostics=found, intact=error.intact, hint=error.hint)


def unknown_names(settings: Json, catalog: ToolCatalog, loopfile: Path) -> list[Diagnostic]:
    """Return the edge rules that match nothing, and as warnings the renames to a tool that nobody declares."""
    return _placed([*_edges(settings["graph"]["edges"], catalog), *_renames(settings, catalog)], loopfile)


def _edges(rules: Json, catalog: ToolCatalog) -> tuple[Diagnostic, ...]:
    from loopbuild.stages.toolgraph.patterns import read_patterns
    from loopbuild.stages.toolgraph.ports import guessed_ports, input_ports, output_ports
    from loopbuild.stages.toolgraph.returns import with_returns

    if not any(rules.values()):
        return ()
    catalog = with_returns(catalog, rules, ())
    outputs = [port for tool in catalog.tools for port in (*output_ports(tool), *guessed_ports(tool))]
    inputs = [port for tool in catalog.tools for port in input_ports(tool)]
    try:
        read_patterns(rules, outputs, inputs)
    except LoopfileError as error:
        return error.diagnostics
    return ()


def _renames(settings: Json, catalog: ToolCatalog) -> list[Diagnostic]:
    said, known = settings["graph"]["renames"], sorted(catalog.by_id())
    found = []
    for old, new in said.items():
        if new in known or new in said:  # renamed again since
            continue
        near = difflib.get_close_matches(new, known, n=1)
        span = Span(file="", pointer="/graph/renames/" + escaped(old))
        hint = f"did you mean `{near[0]}`?" if near else ""
        message = f"`graph.renames`: no tool is called `{new}`"
        found.append(Diagnostic(severity="warning", code="unknown-name", message=message, span=span, hint=hint))
    return found


def _placed(found: Iterable[Diagnostic], loopfile: Path) -> list[Diagnostic]:
    from loopbuild.documents import read_yaml

    waiting = list(found)
    if not any(one.span is not None and one.span.pointer and not one.span.file for one in waiting):
        return waiting
    document = read_yaml(loopfile.read_bytes(), file=os.path.relpath(loopfile))
    return [
        replace(one, span=document.span(one.span.pointer))
        if one.span is not None and one.span.pointer and not one.span.file
        else one
        for one in waiting
    ]
