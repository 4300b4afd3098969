"""What a recipe function holds in its hands while it runs.

Gives access to declared inputs only, collects what the action stores and publishes, and commits nothing itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from loopbuild.digest import digest as digest_of
from loopbuild.engine.derived import T, derived
from loopbuild.engine.objects import ObjectDamaged, Objects
from loopbuild.engine.session import Session
from loopbuild.engine.target import Json, Target
from loopbuild.engine.workspace import remove_tree
from loopbuild.errors import BuildError

if TYPE_CHECKING:
    from loopbuild.engine.memory import Memory


class Interrupted(BuildError):
    """Raised by a long action that saw `is_cancelled`; its target counts as interrupted, not as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Digests of everything an action may read, by role."""

    inputs: Mapping[str, str]
    files: Mapping[str, str]
    head: str = ""
    is_from_scratch: bool = False
    """Somebody asked for a history to begin again."""


class StoredInputs(Mapping[str, Json]):
    """Inputs by role, decoded when first asked for."""

    def __init__(self, roles: Mapping[str, str], objects: Objects) -> None:
        self._roles = roles
        self._objects = objects
        self._decoded: dict[str, Json] = {}

    def __getitem__(self, role: str) -> Json:
        if role not in self._decoded:
            self._decoded[role] = json.loads(self._objects.get(self._roles[role]).decode())
        return self._decoded[role]

    def __iter__(self) -> Iterator[str]:
        return iter(self._roles)

    def __len__(self) -> int:
        return len(self._roles)


def _never() -> bool:
    return False


def _silent(done: int, total: int, note: str) -> None:
    del done, total, note


@dataclass(slots=True, kw_only=True)
class Folders:
    """Where an action may write; made only when it asks."""

    work: Path
    partial: Path


class StoredAction:
    """The Action over a store; see `loopbuild.engine.target.Action` for what each member promises."""

    def __init__(
        self,
        target: Target,
        *,
        key: str,
        wiring: Wiring,
        objects: Objects,
        root: Path,
        folders: Folders,
        on_progress: Callable[[int, int, str], None] = _silent,
        cancelled: Callable[[], bool] = _never,
        memory: Memory | None = None,
        session: Session | None = None,
    ) -> None:
        self.target = target.id
        self.params = target.params
        self.context = target.context
        self.seed = digest_of("seed", key)
        self.root = root
        self.head_key = wiring.head
        self.is_from_scratch = wiring.is_from_scratch
        self.kept: set[str] = set()
        self.published: dict[str, str] = {}
        self.spent: dict[str, float] = {}
        self.inputs_before: Mapping[str, str] = {}
        self._memory = memory
        self._session = session or Session()
        self._wiring = wiring
        self._objects = objects
        self._folders = folders
        self._on_progress = on_progress
        self._cancelled = cancelled
        self._inputs = StoredInputs(wiring.inputs, objects)
        self._is_durable = target.recipe.nature != "pure"

    @cached_property
    def work(self) -> Path:
        """An empty private folder, made now."""
        remove_tree(self._folders.work)
        self._folders.work.mkdir(parents=True)
        return self._folders.work

    @cached_property
    def partial(self) -> Path:
        """A folder that survives a kill and is handed to the next run of the same key."""
        self._folders.partial.mkdir(parents=True, exist_ok=True)
        return self._folders.partial

    @cached_property
    def head(self) -> Json | None:
        """The last committed output of the head target."""
        return json.loads(self._objects.get(self._wiring.head)) if self._wiring.head else None

    def input(self, role: str) -> Json:
        """Return the decoded output of the input `role`; raises BuildError for an undeclared one."""
        self.input_digest(role)
        return self._inputs[role]

    def inputs(self) -> Mapping[str, Json]:
        """Return all inputs by role, decoded lazily."""
        return self._inputs

    def input_digest(self, role: str) -> str:
        """Return the output digest of the input `role`."""
        found = self._wiring.inputs.get(role)
        if found is None:
            raise BuildError(f"`{self.target}` read the undeclared input `{role}`", target=self.target)
        return found

    def since(self, make: Callable[..., T], *roles: str, given: Json = None) -> T | None:
        """Return `make` of these inputs as they were and as they are; None when they are equal or no more known."""
        before = tuple(self.inputs_before.get(role, "") for role in roles)
        now = tuple(self.input_digest(role) for role in roles)
        if not all(before) or before == now:
            return None

        def values() -> list[object]:
            old = [json.loads(self._objects.get(digest)) for digest in before]
            return [*old, *(self._inputs[role] for role in roles), given]

        try:
            return derived(make, (*before, *now, digest_of("given", given)), values)
        except ObjectDamaged:
            return None

    def derived(self, make: Callable[..., T], *roles: str) -> T:
        """Return `make` of these inputs, kept for other actions over the same ones."""
        digests = tuple(self.input_digest(role) for role in roles)
        return derived(make, digests, lambda: [self._inputs[role] for role in roles])

    def file(self, role: str) -> bytes:
        """Return the bytes of the leaf file `role`."""
        found = self._wiring.files.get(role)
        if found is None:
            raise BuildError(f"`{self.target}` read the undeclared file `{role}`", target=self.target)
        return self._objects.get(found)

    def keep(self, path: Path) -> str:
        """Store a file; return its digest."""
        found = self._objects.put_file(path, is_durable=self._is_durable)
        self.kept.add(found)
        return found

    def keep_bytes(self, content: bytes) -> str:
        """Store bytes; return their digest."""
        found = self._objects.put(content, is_durable=self._is_durable)
        self.kept.add(found)
        return found

    def fetch(self, digest: str) -> bytes:
        """Return a stored object."""
        return self._objects.get(digest.removeprefix("b3:"))

    def fetch_to(self, digest: str, path: Path) -> None:
        """Write a stored object to `path`."""
        self._objects.copy_to(digest.removeprefix("b3:"), path)

    def publish(self, path: str, digest: str) -> None:
        """Make the object appear under `out/` after commit; `path` is relative, without `..`."""
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts or os.sep + os.sep in path:
            raise BuildError(f"`{path}` is not a relative path below `out`", target=self.target)
        digest = digest.removeprefix("b3:")
        self.kept.add(digest)
        self.published[str(pure)] = digest

    def recall(self, name: str) -> tuple[Json] | None:
        """Return what an earlier run of this recipe remembered under `name`."""
        return self._memory.recall(name) if self._memory is not None else None

    def remember(self, name: str, value: Json) -> None:
        """Keep a value that cost something; raises BuildError where the recipe is not pinned."""
        if self._memory is None:
            raise BuildError(f"`{self.target}` is not pinned, so it can not remember anything", target=self.target)
        self._memory.remember(name, value)

    def hold(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what an action of this build made under `name`, or make it."""
        return self._session.hold(name, make)

    def spend(self, **amounts: float) -> None:
        """Note what was used up."""
        for name, amount in amounts.items():
            self.spent[name] = self.spent.get(name, 0) + amount

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Report progress."""
        self._on_progress(done, total, note)

    def is_cancelled(self) -> bool:
        """Return whether the build was asked to stop."""
        return self._cancelled()


def recipe_function(path: str) -> Callable[..., Json]:
    """Import and return "module:function"."""
    import importlib

    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ModuleNotFoundError, AttributeError) as error:
        raise BuildError(f"recipe function `{path}` cannot be loaded: {error}") from error
    return found  # type: ignore[no-any-return]
