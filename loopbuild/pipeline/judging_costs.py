"""How many rows a plan would put to the judge, and how long they are. Starts nothing and asks nobody.

Exact where the rows are made; else from how many trajectories would be sampled, and how many texts each has.
"""

from __future__ import annotations

from loopbuild.engine.planned import Plan, PlanEntry
from loopbuild.engine.query import surviving
from loopbuild.engine.target import Json
from loopbuild.pipeline.asked import Asked, planned_output
from loopbuild.pipeline.builds import OpenProject

JUDGEMENTS = "judgements"
_TABLE = "judgements:main"
_CANDIDATES = "candidates:main"
_TOKENS = 900
_LONG_TOKENS = 1_800
"""Of a row nobody has made yet, about and at most, what the judge is told of its work included."""


def to_judge(opened: OpenProject, settings: Json, planned: Plan) -> Asked:
    """Return the rows the judge would be asked about."""
    entry = next((one for one in (*planned.would, *planned.may) if one.target == _TABLE), None)
    if entry is None:
        return Asked()
    if entry.is_locked:
        most = entry.rows_total or 0
        return Asked(most=most, prompt_most=most * _LONG_TOKENS)
    return _known(opened, planned, entry) if entry.rows else _guess(opened, settings, planned)


def _known(opened: OpenProject, planned: Plan, entry: PlanEntry) -> Asked:
    from loopbuild.llm.hosted.judge import JudgeRequest, messages_for_row
    from loopbuild.llm.hosted.prices import about_tokens, most_tokens
    from loopbuild.records import from_json

    asked = (planned_output(opened, planned, _CANDIDATES) or {"asked": {}})["asked"]
    found = Asked()
    for row in entry.rows:
        if row.verdict == "run" and row.key in asked:
            messages = messages_for_row(from_json(JudgeRequest, asked[row.key]), {})
            most = round(most_tokens(messages) / 3)
            found.add(Asked(about=1, most=1, prompt=about_tokens(messages), prompt_most=most))
    return found


def _guess(opened: OpenProject, settings: Json, planned: Plan) -> Asked:
    """Rows that are to be made first: those of trajectories that would be sampled, else all there may be."""
    synthesis = settings["synthesis"]
    texts = len(synthesis["levels"]) * synthesis["texts_per_level"]
    trained = settings["sampling"]["per_tool"]
    share = trained / max(1, trained + settings["evaluation"]["per_tool"])
    others = 1 + sum(part for name, part in synthesis["categories"].items() if name != "error_recovery")
    each = share * texts * others
    tables = [one for name, one in planned.entries.items() if name.startswith("trajectories:")]
    is_first = surviving(opened.workspace, _TABLE) is None
    all_rows = sum(one.rows_total or 0 for one in tables)
    new = sum(one.rows_stale or 0 for one in tables if one.will != "reuse")
    checked = sum(one.rows_revalidate for one in tables if one.will != "reuse")
    about = round((all_rows if is_first else new) * each)
    most = round((all_rows if is_first else new + checked) * each * 1.2)
    return Asked(about=about, most=most, prompt=about * _TOKENS, prompt_most=most * _LONG_TOKENS)
