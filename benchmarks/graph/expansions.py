"""Edges against what a large API declares itself: the ids that may be expanded, and into which resource.

    python benchmarks/graph/expansions.py STRIPE.json[.gz]

Stripe's document says of 219 properties which resource their id is of (`x-expansionResources`). The extension and the
resource itself are taken out, so that a plain text is left; the catalog is read and scored like any other, and the best
path parameter each property fits is compared with the resource. Names can tell where the property's own holds the
resource's: `customer`, `default_payment_method`. The rest (`receipt` is a file) no rule about names finds; taking one
of them for another resource is a mistake all the same.
"""

from __future__ import annotations

import copy
import gzip
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from loopbuild.records import ToolCatalog
from loopbuild.stages.catalog.canonical import build_catalog
from loopbuild.stages.catalog.words import words_of
from loopbuild.stages.sources.openapi import read
from loopbuild.stages.toolgraph.build import MIN_SCORE
from loopbuild.stages.toolgraph.names import Words
from loopbuild.stages.toolgraph.ports import Port, input_ports, output_ports
from loopbuild.stages.toolgraph.score import score_pair

KEY = "x-expansionResources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One property that the document says is the id of something."""

    schema: str
    pointer: str
    resources: tuple[str, ...]

    @property
    def is_named(self) -> bool:
        """The property's name begins or ends with that of a resource, with or without its group."""
        words = words_of(next(part for part in self.pointer.split("/")[::-1] if part != "[]" and part[0] != "|"))
        nouns = [noun for name in self.resources for noun in (words_of(name), words_of(name.rpartition(".")[2]))]
        return any(noun in (words[: len(noun)], words[-len(noun) :]) for noun in nouns)


def declared(schema: Any, name: str, pointer: str = "") -> Iterator[Declared]:
    """Yield the properties of a schema that have the extension, and take it out."""
    if not isinstance(schema, dict):
        return
    said = schema.pop(KEY, None)
    if said is not None:
        options = said.get("oneOf") or said.get("anyOf") or [said]
        names = tuple(one["$ref"].rpartition("/")[2] for one in options if "$ref" in one)
        yield Declared(schema=name, pointer=pointer, resources=names)
        schema.pop("anyOf", None)
        schema["type"] = "string"
    for key, item in (schema.get("properties") or {}).items():
        yield from declared(item, name, f"{pointer}/{key}")
    if "items" in schema:
        yield from declared(schema["items"], name, pointer + "/[]")
    for branch in schema.get("anyOf") or ():
        yield from declared(branch, name, pointer)


def hidden(document: dict[str, Any]) -> tuple[dict[str, Any], list[Declared]]:
    """Return the document without the extension, with an operation that returns each schema that had it."""
    document = copy.deepcopy(document)
    found = [one for name, item in document["components"]["schemas"].items() for one in declared(item, name)]
    for name in {one.schema: None for one in found}:
        answer = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        document["paths"][f"/v1/probe/{name}"] = {
            "get": {"operationId": f"probe {name}", "responses": {"200": {"description": "", "content": answer}}}
        }
    return document, found


def targets(port: Port) -> set[Words]:
    """Return what a path parameter names: the collection it is a member of, alone and as its parent's."""
    before = str(port.tool.transport["path"]).partition("/{" + port.leaf.pointer[1:] + "}")[0]
    parts = [words_of(part) for part in before.split("/") if not part.startswith("{")]
    return {parts[-1], (*parts[-2][-1:], *parts[-1])}


def answers(catalog: ToolCatalog, found: list[Declared]) -> Iterator[tuple[Declared, float, set[Words]]]:
    """Yield for each property the best score and the collections that reach it."""
    probes = {tool.name.removeprefix("probe "): tool for tool in catalog.tools if tool.name.startswith("probe ")}
    members = [
        port
        for tool in catalog.tools
        if tool.id not in {probe.id for probe in probes.values()}
        for port in input_ports(tool)
        if port.is_in_path
    ]
    for one in found:
        ports = output_ports(probes[one.schema])
        mine = [port for port in ports if port.leaf.pointer == one.pointer]
        scored = [(score_pair(port, other), other) for port in mine for other in members]
        good = [(match.score, other) for match, other in scored if match is not None and match.score >= MIN_SCORE]
        best = max((score for score, _ in good), default=0.0)
        yield one, best, set().union(*(targets(other) for score, other in good if score == best))


def main() -> None:
    """Print how many were found, and what was taken for something else."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("STRIPE", "")
    if not given:
        print("skipped: give Stripe's OpenAPI document, as an argument or in STRIPE")
        return
    content = Path(given).read_bytes()
    document, found = hidden(json.loads(gzip.decompress(content) if given.endswith(".gz") else content))
    catalog = build_catalog([read("x", json.dumps(document).encode(), file="x.json", settings={})])
    members = [port for tool in catalog.tools for port in input_ports(tool) if port.is_in_path]
    operations = set().union(*(targets(port) for port in members))
    right = wrong = named = reachable = 0
    for one, score, collections in answers(catalog, found):
        wanted = {words_of(name.rpartition(".")[2]) for name in one.resources}
        is_right = bool(collections & wanted)
        named += one.is_named
        reachable += one.is_named and bool(wanted & operations)
        right += is_right
        wrong += bool(collections) and not is_right
        if "--all" in sys.argv and not is_right and (one.is_named or collections):
            print(f"  {one.schema} {one.pointer}: {', '.join(one.resources)}; found {score:.2f} {sorted(collections)}")
    print(f"{len(found)} declared ids, {named} named after their resource, {reachable} of a resource with an operation")
    print(f"found {right}, taken for another {wrong} ({wrong / max(1, right + wrong):.1%} of those answered)")


if __name__ == "__main__":
    main()
