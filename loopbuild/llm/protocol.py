"""What a writer is asked and what it answers: plain records without tool names, parameter names or schemas.

Decides which facts a writer may know. Knows no tools, no trajectories and no grammar: the caller brings a trajectory
to words (verb, noun, values, references), the writer turns words into sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from dataclasses import field as declared
from typing import Literal, Protocol

from loopbuild.records import Json, to_json
from loopbuild.records.codec import LEFT_OUT

Wording = Literal["seen", "held_out"]
"""`seen`: the voices training rows are written in. `held_out`: the voice kept for evaluation."""

RESERVED = "reserved: "
"""How the voice of a writer begins that no training row was worded by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One thing a step needs, in words."""

    words: str
    """What people call it: `start date`; for an identifier the thing it identifies: `role`."""
    kind: str = "text"
    """id, date, time, datetime, person, email, enum, number, boolean, text, list, groups, ..."""
    entity: str = ""
    """The noun of what this identifies or describes."""
    is_key: bool = False
    """It identifies an `entity`."""
    is_own: bool = False
    """It identifies the very thing the step is about."""
    is_optional: bool = False
    """The step could do without it."""
    origin: Literal["user", "step", "constant", "missing"] = "user"
    """`missing`: known to nobody yet; the assistant will have to ask."""
    value: Json = None
    """For `user`: the exact value to be said. For `step`: what was observed, only for the assistant's own words."""
    step: int = -1
    """For `step`: index of the step that yields it."""
    rule: str = ""
    """For `step`: only, first, second, last, top, all, match, count, ...; `open`: not said, to be asked for."""
    ranks: tuple[int, ...] = ()
    """For `step`: positions taken from a list, from 0; several when the step is done for each of them."""
    picked: tuple[Json, ...] = ()
    """For `step`: the values at `ranks`, for the assistant's own words; all there are where it is `open`."""
    field: str = ""
    """For `step`: what the value is called there: `email`."""
    from_list: bool = False
    item: str = ""
    """For `step` and `from_list`: what a member of that list is called."""
    groups: tuple[tuple[Argument, ...], ...] = ()
    """For `groups`: the members of a list of objects, each with its fields in order."""
    by: str = declared(default="", metadata=LEFT_OUT)
    """For `step`, worked out: what members are compared by, or what is taken away: `amount`."""
    given: Json = declared(default=None, metadata=LEFT_OUT)
    """For `step`, worked out: what the person says for it: the status to look for, the days to move by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One thing observed in a step's result, for the answer."""

    words: str
    value: Json = None
    """A scalar, or a list of scalars."""
    kind: str = "text"
    is_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldWords:
    """What a person asks of a result instead of having it all, in words."""

    rule: str
    """count, sum, difference, largest, smallest, latest, earliest."""
    words: str
    """What is told: `amount`; of a member of a list, what it is called: `invoice`."""
    by: str = ""
    """What members are compared by, or what is taken away."""
    given: Json = None
    """Of `count`: what members must have as their `by`."""
    value: Json = None
    """What it comes to, for the answer."""
    best: Json = None
    """The number or date by which a member is the first or last of all, for the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWords:
    """One step in words; `times` > 1 when it is done alike for several items."""

    turns: tuple[int, ...]
    """The assistant turns in which it happens."""
    indices: tuple[int, ...]
    """Positions of the steps it stands for."""
    verb: str
    effect: str
    noun: str
    """Singular: `leave balance`."""
    adjectives: str = ""
    """`open` in `open roles`."""
    is_plural: bool = False
    """The step yields or treats several."""
    arguments: tuple[Argument, ...] = ()
    outcomes: tuple[tuple[Outcome, ...], ...] = ()
    """What was observed, one entry per repetition."""
    spoken: tuple[tuple[str, ...], ...] = ()
    """Identifying argument values of each repetition, for the assistant's own words."""
    about: str = declared(default="", metadata=LEFT_OUT)
    """What the tool's description says, without names; data, for writers that read."""
    told: ToldWords | None = declared(default=None, metadata=LEFT_OUT)
    """The one thing the person wants to know of the result."""

    @property
    def times(self) -> int:
        """How often it is done."""
        return len(self.indices)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionWords:
    """What decides which of two steps is the last one, in words."""

    step: int
    """Index of the step whose result is looked at."""
    words: str
    """What is looked at: `status`; of a list, what its members are called: `interview`."""
    test: Literal["is", "any"]
    value: Json = None
    """For `is`: the value named in the request."""
    seen: Json = None
    """For `is`: what was observed, only for the assistant's own words."""
    holds: bool
    other: StepWords
    """The step that is taken otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterWords:
    """What the person says after an answer, in words."""

    kind: Literal["corrected", "same", "refers", "asks"]
    step: int
    """Index of the step that answers it."""
    argument: Argument | None = None
    """Of `corrected`: with its new value."""
    old: Json = None
    """Of `corrected`: the value said before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """Everything a writer learns about one row."""

    key: str
    category: str
    level: str
    purpose: str
    wording: Wording = "seen"
    steps: tuple[StepWords, ...] = ()
    synonyms: dict[str, tuple[str, ...]] | None = None
    """Noun -> other words for it that mean nothing else here."""
    forbidden: tuple[str, ...] = ()
    """Lower-case runs of words no text may hold."""
    condition: ConditionWords | None = None
    like: str = ""
    """The key whose wording this request shares; empty: its own."""
    later: tuple[LaterWords, ...] = ()
    """What the person says after the request, each answered before the next."""
    slip: LaterWords | None = declared(default=None, metadata=LEFT_OUT)
    """Of a dialogue: what the person says wrong in the request and puts right in the same breath."""

    @property
    def seed(self) -> str:
        """What a writer draws its words by."""
        return self.like or self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteAnswer:
    """The words around one row."""

    key: str
    user_turns: tuple[str, ...]
    assistant_turns: tuple[str, ...] = ()
    """Questions between user turns."""
    reasoning: tuple[str, ...] = ()
    """One to three short sentences per call turn; may be empty."""
    answer: str = ""
    structure: str = ""
    voice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a judge says of a finished row."""

    key: str
    verdict: Literal["good", "bad", "unknown"]
    reason: str = ""
    """Of `bad`: a code."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a proposer would pass to one tool."""

    key: str
    edges: tuple[tuple[str, str, str], ...] = ()
    """(input, producing tool, output)."""
    unknown: int = 0
    """Edges it named between things it was not shown."""


def asked_json(request: WriteRequest) -> Json:
    """Return a request as JSON; what most of them lack is not written."""
    value = to_json(request)
    if request.condition is None:
        del value["condition"]
    if not request.like:
        del value["like"]
    if not request.later:
        del value["later"]
    return value


def reserved(writer: str) -> str:
    """Return the voice of a writer that words held-out tasks only."""
    return f"{RESERVED}{writer}"


class Writer(Protocol):
    """Somebody who turns requests into texts, answering in the order asked."""

    name: str

    def write_many(self, requests: Sequence[WriteRequest]) -> Iterator[WriteAnswer]:
        """Yield one answer per request; raises LlmError or UnusableAnswer."""
        ...
