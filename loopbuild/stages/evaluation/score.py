"""Decides what of a transcript is right: the metrics of one task and the first mistake.

Pure and total: any transcript gets a score, whatever text it holds. Calls are judged by what they mean in the model's
own run (its results, its minted ids), never by likeness of text. Refuses to know models, prompts and other tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from loopbuild.judging.compare import same_state, same_value
from loopbuild.judging.effects import destroys
from loopbuild.judging.validate import Fault
from loopbuild.llm.presence import is_told
from loopbuild.records import EvalTask, Json, Score, ToolCatalog, Transcript
from loopbuild.stages.evaluation.alignment import Alignment, align, is_link_right
from loopbuild.stages.evaluation.attempt import Attempt, read_attempt
from loopbuild.stages.evaluation.failure import END, Mistake, decoder_code, first_failure
from loopbuild.stages.evaluation.mistakes import name_mistakes
from loopbuild.stages.evaluation.plan import GoldPlan, plan_of, value_of
from loopbuild.stages.evaluation.pointers import MISSING
from loopbuild.stages.evaluation.stale import Previous

SCORER_VERSION = 2
"""Scores of different versions are never compared; raising it re-scores everything and generates nothing."""

CALL_CATEGORIES = ("call", "clarify", "confirm", "error_recovery")
"""Categories in which calls are due; in all others the right number of calls is none. None is due either where the
person declines what was all there is to do."""


class Checks(Protocol):
    """What tells whether a call is one the catalog allows (`judging.validate.Validator`)."""

    def check(self, tool_id: str, arguments: Json) -> tuple[Fault, ...]:
        """Return the faults of a call."""


def score(
    task: EvalTask,
    transcript: Transcript,
    catalog: ToolCatalog,
    validator: Checks,
    *,
    previous: Previous | None = None,
) -> Score:
    """Return the score of one transcript.

    Status `environment` says nothing about the model and leaves every denominator; `unscorable` (something was
    attempted, nothing could be decoded) counts as wrong. `previous`, the catalog before a schema change, names mistakes
    that were right then.
    """
    if transcript.status == "environment":
        return Score(
            key=task.key,
            status="environment",
            solved=False,
            tool_selection=False,
            failure="environment",
            codes=("sandbox",),
        )
    attempt = read_attempt(transcript, catalog)
    faults = {call.index: checked(validator, call.tool, call.arguments) for call in attempt.calls}
    compliance = None if attempt.is_empty else not attempt.faults and not any(faults.values())
    if not is_call_due(task):
        return _abstention(task, transcript, attempt, compliance, previous)
    plan = plan_of(task.gold, catalog)
    found = align(plan, attempt.calls, catalog)
    links = [is_link_right(link, plan, found, attempt.calls, catalog) for link in plan.links]
    execution = _execution(task, transcript, attempt, plan, found)
    mistakes = name_mistakes(task, attempt, plan, found, faults, catalog, previous=previous)
    asked = _asked(task, attempt, catalog)
    if asked is False:
        why = "a value was still missing" if task.category == "clarify" else "it was to be confirmed first"
        mistakes.append(Mistake(code="called_when_none_needed", turn=0, detail=why))
    if transcript.status == "call_limit":
        mistakes.append(Mistake(code="loop_limit", turn=END))
    if transcript.status == "truncated":
        mistakes.append(Mistake(code="truncated", turn=len(attempt.said) - 1))
    is_solved = transcript.status == "finished" and asked is not False
    is_solved = is_solved and (execution if task.state_diff else _all_as_gold(attempt, plan, found))
    due = _due(task, plan, found, attempt)
    if due is not None and not any(is_told(due, words) for _, words in attempt.said[-1:]):
        mistakes.append(Mistake(code="wrong_answer", turn=END, detail=f"the answer does not say `{due}`"))
        is_solved = False
    if not is_solved and not mistakes:
        mistakes.append(Mistake(code="effect_differs", turn=END))
    failure, codes, detail = first_failure(mistakes)
    exact = sum(found.is_exact(step) for step in found.pairs)
    return Score(
        key=task.key,
        status="unscorable" if attempt.faults and not attempt.calls else "scored",
        solved=is_solved,
        tool_selection=_first_decision(task, attempt, plan, asked),
        schema_compliance=compliance,
        argument_exact=exact == len(found.pairs) if found.pairs else None,
        calls_exact=exact,
        calls_matched=len(found.pairs),
        surplus=len(attempt.calls) - len(found.pairs) + len(attempt.faults) + (asked is False),
        chaining=all(links) if links else None,
        execution=execution,
        no_tool=asked,
        response_tokens=transcript.response_tokens,
        failure="" if is_solved else failure,
        codes=codes,
        detail="" if is_solved else detail,
    )


def _due(task: EvalTask, plan: GoldPlan, found: Alignment, attempt: Attempt) -> Json:
    """Return the value the answer owes, worked out from what the model itself read; None where it owes none."""
    if task.told is None:
        return None
    own = found.pairs.get(task.told.step)
    value = value_of(task.told, attempt.calls[own].result) if own is not None else MISSING
    return value_of(task.told, plan.steps[task.told.step].result.value) if value is MISSING else value


def checked(validator: Checks, tool_id: str, arguments: Json) -> tuple[Fault, ...]:
    """Return the faults of a model's call; values no JSON document can hold are a fault, not an exception."""
    if not tool_id:
        return (Fault(code="unknown_tool", pointer="", message="no such tool"),)
    try:
        return validator.check(tool_id, arguments)
    except (ValueError, TypeError, OverflowError, RecursionError) as exc:
        return (Fault(code="bad_value", pointer="", message=str(exc).splitlines()[0] if str(exc) else "not JSON"),)


def _abstention(
    task: EvalTask, transcript: Transcript, attempt: Attempt, compliance: bool | None, previous: Previous | None
) -> Score:
    replied = any(words.strip() for _, words in attempt.said)
    is_right = attempt.is_empty and replied and transcript.status == "finished"
    mistakes = [Mistake(code=decoder_code(fault.code), turn=fault.turn) for fault in attempt.faults]
    for call in attempt.calls:
        code = "called_when_none_needed" if call.tool else "hallucinated_tool"
        code = previous.code_of(code, call.name, call.arguments) if previous else code
        mistakes.append(Mistake(code=code, turn=call.turn, detail=call.name))
    if not replied:
        mistakes.append(Mistake(code="empty_reply", turn=END))
    if transcript.status == "truncated":
        mistakes.append(Mistake(code="truncated", turn=END))
    failure, codes, detail = first_failure(mistakes)
    return Score(
        key=task.key,
        status="unscorable" if attempt.faults and not attempt.calls else "scored",
        solved=is_right,
        tool_selection=attempt.is_empty,
        schema_compliance=compliance,
        no_tool=is_right,
        response_tokens=transcript.response_tokens,
        failure=failure,
        codes=codes,
        detail=detail,
    )


def _first_decision(task: EvalTask, attempt: Attempt, plan: GoldPlan, asked: bool | None) -> bool:
    """The first call is one the plan may begin with; where a question is due first, no call is."""
    if asked is False:
        return False
    if task.category == "clarify":
        return True
    if not attempt.calls or any(fault.turn < attempt.calls[0].turn for fault in attempt.faults):
        return False
    return attempt.calls[0].tool in plan.roots


def is_call_due(task: EvalTask) -> bool:
    """Return whether a task is done by calling something."""
    return task.category in CALL_CATEGORIES and (task.category != "confirm" or bool(task.gold))


def _asked(task: EvalTask, attempt: Attempt, catalog: ToolCatalog) -> bool | None:
    """Whether the person was asked in time; None where nothing is to be asked."""
    if task.category == "clarify":
        return _asked_first(attempt)
    if task.category != "confirm":
        return None
    harmful = {tool.id for tool in catalog.tools if destroys(tool)}
    is_early = any(call.user_turn == 0 and call.tool in harmful for call in attempt.calls)
    question = next((words for user_turn, words in reversed(attempt.said) if user_turn == 0), "")
    return not is_early and bool(question.strip()) and any(user_turn > 0 for user_turn, _ in attempt.said)


def _asked_first(attempt: Attempt) -> bool:
    """No call before the person was asked, and words to ask with."""
    attempted = [call.user_turn for call in attempt.calls] + [fault.user_turn for fault in attempt.faults]
    is_early = 0 in attempted
    return not is_early and any(user_turn == 0 and words.strip() for user_turn, words in attempt.said)


def _execution(task: EvalTask, transcript: Transcript, attempt: Attempt, plan: GoldPlan, found: Alignment) -> bool:
    """Right by effect: the state is the gold one up to minted ids, and what was to be read has been read."""
    if not same_state(task.state_diff, transcript.state_diff):
        return False
    minted = _minted(task, plan, found, attempt)
    wanted = [plan.steps[step] for step in plan.last_reads]
    if not wanted and not task.state_diff:
        return bool(plan.required) and plan.required <= found.pairs.keys()
    return all(
        any(
            call.is_ok
            and call.tool == step.call.tool
            and same_value(step.result.value, _renamed(call.result, minted), None)
            for call in attempt.calls
        )
        for step in wanted
    )


def _minted(task: EvalTask, plan: GoldPlan, found: Alignment, attempt: Attempt) -> dict[str, str]:
    """Return own minted id -> gold id, from the results of matched calls that created something."""
    keys = {fact.key for fact in task.state_diff if fact.change == "added"}
    names: dict[str, str] = {}
    for step, call in sorted(found.pairs.items()):
        gold, own = plan.steps[step].result.value, attempt.calls[call].result
        if isinstance(gold, Mapping) and isinstance(own, Mapping):
            names |= {
                own[name]: value
                for name, value in gold.items()
                if isinstance(value, str) and value in keys and isinstance(own.get(name), str)
            }
    return names


def _renamed(value: Json, names: Mapping[str, str]) -> Json:
    if isinstance(value, Mapping):
        return {key: _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _all_as_gold(attempt: Attempt, plan: GoldPlan, found: Alignment) -> bool:
    """Without an effect to look at: all required calls exact, in legal order, and nothing else called or garbled."""
    if not all(found.is_exact(step) for step in plan.required):
        return False
    if attempt.faults or len(attempt.calls) > len(found.pairs):
        return False
    return _is_legal(plan, found.pairs, attempt)


def _is_legal(plan: GoldPlan, pairs: Mapping[int, int], attempt: Attempt) -> bool:
    def turns(step: int) -> Sequence[int]:
        return (attempt.calls[pairs[step]].turn, pairs[step])

    flows = [(link.producer, link.consumer) for link in plan.links]
    return all(
        turns(first)[0] < turns(second)[0] for first, second in flows if first in pairs and second in pairs
    ) and all(turns(first)[1] < turns(second)[1] for first, second in plan.before if first in pairs and second in pairs)
