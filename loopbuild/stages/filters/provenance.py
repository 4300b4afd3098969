"""Filter `provenance`: what the person must say is said, what only a result knows is not, and nothing is made up.

Works both ways on the text alone; identifiers of tools and parameters must not stand in it either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from loopbuild.llm.names import forbidden_runs, identifier_in, runs_in
from loopbuild.llm.presence import is_said, spellings, without
from loopbuild.pointers import unescaped
from loopbuild.records import FROM_RESULT, Json, SchemaLeaf, ToolCatalog, ToolSchema
from loopbuild.stages.filters.rows import Bound, Finding, Row, asked_values, input_leaf
from loopbuild.stages.filters.worked_out import given_in, worked_out_wrong

_WORDS = {"low": (2, 120), "high": (2, 60)}
_COUNTED = re.compile(r"(?m)(?:^|(?<=\s))\d{1,2}[.)](?=\s)")
_TELLING = re.compile(r"[\w@.+/:-]*\d[\w@.+/:-]*|[\w.+-]+@[\w.-]+")
_QUOTED = re.compile(r'"([^"]+)"')


def check_provenance(row: Row, *, catalog: ToolCatalog) -> Finding | None:
    """Return `value_missing`, `value_leaked`, `not_derivable`, `name_leaked`, `invented_value` or `form`; rows without
    calls pass."""
    if row.trajectory is None:
        return None
    text = row.said
    for words in _lengths(row):
        low, high = _WORDS[row.task.level]
        if not low <= words <= high:
            return Finding(reason="form", detail=f"{words} words")
    bound = [one for one in asked_values(row.trajectory) if one.value is not None]
    tools = catalog.by_id()
    said = [b for b in bound if b.origin.kind == "user"]
    for one in said:
        leaf = input_leaf(one, tools[one.tool])
        is_left_out = not is_said(one.value, row.heard(one.step), among=leaf.enum if leaf is not None else ())
        if is_left_out and not _goes_without_saying(one, leaf, row.task.level):
            return Finding(reason="value_missing", detail=f"`{one.value}` of `{one.pointer}`")
    underived = worked_out_wrong(row)
    if underived is not None:
        return underived
    for one in bound:
        is_derived = one.origin.kind in FROM_RESULT and _is_telling(one.value)
        # What a result has shown may be named afterwards.
        asked = row.heard(one.origin.step) if is_derived else ""
        if is_derived and is_said(one.value, asked) and not any(_covers(other.value, one.value) for other in said):
            return Finding(reason="value_leaked", detail=f"`{one.value}` of `{one.pointer}`")
    used = [tools[step.call.tool] for step in row.trajectory.steps]
    if row.trajectory.condition is not None:
        used.append(tools[row.trajectory.condition.other.tool])
    leaked = _leaked_name(without(text, [one.value for one in said]), used)
    if leaked:
        return Finding(reason="name_leaked", detail=f"`{leaked}`")
    if not row.trajectory.later and not row.is_asked_late:
        return _invented(text, said, given_in(row.trajectory))
    given = given_in(row.trajectory)
    found = (_invented(turn, _known(row, bound, place), given) for place, turn in enumerate(row.task.user_turns))
    return next(filter(None, found), None)


def _lengths(row: Row) -> list[int]:
    """The words of the request; of each turn in a dialogue."""
    is_dialogue = row.trajectory is not None and bool(row.trajectory.later)
    return [len(text.split()) for text in (row.task.user_turns if is_dialogue else (row.said,))]


def _known(row: Row, bound: Sequence[Bound], place: int) -> list[Bound]:
    """The values the person knows at a turn: their own up to then, and what answers before it have shown."""
    mine = [
        one for one in bound if one.origin.kind == "user" and (row.is_asked_late or row.place_of(one.step) <= place)
    ]
    return mine + [one for one in bound if one.origin.kind != "user" and row.place_of(one.origin.step) < place]


def _goes_without_saying(one: Bound, leaf: SchemaLeaf | None, level: str) -> bool:
    if isinstance(one.value, bool):
        return False
    return level == "high" and leaf is not None and leaf.has_default and leaf.default == one.value


def _is_telling(value: Json) -> bool:
    """Long enough, and no plain word a sentence may hold by chance."""
    text = str(value)
    return len(text) >= 3 and not isinstance(value, bool) and not re.fullmatch(r"[a-z]+", text)


def _covers(said: Json, value: Json) -> bool:
    return any(str(value) in form for form in spellings(said))


def _leaked_name(text: str, used: list[ToolSchema]) -> str:
    """Return the name of a tool or a parameter that a text gives away."""
    names = {name for tool in used for name in (tool.name, tool.call_name)}
    leaves = (leaf.pointer.replace("/[]", "").rpartition("/")[2] for tool in used for leaf in tool.inputs)
    parameters = sorted({unescaped(name) for name in leaves})
    spelled = identifier_in(text, tools=sorted(names), parameters=parameters)
    return spelled or next(iter(runs_in(text, forbidden_runs(tool.name for tool in used))), "")


def _invented(text: str, said: list[Bound], given: Sequence[str] = ()) -> Finding | None:
    """Numbers, identifiers, dates, addresses and quotations must stem from what the person knows."""
    known = [*given, *(bound.value for bound in said)]
    forms = {form for value in known for form in spellings(value)}
    rest = without(text, known)
    # Only now: the end of a telephone number before a full stop looks like the number of a step.
    rest = _COUNTED.sub(" ", rest)
    quoted = (q for q in _QUOTED.finditer(text) if not {q[1], q[1].rstrip(".,")} & forms and _says_more(q[1], known))
    found = _TELLING.search(rest) or next(quoted, None)
    return Finding(reason="invented_value", detail=f"`{found[0].strip()}`") if found else None


def _says_more(quoted: str, known: Sequence[Json]) -> bool:
    """Whether quoted words are more than a value in another spelling."""
    return re.search(r"\w", without(quoted, known)) is not None
