"""What enters a target's key, and in which words it is explained: one walk, two readers.

Pure. `describe_inputs` is the only place that decides what counts; the hasher and the explainer both listen to it, so
that what is compared and what is told can not drift apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from loopbuild.digest import canonical, digest, digest_bytes, quoted
from loopbuild.engine.generations import NEVER, Generation
from loopbuild.engine.target import Json, Recipe, Target


class Sink(Protocol):
    """Whoever listens to the walk over a target's inputs."""

    def recipe(self, name: str, version: int) -> None:
        """The recipe."""

    def params(self, value: Json) -> None:
        """The parameters, defaults filled in."""

    def file(self, role: str, path: str, content: str) -> None:
        """A leaf file and the digest of its bytes."""

    def input(self, role: str, target: str, output: str) -> None:
        """An upstream target and the digest of its output."""

    def generation(self, told: Json) -> None:
        """How often a pinned result was asked for anew; not told for the first."""


def describe_inputs(
    target: Target, sink: Sink, *, files: Mapping[str, str], inputs: Mapping[str, str], generation: Generation = NEVER
) -> None:
    """Tell `sink` everything the key of `target` covers; `files` is path -> digest, `inputs` target id -> digest.

    The id, `head`, `order_only`, `context` and `expand` are left out: they decide where and when, not what.
    """
    sink.recipe(target.recipe.name, target.recipe.version)
    sink.params(target.params)
    for role, path in target.files:
        sink.file(role, path, files[path])
    for role, upstream in target.inputs:
        sink.input(role, upstream, inputs[upstream])
    if generation:
        sink.generation(generation.told)


@dataclass(slots=True)
class Hasher:
    """Gathers what the walk tells into the key.

    Spells the canonical form of `{files, generation, inputs, params, recipe}` itself, in the same bytes as `canonical`
    does: a walk over 20,000 targets spends a third of its time on keys otherwise.
    """

    _recipe: str = ""
    _params: str = ""
    _files: list[str] = field(default_factory=list)
    _inputs: list[str] = field(default_factory=list)
    _generation: str = ""

    def recipe(self, name: str, version: int) -> None:
        """Name and version count."""
        self._recipe = f"[{quoted(name)},{version}]"

    def params(self, value: Json) -> None:
        """The value counts."""
        self._params = canonical(value).decode() if value or type(value) is not dict else "{}"

    def file(self, role: str, path: str, content: str) -> None:
        """Role and bytes count; the path does not, so that moving a file costs nothing."""
        del path
        self._files.append(f'[{quoted(role)},"{content}"]')

    def input(self, role: str, target: str, output: str) -> None:
        """Role, id and output digest count."""
        self._inputs.append(f'[{quoted(role)},{quoted(target)},"{output}"]')

    def generation(self, told: Json) -> None:
        """The number counts, and those of single rows."""
        self._generation = f'"generation":{canonical(told).decode()},'

    def key(self) -> str:
        """Return the key."""
        files, inputs = ",".join(self._files), ",".join(self._inputs)
        rest = f'"inputs":[{inputs}],"params":{self._params},"recipe":{self._recipe}'
        text = f'{{"files":[{files}],{self._generation}{rest}}}'
        return digest_bytes("action", text.encode())


@dataclass(slots=True)
class Explainer:
    """Gathers what the walk tells into a manifest: what is stored beside a result and compared when it goes stale."""

    manifest: dict[str, Json] = field(default_factory=lambda: {"files": {}, "inputs": {}})

    def recipe(self, name: str, version: int) -> None:
        """Keep name and version."""
        self.manifest["recipe"] = [name, version]

    def params(self, value: Json) -> None:
        """Keep the value."""
        self.manifest["params"] = value

    def file(self, role: str, path: str, content: str) -> None:
        """Keep path and digest by role."""
        self.manifest["files"][role] = [path, content]

    def input(self, role: str, target: str, output: str) -> None:
        """Keep id and digest by role."""
        self.manifest["inputs"][role] = [target, output]

    def generation(self, told: Json) -> None:
        """Keep the number, and those of single rows."""
        self.manifest["generation"] = told


def key_of(
    target: Target, *, files: Mapping[str, str], inputs: Mapping[str, str], generation: Generation = NEVER
) -> str:
    """Return the key of `target`; raises TypeError or ValueError when its params have no canonical form."""
    hasher = Hasher()
    describe_inputs(target, hasher, files=files, inputs=inputs, generation=generation)
    return hasher.key()


def manifest_of(
    target: Target, *, files: Mapping[str, str], inputs: Mapping[str, str], generation: Generation = NEVER
) -> dict[str, Json]:
    """Return the same walk in words."""
    explainer = Explainer()
    describe_inputs(target, explainer, files=files, inputs=inputs, generation=generation)
    return explainer.manifest


def row_fingerprint(recipe: Recipe, params_digest: str, *, key: str, request: Json, generation: int = 0) -> str:
    """Return what is static about a row; the facts it reads are compared one by one instead."""
    asked_again = [generation] if generation else []
    return digest("row", [recipe.name, recipe.version, params_digest, key, request, *asked_again])


def reads_digest(reads: Mapping[str, str]) -> str:
    """Return the name of a set of facts as they were."""
    return digest("reads", dict(reads))
