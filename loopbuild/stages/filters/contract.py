"""Filter `contract`: every category keeps its promise.

No call at all where no tool is due; a clarifying row asks for exactly the value it lacks before anything is called;
what destroys is asked about first; what was refused is not learned. Which tools and words a row has is looked up,
never taken from how it was made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from loopbuild.judging.effects import destroys
from loopbuild.llm.presence import is_said
from loopbuild.pointers import scalars
from loopbuild.records import Json, Step, ToolCatalog, Trajectory
from loopbuild.stages.filters.clarifying import asked_first
from loopbuild.stages.filters.grounding import strange_in
from loopbuild.stages.filters.remembered import several_turns
from loopbuild.stages.filters.rows import Finding, Row, called_in, leaf_pointer

SILENT = ("no_tool", "out_of_scope")
"""Nothing is called in any turn."""
_LACKS = re.compile(
    r"\bno (?:tool|way)\b|\b(?:not|n't|cannot|none|nothing|unable|missing|lack)\b|\bwithout a tool\b|n't\b",
    re.IGNORECASE,
)
_MOST_FAILURES = 2


def check_contract(row: Row, *, catalog: ToolCatalog) -> Finding | None:
    """Return `contract:<category>` for a broken promise."""
    fault = _fault(row, catalog)
    return Finding(reason=f"contract:{row.example.category}", detail=fault) if fault else None


def _fault(row: Row, catalog: ToolCatalog) -> str:
    messages, category = row.example.messages, row.example.category
    calling = [number for number, message in enumerate(messages) if message.get("tool_calls")]
    if category in SILENT:
        return f"turn {calling[0] + 1} calls a tool" if calling else ""
    if category == "error_recovery":
        return _error_recovery(row, catalog)
    if any(message["role"] == "assistant" and not message.get("loss") for message in messages):
        return "an assistant turn is not trained on"
    if category == "missing_tool":
        return _missing_tool(row, catalog, calling)
    if category == "confirm":
        return _confirm(row, catalog)
    if not calling:
        return "nothing is called"
    if category == "dialogue":
        return several_turns(row)
    if category == "clarify":
        return asked_first(row, catalog, first_call=calling[0])
    if calling[0] != 1:
        return "the first answer calls nothing"
    return _near_miss(row) if category == "near_miss" else ""


def _missing_tool(row: Row, catalog: ToolCatalog, calling: Sequence[int]) -> str:
    """Withheld tools stand in no text before they are revealed, and nothing is called until then."""
    messages, tools = row.example.messages, catalog.by_id()
    revealed = next((n for n, message in enumerate(messages) if message["role"] == "system"), len(messages))
    if calling and calling[0] < revealed:
        return f"turn {calling[0] + 1} calls a tool that is not there yet"
    said = " ".join(str(message.get("content") or "") for message in messages[:revealed])
    for name in (tools[tool].call_name for tool in row.example.withheld if tool in tools):
        if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said):
            return f"`{name}` is withheld and named"
    if not _LACKS.search(str(messages[1].get("content") or "")):
        return "the answer does not say that a tool is missing"
    if row.trajectory is None:
        return ""
    first = row.trajectory.steps[0].call.tool
    if first not in row.example.withheld:
        return "the tool it needs is not withheld"
    if _begins_elsewhere(row.trajectory):
        return "a part of it needs no tool that is withheld"
    if revealed == len(messages):
        return ""
    kept_back = {tools[tool].call_name for tool in row.example.withheld if tool in tools}
    called = {name for message in messages for name in called_in(message)} & kept_back
    is_told = all(name in str(messages[revealed]["content"]) for name in called)
    is_right = calling and called == {tools[first].call_name} and is_told
    return "" if is_right else "what is revealed is not what is called"


def _begins_elsewhere(trajectory: Trajectory) -> bool:
    """Whether a later call takes nothing that came of the first one."""
    resting = {0}
    for place, step in enumerate(trajectory.steps[1:], 1):
        if not resting & {origin.step for origin in step.call.provenance.values() if origin.step >= 0}:
            return True
        resting.add(place)
    return False


def _confirm(row: Row, catalog: ToolCatalog) -> str:
    """The question comes before anything is destroyed, names it, and is answered; after a no nothing is destroyed."""
    if row.trajectory is None or len(row.task.user_turns) < 2 or not row.task.assistant_turns:
        return "nothing is asked"
    messages, tools = row.example.messages, catalog.by_id()
    question = row.task.assistant_turns[-1]
    asked = next((n for n, m in enumerate(messages) if m["role"] == "assistant" and m["content"] == question), -1)
    if asked < 0 or messages[asked].get("tool_calls") or messages[asked + 1]["role"] != "user":
        return "the question is no turn of its own"
    harmful = {tool.call_name for tool in catalog.tools if destroys(tool)}
    early = [name for message in messages[:asked] for name in called_in(message) if name in harmful]
    if early:
        return f"`{early[0]}` is called before it was confirmed"
    ending = [step for step in row.trajectory.steps if destroys(tools[step.call.tool])]
    if not ending:
        return "nothing would be destroyed"
    for value in _identifying(ending, catalog):
        if not is_said(value, question):
            return f"the question does not name `{value}`"
    unseen = strange_in(row, question, before=min(step.turn for step in ending))
    if unseen:
        return f"the question names `{unseen}`, which was not seen yet"
    done = [name for message in messages[asked:] for name in called_in(message) if name in harmful]
    if done:
        return "" if len(done) == len(ending) else "only a part of what was confirmed is done"
    is_intact = row.proof.is_restored and all(fact.change != "removed" for fact in row.proof.left)
    return "" if is_intact else "something is gone although the person said no"


def _identifying(steps: Sequence[Step], catalog: ToolCatalog) -> Iterator[Json]:
    """The values that name what calls treat: identifiers, names and addresses; where there are none, all of them."""
    for step in steps:
        leaves = {leaf.pointer: leaf for leaf in catalog.by_id()[step.call.tool].inputs}
        values = [
            (leaves.get(leaf_pointer(pointer)), value)
            for pointer, value in scalars(step.call.arguments)
            if value is not None and not isinstance(value, bool)
        ]
        named = [value for leaf, value in values if leaf and leaf.kind in ("id", "name", "person", "email")]
        yield from named or [value for _, value in values]


def _near_miss(row: Row) -> str:
    other, outcome = row.proof.other, row.proof.outcome
    if other is None:
        return (
            "the tool that is nearly right comes to the same" if outcome == "same" else "no other tool takes the call"
        )
    return "" if other.tool in row.example.beside else f"`{other.tool}` is not listed"


def _error_recovery(row: Row, catalog: ToolCatalog) -> str:
    """What was refused is unlearned, as the sandbox refused it, and followed by what is right."""
    failures, trajectory = row.proof.failures, row.trajectory
    if trajectory is None or len(trajectory.steps) < 2:
        return "there are not several calls"
    if not failures:
        return "no call of it could be made to fail"
    if len(failures) > _MOST_FAILURES:
        return f"{len(failures)} calls fail"
    if not row.proof.is_restored:
        return "after the failures the calls come to something else"
    tools = catalog.by_id()
    unlearned = [m for m in row.example.messages if m["role"] == "assistant" and not m.get("loss")]
    failed = [[(tools[one.call.tool].call_name, one.call.arguments)] for one in failures]
    if [list(_calls(message)) for message in unlearned] != failed:
        return "the turns that are not trained on are not those that fail"
    learned = [call for m in row.example.messages if m.get("loss") for call in _calls(m)]
    right = [(tools[step.call.tool].call_name, step.call.arguments) for step in trajectory.steps]
    if learned != right:
        return "the calls that are trained on are not the right ones"
    for one in failures:
        is_same = one.call.arguments == trajectory.steps[one.before].call.arguments
        if one.result.status != "tool_error" or is_same != (one.kind == "rate_limit"):
            return f"`{one.kind}` is no failure"
    return ""


def _calls(message: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    for call in message.get("tool_calls") or ():
        yield call["function"]["name"], call["function"]["arguments"]
