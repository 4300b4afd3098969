"""What loop.yaml says of entities that names do not tell: which property is a key, whose a thing is, its statuses.

Decides which leaves that is about; from there on the tables are derived as if the schemas had said it. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import partial

from loopbuild.errors import SandboxError
from loopbuild.records import Json, SchemaLeaf, ToolSchema
from loopbuild.sandbox.simulated.ids import IdForm
from loopbuild.sandbox.simulated.model import Entity, Model, derive
from loopbuild.sandbox.simulated.shape import leaf_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One entry of `sandbox.entities`."""

    name: str
    key: str
    like: str = ""
    fields: tuple[str, ...] = ()
    belongs_to: Mapping[str, str]
    statuses: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()

    def is_about(self, tool: ToolSchema) -> bool:
        """Say whether a tool is about this entity: by the globs given, else by the tool's own words."""
        if self.tools:
            return any(fnmatchcase(tool.name, glob) for glob in self.tools)
        return tool.entity == self.name

    def holds_key(self, leaf: SchemaLeaf, tool: ToolSchema) -> bool:
        """Say whether a leaf holds the key: under the key's name where the tool is about it, or under its own name."""
        name = leaf_name(leaf.pointer)
        return name == self.key and (self.is_about(tool) or name == self.name.replace(" ", "_"))


def declared(section: Mapping[str, Json]) -> tuple[Declared, ...]:
    """Return the entries of a section, by name."""
    return tuple(
        Declared(
            name=name.replace("_", " "),
            key=one["key"],
            like=one.get("like", ""),
            fields=tuple(one.get("fields", ())),
            belongs_to={leaf: owner.replace("_", " ") for leaf, owner in one.get("belongs_to", {}).items()},
            statuses=tuple(one.get("statuses", ())),
            tools=tuple(one.get("tools", ())),
        )
        for name, one in sorted(section.items())
    )


def model_of(tools: Iterable[ToolSchema], section: Mapping[str, Json]) -> Model:
    """Return the model of the tools of a source as its section says they are to be understood."""
    known = declared(section)
    return derive(told(tools, known), partial(completed, known=known))


def told(tools: Iterable[ToolSchema], known: Sequence[Declared]) -> list[ToolSchema]:
    """Return the tools as they would be if their schemas said what `known` says."""
    return [_tool(tool, known) for tool in tools] if known else list(tools)


def _tool(tool: ToolSchema, known: Sequence[Declared]) -> ToolSchema:
    about = next((one.name for one in known if one.tools and one.is_about(tool)), tool.entity)
    inputs = tuple(_leaf(leaf, tool, known) for leaf in tool.inputs)
    outputs = tuple(_leaf(leaf, tool, known) for leaf in tool.outputs)
    return replace(tool, entity=about, inputs=inputs, outputs=outputs)


def _leaf(leaf: SchemaLeaf, tool: ToolSchema, known: Sequence[Declared]) -> SchemaLeaf:
    name = leaf_name(leaf.pointer)
    for one in known:
        if one.holds_key(leaf, tool):
            return replace(leaf, kind="id", entity=one.name)
    for one in known:
        if not one.is_about(tool):
            continue
        if name in one.belongs_to:
            return replace(leaf, kind="id", entity=one.belongs_to[name])
        if name in one.fields:
            return replace(leaf, entity=one.name)
    return leaf


def completed(entities: Mapping[str, Entity], known: Sequence[Declared]) -> dict[str, Entity]:
    """Return the entities with what was said of their keys and statuses."""
    made = dict(entities)
    for one in known:
        entity = made.get(one.name)
        if entity is not None:
            form = IdForm(kind="example", text=one.like) if one.like else IdForm(kind="name")
            is_told = bool(one.like) or entity.form.kind != "prefix"
            form = form if one.like or not is_told else entity.form
            made[one.name] = replace(
                entity, form=form, wishes=entity.wishes if is_told and not one.like else (), is_named=True,
                statuses=one.statuses, owners=tuple(sorted(set(one.belongs_to.values()))),
            )  # fmt: skip
    return made


def check(tools: Sequence[ToolSchema], known: Sequence[Declared], *, source: str) -> None:
    """Raise SandboxError for what is said of a property or an entity that no tool of the source has."""
    owners = {one.name for one in known}
    owners |= {leaf.entity for tool in tools for leaf in _leaves(tool) if leaf.kind == "id" and leaf.entity}
    for one in known:
        names = {leaf_name(leaf.pointer) for tool in tools if one.is_about(tool) for leaf in _leaves(tool)}
        own = {leaf_name(leaf.pointer) for tool in tools for leaf in _leaves(tool) if one.holds_key(leaf, tool)}
        where = f"`sandbox.entities.{one.name.replace(' ', '_')}`"
        if not names and not own:
            words = {tool.entity for tool in tools if tool.entity}
            _unknown(f"{where}: no tool of `{source}` is about it; name them in `tools`", one.name, words)
        if not own:
            _unknown(f"{where}: no tool of `{source}` about it has a property `{one.key}`", one.key, names)
        for name in (*one.belongs_to, *one.fields):
            if name not in names:
                _unknown(f"{where}: no tool of `{source}` about it has a property `{name}`", name, names)
        for owner in one.belongs_to.values():
            if owner not in owners:
                _unknown(f"{where}: `{source}` knows no entity `{owner}`", owner, owners)


def _leaves(tool: ToolSchema) -> Iterator[SchemaLeaf]:
    yield from tool.inputs
    yield from tool.outputs


def _unknown(message: str, name: str, known: Iterable[str]) -> None:
    near = get_close_matches(name, sorted(known), n=1)
    named = ", ".join(f"`{one}`" for one in sorted(known)[:8])
    raise SandboxError(message, hint=f"did you mean `{near[0]}`?" if near else f"there are {named}" if named else "")
