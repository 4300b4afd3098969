"""The order of work: a graph that grows while it is walked.

Decides which targets are wanted, which are ready, and what is skipped when one breaks. Knows nothing of stores or keys;
`build` and `plan` walk the same way and only differ in what they do at each target.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Set

from loopbuild.engine.selection import Selection, edges, parse
from loopbuild.engine.target import Target
from loopbuild.errors import BuildError


class Walk:
    """Targets by id, handed out once all that they need is settled, in the order in which they were declared."""

    def __init__(
        self,
        targets: Iterable[Target],
        *,
        select: Selection | tuple[str, ...] = (),
        kept: Set[str] = frozenset(),
    ) -> None:
        """Begin with what is declared; `kept` are targets known to be done, with all that they rest on."""
        self.targets: dict[str, Target] = {}
        self.select = select if isinstance(select, Selection) else parse(select)
        self.broken: set[str] = set()
        self._rank: dict[str, int] = {}
        self._wanted: set[str] = set()
        self._missing: dict[str, int] = {}
        self._waiting: dict[str, list[str]] = {}
        self._settled = set(kept)
        self._ready: list[tuple[int, str]] = []
        self._chosen: set[str] = set()
        self._late: list[str] = []
        self._kept = kept
        self.add(targets)

    def add(self, targets: Iterable[Target]) -> None:
        """Let targets exist. The same id twice must be the same target; raises BuildError otherwise."""
        fresh = []
        for target in targets:
            known = self.targets.get(target.id)
            if known is None:
                self.targets[target.id] = target
                self._rank[target.id] = len(self._rank)
                fresh.append(target)
            elif known != target:
                raise BuildError(f"two different targets are called `{target.id}`", target=target.id)
        for target in fresh:
            if target.id in self._wanted:
                stack: list[str] = []
                self._admit(target, stack)
                self._want_all(stack)
        if self.select.is_plain:
            chosen = self.select.chosen({target.id: target for target in fresh})
        else:
            chosen = self.select.chosen(self.targets)
        self._chosen |= chosen
        if self._kept and self.select.is_whole:
            self._wanted |= self._kept
            chosen = chosen - self._kept
        self._want_all(sorted(chosen, key=self._rank.__getitem__, reverse=True))
        if self.select.terms and self.select.may_grow(self.targets):
            # A name that is not there yet may be made by an expansion, and a pattern may match more of them.
            left_out = self.select.left_out(self.targets)
            for target in list(self.targets.values()):
                if target.expand and target.id not in left_out:
                    self._want_all([target.id])

    def next(self) -> Target | None:
        """Return a target whose inputs are all settled, or None when there is none at the moment."""
        while self._ready:
            _, name = heapq.heappop(self._ready)
            if name not in self._settled:
                return self.targets[name]
        return None

    @property
    def kept(self) -> list[Target]:
        """The wanted targets that are known to be done, in declared order; they are never handed out."""
        found = self._kept & self._wanted
        return [target for name, target in self.targets.items() if name in found] if found else []

    def settle(self, name: str) -> None:
        """Say that a target is done, so that those waiting for it may become ready."""
        self._settled.add(name)
        for user in self._waiting.pop(name, ()):
            self._missing[user] -= 1
            if not self._missing[user]:
                heapq.heappush(self._ready, (self._rank[user], user))

    def break_off(self, name: str) -> list[str]:
        """Say that a target will not be done; return everything that is skipped for it, in declared order."""
        self._settled.add(name)
        self.broken.add(name)
        skipped: list[str] = []
        stack = [name]
        while stack:
            for user in self._waiting.pop(stack.pop(), ()):
                if user not in self._settled:
                    self._settled.add(user)
                    self.broken.add(user)
                    skipped.append(user)
                    stack.append(user)
        return sorted(skipped, key=self._rank.__getitem__)

    def take_late(self) -> list[str]:
        """Return targets that were declared or wanted only after something they need had broken; each once."""
        late, self._late = self._late, []
        return late

    def is_chosen(self, name: str) -> bool:
        """Return whether a target was selected, not only needed by one that is."""
        return name in self._chosen

    @property
    def wanted_count(self) -> int:
        """How many targets are part of this walk, as far as is known."""
        return len(self._wanted)

    def finish(self, *, is_blind: bool = False) -> list[str]:
        """Return the targets that can never become ready because something that makes targets broke.

        `is_blind`: what some target would make is not known, so nobody can say that a name matches nothing.

        Raises BuildError for an unknown input or a cycle (which it draws), SelectionError for a name nothing matches.
        """
        unsettled = [name for name in self.targets if name in self._wanted and name not in self._settled]
        has_holes = any(self.targets[name].expand for name in self.broken if name in self.targets)
        for name in unsettled:
            for edge in edges(self.targets[name]):
                if edge not in self.targets and not has_holes:
                    raise BuildError(f"`{name}` needs `{edge}`, which nothing declares", target=name)
        if unsettled and not has_holes:
            cycle = _find_cycle(unsettled, self.targets)
            raise BuildError("targets need each other: " + " -> ".join(f"`{name}`" for name in cycle), target=cycle[0])
        if not has_holes and not is_blind:
            self.select.check(self.targets)
        return unsettled

    def _want_all(self, stack: list[str]) -> None:
        wanted, targets = self._wanted, self.targets
        while stack:
            current = stack.pop()
            if current in wanted:
                continue
            wanted.add(current)
            target = targets.get(current)
            if current in self._kept:
                stack += edges(targets[current])
            elif target is not None:
                self._admit(target, stack)

    def _admit(self, target: Target, stack: list[str]) -> None:
        """Let a wanted target wait for what it needs, and put that on the stack of what is wanted too."""
        name, names = target.id, edges(target)
        if name in self._missing or name in self.broken:
            return
        if not self.broken.isdisjoint(names):
            self._late += [name, *self.break_off(name)]
            return
        if self._kept:
            stack += [edge for edge in names if edge in self._kept]
        open_edges = [edge for edge in names if edge not in self._settled]
        for edge in open_edges:
            self._waiting.setdefault(edge, []).append(name)
        stack += open_edges
        self._missing[name] = len(open_edges)
        if not open_edges:
            heapq.heappush(self._ready, (self._rank[name], name))


def _find_cycle(names: list[str], targets: dict[str, Target]) -> list[str]:
    inside = set(names)
    path: list[str] = [names[0]]
    while True:
        following = next(edge for edge in edges(targets[path[-1]]) if edge in inside)
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
