"""`contrasts:<subgraph>`: kept executions -> decisions taken otherwise, each proven to be worse; a row an execution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.engine.target import Action, Json, RowResult, WantedRow
from loopbuild.errors import SandboxError
from loopbuild.pipeline import shared
from loopbuild.pipeline.sandboxes import opened, server_facts, server_reads, settings_of, twice
from loopbuild.records import Example, from_json, opening_tools, to_json

CATEGORIES = frozenset({"call", "clarify", "dialogue"})
"""Rows whose messages are their trajectory, turn by turn."""
_CATALOG = "catalog as a whole"
"""A wrong tool is taken from all there are."""


def wanted(action: Action) -> Iterable[WantedRow]:
    """One row per execution of which a text is kept for training."""
    known = action.derived(shared.executions, "trajectories")
    kept = action.input("dataset")["train"]
    texts: dict[str, dict[str, str]] = {}
    for key, row in sorted(action.input("rows")["rows"].items()):
        if key in kept and row["example"]["category"] in CATEGORIES:
            texts.setdefault(row["example"]["trajectory"], {})[key] = kept[key]
    for key, rows in sorted(texts.items()):
        if key in known:
            yield WantedRow(key=key, request={"rows": rows, "calls": digest("calls", to_json(known[key].steps))})


def facts(action: Action) -> Mapping[str, str]:
    """The catalog as a whole, and the servers that calls are run on."""
    whole = digest("catalog", action.input_digest("contract"))
    return {_CATALOG: whole, **server_facts(action, action.derived(shared.catalog, "contract"))}


def run(action: Action, rows: Sequence[WantedRow]) -> Iterator[RowResult]:
    """Prove what can be proven of each execution; one whose sandbox is lost is asked again next time."""
    from loopbuild.stages.synthesis.contrast.making import Maker

    catalog = action.derived(shared.catalog, "contract")
    known = action.derived(shared.executions, "trajectories")
    table = action.input("rows")["rows"]
    servers = server_facts(action, catalog)
    with opened(settings_of(action), catalog, root=action.root) as sandbox:
        maker = Maker(catalog, sandbox, action.params["weights"], sources=settings_of(action))
        for row in rows:
            trajectory = known[row.key]
            examples = [from_json(Example, table[key]["example"]) for key in row.request["rows"]]

            def attempt(examples: list[Example] = examples, key: str = row.key) -> Json:
                pairs, discarded = maker.pairs(examples, known[key])
                return {"pairs": to_json(pairs), "discarded": dict(sorted(discarded.items()))}

            made = twice(attempt)
            if isinstance(made, SandboxError):
                yield RowResult(key=row.key, error="; ".join(filter(None, [made.message, made.hint])))
                continue
            tools = {*opening_tools(trajectory), *(step.call.tool for step in trajectory.steps)}
            reads = {_CATALOG, *server_reads(servers, tools)}
            yield RowResult(key=row.key, output=made, reads=tuple(sorted(reads)))
