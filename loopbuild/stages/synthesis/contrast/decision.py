"""One turn of a row that could have gone otherwise: its message, its steps, and what was known before it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loopbuild.pointers import at, unescaped
from loopbuild.records import Example, Json, PairClass, SchemaLeaf, Step, ToolCatalog, ToolSchema, Trajectory

Known = Callable[[str, str], Sequence[Json]]
"""(tool, input pointer) -> valid values a person could know, of the world the row starts in."""
Call = tuple[str, dict[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A calling turn of a row, or the closing answer, where `steps` are none."""

    turn: int
    steps: tuple[int, ...]
    """Places of the turn's steps in the trajectory."""
    prompt: tuple[dict[str, Json], ...]
    message: dict[str, Json]
    trajectory: Trajectory
    catalog: ToolCatalog
    known: Known
    key: str
    """What chance is seeded from."""

    @property
    def before(self) -> str:
        """All that was said and seen before the turn, as text."""
        said = [str(message.get("content") or "") for message in self.prompt]
        said += [json.dumps(m["tool_calls"], ensure_ascii=False) for m in self.prompt if m.get("tool_calls")]
        return "\n".join(said)

    @property
    def asked(self) -> str:
        """All that the person said before the turn."""
        return "\n".join(str(message["content"]) for message in self.prompt if message["role"] == "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """A decision taken otherwise."""

    kind: PairClass
    fault: str
    decision: Decision
    message: dict[str, Json]
    calls: tuple[Call, ...] = ()
    stands_for: tuple[int, ...] = ()
    """Which step each call stands for, -1 for none: later steps take their values from its result."""
    rest: tuple[int, ...] = ()
    """The steps that follow, as far as they can be run."""
    invented: Json = field(default=None)
    """A value nobody gave and no result showed."""


def decisions(example: Example, trajectory: Trajectory, catalog: ToolCatalog, known: Known) -> Iterator[Decision]:
    """Yield the turns of a row, the closing answer last; none where messages are not the trajectory's turns."""
    calling = [place for place, message in enumerate(example.messages) if message.get("tool_calls")]
    turns = sorted({step.turn for step in trajectory.steps})
    if len(calling) != len(turns):
        return
    for number, (place, turn) in enumerate(zip(calling, turns, strict=True)):
        steps = tuple(at for at, step in enumerate(trajectory.steps) if step.turn == turn)
        yield _decision(example, trajectory, catalog, known, place, number, steps)
    last = len(example.messages) - 1
    if last > calling[-1] and example.messages[last]["role"] == "assistant":
        yield _decision(example, trajectory, catalog, known, last, len(turns), ())


def _decision(
    example: Example,
    trajectory: Trajectory,
    catalog: ToolCatalog,
    known: Known,
    place: int,
    number: int,
    steps: tuple[int, ...],
) -> Decision:
    return Decision(
        turn=number,
        steps=steps,
        prompt=tuple(bare(message) for message in example.messages[:place]),
        message=bare(example.messages[place]),
        trajectory=trajectory,
        catalog=catalog,
        known=known,
        key=f"{example.key} {number}",
    )


def bare(message: Mapping[str, Json]) -> dict[str, Json]:
    """Return a message without marks of loss."""
    return {name: value for name, value in message.items() if name != "loss"}


def calling(decision: Decision, calls: Sequence[Call], said: str) -> dict[str, Json]:
    """Return an assistant message that makes these calls."""
    names = {tool.id: tool.call_name for tool in decision.catalog.tools}
    made = [{"type": "function", "function": {"name": names[tool], "arguments": args}} for tool, args in calls]
    return {"role": "assistant", "content": said, "tool_calls": made}


def replaced(text: str, old: Json, new: Json) -> str:
    """Return `text` with a value it names as a whole word replaced, so that words and call agree."""
    if isinstance(old, bool | list | dict) or isinstance(new, list | dict) or len(str(old)) < 2:
        return text
    return re.sub(rf"(?<!\w){re.escape(str(old))}(?!\w)", lambda _: str(new), text)


def length_of(message: Mapping[str, Json]) -> int:
    """Return about how long a message is: its words and its calls as JSON, in characters."""
    calls = message.get("tool_calls") or []
    return len(str(message.get("content") or "")) + sum(
        len(json.dumps(call["function"], ensure_ascii=False)) for call in calls
    )


def leaf_of(tool: ToolSchema, name: str) -> SchemaLeaf | None:
    """Return the leaf of a top-level argument, or of its items."""
    return next((leaf for leaf in tool.inputs if leaf.pointer.removesuffix("/[]") == f"/{name}"), None)


def top_level(tool: ToolSchema) -> list[SchemaLeaf]:
    """Return the scalar top-level inputs and lists of scalars."""
    return [
        leaf for leaf in tool.inputs if leaf.pointer.removesuffix("/[]").count("/") == 1 and "*" not in leaf.pointer
    ]


def name_of(leaf: SchemaLeaf) -> str:
    """Return the argument a top-level leaf is given as."""
    return unescaped(leaf.pointer.removesuffix("/[]")[1:])


def siblings(step: Step, trajectory: Trajectory, name: str) -> list[Json]:
    """Return the other members of the list an argument was taken from."""
    source = step.call.provenance.get(f"/{name}")
    if source is None or source.kind != "tool" or "/[]" not in source.leaf:
        return []
    head, _, tail = source.leaf.rpartition("/[]")
    members = at(trajectory.steps[source.step].result.value, head) if "[]" not in head else None
    found = [at(member, tail) if tail else member for member in members] if isinstance(members, list) else []
    gold = step.call.arguments.get(name)
    return [value for value in found if value is not None and value != gold and not isinstance(value, list | dict)]
