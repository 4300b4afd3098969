"""What people read for the names in files: arms, metrics, splits, mistakes and reasons. One table for every screen.

JSON keeps the names; whatever is printed, written as Markdown or HTML looks them up here. A name nobody has words for
is shown with spaces.
"""

from __future__ import annotations

ARM_WORDS = {
    "model": "trained",
    "recall": "trained",
    "previous": "previous model",
    "base": "untrained",
    "first_tool": "always the first tool",
    "null": "silent",
    "before": "before the change",
    "stale": "not retrained",
}
"""Arm -> column title, in the order of the columns. `silent` is an agent that never says or calls anything."""
AFTER = "after the change"
"""The trained arm beside `before the change`."""

METRIC_WORDS = {
    "solved": ("solved", "by effect where there is one, else every call as planned and nothing else"),
    "tool_selection": ("tool selection", "the first decision is right: a tool that may come first, or no call"),
    "schema_compliance": (
        "schema compliance",
        "where calls are due and one was tried: all decode, name a known tool and validate",
    ),
    "argument_exact": ("single: arguments exact", "of single calls to the right tool: all arguments right"),
    "exact_call": ("single: call exact", "of all single-call tasks: right tool, all arguments, nothing else"),
    "execution": ("execution", "the final state is right, and what was asked for was read"),
    "chaining": ("chains: links", "every value handed on comes from the model's own results"),
    "chains_solved": ("chains: solved", "tasks of several calls that were solved"),
    "no_tool": ("no call, as due", "no call at all, and a reply"),
    "clarify": ("asks for what is missing", "no call before the missing value was asked for"),
    "confirm": ("asks before it destroys", "nothing destroyed before a yes, or after a no"),
    "max_regression": (
        "loss against before",
        "of unchanged tools, the net loss the comparison does not exclude",
    ),
}
"""Metric -> its name and meaning, in the order of the rows."""

SPLIT_WORDS = {
    "values": ("unseen values", "known call paths and voices; ids and values no training row holds"),
    "wordings": ("unseen wordings", "a voice no training text uses"),
    "paths": ("unseen paths", "call paths no training row takes"),
    "negative": ("no call is due", "small talk, tasks no tool can do, tools that are gone"),
}

GROUP_WORDS = {"all": "all tools", "unchanged": "unchanged tools", "changed": "changed tools", "new": "new tools"}
"""Tasks by what a schema change did to the tools they use."""

FIDELITY_WORDS = {
    "exact": "real servers",
    "recorded": "recordings",
    "simulated": "worlds made from schemas",
    "opaque": "answers of the right form",
}
"""What the weakest call of a row ran in."""

CLASS_WORDS = {
    "format": "unreadable",
    "parameter": "arguments",
    "domain": "choice of tool",
    "decomposition": "steps",
    "context": "lost the thread",
    "environment": "sandbox failed",
}
"""Classes of mistakes."""

_UNDECIDED = {
    "unknown": "it cannot tell",
    "refused": "it refused",
    "truncated": "its answer was cut off",
    "empty": "its answer was empty",
    "unparsable": "its answer could not be read",
    "wrong_schema": "its answer lacks a part",
    "too_long": "the row is too long for it",
}
"""Why a judge gave no verdict."""

_CODES = {
    # What is wrong with a call, as the validator and the scorer call it.
    "unknown_tool": "calls a tool that does not exist",
    "hallucinated_tool": "calls a tool that does not exist",
    "stale_name": "calls a tool by its old name",
    "missing_required": "a required argument is missing",
    "stale_required": "a newly required argument is missing",
    "extra_argument": "an argument the tool does not take",
    "unknown_param": "an argument the tool does not take",
    "stale_param": "an argument the tool took before the change",
    "unasked_param": "an argument nobody asked for",
    "missing_optional": "an optional argument that was asked for is missing",
    "wrong_type": "an argument of the wrong type",
    "type": "an argument of the wrong type",
    "stale_type": "an argument of the type it had before the change",
    "bad_enum": "a value that is not among those allowed",
    "enum": "a value that is not among those allowed",
    "stale_enum": "a value that was allowed before the change",
    "bad_format": "a value in the wrong format",
    "format_or_unit": "a value in the wrong format",
    "stale_format": "a value in the format of before the change",
    "bad_value": "a value out of range",
    "out_of_range": "a value out of range",
    "stale_range": "a value in the range of before the change",
    "value_literal": "another value than the one asked for",
    "invented_value": "a value that was seen nowhere",
    "wrong_domain": "a tool of another domain",
    "wrong_tool_same_domain": "another tool of the right domain",
    "called_when_none_needed": "a call where none is due",
    "no_call_when_needed": "no call where one is due",
    "missing_step": "a step is missing",
    "extra_step": "a step too many",
    "wrong_order": "steps in the wrong order",
    "stopped_early": "stopped before the end",
    "loop_limit": "went on and on",
    "effect_differs": "ends in another state",
    "wrong_source": "a value taken from the wrong place",
    "wrong_answer": "an answer without the value asked for",
    "repeats_completed_call": "repeats a call that was done",
    "ignores_tool_error": "takes no notice of an error",
    "asks_known_slot": "asks for what was said",
    "not_decodable": "a call that cannot be read",
    "not_json": "a call that is no JSON",
    "wrong_wrapper": "a call outside its marks",
    "truncated": "cut off",
    "duplicate_key": "an argument given twice",
    "empty_reply": "no reply at all",
    "sandbox": "the sandbox failed",
    # Why a filter dropped a row.
    "contract": "breaks the promise of its category",
    "dangerous": "holds a dangerous command",
    "form": "too short or too long",
    "reasoning_form": "the reasoning is too long or names what was not seen",
    "ungrounded_answer": "the answer says what was never seen",
    "value_missing": "a value is missing from the text",
    "value_leaked": "the text gives away a value that has to be found",
    "name_leaked": "the text gives away a name of the tools",
    "not_derivable": "a value nobody could know",
    "tool_error": "a call fails when it is replayed",
    "value_differs": "a value differs when it is replayed",
    "state_differs": "ends in another state when it is replayed",
    "flaky": "two replays differ",
    "deferred": "the sandbox gave no verdict",
    "null_passes": "doing nothing would pass",
    "shuffled_passes": "exchanged arguments would pass",
    "duplicate_of": "says the same as another row",
    "near_duplicate_of": "differs in little from another row",
    "self_bleu": "is mostly the wording of another row",
    "not_selected": "there are enough of its kind",
    "held_out_path": "its call path is held out",
    "judge": "the judge would not have it learnt",
    "unnatural": "no person would say it",
    "unclear": "what is asked can be read in several ways",
    "mismatch": "the calls do something else than was asked",
    "incomplete": "part of what was asked is not done",
    "ungrounded": "the assistant says what nobody said",
    "unsafe": "it does harm nobody asked for",
    "other": "another fault",
    "text_is_known": "its words stand in another row",
    "not_needed": "was planned in case others are lost",
    # Why a target of the coverage is not met.
    "not_aimed": "nothing was planned for it",
    "dropped": "its rows were dropped, held out, or too few",
    # Why there is no trajectory, or no text.
    "no_producer": "no tool leads there",
    "opaque_id": "nothing yields an id it needs",
    "exhausted": "every way was tried",
    "one_branch": "only one of two branches can be reached",
    "sandbox_error": "the sandbox failed",
    "refused": "the writer refused",
    "unparsable": "the writer's answer could not be read",
    "wrong_schema": "the writer's answer lacks a part",
    "failed_checks": "the writer's text failed the checks",
    "invalid_request": "the provider refused the request",
}


def code_words(code: str) -> str:
    """Return what a code means: `enum`, `duplicate_of:3fa94c12`; what stands behind the colon is kept."""
    head, _, about = code.partition(":")
    words = _CODES.get(head, head.replace("_", " "))
    return f"{words}: {about.strip()}" if about.strip() else words


def undecided_words(code: str) -> str:
    """Return why a judge gave no verdict, of a code or of `deferred:CODE`."""
    name = code.rpartition(":")[2]
    return _UNDECIDED.get(name, name.replace("_", " "))


def metric_words(metric: str) -> str:
    """Return what a metric or a gate is called: `tool_selection`, `values.exact_call`."""
    split, _, name = metric.rpartition(".")
    words = METRIC_WORDS[name][0] if name in METRIC_WORDS else name.replace("_", " ")
    return f"{words}, {SPLIT_WORDS[split][0]}" if split in SPLIT_WORDS else words


def known_codes() -> frozenset[str]:
    """Return the codes there are words for."""
    return frozenset(_CODES)
