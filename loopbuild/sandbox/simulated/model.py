"""Reads out of tool schemas which entities there are, which leaf is whose key, and what each call does to which table.

Pure; a model is compiled once per catalog. Each tool's plan is derived from its own schema and from the names of the
known entities, never from what other tools return.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Literal

from loopbuild.records import SchemaLeaf, ToolSchema
from loopbuild.sandbox.simulated.bounds import Bound, spoken_of
from loopbuild.sandbox.simulated.columns import Place, agreed, place_of
from loopbuild.sandbox.simulated.ids import IdForm, form_of, prefix_of
from loopbuild.sandbox.simulated.shape import Part, leaf_name, shape_of, shown
from loopbuild.sandbox.simulated.words import words_of

Operation = Literal["create", "update", "transition", "delete", "read", "list", "find", "opaque"]

TRANSITIONS = {
    "accept": "accepted", "acknowledge": "acknowledged", "activate": "active", "approve": "approved",
    "archive": "archived", "block": "blocked", "cancel": "cancelled",
    "close": "closed", "complete": "completed", "confirm": "confirmed",
    "deactivate": "inactive", "decline": "declined", "deny": "denied", "disable": "disabled", "dismiss": "dismissed",
    "enable": "enabled", "escalate": "escalated",
    "finish": "finished", "freeze": "frozen", "lock": "locked", "merge": "merged", "pause": "paused", "pay": "paid",
    "publish": "published", "refund": "refunded", "reject": "rejected", "reopen": "open", "resolve": "resolved",
    "resume": "active", "revoke": "revoked", "ship": "shipped", "start": "started", "stop": "stopped",
    "submit": "submitted", "suspend": "suspended", "terminate": "terminated", "unblock": "active",
    "unfreeze": "active", "unlock": "unlocked",
    "unpublish": "draft", "withdraw": "withdrawn",
}  # fmt: skip
"""Verb -> the status it leads to; the second time it is a conflict."""

CONTROL = frozenset(
    [
        "limit",
        "offset",
        "page",
        "per_page",
        "cursor",
        "page_token",
        "page_size",
        "starting_after",
        "sort",
        "sort_by",
        "sort_order",
        "order",
        "order_by",
        "max_result",
        "top_k",
        "direction",
        "fields",
        "expand",
        "include",
        "format",
        "lang",
        "verbose",
        "dry_run",
    ]
)
"""Inputs that shape an answer without selecting rows."""

LINKS = frozenset({"from", "to", "source", "target", "subject", "object"})
"""Columns of a content row that hold the names of what it links."""

SEARCH = frozenset({"query", "search", "q", "keyword", "keywords", "term"})

_GENERIC = frozenset({"content", "value", "item", "entry", "element"})


Forms = tuple[tuple[str, IdForm], ...]
"""Entity -> how its ids are spelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A table: how its keys look, and by which words its rows are named."""

    name: str
    form: IdForm
    """How its keys are spelled where nobody says which tools are called."""
    leaf: SchemaLeaf
    """A leaf that holds the key; for tables keyed by name it says what names look like."""
    columns: tuple[tuple[str, SchemaLeaf], ...] = ()
    """Of rows told apart by their content: what that content is."""
    linked: str = ""
    """Of such rows: the entity whose names stand in their link columns (`from`, `to`)."""
    is_named: bool = False
    """Who makes one chooses its key: `create_bucket(bucket)`."""
    statuses: tuple[str, ...] = ()
    """The statuses it has, where somebody says so; the first is that of what is new."""
    owners: tuple[str, ...] = ()
    """The entities it is looked for under, where somebody says so."""
    wishes: tuple[tuple[str, IdForm], ...] = ()
    """Of ids: the tools that say how they look, by name, each with what it says first."""

    def spelled_for(self, tools: Collection[str]) -> IdForm:
        """Return the form that `tools` ask for, the first of them where they disagree."""
        said = (form for tool, form in self.wishes if tool in tools)
        return next(said, IdForm(kind="prefix", text=prefix_of(self.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One input leaf and what it means to a table."""

    leaf: SchemaLeaf
    entity: str = ""
    """The entity whose key this leaf holds; empty for a plain field."""
    field: str = ""
    """Name of the column a plain leaf or a foreign key is stored in."""
    item: str = ""
    """Pointer of the enclosing array of objects, `/entities/[]`; empty at the top."""
    shown: SchemaLeaf | None = None
    """For a filter: the leaf of the answer that shows what it is compared with."""
    bound: Bound = ""
    """For a filter that bounds what is shown, `min_price`: the side it bounds it from."""
    moment: SchemaLeaf | None = None
    """For a filter that names a day where rows show a moment, `date` beside `start_time`: the leaf that shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPlan:
    """What a call of one tool does."""

    tool: ToolSchema
    operation: Operation
    subject: str
    """The entity the call is about; empty for opaque tools."""
    inputs: tuple[Input, ...]
    output: Part
    names: tuple[tuple[str, SchemaLeaf], ...] = ()
    """Columns of the subject by which its answers call a row; what a search looks into."""
    columns: tuple[tuple[str, SchemaLeaf], ...] = ()
    """All columns of the subject that its answers show; what lists are sorted by."""
    places: tuple[tuple[Place, SchemaLeaf], ...] = ()
    """All columns of whatever rows its answers show."""
    item: str = ""
    """Pointer of the array whose items are the subject's rows; empty when a call is about one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The entities and tool plans of one source."""

    entities: dict[str, Entity] = field(default_factory=dict)
    plans: dict[str, ToolPlan] = field(default_factory=dict)
    agreed: dict[Place, SchemaLeaf] = field(default_factory=dict)
    """What counts where answers of several tools declare a column in more than one way."""

    def spelling(self, tools: Collection[str]) -> Forms:
        """Return the forms of ids that differ from those all tools together ask for, where only `tools` are called.

        A tool that is not called has no say, so one that is new or declares its ids otherwise moves nobody's rows.
        """
        if not tools:
            return ()
        return tuple(
            (name, form)
            for name, entity in self.entities.items()
            if entity.wishes and (form := entity.spelled_for(tools)) != entity.form
        )


def derive(tools: Iterable[ToolSchema], completed: Callable[[dict[str, Entity]], dict[str, Entity]] = dict) -> Model:
    """Return the model of `tools`; the same set in any order gives the same model.

    `completed` adds to the entities what is known of them from elsewhere.
    """
    ordered = sorted(tools, key=lambda tool: tool.id)
    entities = completed(_entities(ordered))
    plans = {tool.id: _plan(tool, entities) for tool in ordered}
    return Model(entities=entities, plans=plans, agreed=agreed(pair for plan in plans.values() for pair in plan.places))


def key_entity(leaf: SchemaLeaf, tool: ToolSchema, entities: Mapping[str, Entity]) -> str:
    """Return the entity whose key `leaf` holds; empty for a leaf that is no key."""
    if is_id(leaf):
        return _id_entity(leaf, tool)
    if not leaf.words or leaf.words[-1] != "name" or (leaf.types and "string" not in leaf.types):
        return ""
    owner = " ".join(leaf.words[:-1]) or " ".join(words_of(_container(leaf.pointer)))
    if owner:
        return owner if owner in entities and entities[owner].form.kind == "name" else ""
    known = [name for name, entity in entities.items() if entity.form.kind == "name"]
    own = resolve(tool.entity, known)
    if own:
        return own
    around = sorted({" ".join(words_of(_container(out.pointer))) for out in tool.outputs} & set(known))
    return around[0] if len(around) == 1 else ""


def target_of(tool: ToolSchema) -> str:
    """Return the status a tool leads to by its verb, or by the first word of its name; empty when it names none."""
    return TRANSITIONS.get(tool.verb) or TRANSITIONS.get(next(iter(words_of(tool.name)), ""), "")


def is_id(leaf: SchemaLeaf) -> bool:
    """Say whether a leaf holds an opaque id."""
    if leaf.types and not {"string", "integer", "number"} & set(leaf.types):
        return False
    return leaf.kind == "id" or leaf.words[-1:] in (("id",), ("uuid",))


def resolve(words: str, known: Iterable[str]) -> str:
    """Return the known entity that `words` end or begin with (`open role` is a role); empty when there is none."""
    parts = words.split()
    names = set(known)
    for size in range(len(parts), 0, -1):
        if " ".join(parts[-size:]) in names:
            return " ".join(parts[-size:])
    for size in range(len(parts) - 1, 0, -1):
        if " ".join(parts[:size]) in names:
            return " ".join(parts[:size])
    return ""


def column_of(leaf: SchemaLeaf, entity: str) -> str:
    """Return the column of an entity's table that a leaf shows or sets: `new_title` and `role_title` are `title`."""
    return _column(leaf.words, leaf.pointer, entity)


@lru_cache(maxsize=50_000)
def _column(words: tuple[str, ...], pointer: str, entity: str) -> str:
    if words[:1] in (("new",), ("updated",)) and len(words) > 1:
        words = words[1:]
    if len(words) == 1 and words[0] in _GENERIC and pointer.endswith("/[]"):
        words = words_of(_container(pointer)) or words
    own = tuple(entity.split())
    if own and words[: len(own)] == own and len(words) > len(own) and words[-1] != "id":
        words = words[len(own) :]
    return "_".join(words) or leaf_name(pointer)


def _entities(tools: list[ToolSchema]) -> dict[str, Entity]:
    by_id: dict[str, list[tuple[str, SchemaLeaf]]] = {}
    for tool in tools:
        for leaf in (*tool.inputs, *tool.outputs):
            if is_id(leaf):
                by_id.setdefault(_id_entity(leaf, tool), []).append((tool.id, leaf))
    found: dict[str, Entity] = {}
    for name, leaves in sorted(by_id.items()):
        # A leaf that says how ids look wins; otherwise all leaves agree on the prefix form.
        forms = [(tool, form_of(name, leaf)) for tool, leaf in leaves]
        wishes = {tool: form for tool, form in reversed(forms) if form.kind != "prefix"}
        ordered = tuple(sorted(wishes.items()))
        form = ordered[0][1] if ordered else IdForm(kind="prefix", text=prefix_of(name))
        found[name] = Entity(name=name, form=form, leaf=leaves[0][1], wishes=ordered)
    for tool in tools:
        for name, leaf in _named(tool):
            found.setdefault(name, Entity(name=name, form=IdForm(kind="name"), leaf=leaf))
    names = sorted(name for name, entity in found.items() if entity.form.kind == "name")
    for tool in tools:
        is_listed = tool.effect == "create" and tool.entity and any(_item(leaf.pointer) for leaf in tool.inputs)
        if is_listed and not any(key_entity(leaf, tool, found) in found for leaf in tool.inputs):
            columns = sorted(
                ((column_of(leaf, tool.entity), leaf) for leaf in tool.inputs if _item(leaf.pointer)),
                key=lambda pair: pair[0],
            )
            found.setdefault(
                tool.entity,
                Entity(
                    name=tool.entity,
                    form=IdForm(kind="content"),
                    leaf=tool.inputs[0],
                    columns=tuple(columns),
                    linked=names[0] if len(names) == 1 else "",
                ),
            )
    return found


def _named(tool: ToolSchema) -> Iterator[tuple[str, SchemaLeaf]]:
    """Yield the entities a tool creates by name: `create_entities(entities: [{name, ...}])`, `create_label(name)`."""
    if tool.effect != "create" or any(is_id(leaf) for leaf in tool.outputs):
        return
    for leaf in tool.inputs:
        if leaf.words and leaf.words[-1] == "name" and leaf.is_required:
            owner = " ".join(leaf.words[:-1]) or " ".join(words_of(_container(leaf.pointer))) or tool.entity
            if owner and owner in (tool.entity, " ".join(words_of(_container(leaf.pointer)))):
                yield owner, leaf


def _id_entity(leaf: SchemaLeaf, tool: ToolSchema) -> str:
    own = " ".join(leaf.words[:-1]) if leaf.words[-1:] in (("id",), ("uuid",)) else " ".join(leaf.words)
    return leaf.entity or own or " ".join(words_of(_container(leaf.pointer))) or tool.entity or "item"


def _plan(tool: ToolSchema, entities: dict[str, Entity]) -> ToolPlan:
    order = {name: place for place, name in enumerate((tool.input_schema or {}).get("properties", {}))}
    leaves = sorted(tool.inputs, key=lambda leaf: (order.get(leaf.pointer.split("/")[1], 99), leaf.pointer))
    keys = {leaf.pointer: key_entity(leaf, tool, entities) for leaf in leaves}
    keys = {pointer: name for pointer, name in keys.items() if name in entities}
    named = {leaf.pointer: _known(key_entity(leaf, tool, entities), entities) for leaf in tool.outputs}
    produced = [(leaf, named[leaf.pointer]) for leaf in tool.outputs if named[leaf.pointer]]
    operation, subject = _classify(tool, keys, produced, entities)
    output = shape_of(tool.outputs, lambda leaf: named[leaf.pointer], entities)
    rows = [] if operation == "opaque" else list(shown(output, "" if operation == "list" else subject))
    columns = tuple((column_of(leaf, subject), leaf) for entity, leaf in rows if entity == subject)
    inputs = tuple(
        _filter(one, tool, subject, columns) if operation in ("list", "find") and not one.entity else one
        for one in (
            Input(
                leaf=leaf, entity=keys.get(leaf.pointer, ""), field=column_of(leaf, subject), item=_item(leaf.pointer)
            )
            for leaf in leaves
        )
    )
    items = sorted({given.item for given in inputs if given.item})
    item = items[0] if items and operation in ("create", "update", "delete") else ""
    return ToolPlan(
        tool=tool, operation=operation, subject=subject, inputs=inputs, output=output, names=_names(tool, subject),
        columns=columns, item=item,
        places=tuple((place_of(entity, column_of(leaf, entity), leaf), leaf) for entity, leaf in rows),
    )  # fmt: skip


def _filter(one: Input, tool: ToolSchema, subject: str, columns: tuple[tuple[str, SchemaLeaf], ...]) -> Input:
    column, bound = spoken_of(one.leaf, columns, one.field)
    own = next((leaf for name, leaf in columns if column and name == column), None)
    return replace(one, shown=own, bound=bound, moment=_moment(one.leaf, tool, subject))


def _names(tool: ToolSchema, subject: str) -> tuple[tuple[str, SchemaLeaf], ...]:
    found = [(column_of(leaf, subject), leaf) for leaf in tool.outputs if not is_id(leaf) and leaf.entity == subject]
    return tuple((column, leaf) for column, leaf in found if column.rpartition("_")[2] in ("name", "title", "subject"))


def _moment(leaf: SchemaLeaf, tool: ToolSchema, subject: str) -> SchemaLeaf | None:
    """Return the one moment that the answer shows of a row, where `leaf` asks for a day and no column is called so."""
    if leaf.words not in (("date",), ("day",)) or "string" not in (leaf.types or ("string",)):
        return None
    around = [out for out in tool.outputs if out.entity == subject and not is_id(out)]
    moments = [out for out in around if out.format in ("date", "date-time")]
    is_own = any(column_of(out, subject) == column_of(leaf, subject) for out in around)
    return moments[0] if len(moments) == 1 and not is_own else None


def _known(name: str, entities: dict[str, Entity]) -> str:
    return name if name in entities else ""


def _classify(
    tool: ToolSchema,
    keys: dict[str, str],
    produced: list[tuple[SchemaLeaf, str]],
    entities: dict[str, Entity],
) -> tuple[Operation, str]:
    about = resolve(tool.entity, entities)
    minted = [name for leaf, name in produced if "/[]" not in leaf.pointer and name not in keys.values()]
    lists = [name for leaf, name in produced if "/[]" in leaf.pointer]
    named = next((name for name, _ in _named(tool) if name in entities), "")
    own = about if about in keys.values() else next(iter(keys.values()), "")
    effect = tool.effect
    if effect == "unknown":
        # What nobody knows may do something: taken for a read, it would leave no trace and prove nothing.
        effect = "update" if target_of(tool) and keys else "create" if minted else "update" if keys else "read"
    if effect == "read":
        if keys:
            return "read", own
        if tool.outputs and (minted or (produced and not lists) or (about and not lists)):
            return "find", minted[0] if minted else about or produced[0][1]
        return ("list", lists[0]) if lists else ("opaque", "")
    if effect == "create" and about in keys.values() and entities[about].is_named:
        return "create", about
    if effect == "create" and (minted or named):
        return "create", minted[0] if minted else named
    if keys and target_of(tool):
        return "transition", own
    is_content = tool.entity in entities and entities[tool.entity].form.kind == "content"
    if effect in ("create", "delete") and is_content:
        return ("create" if effect == "create" else "delete"), tool.entity
    if effect == "create" and not keys:
        return "opaque", ""
    if keys:
        # `remove_attendee(event_id, email)` takes something off an event; the event stays.
        is_part = bool(tool.entity) and about != own and not any("[]" in leaf.pointer for leaf in tool.inputs)
        return ("delete" if effect == "delete" and not is_part else "update"), own
    return "opaque", ""


def _item(pointer: str) -> str:
    head, found, rest = pointer.partition("/[]/")
    return head + "/[]" if found and rest else ""


def _container(pointer: str) -> str:
    """Return the name of the property around a leaf's own: `entities` for `/entities/[]/name`, empty at the top."""
    parts = [part for part in pointer.split("/") if part and part not in ("[]", "*")]
    return parts[-2] if len(parts) > 1 else ""
