"""The dataset of a report as tables of words: what was made and lost, of which kinds, how varied, what is thin.

Pure. Decides what is shown of a dataset and in which order; the renderers decide how a table looks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loopbuild.records import Json
from loopbuild.records.words import FIDELITY_WORDS, code_words

_SHARES = {
    "category": "category",
    "topology": "shape of the calls",
    "calls": "number of calls",
    "level": "wording",
    "writer": "writer",
    "fidelity": "calls ran in",
}
_ORIGINS = {"user": "said by the person", "tool": "from a result", "derived": "worked out", "constant": "fixed"}
_WORDS = {"user": "words of the person", "assistant": "words of the assistant", "messages": "messages"}
_VARIETY = {
    "self_bleu_20": "Self-BLEU@20",
    "self_bleu_20_masked": "values masked",
    "distinct_2": "distinct pairs of words",
    "distinct_masked": "distinct masked texts",
}
_FEWEST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of plain texts; all columns but the first hold numbers."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def dataset_tables(data: Json, increment: Json = None) -> list[Table]:
    """Return the tables there are figures for; none for a report that says nothing of its data."""
    if not data or not data.get("generated"):
        return []
    figures = data.get("figures") or {}
    tables = [_funnel(data), *_shares(figures), _lengths(figures), _variety(figures), *_coverage(data, figures)]
    if increment is not None:
        tables.append(_learned(increment))
    return [table for table in tables if table is not None and table.rows]


def dropped_words(one: Json) -> str:
    """Return why rows were dropped, as people say it: `dedup: says the same as another row (training)`."""
    reason = str(one["reason"])
    filter_name, _, code = reason.partition(": ")
    code, _, split = code.partition(" (")
    names = {"train)": "training", "eval)": "held out"}
    where = f" ({names.get(split, split.rstrip(')'))})" if split else ""
    if one.get("filter") == "writer":
        return reason
    return f"`{filter_name}`: {code_words(code)}{where}"


def _funnel(data: Json) -> Table:
    rows = [("rows made", f"{data['generated']:,}")]
    dropped = sorted(data.get("dropped", ()), key=lambda one: (-one["count"], one["reason"]))
    rows += [(f"dropped, {dropped_words(one)}", f"{one['count']:,}") for one in dropped]
    titles = {"train": "kept for training", "eval": "kept as held-out tasks"}
    splits = data.get("splits", {})
    rows += [(titles.get(name, name), f"{splits[name]:,}") for name in sorted(splits, reverse=True)]
    return Table(title="From rows made to rows kept", head=("", "rows"), rows=tuple(rows))


def _shares(figures: Mapping[str, Json]) -> Iterator[Table]:
    shares = figures.get("shares") or {}
    rows = []
    for name in (*_SHARES, *(one for one in shares if one not in _SHARES)):
        counts = shares.get(name) or {}
        rows += [
            (f"{_SHARES.get(name, name)}: {FIDELITY_WORDS.get(key, key.replace('_', ' '))}", *_part(counts, key))
            for key in _by_size(counts)
        ]
    yield Table(title="Training rows by kind", head=("", "rows", "share"), rows=tuple(rows))
    origins = figures.get("origins") or {}
    told = [(_ORIGINS.get(key, key), *_part(origins, key)) for key in _by_size(origins)]
    yield Table(title="Where argument values come from", head=("", "values", "share"), rows=tuple(told))
    yield from _further(figures)
    talk = figures.get("dialogues") or {}
    if talk:
        turns = [(f"{key} turns of the person", f"{number:,}") for key, number in talk["turns"].items()]
        kinds = [(f"later turn: {key.replace('_', ' ')}", f"{number:,}") for key, number in talk["later"].items()]
        yield Table(title="Dialogues", head=("", "number"), rows=(*turns, *kinds))
    derived = figures.get("derived") or {}
    if derived:
        ways = tuple((key, f"{derived[key]:,}") for key in _by_size(derived))
        yield Table(title="Ways in which a value is worked out", head=("", "rows"), rows=ways)


def _further(figures: Mapping[str, Json]) -> Iterator[Table]:
    """Pass rates, value reuse and cost."""
    passed = figures.get("passed") or {}
    ranked = sorted(passed, key=lambda key: (-passed[key]["made"], key))
    rows = tuple(
        (
            key.replace("_", " "),
            f"{passed[key]['made']:,}",
            f"{passed[key]['kept']:,}",
            f"{passed[key]['kept'] / passed[key]['made']:.0%}",
        )
        for key in ranked
    )
    yield Table(title="Training rows made and kept", head=("category", "made", "kept", "share"), rows=rows)
    if reuse := figures.get("reuse"):
        spread = reuse["rows"]
        told = (
            ("values said, all in all", f"{reuse['said']:,}"),
            ("different values", f"{reuse['distinct']:,}"),
            ("rows a value is said in, median", f"{spread['median']:,}"),
            ("rows a value is said in, 95th percentile", f"{spread['p95']:,}"),
            *((f"`{' '.join(value.split())[:40]}`", f"{number:,}") for value, number in reuse["most"]),
        )
        yield Table(title="How often values come again", head=("", "number"), rows=told)
    if cost := figures.get("cost"):
        told = (
            ("calls of models", f"{cost['calls']:,}"),
            ("tokens", f"{cost['tokens']:,}"),
            ("US dollars", f"{cost['usd']:.4f}"),
            ("US dollars for a training row", f"{cost['usd_per_row']:.6f}"),
        )
        yield Table(title="What texts and judgements cost", head=("", "number"), rows=told)


def _lengths(figures: Mapping[str, Json]) -> Table:
    rows = [
        (_WORDS.get(name, name), *(f"{spread[key]:,}" for key in ("least", "median", "p95", "most")))
        for name, spread in (figures.get("words") or {}).items()
        if spread
    ]
    return Table(title="Lengths of training rows", head=("", "least", "median", "p95", "most"), rows=tuple(rows))


def _variety(figures: Mapping[str, Json]) -> Table:
    diversity = figures.get("diversity") or {}
    rows = [
        (f"{level}, {when} filters", f"{one['texts']:,}", *(f"{one[name]:.2f}" for name in _VARIETY))
        for when in ("before", "after")
        for level, one in (diversity.get(when) or {}).items()
    ]
    note = "Self-BLEU@20: how much a text has in common with 20 others of its level; lower is more varied."
    return Table(title="Variety of the requests", head=("", "texts", *_VARIETY.values()), rows=tuple(rows), note=note)


def _coverage(data: Json, figures: Mapping[str, Json]) -> Iterator[Table]:
    for name, title in (
        ("tools", "Tools with the fewest training rows"),
        ("links", "Links between calls with the fewest"),
    ):
        counts = figures.get(name) or {}
        ranked = sorted(counts, key=lambda key: (counts[key], key))[:_FEWEST]
        note = f"{len(counts):,} in all, up to {max(counts.values()):,} rows." if counts else ""
        rows = tuple((f"`{key}`", f"{counts[key]:,}") for key in ranked)
        yield Table(title=title, head=("", "rows"), rows=rows, note=note)
    left = data.get("unreachable")
    if left:
        rows = (("planned trajectories that could not be reached", f"{left:,}"),)
        yield Table(title="Not covered", head=("", "cells"), rows=rows)


def _learned(increment: Json) -> Table:
    left_out = max(0, increment["changed"] - increment["delta"])
    rows = (
        ("changed or added rows", f"{increment['changed']:,}"),
        ("of these, trained on", f"{increment['delta']:,}"),
        ("left out (`training.incremental.max_rows`)", f"{left_out:,}"),
        ("replayed rows of unaffected tools", f"{increment['replay']:,}"),
        ("rows that are gone", f"{increment.get('removed', 0):,}"),
    )
    return Table(title="What the increment learned from", head=("", "rows"), rows=rows)


def _part(counts: Mapping[str, int], key: str) -> tuple[str, str]:
    return f"{counts[key]:,}", f"{100 * counts[key] / sum(counts.values()):.1f}%"


def _by_size(counts: Mapping[str, int]) -> Sequence[str]:
    return sorted(counts, key=lambda key: (-counts[key], key))
