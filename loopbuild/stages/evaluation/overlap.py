"""Which held-out tasks ask for ids and names that training rows show as well.

A simulated sandbox gives evaluation other worlds; a real server with a single starting world does not. Pure; decides no
split, only what may be called unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from loopbuild.records import EvalTask, Json, Step, ToolSchema
from loopbuild.stages.evaluation.pointers import MISSING, leaf_at, read_pointer

_KINDS = ("id", "name", "person", "email", "phone")


def shown_in(steps: Iterable[Step], tools: Mapping[str, ToolSchema]) -> set[str]:
    """Return what a training row shows: its ids and names, and every text in its results."""
    shown: set[str] = set()
    for step in steps:
        shown.update(_named(step, tools))
        shown.update(item for item in _scalars(step.result.value) if isinstance(item, str))
        tool = tools.get(step.call.tool)
        integers = {leaf.pointer for leaf in tool.outputs if leaf.kind == "id"} if tool else set()
        for pointer in integers:
            shown.update(str(item) for item in _at(step.result.value, pointer.split("/")[1:]))
    return shown


def known_of(task: EvalTask, shown: set[str], tools: Mapping[str, ToolSchema]) -> tuple[str, ...]:
    """Return the ids and names a task's gold calls hold that are among `shown`, sorted."""
    return tuple(sorted({name for step in task.gold for name in _named(step, tools)} & shown))


def _named(step: Step, tools: Mapping[str, ToolSchema]) -> Iterator[str]:
    tool = tools.get(step.call.tool)
    for pointer in step.call.provenance if tool else ():
        assert tool is not None
        leaf = leaf_at(tool.inputs, pointer)
        value = read_pointer(step.call.arguments, pointer)
        if leaf is None or leaf.kind not in _KINDS or leaf.enum or value is MISSING:
            continue
        for item in _scalars(value):
            if isinstance(item, str | int) and not isinstance(item, bool) and item != "":
                yield str(item)


def _scalars(value: Json) -> Iterator[Json]:
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, Mapping):
            stack.extend(item.values())
        elif isinstance(item, list | tuple):
            stack.extend(item)
        else:
            yield item


def _at(value: Json, parts: list[str]) -> Iterator[Json]:
    if not parts:
        yield value
    elif parts[0] == "[]":
        for item in value if isinstance(value, list | tuple) else ():
            yield from _at(item, parts[1:])
    elif isinstance(value, Mapping) and parts[0] in value:
        yield from _at(value[parts[0]], parts[1:])
