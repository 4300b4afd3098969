"""Finding one thing in what was built: a tool, a target, or a row by the first digits of its key."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from loopbuild.documents import json_lines
from loopbuild.engine.query import output, record, targets_in_force
from loopbuild.engine.target import Json
from loopbuild.errors import SelectionError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.former_names import other_name
from loopbuild.pipeline.purging import GoneTool, gone_tool
from loopbuild.pipeline.since import Since, rows_since

MODEL = "checkpoint:model"
"""What people call the checkpoint of the last phase."""
PAIRS = "pairs:main"
LEAST = 4
"""Digits that say which row."""
ROW_KINDS = ("judgements", "proposals", "trajectories", "answers", "tasks", "rows", "negatives", "retirement")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowView:
    """Everything about one row: its calls, its words, and whether it is kept."""

    target: str
    key: str
    trajectory: Json = None
    answer: Json = None
    """What a writer that is asked over the network answered, and what that took."""
    task: Json = None
    example: Json = None
    verdict: Json = None
    pair: Json = None
    """A preference pair, which belongs to no other field."""
    nearly_right: Json = None
    """Of a row about two tools alike: the other's call, and what running it came to."""
    judgement: Json = None
    """What the judge said; `{}` where it was not asked or has said nothing yet."""
    proposal: Json = None
    """What a model would pass to a tool, and what asking took."""
    selected: list[str] | None = None
    """[filter, reason, detail] when a filter over all rows dropped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a query names; exactly one field is set, beside `note`, `gone` and `since`."""

    tool: Json = None
    note: str = ""
    """What is to be said about the name it was found by."""
    gone: GoneTool | None = None
    """A tool the sources have no more; beside what took its place."""
    target: str = ""
    output: Json = None
    since: Since | None = None
    """Of the dataset: what became of its rows since the one before."""
    rows: tuple[RowView, ...] = field(default=())


def look_up(opened: OpenProject, query: str) -> Found:
    """Return what `query` names: `hr/get_open_roles`, `dataset:main`, `tasks:hr/role#3fa9`, or a row's first digits.

    Before the first build a tool is shown as its source declares it. Raises SelectionError when nothing or too much
    matches.
    """
    known = list(targets_in_force(opened.workspace))
    if not known:
        tool = _tool_of(_declared(opened), query)
        if tool is None:
            what = f"nothing was built here yet, and no tool is called `{query}`"
            raise SelectionError(what, hint="run `loopbuild build`")
        return Found(tool=tool)
    target, _, prefix = query.partition("#")
    if target == MODEL and MODEL not in known:
        target = _asked_model(opened) or target
    if target in known and not prefix:
        since = rows_since(opened) if target == "dataset:main" else None
        return Found(target=target, output=output(opened.workspace, target), since=since)
    catalog = output(opened.workspace, "catalog:main") or {"tools": []}
    tools = {tool["id"]: tool for tool in catalog["tools"]}
    by_name = {tool["name"]: tool["id"] for tool in catalog["tools"]}
    tool = _tool_of(catalog["tools"], query)
    if tool is not None:
        return Found(tool=tool)
    has_rows = [name for name in known if name.partition(":")[0] in ROW_KINDS]
    if prefix and target in known:
        return Found(rows=tuple(_rows_of(opened, target, prefix, is_table=target in has_rows)))
    rows = _rows(opened, has_rows, prefix or query)
    if rows:
        return Found(rows=tuple(rows))
    other, note = other_name(opened, query, tools)
    gone = gone_tool(opened, query)
    if other:
        return Found(tool=tools[other], note=note, gone=gone)
    if gone is not None:
        return Found(gone=gone)
    names = [*known, *tools, *by_name]
    near = difflib.get_close_matches(query, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else "`loopbuild plan` lists targets"
    raise SelectionError(f"nothing is called `{query}`", hint=hint)


def _declared(opened: OpenProject) -> list[Json]:
    from loopbuild.pipeline.tools import current_tools
    from loopbuild.records import to_json

    tools: list[Json] = to_json(current_tools(opened).catalog)["tools"]
    return tools


def _tool_of(tools: list[Json], query: str) -> Json:
    """Return the tool of an id or a name, None for none; raises SelectionError for a name that several have."""
    named = [tool for tool in tools if tool["id"] == query] or [tool for tool in tools if tool["name"] == query]
    if len(named) > 1:
        ids = ", ".join(sorted(tool["id"] for tool in named))
        raise SelectionError(f"{len(named)} tools are called `{query}`", hint=f"name one: {ids}")
    return named[0] if named else None


def _asked_model(opened: OpenProject) -> str:
    """Return the checkpoint that answered the held-out tasks, empty where none did."""
    found = record(opened.workspace, "generations:model")
    inputs = found.manifest["inputs"] if found is not None else {}
    return next((name for name, _ in inputs.values() if name.startswith("checkpoint:")), "")


def _rows_of(opened: OpenProject, target: str, prefix: str, *, is_table: bool) -> list[RowView]:
    if not is_table and target != PAIRS:
        raise SelectionError(f"`{target}` has no rows of its own", hint=f"`loopbuild show {prefix}` looks everywhere")
    rows = _rows(opened, [target] if is_table else [], prefix)
    if not rows:
        hint = "give at least four digits" if len(prefix) < LEAST else f"`loopbuild show {target}` lists them"
        raise SelectionError(f"no row of `{target}` has a key that begins with `{prefix}`", hint=hint)
    return rows


def _rows(opened: OpenProject, places: list[str], prefix: str) -> list[RowView]:
    if len(prefix) < LEAST or any(character not in "0123456789abcdef" for character in prefix):
        return []
    dropped = (output(opened.workspace, "dataset:main") or {"verdicts": {}})["verdicts"]
    matches: dict[str, RowView] = {}
    for place in sorted(places, key=lambda name: ROW_KINDS.index(name.partition(":")[0]), reverse=True):
        for key, row in _matching(opened, place, prefix):
            if key not in matches:
                matches[key] = _view(opened, place, key, row, dropped)
    if not matches:
        matches = {pair["key"]: _pair_view(pair) for pair in _pairs(opened) if pair["key"].startswith(prefix)}
    if len(matches) > 20:
        raise SelectionError(f"`{prefix}` is the beginning of {len(matches)} row keys", hint="give more digits")
    return list(matches.values())


def _pairs(opened: OpenProject) -> Iterator[Json]:
    made = output(opened.workspace, PAIRS)
    if made is not None:
        yield from map(json.loads, json_lines(opened.workspace.objects.get(made["file"])))


def _pair_view(pair: Json) -> RowView:
    return RowView(target=PAIRS, key=pair["key"], pair=pair)


def _matching(opened: OpenProject, place: str, prefix: str) -> Iterator[tuple[str, Json]]:
    found = output(opened.workspace, place)
    for key, row in (found or {}).get("rows", {}).items():
        if key.startswith(prefix):
            yield key, row


def _view(opened: OpenProject, place: str, key: str, row: Json, dropped: Json) -> RowView:
    kind, _, unit = place.partition(":")
    if kind == "trajectories":
        return RowView(target=place, key=key, trajectory=row)
    if kind == "answers":
        return RowView(target=place, key=key, answer=row)
    if kind == "judgements":
        return RowView(target=place, key=key, judgement=row)
    if kind == "proposals":
        return RowView(target=place, key=key, proposal=row)
    answer = _row(opened, f"answers:{unit}", key) if kind in ("tasks", "rows") else None
    if kind == "tasks":
        return RowView(target=place, key=key, task=row, answer=answer)
    example = row["example"]
    return RowView(
        target=place,
        key=key,
        trajectory=_execution(opened, f"trajectories:{unit}", example["trajectory"]) if kind == "rows" else None,
        answer=answer,
        task=_row(opened, f"tasks:{unit}", key) if kind == "rows" else None,
        example=example,
        verdict=row["verdict"],
        nearly_right=row.get("nearly_right"),
        judgement=_judgement(opened, key),
        selected=dropped.get(key),
    )


def _judgement(opened: OpenProject, key: str) -> Json:
    """What the judge said of a row; why it said nothing where it is to judge the row; None where nobody judges it."""
    candidates = output(opened.workspace, "candidates:main")
    if candidates is None:
        return None
    if key in candidates["secret"]:
        return {"is_secret": True}
    return _row(opened, "judgements:main", key) or ({} if key in candidates["asked"] else None)


def _execution(opened: OpenProject, place: str, plan: str) -> Json:
    """Return the trajectory of a plan, which stands in another row where its goal was renamed since."""
    rows = (output(opened.workspace, place) or {"rows": {}})["rows"]
    return rows.get(plan) or next((row for row in rows.values() if row.get("key") == plan), None)


def _row(opened: OpenProject, place: str, key: str) -> Json:
    return (output(opened.workspace, place) or {"rows": {}})["rows"].get(key)
