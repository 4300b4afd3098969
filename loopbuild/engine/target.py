"""The engine's nouns: targets, the recipes that make them, and the rows inside them.

Knows nothing of what is built. A recipe is named by "module:function" strings and imported only when it really runs,
so a plan or a no-op never loads what an action needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")
Json = Any
Nature = Literal["pure", "pinned", "historical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a kind of target is made.

    `pure`: the key fixes the bytes. `pinned`: the first committed result is the value. `historical`: the bytes depend
    on the path taken; the action sees the last output of the target's `head`.
    """

    name: str
    version: int
    """Raised by hand when the same inputs would give other bytes."""
    run: str
    """Plain recipe: `(action: Action) -> Json`. Row recipe:
    `(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]`."""
    nature: Nature = "pure"
    is_cheap: bool = False
    """Pure and quick, so `plan` and `status` evaluate it in memory."""
    wanted: str = ""
    """Row recipe only: `(action: Action) -> Iterable[WantedRow]`; cheap and pure."""
    facts: str = ""
    """Row recipe only: `(action: Action) -> Mapping[str, str]`, the named digests rows may read; cheap and pure."""
    revalidate: str = ""
    """Row recipe only, optional: `(action: Action, row: WantedRow, old_output: Json, changed: tuple[str, ...]) ->
    RowResult | None`: the row proven still good without a fresh draw, or None."""

    unit_param: str = ""
    """Row recipe only: the param that says which unit a table is of; rows moved to another unit may be the same."""
    chunk_rows: int = 64
    """Row recipe only: at most this many rows are handed to one call of `run`."""
    is_request_whole: bool = False
    """Row recipe only: a row's request holds all that its output depends on, so params that changed stale no row."""

    @property
    def is_rows(self) -> bool:
        """Whether the target's output is a table of rows, reused one by one."""
        return bool(self.wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRow:
    """A row that shall exist: its key within the target, and everything static its output depends on."""

    key: str
    request: Json = None
    formerly: str = ""
    """Its key in the last result of this target, or of another one of the recipe, where it may be the same thing asked
    for in another way: that row is offered to `revalidate` when nothing is stored that was asked for like this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """A row's output and the names of the facts it read; a failed row has an error and is asked again next time."""

    key: str
    output: Json = None
    reads: tuple[str, ...] = ()
    error: str = ""
    is_more: bool = False
    """The next result is already at hand: both may be written down together, and nothing is stopped in between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One unit of work and what it depends on.

    The key covers recipe name and version, `params`, `files` by content and `inputs` by output digest; it does not
    cover the id, `head`, `order_only`, `context` or `expand`.
    """

    id: str
    """`kind:unit`"""
    recipe: Recipe
    params: Json = field(default_factory=dict)
    inputs: tuple[tuple[str, str], ...] = ()
    """(role, target id), sorted by role."""
    files: tuple[tuple[str, str], ...] = ()
    """(role, path relative to the project root), sorted by role; content is the dependency. A missing file is an error
    of this target."""
    expand: str = ""
    """`(target: Target, output: Json) -> Iterable[Target]`: targets that exist because of this output; cheap, pure."""
    head: str = ""
    """Historical recipes: the target whose last committed output is the parent (itself, or even a later one)."""
    is_secondary: bool = False
    """Built only when selected by name or needed by one that is."""
    order_only: tuple[tuple[str, str], ...] = ()
    """(role, target id): built before and readable through `Action.input`, but not part of the key."""
    context: Json = None
    """What `expand` needs to make further targets, and an action may look at; not part of the key."""


class Action(Protocol):
    """What a recipe function gets. All paths are private to the action; nothing else may be written."""

    target: str
    params: Json
    context: Json
    """The target's `context`: what the action may look at without depending on it."""
    seed: str
    """Hex digits, a function of the key."""
    root: Path
    """The project folder, for live sources that start a program; not an input."""
    work: Path
    """An empty private folder on the store's file system, deleted afterwards."""
    partial: Path
    """A folder that survives a kill and is handed to the next run of the same key; deleted on success."""
    head: Json | None
    """Historical recipes: the last committed output of the target's `head`, else None."""
    is_from_scratch: bool
    """Historical recipes: there is no `head` because somebody asked to begin again, not because there never was one."""
    head_key: str
    """Historical recipes: digest naming that output, else empty."""

    def input(self, role: str) -> Json:
        """Return the decoded output of the input target `role`; of a row target: {"rows": {key: output}}."""

    def inputs(self) -> Mapping[str, Json]:
        """Return all inputs by role, decoded lazily."""

    def input_digest(self, role: str) -> str:
        """Return the output digest of the input target `role`."""

    def since(self, make: Callable[..., T], *roles: str, given: Json = None) -> T | None:
        """Row recipes, in `wanted` and `revalidate`: return `make(*before, *now, given)` of these inputs, kept.

        `before` is what they were when the target's last result was made. None where they are the same, that is not
        known, or the build may not prove anything: nothing that runs may depend on it.
        """

    def derived(self, make: Callable[..., T], *roles: str) -> T:
        """Return `make(*inputs)` of these roles, kept for other actions that ask the same of the same inputs.

        `make` is a module's function of its arguments alone; nobody may change what comes back.
        """

    def file(self, role: str) -> bytes:
        """Return the bytes of the leaf file `role`, exactly those its digest names."""

    def keep(self, path: Path) -> str:
        """Store a file the action wrote under `work` or `partial`; return its object digest for use in the output."""

    def keep_bytes(self, content: bytes) -> str:
        """Store bytes; return their object digest."""

    def fetch(self, digest: str) -> bytes:
        """Return a stored object, verified."""

    def fetch_to(self, digest: str, path: Path) -> None:
        """Write a stored object, verified, to `path` under `work` or `partial`."""

    def publish(self, path: str, digest: str) -> None:
        """Make the object appear as `.loopbuild/out/<path>` after commit."""

    def recall(self, name: str) -> tuple[Json] | None:
        """Pinned recipes: what an earlier run of this recipe remembered under `name`, in a tuple; else None."""

    def remember(self, name: str, value: Json) -> None:
        """Pinned recipes: keep a value that cost something. On the disk when this returns, whatever happens later."""

    def hold(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what an action of this build made under `name`, or make it; it is closed when the build ends."""

    def spend(self, **amounts: float) -> None:
        """Note what was used up, such as `usd=0.02`; the sums stand in the target's result and in the log."""

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Report progress to whoever watches."""

    def is_cancelled(self) -> bool:
        """Whether the build was asked to stop; long actions look at it and raise `Interrupted`."""


PlainRun = Callable[[Action], Json]
RowRun = Callable[[Action, Sequence[WantedRow]], Iterator[RowResult]]
WantedOf = Callable[[Action], Iterable[WantedRow]]
FactsOf = Callable[[Action], Mapping[str, str]]
Expand = Callable[[Target, Json], Iterable[Target]]
