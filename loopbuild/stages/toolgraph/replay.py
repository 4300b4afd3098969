"""Is an edge true? Calls both tools in a sandbox, with the producer's value and with one that does not exist.

Success alone proves nothing: a text field takes any text. An edge is verified when the consumer accepts what the
producer gave and refuses, or answers with nothing to, a stand-in of the same shape; rejected when it refuses the real
value although its other arguments are known to be good. Everything else is said as what it is. Only for sandboxes that
are not themselves derived from names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from loopbuild.records import DataFlowEdge, Json, ToolCatalog, ToolSchema
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.toolgraph.arguments import Arguments, Lost, NoValue, context_of, find, name_of, put
from loopbuild.stages.toolgraph.controls import control, is_empty, is_refused, values_needed
from loopbuild.stages.toolgraph.guesses import guess_at, place_of

Outcome = Literal["verified", "rejected", "uninformative", "inconclusive", "infra_error", "skipped"]
_ROUNDS = 4
_WORLDS = 3
_VARIANTS = 4
_VALUES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a replay says about an edge, and why."""

    outcome: Outcome
    detail: str
    calls: int = 0
    place: str | None = None
    """Where in the answer a guessed value was found."""


@dataclass(frozen=True, slots=True)
class _Offer:
    value: Json
    arguments: dict[str, Json]
    """What the producer was called with."""


Reaction = Literal["accepted", "refused", "empty"]


def verify(
    catalog: ToolCatalog,
    edges: Sequence[DataFlowEdge],
    sandbox: Sandbox,
    *,
    trusted: Iterable[DataFlowEdge] = (),
    tell: Callable[[DataFlowEdge, Verdict], None] = lambda edge, verdict: None,
) -> dict[tuple[str, str, str, str], Verdict]:
    """Return a verdict for each edge; what was inconclusive is tried again with the edges verified meanwhile.

    `trusted` edges were verified before: their values are used, they are not tried. The sandbox is left in some world
    of its own; its state is put back after every call of a consumer.
    """
    known = Arguments(catalog, edges, sandbox)
    for edge in trusted:
        known.trust(edge)
    found: dict[tuple[str, str, str, str], Verdict] = {}
    waiting = sorted(edges, key=name_of)
    for _ in range(_ROUNDS):
        proven = len(known.trusted)
        for edge in waiting:
            before = known.calls
            trial = _Trial(known, edge)
            try:
                outcome, detail = trial.run()
            except Lost as lost:
                outcome, detail = "infra_error", f"the sandbox gave no answer: {lost}"[:200]
            calls = known.calls - before + (found[name_of(edge)].calls if name_of(edge) in found else 0)
            found[name_of(edge)] = Verdict(outcome=outcome, detail=detail, calls=calls, place=trial.place)
            if outcome == "verified":
                known.trust(edge if trial.place is None else replace(edge, producer_leaf=trial.place))
        waiting = [edge for edge in waiting if found[name_of(edge)].outcome in ("inconclusive", "infra_error")]
        if len(known.trusted) == proven:
            break
    for edge in sorted(edges, key=name_of):
        tell(edge, found[name_of(edge)])
    return found


class _Trial:
    """One edge in a few worlds."""

    def __init__(self, known: Arguments, edge: DataFlowEdge) -> None:
        self.known, self.edge, self.sandbox = known, edge, known.sandbox
        self.producer: ToolSchema = known.tools[edge.producer]
        self.consumer: ToolSchema = known.tools[edge.consumer]
        self.leaf = next(leaf for leaf in self.consumer.inputs if leaf.pointer == edge.consumer_leaf)
        is_known = any(leaf.pointer == edge.producer_leaf for leaf in self.producer.outputs)
        self.guess = None if is_known else guess_at(self.producer, edge.producer_leaf)
        self.place: str | None = None
        self.reactions: list[Reaction] = []
        self.values: list[Json] = []
        self.accepted: list[Json] = []
        """Values this world took already."""
        self.unclear = 0
        """Refusals that another argument may have caused."""
        self.controls_refused = 0
        self.is_sound = False
        """The consumer was seen to accept another value beside the same other arguments."""

    def run(self) -> tuple[Outcome, str]:
        """Return the outcome with its reason."""
        for tool in (self.producer, self.consumer):
            if not self.known.may_call(tool):
                return "skipped", f"`{tool.id}` writes, and this sandbox cannot show or undo what it does"
        missing = ""
        for fixture in range(min(_WORLDS, self.sandbox.fixtures)):
            self.known.open(fixture)
            start = self.sandbox.snapshot()
            self.accepted = []
            for variant in range(_VARIANTS):
                try:
                    for offer in self._offers(variant, start):
                        outcome = self._try(offer, variant)
                        if outcome:
                            return outcome
                except NoValue as error:
                    missing = f"no value for `{error.leaf.pointer}` to call it with"
                    break
        return self._judged(missing)

    def _offers(self, variant: int, start: Any) -> Iterator[_Offer]:
        """Yield new values of the producer, each in the state its call left behind."""
        if self.sandbox.sees_state:
            self.sandbox.restore(start)
        arguments = self.known.of(self.producer, variant=variant)
        result = self.known.call(self.producer.id, arguments)
        if is_refused(result):
            return
        if self.guess is not None and self.place is None:
            self.place = place_of(self.guess, result.value)
            if self.place is None:
                return
        fresh = 0
        for value in find(result.value, self.edge.producer_leaf if self.place is None else self.place):
            if value not in self.values and fresh < 2:
                self.values.append(value)
                fresh += 1
                yield _Offer(value, arguments)

    def _try(self, offer: _Offer, variant: int) -> tuple[Outcome, str] | None:
        """Call the consumer with the value and with stand-ins; an outcome ends the trial."""
        value = self._fitted(offer.value)
        context = context_of(self.producer, offer.arguments)
        arguments = self.known.of(
            self.consumer, given={self.leaf.pointer: value}, context=context, variant=variant, above=(self.consumer.id,)
        )
        here = self.sandbox.snapshot()
        reaction = self._reaction(arguments, here)
        if reaction == "refused":
            if not self._accepts_another(arguments, here, value):
                self.unclear += 1
                return None
            self.is_sound = True
        self.reactions.append(reaction)
        if reaction == "accepted":
            self.accepted.append(value)
            outcome = self._against_stand_ins(arguments, here, value)
            if outcome:
                return outcome
        needed = values_needed(value)
        if self.reactions.count("accepted") >= needed and len(self.reactions) == self.reactions.count("accepted"):
            return self._judged("")
        if len(self.reactions) >= max(_VALUES, needed) or self.reactions.count("refused") >= 3:
            return self._judged("")
        return None

    def _against_stand_ins(self, arguments: dict[str, Json], here: Any, value: Json) -> tuple[Outcome, str] | None:
        known = self.sandbox.known(self.consumer.id, self.leaf.pointer)
        taken = {repr(item) for item in (*self.values, *known)}
        for number in range(2 if len(self.reactions) == 1 else 1):
            stand_in = control(value, self.leaf, [*name_of(self.edge), number, repr(value)], taken=taken)
            if stand_in is None:
                return "uninformative", "there is no other value of this shape to compare with"
            changed = _copy(arguments)
            put(changed, self.leaf.pointer, stand_in)
            if self._reaction(changed, here) == "accepted":
                return "uninformative", f"`{self.consumer.id}` takes an invented value as well"
            self.controls_refused += 1
        return None

    def _accepts_another(self, arguments: dict[str, Json], here: Any, value: Json) -> bool:
        """Say whether it is the value that is refused and nothing beside it."""
        if sum(leaf.is_required for leaf in self.consumer.inputs) == 1 and self.leaf.is_required:
            return True
        for other in self._good_values():
            if other == value:
                continue
            changed = _copy(arguments)
            put(changed, self.leaf.pointer, other)
            if self._reaction(changed, here) == "accepted":
                return True
        return False

    def _good_values(self) -> list[Json]:
        good = list(self.sandbox.known(self.consumer.id, self.leaf.pointer))[:3]
        with suppress(NoValue):
            good += list(find(self.known.of(self.consumer), self.leaf.pointer))
        return [*self.accepted, *good]

    def _reaction(self, arguments: dict[str, Json], here: Any) -> Reaction:
        """Call the consumer, put the state back, and say how it took the call."""
        before = self.sandbox.state_diff()
        result = self.known.call(self.consumer.id, arguments)
        is_changed = self.sandbox.state_diff() != before
        if self.sandbox.sees_state:
            self.sandbox.restore(here)
        if is_refused(result):
            return "refused"
        if self.consumer.effect != "read" and self.sandbox.sees_state:
            return "accepted" if is_changed else "empty"
        return "empty" if is_empty(result.value, arguments) else "accepted"

    def _fitted(self, value: Json) -> Json:
        """Return the value in the type the consumer declares."""
        wanted = set(self.leaf.types)
        if wanted and "string" not in wanted and isinstance(value, str) and value.isdigit():
            return int(value)
        if wanted == {"string"} and isinstance(value, int | float):
            return str(value)
        return value

    def _judged(self, missing: str) -> tuple[Outcome, str]:
        accepted, refused = self.reactions.count("accepted"), self.reactions.count("refused")
        total = len(self.reactions)
        if not total and self.unclear:
            return "inconclusive", "refused, and maybe another argument is at fault"
        if not total:
            lack = f"holds no `{'_'.join(self.guess.words)}`" if self.guess is not None else ""
            said = f"the answer of `{self.producer.id}` {lack}" if lack else f"`{self.producer.id}` gave no value"
            return "inconclusive", missing or said
        if accepted == total:
            needed = max(values_needed(value) for value in self.values)
            enough = accepted >= needed or (needed == 2 and accepted == 1)
            told = f"{accepted} of {total} values accepted, {self.controls_refused} invented ones refused"
            return ("verified", told) if enough else ("uninformative", f"only {accepted} different values were seen")
        if accepted:
            return "inconclusive", f"{accepted} of {total} values accepted"
        if refused == total and refused >= 2 and self.is_sound:
            return "rejected", f"{refused} values refused, others accepted in their place"
        return "inconclusive", "refused once only" if refused else "every answer is empty"


def _copy(arguments: dict[str, Json]) -> dict[str, Json]:
    return {key: _inner(value) for key, value in arguments.items()}


def _inner(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _inner(item) for key, item in value.items()}
    return [_inner(item) for item in value] if isinstance(value, list) else value
