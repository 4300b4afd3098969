"""The simulated sandbox: stateful tables derived from tool schemas, in process, without a network or a key."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from loopbuild.digest import canonical
from loopbuild.errors import SandboxError
from loopbuild.judging.validate import Validator
from loopbuild.records import Json, StateFact, ToolCatalog, ToolResult
from loopbuild.sandbox.simulated.calls import carry_out, refusal
from loopbuild.sandbox.simulated.declared import check, declared, model_of
from loopbuild.sandbox.simulated.known import known_values, records
from loopbuild.sandbox.simulated.model import Forms, Model
from loopbuild.sandbox.simulated.owning import OnDelete, Rules, owning
from loopbuild.sandbox.simulated.statuses import Choices, choices_of
from loopbuild.sandbox.simulated.tables import Tables
from loopbuild.sandbox.simulated.world import World

__all__ = ["SimulatedSandbox", "open_simulated", "share"]

_WORLDS = 32


@dataclass(slots=True)
class _Written:
    """What was written since the world was opened."""

    tables: Tables = field(default_factory=Tables)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lore:
    """What follows from the tools of a source alone: every sandbox over the same ones shares it."""

    validator: Validator
    model: Model
    world_of: Callable[[int, Forms, Choices], World]
    """Worlds are pure functions of their number, of how ids are spelled and which statuses there are; keeping the
    recent ones saves making their rows again."""


_RECENT: list[tuple[ToolCatalog, tuple[str, bool, bool, bytes], _Lore]] = []
_LORES = 32
"""Sources whose lore is kept: a project's applications are opened together, table by table."""


def _lore(
    catalog: ToolCatalog, source: str, is_varied: bool, has_childless: bool, entities: Mapping[str, Json]
) -> _Lore:
    """Return the lore of a source; the last few are kept, since a table of rows after the other opens the same tools.

    Of a thousand tools it takes 20 ms to make, more than most tables need for all their rows.
    """
    asked = (source, is_varied, has_childless, canonical(dict(entities)))
    for held, name, lore in _RECENT:
        if held is catalog and name == asked:
            return lore
    own = ToolCatalog(tools=tuple(tool for tool in catalog.tools if tool.source == source))
    model = model_of(own.tools, entities)
    check(own.tools, declared(entities), source=source)
    made = partial(World, is_varied=is_varied, has_childless=has_childless)
    worlds = lru_cache(maxsize=_WORLDS)(lambda fixture, forms, choices: made(model, fixture, forms, choices))
    lore = _Lore(validator=Validator(own), model=model, world_of=worlds)
    _RECENT[:] = [(catalog, asked, lore), *_RECENT[: _LORES - 1]]
    return lore


class SimulatedSandbox:
    """The tools of one source over made-up tables; snapshots are references, so going back costs nothing.

    Rows of one entity are the same in every source: their ids are made of the entity's name and the fixture.
    """

    sees_state = True

    def __init__(
        self,
        catalog: ToolCatalog,
        *,
        source: str,
        fixtures: int = 16,
        varied_states: bool = False,
        on_delete: OnDelete = "leave",
        entities: Mapping[str, Json] | None = None,
    ) -> None:
        self.name = source
        self.fixtures = fixtures
        self._rules = Rules(on_delete=on_delete)
        lore = _lore(catalog, source, varied_states, on_delete == "conflict", entities or {})
        self._validator, self._model, self._world_of = lore.validator, lore.model, lore.world_of
        self._world: World | None = None
        self._written = _Written()
        self._tells = True

    def open(self, fixture: int, tools: Collection[str] = ()) -> None:
        """Start in a world, with nothing written: what `tools` of this source say of ids, statuses and owners holds."""
        self._world = self._world_of(fixture, self._model.spelling(tools), choices_of(self._model, tools))
        if self._rules.on_delete != "leave":
            self._rules = replace(self._rules, known=owning(self._model, tools))
        self._written.tables = Tables()

    def call(self, tool_id: str, arguments: Mapping[str, Json]) -> ToolResult:
        """Run one call."""
        plan = self._model.plans.get(tool_id)
        if plan is None:
            return refusal("unknown_tool", f"there is no tool `{tool_id}`")
        try:
            canonical(arguments)
        except (TypeError, ValueError):
            return refusal("invalid_argument", "the arguments are no JSON")
        faults = self._validator.check(tool_id, arguments)
        if faults:
            return refusal("invalid_argument", "; ".join(fault.message for fault in faults[:3]))
        result, self._written.tables = carry_out(
            plan, arguments, model=self._model, world=self._here(), tables=self._written.tables,
            rules=self._rules,
        )  # fmt: skip
        return result

    def snapshot(self) -> Tables:
        """Return the present tables."""
        return self._written.tables

    def restore(self, token: Tables) -> None:
        """Take the tables of a snapshot."""
        self._written.tables = token

    def state_diff(self) -> tuple[StateFact, ...]:
        """Return what was written; of several that share their tables, one tells it."""
        return self._written.tables.facts() if self._tells else ()

    def known(self, tool_id: str, pointer: str) -> tuple[Json, ...]:
        """Return keys and columns of the world's rows that this input may hold."""
        plan = self._model.plans.get(tool_id)
        if plan is None:
            return ()
        return known_values(plan, pointer, model=self._model, world=self._here(), tables=self._written.tables)

    def records(self, tool_id: str, pointers: Collection[str]) -> tuple[Mapping[str, Json], ...]:
        """Return what each of the world's rows holds for filters that are given together."""
        plan = self._model.plans.get(tool_id)
        if plan is None:
            return ()
        return records(plan, pointers, model=self._model, world=self._here(), tables=self._written.tables)

    def close(self) -> None:
        """Forget the world."""
        self._world = None

    def _here(self) -> World:
        if self._world is None:
            raise SandboxError(f"the sandbox of `{self.name}` is not open")
        return self._world


def open_simulated(
    settings: Json, catalog: ToolCatalog, *, root: Path, environment: Mapping[str, str], source: str
) -> SimulatedSandbox:
    """Return a simulated sandbox; it reads no files and no environment."""
    return SimulatedSandbox(
        catalog,
        source=source,
        fixtures=settings.get("fixtures", 16),
        varied_states=bool(settings.get("varied_states")),
        on_delete=settings.get("on_delete", "leave"),
        entities=settings.get("entities"),
    )


def share(parts: Iterable[SimulatedSandbox]) -> None:
    """Let several sources write to the same tables: a ticket opened in one is found from the others."""
    first, *others = parts
    for part in others:
        part._written, part._tells = first._written, False
