"""What must hold between settings, and what is legal but odd.

Works on the settings as written, so that one misspelt key elsewhere hides nothing here; whatever has the wrong type is
passed over, its own diagnostic says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any, TypeGuard

from loopbuild.documents import Path
from loopbuild.loopfile.judge_checks import check_judge, check_proposer
from loopbuild.loopfile.remote_checks import check_remote
from loopbuild.loopfile.sandbox_checks import check_sandboxes
from loopbuild.loopfile.sections.base import Json
from loopbuild.loopfile.sections.sampling import Topologies
from loopbuild.loopfile.sections.synthesis import Categories
from loopbuild.loopfile.source_checks import check_sources
from loopbuild.loopfile.spans import Settings
from loopbuild.loopfile.translate import did_you_mean
from loopbuild.loopfile.variables import check_variables
from loopbuild.loopfile.writer_checks import check_writers
from loopbuild.records import METRICS, REGRESSION, SPLITS, Diagnostic

FEW = 5
"""Fewer rows than this per tool say little about the tool."""
_MODEL_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?", re.ASCII)
_GLOB = re.compile(r"[*?\[{]")


def check(settings: Settings, *, folder: FilePath, environment: Mapping[str, str]) -> list[Diagnostic]:
    """Return what is wrong or odd beyond single values, in no particular order."""
    return [
        *check_sources(settings, folder=folder, environment=environment),
        *check_sandboxes(settings, folder=folder),
        *_check_names(settings),
        *_check_shares(settings),
        *_check_rows(settings),
        *_check_training(settings, folder, environment),
        *_check_gates(settings),
        *check_remote(settings),
        *check_writers(settings),
        *check_judge(settings),
        *check_proposer(settings),
        *check_variables(settings, environment),
    ]


def _check_names(settings: Settings) -> Iterator[Diagnostic]:
    """Every source that an edge rule or a rename names must be declared."""
    graph = _mapping(settings.value, "graph")
    for word in ("allow", "deny"):
        rules = _mapping(graph, "edges").get(word)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            path: Path = ("graph", "edges", word, index)
            if not isinstance(rule, str):
                continue
            sides = [side.strip() for side in rule.split("->")]
            if len(sides) != 2 or not all(sides):
                hint = "write `hr/list_roles#/ids/[] -> hr/get_role#/id`, or a glob on either side"
                yield _error(settings, path, "bad-value", f"edge rule `{rule}` is not `producer -> consumer`", hint)
                continue
            yield from _check_tools(settings, path, sides)
    for old, new in _mapping(graph, "renames").items():
        if isinstance(new, str):
            yield from _check_tools(settings, ("graph", "renames", old), [new])


def _check_tools(settings: Settings, path: Path, tools: list[str]) -> Iterator[Diagnostic]:
    sources = _mapping(settings.value, "sources")
    for tool in tools:
        source, slash, _ = tool.partition("#")[0].partition("/")
        if slash and not _GLOB.search(source) and source not in sources:
            hint = did_you_mean(source, map(str, sources)) or f"declared: {', '.join(f'`{name}`' for name in sources)}"
            yield _error(settings, path, "unknown-name", f"no source is named `{source}`", hint)


def _check_shares(settings: Settings) -> Iterator[Diagnostic]:
    """Shares that belong together must leave something to share."""
    topologies = _mapping(_mapping(settings.value, "sampling"), "topologies")
    shares = [_number(topologies.get(name, field.default)) for name, field in Topologies.model_fields.items()]
    if topologies and sum(shares) == 0:
        yield _error(settings, ("sampling", "topologies"), "bad-value", "every share of `topologies` is 0", key=True)
    categories = _mapping(_mapping(settings.value, "synthesis"), "categories")
    total = sum(_number(categories.get(name, field.default)) for name, field in Categories.model_fields.items())
    if categories and total >= 1:
        message = f"the shares of `categories` add up to {total:g}: no plain request is left"
        yield _error(settings, ("synthesis", "categories"), "bad-value", message, key=True)
    elif categories and total > 0.5:
        message = f"the shares of `categories` add up to {total:g}: most rows would be special cases"
        yield _warning(settings, ("synthesis", "categories"), message, key=True)
    held_out = _mapping(settings.value, "evaluation").get("held_out")
    if _is_number(held_out) and held_out == 0:
        yield _warning(
            settings, ("evaluation", "held_out"), "no call path is held out: the report cannot show memorising"
        )
    elif _is_number(held_out) and 0.5 < held_out <= 1:
        yield _warning(settings, ("evaluation", "held_out"), f"{held_out:.0%} of the call paths would not be trained")


def _check_rows(settings: Settings) -> Iterator[Diagnostic]:
    """How many rows there are, who writes them, which filters see them."""
    for section in ("sampling", "evaluation"):
        count = _mapping(settings.value, section).get("per_tool")
        if type(count) is int and 0 < count < FEW:
            message = f"{count} trajectories per tool say little about a tool"
            yield _warning(settings, (section, "per_tool"), message, "the default is a fair start")
    synthesis = _mapping(settings.value, "synthesis")
    for name, what in (("writers", "nobody to write texts"), ("levels", "no level to write texts at")):
        if synthesis.get(name) == []:
            yield _error(settings, ("synthesis", name), "bad-value", f"`{name}` is empty: {what}", key=True)
    yield from _check_twice(settings, ("synthesis", "levels"), synthesis.get("levels"), "level")
    filters = settings.value.get("filters")
    if filters == []:
        yield _warning(settings, ("filters",), "no filter: every row is kept, wrong ones too", key=True)
    if isinstance(filters, list):
        kinds = [item.get("kind") if isinstance(item, dict) else None for item in filters]
        yield from _check_twice(settings, ("filters",), kinds, "filter")


def _check_twice(settings: Settings, path: Path, names: Any, noun: str) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and name in seen:
            yield _warning(settings, (*path, index), f"{noun} `{name}` is listed twice", "once is enough")
        elif isinstance(name, str):
            seen.add(name)


def _is_missing_model(base: str, folder: FilePath, environment: Mapping[str, str]) -> bool:
    """Whether a build could not load a base without fetching it; as the library that loads it looks for it."""
    if base == "nano" or not _MODEL_ID.fullmatch(base) or (folder / base).exists():
        return False
    home = environment.get("HF_HOME") or f"{environment.get('HOME', '')}/.cache/huggingface"
    cache = FilePath(environment.get("HF_HUB_CACHE") or f"{home}/hub")
    return not (cache / f"models--{base.replace('/', '--')}").is_dir()


def _check_training(settings: Settings, folder: FilePath, environment: Mapping[str, str]) -> Iterator[Diagnostic]:
    training = _mapping(settings.value, "training")
    base = training.get("base")
    if isinstance(base, str) and base.startswith(("./", "../", "/")) and not (folder / base).exists():
        hint = "a local base is relative to the folder of loop.yaml"
        yield _error(settings, ("training", "base"), "missing-file", f"`{base}` does not exist", hint)
    elif (
        isinstance(base, str) and _is_missing_model(base, folder, environment) and training.get("download") is not True
    ):
        message = f"`{base}` is no folder here and not in the local cache of Hugging Face models"
        yield _warning(settings, ("training", "base"), message, "`training.download: true` lets a build fetch it")
    if training.get("phases") == {}:
        hint = "to stop before training: `loopbuild build dataset:`"
        yield _error(
            settings, ("training", "phases"), "bad-value", "no phase: there is no model to make", hint, key=True
        )
    for name, phase in _mapping(training, "phases").items():
        rate = phase.get("learning_rate") if isinstance(phase, dict) else None
        if _is_number(rate) and rate > 0.01:
            path: Path = ("training", "phases", name, "learning_rate")
            yield _warning(
                settings, path, f"a learning rate of {rate:g} rarely converges", "adapters train at 1e-5 to 1e-3"
            )


def _check_gates(settings: Settings) -> Iterator[Diagnostic]:
    """A gate is a metric, a metric of one split, or the bar on losses."""
    for name in _mapping(_mapping(settings.value, "evaluation"), "gate"):
        split, _, metric = str(name).rpartition(".")
        if name == REGRESSION or (metric in METRICS and (not split or split in SPLITS)):
            continue
        known = [REGRESSION, *METRICS, *(f"{one}.{other}" for one in SPLITS for other in METRICS)]
        hint = did_you_mean(str(name), known) or f"metrics: {', '.join(METRICS)}; splits: {', '.join(SPLITS)}"
        yield _error(settings, ("evaluation", "gate", name), "unknown-name", f"`{name}` is no metric", hint, key=True)


def _mapping(value: Json, key: str) -> dict[str, Any]:
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def _is_number(value: Json) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: Json) -> float:
    return float(value) if _is_number(value) else 0.0


def _error(settings: Settings, path: Path, code: str, message: str, hint: str = "", *, key: bool = False) -> Diagnostic:
    return Diagnostic(severity="error", code=code, message=message, span=settings.span(path, key=key), hint=hint)


def _warning(settings: Settings, path: Path, message: str, hint: str = "", *, key: bool = False) -> Diagnostic:
    span = settings.span(path, key=key)
    return Diagnostic(severity="warning", code="suspicious", message=message, span=span, hint=hint)
