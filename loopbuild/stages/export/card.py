"""The dataset card: what the rows are, who wrote them under whose terms, where they come from, what was masked.

Without clocks and paths of this machine, so that the same dataset gives the same card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loopbuild.records import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """Everything a card tells."""

    project: str
    format: str
    version: str
    rows: Mapping[str, int]
    """File -> rows."""
    writers: Mapping[str, int]
    """Writer -> training rows."""
    lineage: Mapping[str, str]
    """What -> digest."""
    sandboxes: Mapping[str, str]
    """Source -> the kind of sandbox its calls ran in."""
    figures: Mapping[str, Any]
    dropped: Mapping[str, Mapping[str, int]]
    is_masked: bool = True
    personal: Mapping[str, int] = field(default_factory=dict)
    personal_rows: int = 0


def card_text(facts: CardFacts) -> str:
    """Return README.md."""
    parts = [
        _front(facts),
        f"# Tool calls for {facts.project}\n\nMade by loopbuild {facts.version}, format `{facts.format}`.\n\n"
        + _table(("file", "rows"), [(name, f"{number:,}") for name, number in facts.rows.items()]),
        _terms(facts),
        _personal(facts),
        _figures(facts),
        "## Lineage\n\nEqual digests are equal bytes: `loop.lock` of the project names the same.\n\n"
        + _table(("what", "digest"), [(name, f"`{text}`") for name, text in facts.lineage.items()]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front(facts: CardFacts) -> str:
    lines = ["---", "license: other", "license_name: see-the-terms-below", "task_categories:", "- text-generation"]
    lines += ["tags:", "- tool-calling", "- synthetic", "- loopbuild", "configs:", "- config_name: default"]
    lines.append("  data_files:")
    for name in facts.rows:
        split = name.rpartition("/")[2].partition("-")[0].partition(".")[0]
        lines += [f"  - split: {split}", f"    path: {name}"]
    return "\n".join([*lines, "---"])


def _terms(facts: CardFacts) -> str:
    rows = []
    for name, number in facts.writers.items():
        if name == "offline":
            terms = "a grammar of loopbuild (Apache-2.0); no language model wrote these texts"
        else:
            terms = "**check**: the provider's terms on outputs, and on training other models with them"
        rows.append((f"`{name}`", f"{number:,}", terms))
    return (
        "## Who wrote it, under which terms\n\nThe licence of this dataset is yours to choose, within what these "
        "allow. Tool schemas, and what real services returned, belong to whoever they came from.\n\n"
        + _table(("writer", "rows", "terms"), rows)
    )


def _personal(facts: CardFacts) -> str:
    real = sorted(name for name, kind in facts.sandboxes.items() if kind != "simulated")
    ran = "\n\n" + _table(("source", "calls ran in"), [(f"`{a}`", b) for a, b in facts.sandboxes.items()])
    head = "## Personal data\n\n"
    if not real:
        return head + "Every call ran in a simulated sandbox: names, addresses and ids are made up." + ran
    if not facts.is_masked:
        return head + "Results come from real services and were **not** masked: look through them before sharing." + ran
    found = ", ".join(f"{number:,} × {kind}" for kind, number in facts.personal.items())
    text = (
        f"Results come from real services ({', '.join(f'`{name}`' for name in real)}). "
        + (
            f"Found and replaced by stand-ins, in {facts.personal_rows:,} rows: {found}. "
            if found
            else "Nothing found. "
        )
        + "Looked for by form: e-mail and network addresses, telephone, card and bank account numbers. **Names, postal "
        "addresses and free text were not looked for**: a person has to."
    )
    return head + text + ran


def _figures(facts: CardFacts) -> str:
    figures = facts.figures
    rows = []
    for name, counts in figures["shares"].items():
        total = sum(counts.values())
        told = ", ".join(f"{key} {number:,} ({number / total:.0%})" for key, number in counts.items())
        rows.append((name, told))
    if figures["origins"]:
        rows.append(("arguments come from", ", ".join(f"{k} {n:,}" for k, n in figures["origins"].items())))
    for name, spread in figures["words"].items():
        if spread:
            rows.append((f"length: {name}", ", ".join(f"{key} {number}" for key, number in spread.items())))
    for level, one in figures["diversity"]["after"].items():
        rows.append((f"variety: {level}", ", ".join(f"{key} {number:g}" for key, number in one.items())))
    lost = [
        (f"{reason} ({split})", f"{number:,}")
        for split, counts in facts.dropped.items()
        for reason, number in counts.items()
    ]
    text = "## Figures\n\nOf the training rows.\n\n" + _table(("", ""), rows)
    return text + ("\n\nLeft out:\n\n" + _table(("reason", "rows"), lost) if lost else "")


def _table(head: Sequence[str], rows: Sequence[Sequence[Json]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)
