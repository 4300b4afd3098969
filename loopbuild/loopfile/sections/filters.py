"""`filters:`: which filters apply; a bare name is the filter with its defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Positive, Section, Share


class SchemaFilter(Section):
    """Every call validates against the catalog."""

    kind: Literal["schema"]


class ContractFilter(Section):
    """Every category keeps its promise: a no-tool row calls nothing."""

    kind: Literal["contract"]


class ProvenanceFilter(Section):
    """User values stand in the text, derived values never."""

    kind: Literal["provenance"]


class ExecutionFilter(Section):
    """Two replays from the snapshot give the same results and state."""

    kind: Literal["execution"]


class DedupFilter(Section):
    """Exact duplicates after masking values."""

    kind: Literal["dedup"]


class DiversityFilter(Section):
    """Coverage selection: at most this many rows per text structure and tool path."""

    kind: Literal["diversity"]
    max_share: Share = 0.25
    """Of one goal tool's rows, how many may share one path and one text structure."""
    floor: Positive = 4
    """Never cut a path below this many rows."""


FilterSettings = Annotated[
    SchemaFilter | ContractFilter | ProvenanceFilter | ExecutionFilter | DedupFilter | DiversityFilter,
    Field(discriminator="kind"),
]

DEFAULT_FILTERS: tuple[
    SchemaFilter | ContractFilter | ProvenanceFilter | ExecutionFilter | DedupFilter | DiversityFilter, ...
] = (
    SchemaFilter(kind="schema"),
    ContractFilter(kind="contract"),
    ProvenanceFilter(kind="provenance"),
    ExecutionFilter(kind="execution"),
    DedupFilter(kind="dedup"),
    DiversityFilter(kind="diversity"),
)
