"""What a dataset promises as a whole; a broken promise fails its build.

Row by row the filters have decided already. Here is looked again, at what would be written, without them: shares, rows
that call nothing, marks of loss, rows per tool, the wall between training and evaluation, verdicts. What cannot be had
is no breach but an excuse, with its numbers. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loopbuild.records import Example, Verdict
from loopbuild.sandbox.protocol import EVAL_FIXTURES
from loopbuild.stages.filters.contract import SILENT
from loopbuild.stages.filters.mix import Count, counted

TOLERANCE = 0.02
"""By how much a share may differ from what was asked; in a small set a row more or less is no difference."""
NOTED = 0.005
"""From how much less on it is said, and why."""
WHAT_IT_TAKES = {
    "clarify": "it takes a required value that only the person gives, and gives once",
    "missing_tool": "it takes a call that all others rest on",
    "confirm": "it takes a call that destroys something, as the last",
    "near_miss": "it takes another tool that would take the same call",
    "error_recovery": "it takes a call that can be got wrong, among several",
    "dialogue": "it takes an execution that can be gone on from",
}
"""Category -> why there may be no more rows of it."""
FEW, TEXTS = 50, 200
"""Of fewer texts Self-BLEU@20 says nothing, for against 20 of 30 all are alike, and decides nothing."""
FLOOR = 8
"""Rows a tool should have, or as many as there were plans that end with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A broken promise: whose, in what, and the way out. `row` is the first one, where one row shows it."""

    contract: str
    message: str
    row: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A dataset as it would be written, and what it came from."""

    examples: Sequence[Example]
    """The training rows."""
    shares: Mapping[str, float]
    verdicts: Mapping[str, Verdict]
    made: Mapping[str, tuple[str, str]]
    """Row key -> (split, category) of every row that was made."""
    tools: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Training row key -> tools it calls, for those dropped too."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """Held-out row key -> its request."""
    fixtures: Mapping[str, int] = field(default_factory=dict)
    """Row key -> starting world, for rows that were executed."""
    planned: Mapping[str, int] = field(default_factory=dict)
    """Tool -> training plans that end with it."""
    unreached: Mapping[str, int] = field(default_factory=dict)
    """Tool -> those of them no trajectory came of."""
    names: frozenset[str] = frozenset()
    """What the tools of the catalog are called by; empty: nothing is held against them."""
    self_bleu: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    """Level -> Self-BLEU@20 of its requests, and how many texts there are."""
    variety: Mapping[str, float] = field(default_factory=dict)
    """`warn` and `fail`: how much of it is said, and how much is too much."""
    unworded: Mapping[str, int] = field(default_factory=dict)
    """Tool -> those whose trajectory has no row that calls it: no writer worded it, or it could not be proven."""


def broken(data: Written) -> tuple[list[Breach], list[str]]:
    """Return the breaches, gravest first, and what is excused; see `repetition` for what is only said."""
    breaches = [
        *_silent(data.examples),
        *_marks(data.examples),
        *_wall(data),
        *_verdicts(data),
        *_names(data),
        *_repeated(data),
    ]
    excuses: list[str] = []
    for found in (*_shares(data), *_floors(data)):
        (breaches if isinstance(found, Breach) else excuses).append(found)  # type: ignore[arg-type]
    return breaches, excuses


def _silent(examples: Sequence[Example]) -> Iterator[Breach]:
    """Rows in which nothing may be called, and those in which nothing may be called yet."""
    for category in (*SILENT, "missing_tool"):
        rows = [example for example in examples if example.category == category]
        early = [(row, turn) for row in rows if (turn := _calling_turn(row))]
        if early:
            first, turn = early[0]
            what = "calls a tool" if len(early) == 1 else "call a tool"
            yield Breach(
                contract=category,
                message=f"{len(early)} of {len(rows)} rows {what} (first: row {first.key[:12]}, turn {turn})",
                row=first.key,
                hint="put `contract` among the `filters`: it drops such rows",
            )


def _calling_turn(example: Example) -> int:
    """Return the number of the first message that calls something too early; 0 when none does."""
    for number, message in enumerate(example.messages, 1):
        if message["role"] == "system" and example.withheld:
            return 0
        if message.get("tool_calls"):
            return number
    return 0


def _marks(examples: Sequence[Example]) -> Iterator[Breach]:
    """Marks of loss: only a call that was refused is not learned, and never goes without what is right."""
    for category in sorted({example.category for example in examples}):
        rows = [example for example in examples if example.category == category]
        wrong = [(row, turn) for row in rows if (turn := _wrong_mark(row))]
        if wrong:
            first, turn = wrong[0]
            yield Breach(
                contract=f"{category} loss",
                message=f"{len(wrong)} of {len(rows)} rows mark wrong turns (first: row {first.key[:12]}, turn {turn})",
                row=first.key,
                hint="put `contract` among the `filters`: it drops such rows",
            )


def _wrong_mark(example: Example) -> int:
    messages = example.messages
    unlearned = [n for n, m in enumerate(messages, 1) if m["role"] == "assistant" and not m.get("loss")]
    if any(message.get("loss") for message in messages if message["role"] != "assistant"):
        return next(n for n, m in enumerate(messages, 1) if m["role"] != "assistant" and m.get("loss"))
    # A row about a tool that is gone begins with its old name, or calls nothing at all.
    is_refused_first = example.category == "error_recovery" or (example.category == "retired" and unlearned)
    if not is_refused_first:
        return unlearned[0] if unlearned else 0
    if not unlearned or len(unlearned) > 2:
        return unlearned[-1] if unlearned else 1
    for number in unlearned:
        is_one_call = len(messages[number - 1].get("tool_calls") or ()) == 1
        follows = [m for m in messages[number:] if m["role"] == "assistant" and m.get("loss") and m.get("tool_calls")]
        if not is_one_call or not follows:
            return number
    return 0


def _wall(data: Written) -> Iterator[Breach]:
    """Nothing of evaluation in training rows: no request, and no starting world."""
    said = {
        plain(str(message["content"])): example.key
        for example in data.examples
        for message in example.messages[:1]
        if message["role"] == "user"
    }
    known = [key for key, text in sorted(data.asked.items()) if plain(text) in said]
    if known:
        row = said[plain(data.asked[known[0]])]
        yield Breach(
            contract="split",
            message=f"{len(known)} of {len(data.asked)} held-out requests are trained on (first: row {row[:12]})",
            row=row,
        )
    trained = {example.key for example in data.examples}
    worlds = [
        key for key, fixture in sorted(data.fixtures.items())
        if (key in trained and fixture >= EVAL_FIXTURES) or (key in data.asked and fixture < EVAL_FIXTURES)
    ]  # fmt: skip
    if worlds:
        yield Breach(
            contract="split",
            message=f"{len(worlds)} rows come from a starting world of the other side (first: row {worlds[0][:12]})",
            row=worlds[0],
        )


def _verdicts(data: Written) -> Iterator[Breach]:
    """Every row made has a verdict, and every row dropped a reason."""
    mute = sorted(key for key in data.made if key not in data.verdicts)
    mute += sorted(k for k, v in data.verdicts.items() if not v.kept and not (v.filter and v.reason))
    if mute:
        yield Breach(
            contract="verdicts",
            message=f"{len(mute)} of {len(data.made)} rows have no verdict (first: row {mute[0][:12]})",
            row=mute[0],
        )


def _names(data: Written) -> Iterator[Breach]:
    """Rows about a tool that is gone: no call under its name, or any other that no tool has, is learned."""
    if not data.names:
        return
    rows = [example for example in data.examples if example.category == "retired"]
    wrong = [(row, turn) for row in rows if (turn := _strange_call(row, data.names))]
    if wrong:
        first, turn = wrong[0]
        message = f"{len(wrong)} of {len(rows)} rows teach a call that no tool answers"
        yield Breach(contract="retired", message=f"{message} (first: row {first.key[:12]}, turn {turn})", row=first.key)


def _strange_call(example: Example, names: frozenset[str]) -> int:
    for number, message in enumerate(example.messages, 1):
        if message.get("loss") and any(
            call["function"]["name"] not in names for call in message.get("tool_calls") or ()
        ):
            return number
    return 0


def _repeated(data: Written) -> Iterator[Breach]:
    """Requests that say the same in the same words: few texts tell little, so they fail nothing."""
    for level, (score, texts) in sorted(data.self_bleu.items()):
        limit = data.variety.get("fail", 1.0)
        if score > limit and texts >= TEXTS:
            yield Breach(
                contract="self_bleu",
                message=f"{level} texts repeat one another: Self-BLEU@20 {score:.2f} over {texts:,} of them, "
                f"at most {limit:g} allowed",
                hint="a second writer, more words in `synthesis.lexicon` or the filter `self_bleu` help; "
                "`synthesis.variety.fail` is the limit",
            )


def repetition(data: Written) -> list[str]:
    """Return what is to be said of texts that repeat one another and may."""
    limit = data.variety.get("warn", 1.0)
    told = {level: one for level, one in data.self_bleu.items() if one[1] >= FEW}
    return [
        f"{level} texts repeat one another: Self-BLEU@20 {score:.2f} over {texts:,} of them, "
        f"above `synthesis.variety.warn` {limit:g}"
        for level, (score, texts) in sorted(told.items())
        if score > limit
    ]


def _shares(data: Written) -> Iterator[Breach | str]:
    """Within two points of what was asked, or a row. Too few are excused: what is not there cannot be put in.

    Half a point too few is said already, with what there is too little of.
    """
    gone = [(data.made[key], v) for key, v in sorted(data.verdicts.items()) if not v.kept and key in data.made]
    cut = Counter(category for (split, category), v in gone if split == "train" and v.filter == "share")
    lost = Counter(category for (split, category), v in gone if split == "train" and v.filter != "share")
    made = Counter(category for split, category in data.made.values() if split == "train")
    for category, count in counted(data.examples, shares=data.shares).items():
        more = count.rows - count.share * count.of
        allowed = TOLERANCE if more > 0 else NOTED
        if not count.of or abs(more) <= max(allowed * count.of, 1.0) + 1e-9:
            continue
        if more > 0:
            yield Breach(contract=category, message=_told(count))
            continue
        reasons = [f"{_counted(made[category])} made"]
        reasons += [f"{_counted(lost[category])} dropped"] if lost[category] else []
        reasons += [f"{_counted(cut[category])} cut back before"] if cut[category] else []
        why = WHAT_IT_TAKES.get(category, "") if made[category] < count.wanted else ""
        yield f"`{category}`: {_told(count)}; {', '.join(reasons)}" + (f", and {why}" if why else "")


def _counted(number: int) -> str:
    return f"{number} {'was' if number == 1 else 'were'}"


def _told(count: Count) -> str:
    return f"{count.rows:,} of {count.of:,} rows ({count.rows / count.of:.1%}) instead of {count.share:.1%}"


def _floors(data: Written) -> Iterator[Breach | str]:
    """Rows per tool; a shortfall is excused by plans not reached or not worded and by rows dropped."""
    kept: Counter[str] = Counter(tool for example in data.examples for tool in set(example.tools))
    stay = {example.key for example in data.examples}
    dropped: Counter[str] = Counter(
        tool for key, tools in data.tools.items() if key not in stay for tool in set(tools)
    )  # fmt: skip
    for tool, planned in sorted(data.planned.items()):
        floor = min(FLOOR, planned)
        if kept[tool] >= floor:
            continue
        missing, mute, gone = data.unreached.get(tool, 0), data.unworded.get(tool, 0), dropped[tool]
        told = f"`{tool}`: {kept[tool]} rows instead of {floor}"
        if missing + mute + gone + kept[tool] >= floor:
            reasons = [f"{missing} of {planned} plans were not reached"] if missing else []
            reasons += [f"{mute} of {planned} have no text"] if mute else []
            reasons += [f"{gone} {'row was' if gone == 1 else 'rows were'} dropped"] if gone else []
            yield f"{told}; {', '.join(reasons)}"
        else:
            yield Breach(contract="rows per tool", message=f"{told}, and nothing says why")


def plain(text: str) -> str:
    """Return a text as it is compared: words in lower case."""
    return re.sub(r"\W+", " ", text.casefold()).strip()
