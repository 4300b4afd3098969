"""`filters:`: which filters apply; a bare name is the filter with its defaults."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.asked import AskedModel
from loopbuild.loopfile.sections.base import Flag, Number, Positive, Section, Share

DangerousCommand = Literal[
    "remove_all",
    "format_disk",
    "fork_bomb",
    "pipe_to_shell",
    "open_permissions",
    "drop_data",
    "lose_history",
    "stop_machine",
    "hide_or_disarm",
]


class SchemaFilter(Section):
    """Every call validates against the catalog."""

    kind: Literal["schema"]


class ContractFilter(Section):
    """Every category keeps its promise: a no-tool row calls nothing."""

    kind: Literal["contract"]


class DangerFilter(Section):
    """No call and no answer holds a command that destroys a machine, its data or its history."""

    kind: Literal["danger"]
    allow: tuple[DangerousCommand, ...] = ()
    """Patterns that are the tools' business, such as `lose_history` for a git server."""


class ProvenanceFilter(Section):
    """User values stand in the text, derived values never."""

    kind: Literal["provenance"]


class ExecutionFilter(Section):
    """Two replays from the snapshot give the same results and state."""

    kind: Literal["execution"]


class ControlsFilter(Section):
    """Doing nothing and exchanged arguments must both fail a row that writes."""

    kind: Literal["controls"]


class DedupFilter(Section):
    """Exact duplicates after masking values."""

    kind: Literal["dedup"]


class NearDuplicatesFilter(Section):
    """Rows near one that stays, among rows that call the same tools; null comes from the preset."""

    kind: Literal["near_duplicates"]
    preset: Literal["default", "strict", "essay"] = "default"
    """`default`: words .85, masked; `strict`: trigrams .7, masked; `essay`: words .85, values not masked."""
    threshold: Annotated[Number, Field(gt=0, le=1)] | None = None
    """Share of items two texts have in common (Jaccard) from which they are near."""
    unit: Literal["words", "characters"] = "words"
    n: Positive | None = None
    """So many units in a row are one item."""
    mask: bool | None = None
    """Whether values are masked before comparing; unmasked, other ids pass for other texts."""
    method: Literal["exact", "minhash"] = "exact"
    """`minhash` (extra `minhash`) for long texts; it may miss a pair, never names a wrong one."""
    permutations: Positive = 128


class SelfBleuFilter(Section):
    """Rows mostly made of the runs of words of one that stays, among rows that call the same tools."""

    kind: Literal["self_bleu"]
    threshold: Annotated[Number, Field(gt=0, lt=1)] = 0.8
    """BLEU-4 of a text against another, above which it goes."""
    mask: Flag = True
    """Whether values are masked before comparing."""


class DiversityFilter(Section):
    """Coverage selection: at most this many rows per text structure and tool path."""

    kind: Literal["diversity"]
    max_share: Share = 0.25
    """Of one goal tool's rows, how many may share one path and one text structure."""
    floor: Positive = 4
    """Never cut a path below this many rows."""


class QuotaFilter(Section):
    """At most so many training rows, spread by the square root of supply over sources, shapes, lengths and levels."""

    kind: Literal["quota"]
    rows: Positive
    floor: Positive = 4
    """No bucket and no tool below this many rows, where there are as many."""


class JudgeFilter(AskedModel):
    """A model reads what all other filters have kept and drops what should not be learnt; `plan` says what it costs."""

    kind: Literal["judge"]
    undecided: Literal["wait", "hold_back"] = "wait"
    """Rows the judge gives no verdict on: the build waits for one, and the next build asks again; or it goes on
    without them, in no dataset, until `--refresh judgements:main`."""
    max_tokens: Positive = 400
    """Of one answer; twice as many when it was cut off."""


FilterSettings = Annotated[
    SchemaFilter
    | ContractFilter
    | DangerFilter
    | ProvenanceFilter
    | ExecutionFilter
    | ControlsFilter
    | DedupFilter
    | NearDuplicatesFilter
    | SelfBleuFilter
    | DiversityFilter
    | QuotaFilter
    | JudgeFilter,
    Field(discriminator="kind"),
]

DEFAULT_FILTERS: tuple[FilterSettings, ...] = (
    SchemaFilter(kind="schema"),
    ContractFilter(kind="contract"),
    DangerFilter(kind="danger"),
    ProvenanceFilter(kind="provenance"),
    ExecutionFilter(kind="execution"),
    ControlsFilter(kind="controls"),
    DedupFilter(kind="dedup"),
    DiversityFilter(kind="diversity"),
)
