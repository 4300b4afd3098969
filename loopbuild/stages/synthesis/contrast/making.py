"""A kept row -> pairs, at most one of each class, every one with its proof; and what was tried in vain.

Decides which faults a row tries and in which order. How many pairs are wanted in all is decided elsewhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from loopbuild.digest import digest
from loopbuild.judging.validate import Validator
from loopbuild.records import Example, Json, PairClass, PreferencePair, ToolCatalog, Trajectory, opening_tools, to_json
from loopbuild.sandbox.protocol import Sandbox
from loopbuild.stages.synthesis.contrast.decision import Contrast, Decision, bare, decisions, length_of
from loopbuild.stages.synthesis.contrast.faults import FAULTS, ranked, weights_of
from loopbuild.stages.synthesis.contrast.others import MAKE
from loopbuild.stages.synthesis.contrast.parameters import parameter_contrasts
from loopbuild.stages.synthesis.contrast.proof import UNINFORMATIVE, gold_end, prove
from loopbuild.stages.synthesis.contrast.sayings import fits

_TRIES = 4
"""Executions a class may cost one row."""
_SILENT = ("no_tool", "out_of_scope")
_LOOKED_AT = 40


class Maker:
    """The catalog and the sandbox that pairs are proven with."""

    def __init__(
        self, catalog: ToolCatalog, sandbox: Sandbox, weights: Mapping[str, float], *, sources: Collection[str]
    ) -> None:
        """`sources` are those whose calls the sandbox runs."""
        self._catalog, self._sandbox, self._weights, self._sources = catalog, sandbox, weights, frozenset(sources)
        self._validator = Validator(catalog)

    def pairs(self, examples: Sequence[Example], trajectory: Trajectory) -> tuple[list[PreferencePair], Counter[str]]:
        """Return the pairs of one execution, each told by one of its texts, and what was discarded, by reason.

        Raises SandboxError where the sandbox gives no answer.
        """
        discarded: Counter[str] = Counter()
        if not gold_end(trajectory, sandbox=self._sandbox):
            return [], Counter({"gold_fails": 1})
        made = []
        for kind in FAULTS:
            chosen = min(examples, key=lambda one: digest("text of", [kind, one.key]))
            pair = self._pair(kind, chosen, trajectory, discarded)
            if pair is not None:
                made.append(pair)
        return made, discarded

    def _pair(
        self, kind: PairClass, example: Example, trajectory: Trajectory, discarded: Counter[str]
    ) -> PreferencePair | None:
        tries = 0
        for contrast in self._contrasts(kind, example, trajectory):
            if not fits(length_of(contrast.message), length_of(contrast.decision.message)):
                discarded[f"{kind}: length"] += 1
                continue
            tries += 1
            proof = prove(
                contrast,
                validator=self._validator,
                catalog=self._catalog,
                sandbox=self._sandbox,
                sources=self._sources,
            )
            if proof.code != UNINFORMATIVE:
                return pair_of(contrast, example, proof.code, proof.detail)
            discarded[f"{kind}: {UNINFORMATIVE}"] += 1
            if tries == _TRIES:
                return None
        return None

    def _contrasts(self, kind: PairClass, example: Example, trajectory: Trajectory) -> Iterator[Contrast]:
        self._sandbox.open(trajectory.fixture, opening_tools(trajectory))
        found = list(decisions(example, trajectory, self._catalog, self._sandbox.known))
        for fault in ranked(weights_of(kind, self._weights), f"{kind} {example.key}"):
            for decision in sorted(found, key=lambda one: digest("decision", [fault, one.key])):
                if fault not in MAKE and fault != "needless":
                    yield from parameter_contrasts(fault, decision) if decision.steps else ()
                elif fault in MAKE and _may(fault, decision):
                    yield from MAKE[fault](decision)


def _may(fault: str, decision: Decision) -> bool:
    return bool(decision.steps) != (fault == "contradicts")


def needless_pairs(examples: Sequence[Example]) -> list[PreferencePair]:
    """Return pairs of the rows in which no call is due: the answer, or somebody else's first call.

    The contract of their category is the proof. Calls are those of other rows, the one about as long as the answer.
    """
    calls = [
        (example, bare(message))
        for example in examples
        for message in example.messages
        if example.category == "call" and message.get("tool_calls") and message is _first(example)
    ]
    # All stand on one ring, so that a row looks at those next to it and not at every other.
    calls.sort(key=lambda one: digest("needless", one[0].key))
    places = [digest("needless", other.key) for other, _ in calls]
    made = []
    for example in examples:
        answer = bare(example.messages[-1])
        if example.category not in _SILENT or len(example.messages) != 2:
            continue
        wanted = length_of(answer)
        first = bisect_left(places, digest("needless", example.key))
        near = (calls[(first + step) % len(calls)] for step in range(min(_LOOKED_AT, len(calls))))
        taken = next((one for one in near if fits(length_of(one[1]), wanted)), None)
        if taken is not None:
            made.append(_needless(example, answer, *taken))
    return made


def _needless(example: Example, answer: dict[str, Json], other: Example, call: dict[str, Json]) -> PreferencePair:
    return sealed_pair(
        PreferencePair(
            key=digest("pair", [example.key, "domain", "needless", call]),
            row=example.key,
            trajectory="",
            kind="domain",
            fault="needless",
            turn=0,
            prompt=tuple(bare(message) for message in example.messages[:-1]),
            chosen=(answer,),
            rejected=(call,),
            tools=other.tools[:1],
            proof=f"contract:{example.category}",
            detail="no call is due",
        )
    )


def _first(example: Example) -> Mapping[str, Json] | None:
    return next((message for message in example.messages if message.get("tool_calls")), None)


def pair_of(contrast: Contrast, example: Example, code: str, detail: str) -> PreferencePair:
    """Return the record of a proven contrast."""
    decision = contrast.decision
    called = dict.fromkeys([*example.tools, *(tool for tool, _ in contrast.calls)])
    return sealed_pair(
        PreferencePair(
            key=digest("pair", [example.key, contrast.kind, contrast.fault, decision.turn, contrast.message]),
            row=example.key,
            trajectory=example.trajectory,
            kind=contrast.kind,
            fault=contrast.fault,
            turn=decision.turn,
            prompt=decision.prompt,
            chosen=(decision.message,),
            rejected=(contrast.message,),
            tools=tuple(called),
            proof=code,
            detail=detail,
            rest=contrast.rest,
        )
    )


def sealed_pair(pair: PreferencePair) -> PreferencePair:
    """Return `pair` with its digest: over all a trainer sees and the proof."""
    told: dict[str, Json] = {name: value for name, value in to_json(pair).items() if name != "digest"}
    return replace(pair, digest=digest("preference pair", told))
