"""Names every mistake of an attempt at a task in which calls are due.

Pure. Provenance parts the two hardest: a value due from a result but seen nowhere is invented (parameter), one seen in
another place is taken from the wrong source (context).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from loopbuild.digest import canonical
from loopbuild.judging.validate import Fault
from loopbuild.records import FROM_RESULT, EvalTask, Json, ToolCatalog
from loopbuild.stages.evaluation.alignment import Alignment
from loopbuild.stages.evaluation.arguments import ArgumentMark
from loopbuild.stages.evaluation.attempt import Attempt, AttemptedCall, leaves_of
from loopbuild.stages.evaluation.failure import END, OF_FAULT, Mistake, decoder_code
from loopbuild.stages.evaluation.plan import GoldPlan
from loopbuild.stages.evaluation.stale import Previous


def name_mistakes(
    task: EvalTask,
    attempt: Attempt,
    plan: GoldPlan,
    found: Alignment,
    faults: Mapping[int, Sequence[Fault]],
    catalog: ToolCatalog,
    *,
    previous: Previous | None = None,
) -> list[Mistake]:
    """Return the mistakes in no particular order; `faults` holds the validator's, by call index.

    With the previous catalog, calls that were valid before a schema change get their `stale_*` code.
    """
    made = [Mistake(code=decoder_code(fault.code), turn=fault.turn) for fault in attempt.faults]
    if attempt.is_empty:
        return [*made, _no_call(attempt)]
    for call in attempt.calls:
        made += [
            Mistake(code=code_of(fault, call, previous), turn=call.turn, detail=f"{call.name}: {fault.message}")
            for fault in faults.get(call.index, ())
        ]
    partners = {call: step for step, call in found.pairs.items()}
    for call in attempt.calls:
        if call.index in partners and not faults.get(call.index):
            made += _wrong_values(call, found.marks[partners[call.index]], task, attempt)
    made += _steps(attempt, plan, found, catalog)
    made += _order(attempt, plan, found)
    if attempt.calls and not attempt.calls[-1].is_ok and not faults.get(attempt.calls[-1].index):
        last = attempt.calls[-1]
        made.append(Mistake(code="ignores_tool_error", turn=END, detail=f"{last.name}: {last.error or 'refused'}"))
    return made


def code_of(fault: Fault, call: AttemptedCall, previous: Previous | None) -> str:
    """Return the code of a validator's fault in `call`."""
    code = OF_FAULT.get(fault.code, "out_of_range")
    return previous.code_of(code, call.name, call.arguments) if previous else code


def _no_call(attempt: Attempt) -> Mistake:
    """Asking for something although everything was said differs from not acting at all."""
    last = max((user_turn for user_turn, _ in attempt.said), default=0)
    asks = any("?" in words for user_turn, words in attempt.said if user_turn == last)
    return Mistake(code="asks_known_slot" if asks else "no_call_when_needed", turn=0)


def _wrong_values(
    call: AttemptedCall, marks: Sequence[ArgumentMark], task: EvalTask, attempt: Attempt
) -> Iterator[Mistake]:
    due_elsewhere = [mark.gold for mark in marks]
    for mark in marks:
        if mark.is_right:
            continue
        detail = f"{call.name}{mark.pointer}: {_shown(mark.got)} instead of {_shown(mark.gold)}"
        if mark.kind == "missing":
            yield Mistake(code="missing_optional", turn=call.turn, detail=f"{call.name}{mark.pointer} is missing")
        elif mark.kind == "extra":
            yield Mistake(code="unasked_param", turn=call.turn, detail=f"{call.name}{mark.pointer} was not asked for")
        else:
            yield Mistake(code=_value_code(mark, call, due_elsewhere, task, attempt), turn=call.turn, detail=detail)


def _value_code(
    mark: ArgumentMark, call: AttemptedCall, due_elsewhere: Sequence[Json], task: EvalTask, attempt: Attempt
) -> str:
    is_due_from_result = mark.origin is not None and mark.origin.kind in FROM_RESULT
    parts = leaves_of(mark.got)
    results = [leaf for earlier in attempt.calls if earlier.turn < call.turn for leaf in leaves_of(earlier.result)]
    is_in_results = all(part in results for part in parts)
    is_said = all(any(str(part) in text for text in task.user_turns) for part in parts)
    if mark.got in due_elsewhere or (is_in_results and not is_said):
        return "wrong_source"
    if is_due_from_result:
        return "wrong_source" if is_said else "invented_value"
    return "value_literal"


def _steps(attempt: Attempt, plan: GoldPlan, found: Alignment, catalog: ToolCatalog) -> Iterator[Mistake]:
    """Calls without a gold partner and gold steps without a call; one of each is a wrong tool."""
    missing = [step for step in sorted(plan.required) if step not in found.pairs]
    matched = set(found.pairs.values())
    surplus = [call for call in attempt.calls if call.index not in matched]
    done: set[bytes] = set()
    for call in attempt.calls:
        identity = _identity(call)
        is_repeat, succeeded = identity in done, call.is_ok
        if succeeded:
            done.add(identity)
        if call not in surplus:
            continue
        if is_repeat:
            yield Mistake(code="repeats_completed_call", turn=call.turn, detail=call.name)
        elif missing:
            due = plan.steps[missing.pop(0)].call.tool
            # An unknown name is the validator's fault already.
            if call.tool:
                detail = f"{call.name} instead of {_name(due, catalog)}"
                yield Mistake(code=_selection_code(call, due, catalog), turn=call.turn, detail=detail)
        elif call.tool:
            yield Mistake(code="extra_step", turn=call.turn, detail=call.name)
    if not missing:
        return
    has_stopped = bool(found.pairs) and min(missing) > max(found.pairs)
    for step in missing:
        dependants = [link.consumer for link in plan.links if link.producer == step and link.consumer in found.pairs]
        turn = min((attempt.calls[found.pairs[one]].turn for one in dependants), default=END)
        code = "stopped_early" if has_stopped else "missing_step"
        yield Mistake(code=code, turn=turn, detail=_name(plan.steps[step].call.tool, catalog))


def _order(attempt: Attempt, plan: GoldPlan, found: Alignment) -> Iterator[Mistake]:
    for link in plan.links:
        if link.producer in found.pairs and link.consumer in found.pairs:
            producer, consumer = attempt.calls[found.pairs[link.producer]], attempt.calls[found.pairs[link.consumer]]
            # Within one turn the value could not have been known yet.
            if producer.turn >= consumer.turn:
                yield Mistake(code="wrong_order", turn=consumer.turn, detail=f"{consumer.name} before {producer.name}")
    for first, second in plan.before:
        if first in found.pairs and second in found.pairs and found.pairs[first] > found.pairs[second]:
            late = attempt.calls[found.pairs[second]]
            yield Mistake(code="wrong_order", turn=late.turn, detail=late.name)


def _selection_code(call: AttemptedCall, due: str, catalog: ToolCatalog) -> str:
    tools = catalog.by_id()
    is_same = due in tools and tools[call.tool].source == tools[due].source
    return "wrong_tool_same_domain" if is_same else "wrong_domain"


def _identity(call: AttemptedCall) -> bytes:
    try:
        return canonical([call.name, call.arguments])
    except (ValueError, TypeError):
        return repr((call.name, call.arguments)).encode("utf-8", "backslashreplace")


def _name(tool_id: str, catalog: ToolCatalog) -> str:
    tool = catalog.by_id().get(tool_id)
    return tool.call_name if tool else tool_id


def _shown(value: Json) -> str:
    text = f"`{value}`"
    return text if len(text) <= 60 else text[:57] + "..`"
