"""`catalog:main` and `contract:main`: all tools, with and without wording."""

from __future__ import annotations

from dataclasses import replace

from loopbuild.engine.target import Action, Json
from loopbuild.records import Listing, SchemaLeaf, ToolCatalog, ToolSchema, from_json, to_json


def run(action: Action) -> Json:
    """Canonicalise every listed tool."""
    from loopbuild.stages.catalog.canonical import build_catalog

    listings = [from_json(Listing, value) for _, value in sorted(action.inputs().items())]
    return to_json(build_catalog(listings, entities=action.params["entities"]))


def run_contract(action: Action) -> Json:
    """Drop descriptions, examples of wording and places: what is left decides what is sampled, written and trained.

    Guesses that a replay or the author speaks for become returns here.
    """
    from loopbuild.stages.toolgraph.evidence import read_evidence
    from loopbuild.stages.toolgraph.returns import with_returns

    evidence = read_evidence(action.file("evidence")) if action.context["has_evidence"] else ()
    catalog = with_returns(from_json(ToolCatalog, action.input("catalog")), action.params, evidence)
    return to_json(ToolCatalog(tools=tuple(_bare(tool) for tool in catalog.tools), edges=catalog.edges))


def _bare(tool: ToolSchema) -> ToolSchema:
    from loopbuild.stages.catalog.references import written_out

    return replace(
        tool,
        description="",
        docs="",
        is_deprecated=False,
        span=None,
        input_schema=_without_words(written_out(tool.input_schema)),
        output_schema=_without_words(written_out(tool.output_schema)),
        inputs=tuple(_bare_leaf(leaf) for leaf in tool.inputs),
        outputs=tuple(_bare_leaf(leaf) for leaf in tool.outputs),
        guesses=tuple(_bare_leaf(leaf) for leaf in tool.guesses),
    )


def _bare_leaf(leaf: SchemaLeaf) -> SchemaLeaf:
    return replace(leaf, description="")


def _without_words(schema: Json) -> Json:
    """Remove `description`, `title`, `$comment` and `x-` keywords, but not properties that happen to be called so.

    What has no order gets one: `required` is a set, whoever spelt it how.
    """
    if isinstance(schema, list):
        return [_without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    bare: dict[str, Json] = {}
    for key, value in schema.items():
        if key.startswith("x-") or (key in ("description", "title", "$comment") and isinstance(value, str)):
            continue
        if key in ("properties", "patternProperties", "$defs", "definitions") and isinstance(value, dict):
            bare[key] = {name: _without_words(item) for name, item in value.items()}
        elif key == "required" and isinstance(value, list):
            bare |= {key: sorted(value, key=str)} if value else {}
        elif key in ("enum", "const", "default", "examples"):
            bare[key] = value
        else:
            bare[key] = _without_words(value)
    return bare
