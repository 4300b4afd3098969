"""Rows beside the plain ones: which categories a trajectory can serve, how many of it, and their messages.

Every one is a text of its own about a trajectory that exists anyway. More are made than asked for, trajectory by
trajectory and so that none depends on another; the dataset cuts them back to their shares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import groupby

from loopbuild.digest import unit_interval
from loopbuild.judging.validate import Validator
from loopbuild.llm.names import split_words
from loopbuild.llm.offline import turns
from loopbuild.llm.protocol import Wording, WriteRequest
from loopbuild.records import (
    Category,
    Example,
    Json,
    Level,
    Proof,
    Split,
    Step,
    Task,
    ToolCatalog,
    ToolSchema,
    Trajectory,
)
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.synthesis import confirm, near_miss, open_choice, recovery, withheld
from loopbuild.stages.synthesis.dialogues import readable, sealed, to_example, turn
from loopbuild.stages.synthesis.naming import words_of_leaf
from loopbuild.stages.synthesis.requests import request

MARGIN: dict[Category, float] = {"missing_tool": 4.0, "confirm": 65.0, "near_miss": 3.0, "error_recovery": 1.6}
"""How many times its share of the texts a category is tried where it is possible: few trajectories are single calls,
fewer destroy something, and some rows are dropped."""
_LEVELS: tuple[Level, Level] = ("low", "high")
_MOST = 4
"""Texts of one category about one trajectory, where few trajectories are of that kind."""
_SCHEMA = "A tool was added:\n{}"


def further_requests(
    trajectory: Trajectory,
    catalog: ToolCatalog,
    *,
    shares: Mapping[str, float],
    texts: int,
    seed: int = 0,
    lexicon: Mapping[str, Sequence[str]] | None = None,
    elsewhere: bool = False,
) -> list[WriteRequest]:
    """Return the texts of a trajectory's further rows; `texts` is the number of its plain ones.

    With `elsewhere` tools of all sources can be tried, not only those of the sources a trajectory calls.

    For evaluation only what a roll-out can judge: the person's reply to a question is known beforehand, a model's
    mistakes are not, and where no tools are listed none can be withheld.
    """
    is_eval = trajectory.cell.purpose == "eval"
    made = []
    for category, margin in MARGIN.items():
        share = _share(category, shares)
        if not share or (is_eval and category != "confirm"):
            continue
        if not _is_possible(category, trajectory, catalog, elsewhere=elsewhere):
            continue
        due = share * texts * margin
        many = int(due) + (unit_interval(category, [seed, trajectory.key]) < due - int(due))
        first = int(unit_interval("level of", [category, trajectory.key]) >= 0.5)
        worded: Sequence[Wording] = ("seen", "held_out") if is_eval else ("seen",)
        made += [
            request(
                trajectory,
                catalog,
                level=_LEVELS[(first + number) % 2],
                ordinal=number // 2,
                wording=wording,
                seed=seed,
                lexicon=lexicon,
                category=category,
            )
            for number in range(min(many, 1 if is_eval else _MOST))
            for wording in worded
        ]
    return made


def withheld_share(shares: Mapping[str, float]) -> float:
    """Return the part of `missing_tool` whose tool exists and is withheld; the rest asks for what no tool does."""
    return shares.get("missing_tool", 0.0) / 2


def _share(category: str, shares: Mapping[str, float]) -> float:
    return withheld_share(shares) if category == "missing_tool" else shares.get(category, 0.0)


def _is_possible(category: str, trajectory: Trajectory, catalog: ToolCatalog, *, elsewhere: bool) -> bool:
    # A request with two ways out keeps to them.
    if trajectory.cell.category != "call" or trajectory.condition is not None:
        return False
    if category == "missing_tool":
        return withheld.is_possible(trajectory, catalog)
    if category == "confirm":
        return confirm.is_possible(trajectory, catalog)
    if category == "near_miss":
        return near_miss.is_possible(trajectory, alike(catalog)[0], elsewhere=elsewhere)
    return recovery.is_possible(trajectory)


_LAST: list[tuple[ToolCatalog, tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]]] = []


def alike(catalog: ToolCatalog) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """Return each tool's twins and rivals; the last catalog's are kept, since rows come one after the other."""
    if not _LAST or _LAST[0][0] is not catalog:
        _LAST[:] = [(catalog, (near_miss.twins(catalog), withheld.rivals(catalog)))]
    return _LAST[0][1]


def prove(trajectory: Trajectory, task: Task, catalog: ToolCatalog, *, sandbox: Sandbox, validator: Validator,
          elsewhere: bool = False) -> Proof:  # fmt: skip
    """Return what running other calls than the row's own shows; empty for a category that needs none.

    With `elsewhere` the sandbox runs the tools of every source.

    Raises SandboxError when the sandbox is lost.
    """
    if task.category == "confirm":
        return confirm.prove(trajectory, catalog, key=task.key, sandbox=sandbox)
    if task.category == "near_miss":
        return near_miss.prove(trajectory, catalog, known=alike(catalog)[0], sandbox=sandbox, validator=validator,
                               key=task.key, elsewhere=elsewhere)  # fmt: skip
    if task.category == "error_recovery":
        return recovery.prove(trajectory, catalog, key=task.key, sandbox=sandbox)
    return Proof()


def shown_part(trajectory: Trajectory, task: Task, catalog: ToolCatalog, proof: Proof) -> Trajectory:
    """Return the part of a trajectory its row really executes."""
    if task.category == "confirm":
        return confirm.shown_part(trajectory, catalog, task.key, proof)
    if task.category == "missing_tool" and not withheld.is_revealed(task.key):
        return replace(trajectory, steps=(), state_diff=())
    return trajectory


def compose(trajectory: Trajectory, task: Task, catalog: ToolCatalog, proof: Proof, *, split: Split) -> Example:
    """Return the row of a trajectory and its words, whatever its category."""
    shown = shown_part(trajectory, task, catalog, proof)
    if task.category == "missing_tool":
        return _withheld(shown, task, catalog, trajectory, split=split)
    made = to_example(shown, task, catalog, split=split)
    if task.category == "confirm" or open_choice.is_choice(trajectory, task, catalog):
        return sealed(replace(made, messages=tuple(_asked_late(made.messages, task, shown, catalog))))
    if task.category == "near_miss" and proof.other is not None:
        return sealed(replace(made, beside=(proof.other.tool,)))
    if task.category == "error_recovery":
        return sealed(replace(made, messages=tuple(_with_failures(shown, task, catalog, proof))))
    return made


def _asked_late(
    messages: Sequence[dict[str, Json]], task: Task, shown: Trajectory, catalog: ToolCatalog
) -> list[dict[str, Json]]:
    """Move the question and its reply from behind the request to where something would be destroyed."""
    request_, question, reply, *rest = messages
    if task.category == "confirm" and confirm.is_declined(task.key):
        place = len(rest) - 1
    else:
        first = confirm.first_turn(shown, catalog)
        early = [step for step in shown.steps if step.turn < first]
        place = len(early) + len({step.turn for step in early})
    return [request_, *rest[:place], question, reply, *rest[place:]]


def _withheld(shown: Trajectory, task: Task, catalog: ToolCatalog, whole: Trajectory, *, split: Split) -> Example:
    made, tool = to_example(shown, task, catalog, split=split), whole.steps[0].call.tool
    messages = list(made.messages)
    if shown.steps:
        schema = catalog.by_id()[tool]
        said = {"name": schema.call_name, "parameters": schema.input_schema}
        messages.insert(2, {"role": "system", "content": _SCHEMA.format(readable(said))})
    hidden = withheld.hidden(whole, catalog, alike(catalog)[1].get(tool, ()))
    return sealed(replace(made, messages=tuple(messages), withheld=hidden))


def _with_failures(trajectory: Trajectory, task: Task, catalog: ToolCatalog, proof: Proof) -> list[dict[str, Json]]:
    """Return the messages with every failure, its result and a word about it before the turn that puts it right."""
    tools = catalog.by_id()
    choices = turns.choices_for(task.key, task.voice)
    messages: list[dict[str, Json]] = [{"role": "user", "content": text} for text in task.user_turns]
    done = 0
    for number, (_, group) in enumerate(groupby(trajectory.steps, key=lambda step: step.turn)):
        steps = list(group)
        said = task.reasoning[number] if number < len(task.reasoning) else ""
        for one in proof.failures:
            if one.before == done:
                failed = Step(call=one.call, result=one.result, turn=steps[0].turn)
                messages += turn([failed], said, tools, is_learned=False)
                said = turns.once_more(one.kind, _words(one.pointer, tools[one.call.tool]), choices)
        messages += turn(steps, said, tools)
        done += len(steps)
    return [*messages, {"role": "assistant", "content": task.answer, "loss": True}]


def _words(pointer: str, tool: ToolSchema) -> str:
    """What the argument at fault is called."""
    leaf = next((one for one in tool.inputs if one.pointer == pointer), None)
    return words_of_leaf(leaf) if leaf else " ".join(split_words(pointer.rpartition("/")[2]))
