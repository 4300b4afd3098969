"""Where in a Python module a leaf of a function stands: the argument, or the field of the class that types it.

Parses, imports nothing. A class of another module is not looked for: the argument is the place then.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from loopbuild.records import Span

_MOST_CLASSES = 100


def place_in_module(text: str, span: Span, side: str, names: Sequence[str]) -> Span | None:
    """Return the place of a leaf of the function at `span`; None when it is not found there."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    function = _function_at(module, span)
    if function is None:
        return None
    classes = {node.name: node for node in ast.walk(module) if isinstance(node, ast.ClassDef)}
    found: ast.expr | ast.arg | None
    annotation: ast.expr | None
    if side == "output":
        found, annotation, rest = function.returns, function.returns, list(names)
    else:
        argument = next((one for one in _arguments(function) if names and one.arg == names[0]), None)
        annotation = argument.annotation if argument is not None else None
        found, rest = argument, list(names[1:])
    for name in rest:
        field = _field(annotation, name, classes)
        if field is None:
            break
        found, annotation = field.target, field.annotation
    if found is None:
        return None
    line = re.split(r"\r\n|\r|\n", text)[found.lineno - 1]  # a form feed ends no line of Python
    column = len(line.encode()[: found.col_offset].decode(errors="replace")) + 1
    return replace(span, line=found.lineno, column=column, width=0)


def _function_at(module: ast.Module, span: Span) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    named = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == span.pointer.rpartition(".")[2]
    ]
    return min(named, key=lambda node: abs(node.lineno - span.line), default=None)


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.arg]:
    yield from (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)


def _field(annotation: ast.expr | None, name: str, classes: dict[str, ast.ClassDef]) -> ast.AnnAssign | None:
    """Return the field of a class that an annotation names, or of one it inherits from."""
    if annotation is None:
        return None
    queue, seen = list(_named(annotation)), set[str]()
    while queue and len(seen) < _MOST_CLASSES:
        known = classes.get(called := queue.pop(0))
        if known is None or called in seen:
            continue
        seen.add(called)
        for node in known.body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name:
                return node
        queue += [base for one in known.bases for base in _named(one)]
    return None


def _named(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                yield from _named(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                continue
