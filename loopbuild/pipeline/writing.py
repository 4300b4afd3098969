"""What writers, the judge and the proposer would be asked and what that costs, before a cent is spent.

Starts nothing and asks nobody. Where the trajectories are known, the requests are; else their number is an estimate
from how many there may be. Tokens go by what each writer's texts took so far, else by the length of the prompts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from loopbuild.engine.planned import Plan, PlanEntry
from loopbuild.engine.query import surviving, targets_in_force
from loopbuild.engine.target import Json
from loopbuild.errors import BuildError
from loopbuild.llm.hosted.identity import OFFLINE, candidates, name_of
from loopbuild.llm.protocol import Wording
from loopbuild.pipeline.asked import Asked, planned_output
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.descriptions import WORDED, descriptions
from loopbuild.pipeline.judging import judge_of
from loopbuild.pipeline.judging_costs import JUDGEMENTS, to_judge
from loopbuild.pipeline.proposing import to_propose
from loopbuild.pipeline.targets import FURTHER

ANSWERS = "answers"
PROPOSALS = "proposals"
PRODUCTS = {"": "texts", "judge": "judgements", "proposer": "proposals"}
"""Role -> what is paid for."""
_ASKED = {ANSWERS: "writer", JUDGEMENTS: "judge", PROPOSALS: "proposer"}
"""Kind of table -> where its rows say who was asked."""
FEW = 5
"""Fewer texts of a writer say little about what the next will take."""
_COMPLETION_TOKENS = 260
"""Of a text, about: a request, a sentence for each turn, an answer, the JSON around them."""
_PROMPT_TOKENS = 950
_LONG_PROMPT_TOKENS = 1_600
"""Of a request to a trajectory nobody has sampled yet, about and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterCost:
    """What one writer, the judge or the proposer would be asked."""

    writer: str
    calls: int
    """About; exact where the trajectories are known."""
    calls_most: int
    tokens: int
    usd: float
    usd_most: float
    is_recorded: bool
    """Going by its earlier texts or judgements; else by the length of prompts."""
    role: str = ""
    """Empty for a writer; else `judge` or `proposer`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What all writers that are not offline would be asked."""

    writers: tuple[WriterCost, ...] = ()
    names: tuple[str, ...] = ()
    """Of all such writers that loop.yaml has."""
    budget_usd: float | None = None
    budget_tokens: int | None = None

    @property
    def calls(self) -> int:
        """Texts asked for, about."""
        return sum(one.calls for one in self.writers)

    @property
    def tokens(self) -> int:
        """Tokens, about."""
        return sum(one.tokens for one in self.writers)

    @property
    def usd(self) -> float:
        """Dollars, about."""
        return sum(one.usd for one in self.writers)

    @property
    def usd_most(self) -> float:
        """Dollars, if texts are long and everything that may be asked is."""
        return sum(one.usd_most for one in self.writers)

    @property
    def what(self) -> str:
        """What it is paid for, in words."""
        roles = {one.role for one in self.writers}
        return " and ".join(what for role, what in PRODUCTS.items() if role in roles)

    @property
    def excess(self) -> str:
        """By how much the budget is too small, in words; empty when it is not."""
        if self.budget_usd is not None and self.usd > self.budget_usd:
            return f"about ${self.usd:,.2f}, and `synthesis.budget_usd` allows ${self.budget_usd:,.2f}"
        if self.budget_tokens is not None and self.tokens > self.budget_tokens:
            return f"about {self.tokens:,} tokens, and `synthesis.budget_tokens` allows {self.budget_tokens:,}"
        return ""


def writing(opened: OpenProject, settings: Json, planned: Plan) -> Writing:
    """Return what writers would be asked by a plan. Raises LoopfileError for a writer without a price, MissingExtra."""
    synthesis = settings["synthesis"]
    hosted = {name_of(writer): writer for writer in synthesis["writers"] if writer["model"] != OFFLINE}
    judge, proposer = judge_of(settings), settings["graph"]["propose"]
    if not hosted and judge is None and proposer is None:
        return Writing()
    found: dict[str, Asked] = {name: Asked() for name in hosted}
    for entry in (*planned.would, *planned.may):
        if entry.kind == ANSWERS:
            asks = _lost(entry, hosted) if entry.is_locked else _asked(opened, settings, planned, entry, hosted)
            for name, asked in asks.items():
                found[name].add(asked)
    spent = _recorded(opened, ANSWERS)
    costs = [_cost(writer, found[name], spent.get(name, [])) for name, writer in sorted(hosted.items())]
    if judge is not None:
        taken = _recorded(opened, JUDGEMENTS).get(name_of(judge), [])
        costs.append(_cost(judge, to_judge(opened, settings, planned), taken, role="judge"))
    if proposer is not None:
        taken = _recorded(opened, PROPOSALS).get(name_of(proposer), [])
        costs.append(_cost(proposer, to_propose(opened, planned), taken, role="proposer"))
    return Writing(
        writers=tuple(cost for cost in costs if cost.calls_most),
        names=tuple(sorted([*hosted, *(name_of(one) for one in (judge, proposer) if one is not None)])),
        budget_usd=synthesis["budget_usd"],
        budget_tokens=synthesis["budget_tokens"],
    )


def check_budget(found: Writing) -> None:
    """Raise BuildError when a plan costs more than may be spent, as far as one can tell before."""
    ways = {"judgements": "take `judge` out of the filters", "proposals": "take `propose` out of `graph`"}
    parts = "build a part: `loopbuild plan` lists `answers:` targets"
    if found.excess:
        raise BuildError(
            f"the {found.what} would cost {found.excess}",
            intact="nothing was asked and nothing was spent",
            hint=f"raise the budget in loop.yaml, or {ways.get(found.what, parts)}",
        )


def _asked(
    opened: OpenProject, settings: Json, planned: Plan, entry: PlanEntry, hosted: Mapping[str, Json]
) -> dict[str, Asked]:
    known = _requests(opened, planned, entry, hosted) if entry.rows else None
    return known if known is not None else _guess(settings, planned, entry, hosted)


def _lost(entry: PlanEntry, hosted: Mapping[str, Json]) -> dict[str, Asked]:
    """Answers that loop.lock names and only a cache may still have: at most all of them are paid for again."""
    most = -(-(entry.rows_total or 0) // len(hosted))
    return {name: Asked(most=most, prompt_most=most * _LONG_PROMPT_TOKENS) for name in hosted}


def _requests(
    opened: OpenProject, planned: Plan, entry: PlanEntry, hosted: Mapping[str, Json]
) -> dict[str, Asked] | None:
    """The very requests of a table whose inputs are known; None when they can not be read."""
    from loopbuild.llm.hosted.asking import messages_for
    from loopbuild.llm.hosted.prices import about_tokens, most_tokens
    from loopbuild.pipeline.recipes.tasks import texts_of, trajectories
    from loopbuild.records import ToolCatalog, from_json

    target = planned.targets[entry.target]
    inputs = {role: planned_output(opened, planned, name) for role, name in target.inputs}
    if None in inputs.values():
        return None
    catalog = from_json(ToolCatalog, inputs["contract"])
    told = descriptions(inputs[WORDED]) if WORDED in inputs else None
    stale = {row.key for row in entry.rows if row.verdict == "run"}
    found: dict[str, Asked] = {}
    for trajectory in trajectories(inputs["trajectories"]):
        for text in texts_of(trajectory, catalog, target.params, told):
            if text.request.key in stale and text.writer["model"] != OFFLINE:
                name = name_of(text.writer)
                messages = messages_for(text.request, voice=hosted[name]["voice"])
                one = Asked(
                    about=1, most=1, prompt=about_tokens(messages), prompt_most=round(most_tokens(messages) / 3)
                )
                found.setdefault(name, Asked()).add(one)
    return found


def _guess(settings: Json, planned: Plan, entry: PlanEntry, hosted: Mapping[str, Json]) -> dict[str, Asked]:
    """Texts of trajectories that are to be sampled first."""
    synthesis = settings["synthesis"]
    table = planned.entries.get(f"trajectories:{entry.target.partition(':')[2]}")
    if table is None or table.rows_total is None:
        return {}
    is_running = table.will != "reuse"
    new = (table.rows_stale or 0) if is_running else table.rows_total
    checked = table.rows_revalidate if is_running else 0
    per_tool, per_tool_eval = settings["sampling"]["per_tool"], settings["evaluation"]["per_tool"]
    evaluated = per_tool_eval / max(1, per_tool + per_tool_eval)
    texts = len(synthesis["levels"]) * synthesis["texts_per_level"]
    further = [share for name, share in synthesis["categories"].items() if name in ("clarify", *FURTHER) and share]
    clarified = sum(further)
    shares: tuple[tuple[Wording, float, float], ...] = (
        ("seen", (1 - evaluated) * texts * (1 + clarified) + evaluated * (1 + clarified), texts + len(further)),
        ("held_out", evaluated, 1),
    )
    found: dict[str, Asked] = {}
    for wording, about, most in shares:
        names = candidates(synthesis["writers"], wording)
        split = 1 if synthesis["assignment"] == "each" else len(names)
        for name in names:
            if name in hosted:
                calls, calls_most = new * about / split, round((new + checked) * most / min(split, 1.5))
                one = Asked(
                    about=calls,
                    most=calls_most,
                    prompt=calls * _PROMPT_TOKENS,
                    prompt_most=calls_most * _LONG_PROMPT_TOKENS,
                )
                found.setdefault(name, Asked()).add(one)
    return found


def _recorded(opened: OpenProject, kind: str) -> dict[str, list[tuple[int, int]]]:
    """Writer or judge -> (prompt, completion) tokens of its answers in force, repairs included."""
    found: dict[str, list[tuple[int, int]]] = {}
    for name in targets_in_force(opened.workspace):
        if name.startswith(f"{kind}:"):
            for row in _rows(opened, name):
                usage = row["usage"]
                if usage["calls"]:
                    taken = (usage["prompt_tokens"], usage["completion_tokens"])
                    found.setdefault(row[_ASKED[kind]], []).append(taken)
    return found


def _rows(opened: OpenProject, name: str) -> Iterable[Json]:
    table: Mapping[str, Mapping[str, Json]] = surviving(opened.workspace, name) or {"rows": {}}
    return table["rows"].values()


def _cost(writer: Mapping[str, Json], asked: Asked, taken: list[tuple[int, int]], role: str = "") -> WriterCost:
    from loopbuild.llm.hosted.prices import price_of

    price = price_of(writer, role or "writer")
    is_recorded = len(taken) >= FEW
    calls = round(asked.about)
    if is_recorded:
        prompt, completion = (sum(part) / len(taken) for part in zip(*taken, strict=True))
        high = sorted(price.of(*one) for one in taken)[min(len(taken) - 1, len(taken) * 95 // 100)]
        prompts, completions, most = calls * prompt, calls * completion, asked.most * high
    else:
        prompts, completions = asked.prompt, float(calls * min(_COMPLETION_TOKENS, writer["max_tokens"]))
        most = price.of(asked.prompt_most, asked.most * writer["max_tokens"])
    usd = price.of(prompts, completions)
    return WriterCost(
        writer=name_of(writer),
        calls=calls,
        calls_most=max(calls, asked.most),
        tokens=round(prompts + completions),
        usd=usd,
        usd_most=max(usd, most),
        is_recorded=is_recorded,
        role=role,
    )


def lines_of(found: Writing) -> Iterator[str]:
    """Yield one line for each writer that would be asked, and one for the judge and the proposer."""
    for one in found.writers:
        most = f" to {one.calls_most:,}" if one.calls_most > one.calls else ""
        source = f"its earlier {PRODUCTS[one.role]}" if one.is_recorded else "the length of the prompts"
        name = f"the {one.role} {one.writer}" if one.role else one.writer
        yield (
            f"{name}: about {one.calls:,}{most} calls, {one.tokens:,} tokens, ${one.usd:,.2f} "
            f"(at most ${one.usd_most:,.2f}), going by {source}"
        )
