"""What one text has said so far: its steps, the referents already named, the noun chosen for each entity."""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.llm.offline.choices import Choices
from loopbuild.llm.protocol import Argument, StepWords

Referent = tuple[int, str, tuple[int, ...]]
"""Producing step, entity or field read there, positions."""

_SYNONYMS: dict[str, tuple[str, ...]] = {
    "candidate": ("applicant",),
    "role": ("position", "job"),
    "employee": ("staff member", "colleague"),
    "leave": ("time off",),
    "customer": ("client",),
    "movie": ("film",),
    "photo": ("picture",),
    "appointment": ("slot",),
    "invoice": ("bill",),
    "trip": ("journey",),
}
"""Nouns of everyday life; a word that names something else in the same project is never offered."""

PEOPLE = frozenset(
    [
        "person",
        "candidate",
        "applicant",
        "employee",
        "colleague",
        "customer",
        "client",
        "user",
        "member",
        "guest",
        "patient",
        "contact",
        "attendee",
        "manager",
        "driver",
        "student",
        "teacher",
        "agent",
        "owner",
        "author",
        "tenant",
        "participant",
        "worker",
        "friend",
        "assignee",
        "recipient",
        "sender",
        "speaker",
        "player",
        "visitor",
        "passenger",
        "doctor",
        "nurse",
        "lawyer",
        "supplier",
        "subscriber",
        "reviewer",
    ]
) | {"staff member"}


def builtin_synonyms() -> Mapping[str, tuple[str, ...]]:
    """Return the everyday synonyms the writer knows by itself."""
    return _SYNONYMS


class Scene:
    """The state of one text while it is composed."""

    def __init__(
        self,
        choices: Choices,
        *,
        steps: tuple[StepWords, ...],
        synonyms: Mapping[str, tuple[str, ...]] | None = None,
        is_talk: bool = False,
    ) -> None:
        self.is_talk = is_talk
        """Whether others have spoken in between, so that things are pointed back at."""
        self.choices = choices
        self.steps = steps
        self.uttered: list[StepWords] = []
        self.mentioned: set[Referent] = set()
        self.here: set[Referent] = set()
        """Those of the clause being composed."""
        self.verbs: set[str] = set()
        """Verb phrases used, so that no text says `bring up` twice."""
        self._synonyms = synonyms or {}
        self._chosen: dict[str, str] = {}
        self._by_index = {index: step for step in steps for index in step.indices}

    def step_of(self, argument: Argument) -> StepWords:
        """Return the step that yields `argument`."""
        return self._by_index[argument.step]

    def is_uttered(self, step: StepWords) -> bool:
        """Return whether the text has named `step` before."""
        return any(step is said for said in self.uttered)

    def is_previous(self, step: StepWords) -> bool:
        """Return whether `step` is what the text named last."""
        return bool(self.uttered) and self.uttered[-1] is step

    def noun(self, noun: str) -> str:
        """Return the word this text uses for `noun`, the same throughout."""
        if noun not in self._chosen:
            others = self._synonyms.get(noun, ())
            self._chosen[noun] = self.choices.pick(others) if others and self.choices.chance(0.18) else noun
        return self._chosen[noun]

    def own_words(self, verb: str) -> tuple[str, ...]:
        """Return the team's own phrases for a tool's verb."""
        return self._synonyms.get(verb, ())

    def phrase(self, phrase: str) -> str:
        """Return `phrase` with its last word exchanged for this text's word, if it has one of its own."""
        if phrase in self._synonyms:
            return self.noun(phrase)
        head, _, last = phrase.rpartition(" ")
        return f"{head} {self.noun(last)}" if head and last in self._synonyms and last != "leave" else phrase

    def is_person(self, noun: str) -> bool:
        """Return whether `noun` takes `who` and `them`."""
        return is_person(noun)


def is_person(noun: str) -> bool:
    """Return whether a noun names people."""
    return noun.rsplit(" ", 1)[-1] in PEOPLE or noun in PEOPLE


def referent(argument: Argument) -> Referent:
    """Return what `argument` points at."""
    return (argument.step, argument.entity if argument.is_key else argument.field, argument.ranks)
