"""Selections: the small language in which a person names targets.

`x` one target, `kind:` all of a kind, `*` patterns; `+x` also what it rests on, `x+` also what rests on it, `2+x` and
`x+1` so many steps of that, `@x` what rests on it and all that needs; words are united, words joined by commas are
intersected. Pure: decides which of some targets are meant. What `state:stale` and the like stand for is asked elsewhere
and handed in as ids.
"""

from __future__ import annotations

import fnmatch
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from loopbuild.engine.target import Target
from loopbuild.errors import SelectionError

_ATOM = re.compile(r"(?P<closed>@)?(?:(?P<up>\d*)\+)?(?P<core>[^@+].*?)(?:\+(?P<down>\d*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Atom:
    """One name with its operators."""

    text: str
    core: str
    """What stands between the operators."""
    up: float = 0
    """Steps towards what a match rests on."""
    down: float = 0
    """Steps towards what rests on a match."""
    is_closed: bool = False
    """`@`: everything that rests on a match, and everything all those need."""
    ids: frozenset[str] | None = None
    """The ids a question such as `state:stale` stands for; None for a plain name."""

    @property
    def is_plain(self) -> bool:
        """Whether a target's id alone decides."""
        return not (self.up or self.down or self.is_closed)

    def is_match(self, name: str) -> bool:
        """Return whether the core names a target."""
        return name in self.ids if self.ids is not None else matches(self.core, name)

    def chosen(self, graph: Graph) -> set[str]:
        """Return the targets meant."""
        if self.ids is not None:
            core = {name for name in self.ids if name in graph.targets}
        elif self.core in graph.targets:
            core = {self.core}
        else:
            core = {name for name in graph.targets if matches(self.core, name)}
        if self.is_closed:
            core |= graph.reach(core, graph.users(), math.inf)
            return core | graph.reach(core, graph.needs(), math.inf)
        found = set(core)
        if self.up:
            found |= graph.reach(core, graph.needs(), self.up)
        if self.down:
            found |= graph.reach(core, graph.users(), self.down)
        return found


Term = tuple[Atom, ...]
"""Atoms that all have to hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which targets are meant; without terms all but the secondary ones."""

    terms: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()
    """Neither these nor whatever needs them."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing narrows it."""
        return not self.terms and not self.excluded

    @property
    def is_asked(self) -> bool:
        """Whether it holds the answer to a question, which may be another one next time."""
        return any(atom.ids is not None for term in (*self.terms, *self.excluded) for atom in term)

    @property
    def is_plain(self) -> bool:
        """Whether every target can be decided on its own."""
        return not self.excluded and all(atom.is_plain for term in self.terms for atom in term)

    def is_plain_match(self, target: Target) -> bool:
        """Return whether a target is meant; only for a plain selection."""
        if not self.terms:
            return not target.is_secondary
        if len(self.terms) == 1 and len(self.terms[0]) == 1:  # the usual case, asked of every target
            return self.terms[0][0].is_match(target.id)
        return any(all(atom.is_match(target.id) for atom in term) for term in self.terms)

    def chosen(self, targets: Mapping[str, Target]) -> set[str]:
        """Return the ids meant among `targets`."""
        graph = Graph(targets)
        found = {name for name, target in targets.items() if not target.is_secondary} if not self.terms else set()
        for term in self.terms:
            found |= _meet(term, graph)
        return found - self.left_out(targets)

    def left_out(self, targets: Mapping[str, Target]) -> set[str]:
        """Return what is excluded, with everything that needs it."""
        if not self.excluded:
            return set()
        graph = Graph(targets)
        out: set[str] = set()
        for term in self.excluded:
            out |= _meet(term, graph)
        return out | graph.reach(out, graph.users(), math.inf)

    def may_grow(self, targets: Mapping[str, Target]) -> bool:
        """Return whether targets that are declared later could be meant as well."""
        return any(
            not atom.is_plain or (not atom.ids <= targets.keys() if atom.ids is not None else atom.core not in targets)
            for term in (*self.terms, *self.excluded)
            for atom in term
        )

    def gone(self, targets: Mapping[str, Target]) -> frozenset[str]:
        """Return the ids that a question such as `state:removed` stands for and nothing declares."""
        return frozenset().union(*(_absent(term) for term in self.terms)) - targets.keys()

    def check(self, targets: Mapping[str, Target]) -> None:
        """Raise SelectionError for a word that means no target at all, neither one that is nor one that was."""
        graph = Graph(targets)
        gone = self.gone(targets)
        for term in (*self.terms, *self.excluded):
            if not _meet(term, graph) and not (gone and _absent(term) & gone):
                raise nothing_called(term, targets)
        if self.excluded and not self.chosen(targets):
            names = ", ".join(f"`{_text(term)}`" for term in self.excluded)
            raise SelectionError(
                f"excluding {names} leaves no target", hint="what needs an excluded target is left out as well"
            )


class Graph:
    """Targets as a graph to walk along in both directions."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self.targets = targets
        self._needs: dict[str, list[str]] | None = None
        self._users: dict[str, list[str]] | None = None

    def needs(self) -> Mapping[str, Collection[str]]:
        """Return target -> what it waits for."""
        if self._needs is None:
            self._needs = {name: edges(target) for name, target in self.targets.items()}
        return self._needs

    def users(self) -> Mapping[str, Collection[str]]:
        """Return target -> those that wait for it."""
        if self._users is None:
            self._users = {name: [] for name in self.targets}
            for name, needed in self.needs().items():
                for other in needed:
                    self._users.setdefault(other, []).append(name)
        return self._users

    def reach(self, start: Collection[str], along: Mapping[str, Collection[str]], steps: float) -> set[str]:
        """Return what is within so many steps of `start`, itself left out unless on a way."""
        found: set[str] = set()
        border = set(start)
        while border and steps > 0:
            border = {other for name in border for other in along.get(name, ()) if other in self.targets} - found
            found |= border
            steps -= 1
        return found


def parse(
    words: Iterable[str], *, exclude: Iterable[str] = (), answers: Mapping[str, frozenset[str]] | None = None
) -> Selection:
    """Return the selection in some words; `answers` holds the ids of each question among their cores.

    Raises SelectionError for a word that can not be read.
    """
    known = answers or {}
    return Selection(terms=_terms(words, known), excluded=_terms(exclude, known))


def questions(words: Iterable[str], methods: Collection[str]) -> tuple[str, ...]:
    """Return the cores that have to be answered before `parse`: `method:value` with one of these methods, each once."""
    cores = (atom.core for term in _terms(words, {}) for atom in term)
    return tuple(dict.fromkeys(core for core in cores if ":" in core and core.partition(":")[0] in methods))


def matches(pattern: str, name: str) -> bool:
    """Return whether a core names a target: its id, `kind:` for all of a kind, or a pattern with `*`."""
    if pattern.endswith(":"):
        return name.startswith(pattern)
    return name == pattern or ("*" in pattern and fnmatch.fnmatchcase(name, pattern))


def edges(target: Target) -> list[str]:
    """Return the ids a target waits for, each once."""
    names = [name for _, name in target.inputs]
    if target.order_only:
        names += [name for _, name in target.order_only]
    return names if len(names) < 2 else list(dict.fromkeys(names))


def nothing_called(term: Term, names: Iterable[str]) -> SelectionError:
    """Return the error for a word nothing answers to, with the closest name."""
    import difflib

    known = list(names)
    if len(term) > 1:
        return SelectionError(f"no target is in all of `{_text(term)}`", hint="a comma asks for what is in both parts")
    (atom,) = term
    if atom.ids is not None:
        return SelectionError(f"no target is `{atom.core}`", hint="`loopbuild status` says what there is to do")
    kinds = sorted({f"{name.partition(':')[0]}:" for name in known})
    close = difflib.get_close_matches(atom.core, kinds if atom.core.endswith(":") else known, n=1)
    hint = f"did you mean `{close[0]}`?" if close else "`loopbuild plan --json` lists every target"
    return SelectionError(f"no target is called `{atom.core}`", hint=hint)


def _terms(words: Iterable[str], answers: Mapping[str, frozenset[str]]) -> tuple[Term, ...]:
    return tuple(tuple(_atom(part, answers) for part in word.split(",")) for phrase in words for word in phrase.split())


def _atom(text: str, answers: Mapping[str, frozenset[str]]) -> Atom:
    found = _ATOM.fullmatch(text)
    if found is None or (found["closed"] and (found["up"] is not None or found["down"] is not None)):
        raise SelectionError(
            f"`{text}` is no selection", hint="such as `tasks:`, `+dataset:main`, `contract:main+1`, `@tasks:hr/*`"
        )
    core = found["core"]
    return Atom(
        text=text,
        core=core,
        up=_steps(found["up"]),
        down=_steps(found["down"]),
        is_closed=bool(found["closed"]),
        ids=answers.get(core),
    )


def _steps(digits: str | None) -> float:
    if digits is None:
        return 0
    return int(digits) if digits else math.inf


def _meet(term: Term, graph: Graph) -> set[str]:
    found = term[0].chosen(graph)
    for atom in term[1:]:
        found &= atom.chosen(graph)
    return found


def _absent(term: Term) -> frozenset[str]:
    """Return the ids of a question, as far as the other words of its term are true of their names."""
    asked = [atom for atom in term if atom.ids is not None]
    if not asked:
        return frozenset()
    return frozenset(name for name in asked[0].ids or () if all(atom.is_match(name) for atom in term))


def _text(term: Term) -> str:
    return ",".join(atom.text for atom in term)


Ask = Callable[[str], frozenset[str]]
"""Answers the value of one method, such as `stale` of `state:stale`, with ids."""
