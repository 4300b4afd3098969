"""What the tables make of each tool: the part of its answers that other tools of its source may decide.

A tool means what its own schema says, read with the names of the entities that all tools of the source know: a tool
that creates labels by name turns another's `label_name` into a key. How ids are spelled is said by
the tools of a trajectory alone, each for itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from loopbuild.digest import canonical, digest
from loopbuild.records import Json, SchemaLeaf, ToolCatalog
from loopbuild.sandbox.simulated.columns import rules_of
from loopbuild.sandbox.simulated.declared import model_of
from loopbuild.sandbox.simulated.model import Entity, Model, ToolPlan
from loopbuild.sandbox.simulated.shape import Column, Items, Nothing, Object, Part, Texts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was made of one catalog; the last few are kept, since rows ask one by one."""

    catalog: ToolCatalog
    entities: bytes
    meanings: dict[str, str]
    wishes: dict[str, Json]


_LAST: list[_Known] = []
Entities = Mapping[str, Json]
"""Source -> what loop.yaml says of its entities; sources it says nothing of are left out."""


def meanings(catalog: ToolCatalog, entities: Entities) -> dict[str, str]:
    """Return tool -> digest of what the tables make of it."""
    return _known(catalog, entities).meanings


def spelled_by(catalog: ToolCatalog, tools: Collection[str], entities: Entities) -> list[Json]:
    """Return what `tools` say about how ids look, in the order in which they are listened to; mostly nothing."""
    wishes = _known(catalog, entities).wishes
    return [[tool, wishes[tool]] for tool in sorted(tools) if wishes.get(tool)]


def _known(catalog: ToolCatalog, entities: Entities) -> _Known:
    said_of = canonical(dict(entities))
    for known in _LAST:
        if known.catalog is catalog and known.entities == said_of:
            return known
    found: dict[str, str] = {}
    said: dict[str, Json] = {}
    for source in sorted({tool.source for tool in catalog.tools}):
        model = model_of((tool for tool in catalog.tools if tool.source == source), entities.get(source, {}))
        for name, entity in sorted(model.entities.items()):
            for tool, form in entity.wishes:
                said.setdefault(tool, {})[name] = [form.kind, form.text]
        for tool, plan in model.plans.items():
            found[tool] = digest("tables", [_meaning(plan, model), said.get(tool)])
    made = _Known(catalog=catalog, entities=said_of, meanings=found, wishes=said)
    _LAST[:] = [made, *_LAST[:2]]
    return made


def _meaning(plan: ToolPlan, model: Model) -> Json:
    inputs = [
        [one.leaf.pointer, one.entity, one.field, one.item, one.moment.pointer if one.moment else ""]
        for one in plan.inputs
    ]
    names = {plan.subject, *(one.entity for one in plan.inputs), *_entities(plan.output)}
    return {
        "operation": [plan.operation, plan.subject, plan.item],
        "inputs": inputs,
        "output": _shape(plan.output),
        "names": [[column, leaf.pointer] for column, leaf in plan.names],
        "entities": _tables(names, model),
        "agreed": sorted(
            {place: _json(rules_of(model.agreed[place])) for place, _ in plan.places if place in model.agreed}.items()
        ),
    }


def _json(rules: tuple[Json, ...]) -> Json:
    return [list(rule) if isinstance(rule, tuple) else rule for rule in rules]


def _tables(names: Iterable[str], model: Model) -> Json:
    known = {name: model.entities[name] for name in names if name in model.entities}
    known |= {one.linked: model.entities[one.linked] for one in known.values() if one.linked}
    return {name: _table(entity) for name, entity in sorted(known.items())}


def _table(entity: Entity) -> Json:
    """Of ids only that they are ids: the leaf they were first met in says nothing."""
    if entity.form.kind == "name":
        return ["name", _leaf(entity.leaf)]
    if entity.form.kind == "content":
        return ["content", entity.linked, [[name, _leaf(leaf)] for name, leaf in entity.columns]]
    return ["id"]


def _leaf(leaf: SchemaLeaf) -> Json:
    return [leaf.fingerprint, list(leaf.words), leaf.kind, leaf.entity, leaf.is_sensitive]


def _shape(part: Part) -> Json:
    if isinstance(part, Nothing):
        return []
    if isinstance(part, Object):
        return [part.entity, {name: _shape(inner) for name, inner in part.parts.items()}]
    if isinstance(part, Items):
        return ["items", part.rows, _shape(part.part)]
    if isinstance(part, Column):
        return ["column", part.leaf.pointer, part.rows, part.entity]
    return [part.leaf.pointer, "" if isinstance(part, Texts) else part.entity]


def _entities(part: Part) -> Iterator[str]:
    if isinstance(part, Object):
        yield part.entity
        for inner in part.parts.values():
            yield from _entities(inner)
    elif isinstance(part, Items):
        yield part.rows
        yield from _entities(part.part)
    elif isinstance(part, Column):
        yield from (part.rows, part.entity)
    elif not isinstance(part, Nothing | Texts):
        yield part.entity
