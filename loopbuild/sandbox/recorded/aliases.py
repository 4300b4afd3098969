"""A recording under the names that tools and parameters have now: what was recorded of one stays good for it.

Pure: the file stays as it is. A state is named by the writes that led to it, so it gets another name with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from loopbuild.digest import canonical
from loopbuild.sandbox.recorded.cassette import Asked, Cassette, after_write

Names = Mapping[str, str]


def renamed(cassette: Cassette, renames: Names, *, source: str) -> Cassette:
    """Return what was recorded under today's names.

    `renames` is old -> new: of tools, with or without their source (`get_role: read_role`), and of parameters of a tool
    as it is called today (`read_role#/id: /role_id`). What was recorded under a new name itself stays.
    """
    if not renames:
        return cassette
    book = _Book(renames, source)
    states = _states(cassette, book)
    made = replace(cassette, calls={}, states={}, known={})
    for one, answer in sorted(cassette.calls.items(), key=lambda pair: book.is_renamed(pair[0].tool)):
        made.calls.setdefault(_asked(one, states, book), answer)
    for (fixture, after), state in cassette.states.items():
        made.states.setdefault((fixture, states.get(after, after)), replace(state, tool=book.tool(state.tool)))
    for (fixture, after, tool, pointer), values in cassette.known.items():
        place = (fixture, states.get(after, after), book.tool(tool), book.pointer(book.tool(tool), pointer))
        made.known.setdefault(place, values)
    return made


class _Book:
    """Today's names."""

    def __init__(self, renames: Names, source: str) -> None:
        self._tools: dict[str, str] = {}
        self._pointers: dict[str, dict[str, str]] = {}
        for old, new in renames.items():
            tool, mark, pointer = old.partition("#")
            if mark:
                self._pointers.setdefault(_whole(tool, source), {})[pointer] = new.rpartition("#")[2]
            else:
                self._tools[_whole(tool, source)] = _whole(new, source)

    def tool(self, name: str) -> str:
        return self._tools.get(name, name)

    def is_renamed(self, name: str) -> bool:
        return name in self._tools

    def pointer(self, tool: str, pointer: str) -> str:
        return self._pointers.get(tool, {}).get(pointer, pointer)

    def arguments(self, tool: str, spelled: str) -> str:
        names = self._pointers.get(tool)
        if not names:
            return spelled
        given = json.loads(spelled).items()
        return canonical({names.get(f"/{name}", f"/{name}")[1:]: value for name, value in given}).decode()


def _whole(tool: str, source: str) -> str:
    return tool if "/" in tool else f"{source}/{tool}"


def _states(cassette: Cassette, book: _Book) -> dict[str, str]:
    """Return the name of each state -> the name it has when the writes that lead there are called as today."""
    writes: dict[str, list[Asked]] = {}
    for one, answer in cassette.calls.items():
        if answer.writes:
            writes.setdefault(one.after, []).append(one)
    found, waiting = {"": ""}, [""]
    while waiting:
        before = waiting.pop()
        for one in writes.get(before, ()):
            after = after_write(before, one.tool, one.arguments)
            if after not in found:
                tool = book.tool(one.tool)
                found[after] = after_write(found[before], tool, book.arguments(tool, one.arguments))
                waiting.append(after)
    return found


def _asked(one: Asked, states: Mapping[str, str], book: _Book) -> Asked:
    tool = book.tool(one.tool)
    return Asked(
        fixture=one.fixture, after=states.get(one.after, one.after), tool=tool,
        arguments=book.arguments(tool, one.arguments),
    )  # fmt: skip
