"""A dataset as a screen: what was made, lost and kept, of which kinds, how long, how varied."""

from __future__ import annotations

from typing import Any

from loopbuild.cli.units import count, money, table
from loopbuild.pipeline.coverage import said
from loopbuild.pipeline.covered import covered_text
from loopbuild.pipeline.since import Since
from loopbuild.records.words import FIDELITY_WORDS, code_words, undecided_words

_SHARES = ("category", "topology", "calls", "level", "writer")
_MOST = 8


def dataset_text(dataset: dict[str, Any], since: str = "") -> str:
    """Return the screen of `show dataset:main`; `since` says what became of the rows of the one before."""
    reasons = [
        {"reason": f"{reason} ({split})", "count": number}
        for split, counts in dataset["funnel"]["dropped"].items()
        for reason, number in counts.items()
    ]
    unwritten = dataset["funnel"].get("unwritten", {})
    reasons += [{"reason": f"not written, {why}", "count": number} for why, number in unwritten.items()]
    funnel = {
        "generated": sum(dataset["funnel"]["made"].values()) + sum(unwritten.values()),
        "splits": dataset["funnel"]["kept"],
        "dropped": reasons,
    }
    return "\n\n".join(
        part
        for part in (
            "\n".join(filter(None, [_funnel(funnel), since, judged_text(dataset["funnel"].get("judged"))])),
            figures_text(dataset.get("figures") or {}, tools=True),
            "\n".join(said(dataset["gaps"], most=1000)) if "gaps" in dataset else "",
            "\n".join(covered_text(dataset["covered"])) if "covered" in dataset else "",
        )
        if part
    )


def data_text(data: dict[str, Any]) -> str:
    """Return the data section of `report`; empty for a report that says nothing of its data."""
    if not data.get("generated"):
        return ""
    left = data.get("unreachable")
    parts = [_funnel(data), judged_text(data.get("judged")), figures_text(data.get("figures") or {}, tools=False)]
    if left:
        parts.append(f"{count(left, 'cell')} could not be reached: `loopbuild show dataset:main` says why")
    return "\n".join(part for part in parts if part)


def pairs_text(made: dict[str, Any]) -> str:
    """Return what preference pairs there are: by class and fault, how they are proven, what was discarded."""
    figures = made["figures"]
    total = figures["pairs"]
    lost = sum(figures["discarded"].values())
    rows = [["preference pairs", f"{total:,}", f"of {count(figures['executions'], 'execution')}"]]
    for kind, number in _by_size(figures["classes"]):
        faults = {name.partition(" ")[2]: one for name, one in figures["faults"].items() if name.split()[0] == kind}
        told = ", ".join(f"{fault} {one:,}" for fault, one in _by_size(faults))
        rows.append([f"  {kind}", f"{number:,}", f"{number / total:.1%}: {told}"])
    proofs = ", ".join(f"{name} {number:,}" for name, number in _by_size(figures["proofs"]))
    reasons = ", ".join(f"{name} {number:,}" for name, number in _by_size(figures["discarded"]))
    rows.append(["proven bad", f"{figures['proven']:,}", f"of {figures['tried']:,} tried; of those taken: {proofs}"])
    rows.append(["discarded", f"{lost:,}", reasons])
    return "\n".join([table(rows, right=frozenset({1})), *(f"  {excuse}" for excuse in made["excuses"])])


def _funnel(data: dict[str, Any]) -> str:
    rows = [["rows made", f"{data['generated']:,}"]]
    for one in sorted(data["dropped"], key=lambda one: (-one["count"], one["reason"])):
        rows.append([f"  dropped, {_dropped(one['reason'])}", f"{one['count']:,}"])
    titles = {"train": "kept for training", "eval": "kept for evaluation"}
    rows += [[titles[name], f"{data['splits'][name]:,}"] for name in ("train", "eval")]
    return table(rows, right=frozenset({1}))


def since_text(since: Since) -> str:
    """Return what became of the training rows of the dataset before."""
    counts = ((since.kept, "kept"), (since.rewritten, "rewritten"), (since.new, "new"), (since.gone, "gone"))
    return "since the dataset before: " + ", ".join(f"{number:,} {name}" for number, name in counts)


def judged_text(judged: dict[str, Any] | None) -> str:
    """Return what the judge said of the rows it was shown; empty where nobody judges."""
    if not judged:
        return ""
    parts = [f"{judged['good']:,} good", f"{judged['bad']:,} dropped", f"{judged['deferred']:,} without a verdict"]
    lines = [f"judged by {', '.join(judged['judges']) or 'nobody yet'}: {', '.join(parts)}"]
    reasons = [f"{undecided_words(why)} {number:,}" for why, number in _by_size(judged["reasons"])]
    if reasons:
        lines.append(f"  held back until there is one: {', '.join(reasons)}; `--refresh judgements:main` asks again")
    if judged["secret"]:
        lines.append(f"  not shown to it, for the secrets in them: {count(judged['secret'], 'row')}")
    return "\n".join(lines)


def _dropped(reason: str) -> str:
    """Return `dedup: duplicate_of (train)` in words."""
    head, _, rest = reason.partition(": ")
    if head.startswith("not written"):
        return f"{head}: {code_words(rest)}"
    code, _, split = rest.partition(" (")
    return f"`{head}`: {code_words(code)}" + (f" ({split}" if split else "")


def figures_text(figures: dict[str, Any], *, tools: bool) -> str:
    """Return the figures of training rows; with `tools`, those of tools and links with the fewest rows too."""
    if not figures:
        return ""
    lines = []
    for name in _SHARES:
        total = sum(figures["shares"][name].values())
        shares = [f"{key.replace('_', ' ')} {number / total:.0%}" for key, number in _by_size(figures["shares"][name])]
        if len(shares) > 1:
            lines.append([name, ", ".join(shares)])
    ran = figures["shares"].get("fidelity", {})
    if ran:
        told = [f"{FIDELITY_WORDS[key]} {number / sum(ran.values()):.0%}" for key, number in _by_size(ran)]
        lines.append(["calls ran in", ", ".join(told)])
    passed = figures.get("passed", {})
    if passed:
        told = [
            f"{key.replace('_', ' ')} {one['kept'] / one['made']:.0%} ({one['kept']:,} of {one['made']:,})"
            for key, one in sorted(passed.items(), key=lambda pair: (-pair[1]["made"], pair[0]))
        ]
        lines.append(["kept of those made", ", ".join(told)])
    if figures["origins"]:
        total = sum(figures["origins"].values())
        told = [f"{key} {number / total:.0%}" for key, number in _by_size(figures["origins"])]
        lines.append(["values from", ", ".join(told)])
    if reuse := figures.get("reuse"):
        value, number = reuse["most"][0]
        most = f"`{' '.join(value.split())[:40]}` in {number:,}"
        each = f"each in {reuse['rows']['median']:,} at the median"
        lines.append(["values said", f"{reuse['distinct']:,} different in {reuse['said']:,} rows, {each}, {most}"])
    if cost := figures.get("cost"):
        each = f"{money(cost['usd_per_row'])} for a training row"
        lines.append(["cost", f"{money(cost['usd'])}, {count(cost['calls'], 'call')}, {each}"])
    talk = figures.get("dialogues", {})
    for title, counts in (("worked out", figures.get("derived")), ("later turns", talk.get("later"))):
        if counts:
            told = [f"{key.replace('_', ' ')} {number:,}" for key, number in _by_size(counts)]
            lines.append([title, ", ".join(told)])
    if talk:
        told = [f"{key}: {number:,}" for key, number in talk["turns"].items()]
        lines.append(["dialogues by turns", ", ".join(told)])
    for name, spread in figures["words"].items():
        if spread:
            unit = "messages" if name == "messages" else f"words, {name}"
            lines.append(
                [unit, f"{spread['least']} to {spread['most']}, median {spread['median']}, p95 {spread['p95']}"]
            )
    parts = ["training rows", table([[f"  {a}", b] for a, b in lines]), _diversity(figures["diversity"])]
    if tools:
        parts += [_fewest("rows per tool", figures["tools"]), _fewest("rows per link between calls", figures["links"])]
    return "\n".join(part for part in parts if part)


def _diversity(diversity: dict[str, Any]) -> str:
    rows = [["requests", "texts", "Self-BLEU@20", "masked", "distinct-2", "distinct masked"]]
    for when in ("before", "after"):
        for level, one in diversity[when].items():
            rows.append(
                [
                    f"  {level}, {when} filters",
                    f"{one['texts']:,}",
                    *(
                        f"{one[name]:.2f}"
                        for name in ("self_bleu_20", "self_bleu_20_masked", "distinct_2", "distinct_masked")
                    ),
                ]
            )
    if len(rows) == 1:
        return ""
    return table(rows, right=frozenset(range(1, 6)))


def _fewest(title: str, counts: dict[str, int]) -> str:
    if not counts:
        return ""
    ranked = sorted(counts.items(), key=lambda one: (one[1], one[0]))
    rows = [[f"  {name}", f"{number:,}"] for name, number in ranked[:_MOST]]
    more = f"\n  {len(ranked) - _MOST:,} more, up to {ranked[-1][1]:,} rows" if len(ranked) > _MOST else ""
    return f"{title}, fewest first\n" + table(rows, right=frozenset({1})) + more


def _by_size(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda one: (-one[1], one[0]))
