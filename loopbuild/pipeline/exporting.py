"""A built dataset -> a folder others read: rows in one of the formats, a card, and a note of what is ours.

Writes beside the folder and moves it into place; a folder with anything in it that is not from an export is refused.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopbuild import __version__
from loopbuild.digest import digest_bytes
from loopbuild.documents import json_lines
from loopbuild.engine.query import output, output_digest, targets_in_force
from loopbuild.errors import LoopbuildError, SelectionError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.project import load
from loopbuild.records import Example, Json, PreferencePair, ToolCatalog, from_json, to_json

if TYPE_CHECKING:
    from loopbuild.stages.export.privacy import Masks

NOTE = "export.json"
FEW_TOOLS = 20
OTHERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    folder: Path
    rows: Mapping[str, int]
    personal: Mapping[str, int]
    writers: tuple[str, ...]
    """Writers whose terms somebody has to check."""


def export(
    opened: OpenProject,
    folder: Path,
    *,
    format: str,
    extra_tools: int | None,
    masks: bool,
    environment: Mapping[str, str],
) -> Exported:
    """Write the dataset in force to `folder`. Raises SelectionError before anything was built.

    `extra_tools`: schemas a row shows beside those it calls, -1 for all; None decides by how many tools there are.
    """
    from loopbuild.pipeline.models import system_prompt
    from loopbuild.stages.export.card import CardFacts, card_text
    from loopbuild.stages.export.chat import dpo_row
    from loopbuild.stages.export.privacy import Masks
    from loopbuild.stages.training.render import function_schemas, shown_tools

    _refuse_foreign(folder)
    dataset, words = output(opened.workspace, "dataset:main"), output(opened.workspace, "catalog:main")
    if dataset is None or words is None:
        raise SelectionError("no dataset was built here yet", hint="run `loopbuild build dataset:`")
    settings = load(opened.project, environment=environment).settings
    catalog = from_json(ToolCatalog, words)
    schemas = function_schemas(catalog)
    sandboxes = {name: (one.get("sandbox") or settings["sandbox"])["kind"] for name, one in settings["sources"].items()}
    real = {name for name, kind in sandboxes.items() if kind != "simulated"}
    if extra_tools is None:
        extra_tools = -1 if len(schemas) <= FEW_TOOLS else OTHERS
    cloak = Masks()

    def shown(example: Example) -> list[Json]:
        return shown_tools(example, schemas, extra_tools=extra_tools)

    splits: dict[str, list[dict[str, Json]]] = {}
    system = system_prompt(settings["training"])
    train = list(_train(opened, dataset))
    if format == "trl-dpo":
        pairs = [cloaked(pair, cloak) if masks and _is_of(pair.tools, real) else pair for pair in _pairs(opened)]
        splits["train"] = [dpo_row(to_json(pair), shown(_as_row(pair)), system=system) for pair in pairs]
    else:
        for split, examples in (("train", train), ("test", _test(opened, dataset))):
            splits[split] = []
            for example in examples:
                one = cloak.masked(example) if masks and _is_of(example.tools, real) else example
                splits[split].append(_row(format, one, shown(one), system))
    files = dict(_files(format, splits))
    rows = {name: len(splits[name.rpartition("/")[2].partition("-")[0].partition(".")[0]]) for name in files}
    writers = dict(sorted(Counter(example.writer for example in train).items()))
    facts = CardFacts(
        project=opened.project.root.name,
        format=format,
        version=__version__,
        rows=rows,
        writers=writers,
        lineage=_lineage(opened),
        sandboxes=dict(sorted(sandboxes.items())),
        figures=dataset["figures"],
        dropped=dataset["funnel"]["dropped"],
        is_masked=masks,
        personal=cloak.found,
        personal_rows=cloak.rows,
    )
    files["README.md"] = card_text(facts).encode()
    _place(folder, files, format)
    strangers = tuple(name for name in writers if name != "offline")
    return Exported(folder=folder, rows=rows, personal=cloak.found, writers=strangers)


def _train(opened: OpenProject, dataset: Json) -> Iterator[Example]:
    for line in json_lines(opened.workspace.objects.get(dataset["files"]["train"])):
        yield from_json(Example, json.loads(line))


def _test(opened: OpenProject, dataset: Json) -> Iterator[Example]:
    """Held-out rows; the dataset keeps their tasks, the batches their messages."""
    wanted = dataset["tasks"]
    found: dict[str, Json] = {}
    for name in targets_in_force(opened.workspace):
        if name.partition(":")[0] in ("rows", "negatives"):
            batch = output(opened.workspace, name) or {"rows": {}}
            found |= {key: row["example"] for key, row in batch["rows"].items() if key in wanted}
    for _, example in sorted(found.items()):
        yield from_json(Example, example)


def _pairs(opened: OpenProject) -> Iterator[PreferencePair]:
    made = output(opened.workspace, "pairs:main")
    if made is None:
        raise SelectionError(
            "no preference pairs were made here",
            hint="`synthesis: {pairs: {}}` makes them; `--format trl-sft` or `trl-grpo` exports the rows",
        )
    for line in json_lines(opened.workspace.objects.get(made["file"])):
        yield from_json(PreferencePair, json.loads(line))


def _as_row(pair: PreferencePair) -> Example:
    """Return all of a pair's messages as those of one row, for what is done to rows."""
    return Example(
        key=pair.row,
        trajectory=pair.trajectory,
        category="call",
        split="train",
        level="low",
        topology="single",
        writer="",
        messages=(*pair.prompt, *pair.chosen, *pair.rejected),
        tools=pair.tools,
    )


def cloaked(pair: PreferencePair, cloak: Masks) -> PreferencePair:
    """Return a pair without personal data, the same stand-ins on both sides."""
    messages = cloak.masked(_as_row(pair)).messages
    cut, end = len(pair.prompt), len(pair.prompt) + len(pair.chosen)
    return replace(pair, prompt=messages[:cut], chosen=messages[cut:end], rejected=messages[end:])


def _is_of(tools: Sequence[str], sources: set[str]) -> bool:
    return bool(sources & {tool.partition("/")[0] for tool in tools})


def _row(format: str, example: Example, tools: Sequence[Json], system: str) -> dict[str, Json]:
    from loopbuild.stages.export.chat import grpo_row, hf_row, messages_of, openai_row, sft_row

    messages = messages_of(example, system=system)
    if format == "hf":
        return hf_row(example, messages, tools)
    if format == "trl-grpo":
        return grpo_row(messages, tools, is_last=example.category == "dialogue")
    return {"openai": openai_row, "trl-sft": sft_row}[format](messages, tools)


def _files(format: str, splits: Mapping[str, list[dict[str, Json]]]) -> Iterator[tuple[str, bytes]]:
    for name, rows in splits.items():
        if format == "hf":
            from loopbuild.stages.export.parquet import to_parquet

            yield f"data/{name}-00000-of-00001.parquet", to_parquet(rows)
        else:
            lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
            yield f"{name}.jsonl", "".join(lines).encode()


def _lineage(opened: OpenProject) -> dict[str, str]:
    names = [name for name in targets_in_force(opened.workspace) if name.startswith("source:")]
    names += ["catalog:main", "graph:main", "dataset:main", "dataset:train", "dataset:eval"]
    written = {"loop.yaml": digest_bytes("loop.yaml", opened.project.loopfile.read_bytes())}
    return written | {name: text for name in names if (text := output_digest(opened.workspace, name))}


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    hint = "name another folder, or empty this one"
    if not folder.is_dir():
        raise LoopbuildError(f"`{folder}` is a file", intact="nothing was written", hint=hint)
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    if not there:
        return
    strange = sorted(there - _ours(folder))
    if strange:
        raise LoopbuildError(
            f"`{folder}` holds files that are not from an export: {', '.join(f'`{name}`' for name in strange[:3])}"
            + (f" and {len(strange) - 3:,} more" if len(strange) > 3 else ""),
            intact="nothing was written",
            hint=hint,
        )


def _ours(folder: Path) -> set[str]:
    """The files an earlier export wrote and nobody changed since."""
    try:
        note: Any = json.loads((folder / NOTE).read_bytes())
        files = note["files"] if note["made_by"] == "loopbuild" else {}
        same = {name for name, text in files.items() if digest_bytes("export", (folder / name).read_bytes()) == text}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()
    return same | {NOTE}


def _place(folder: Path, files: Mapping[str, bytes], format: str) -> None:
    note = {
        "made_by": "loopbuild",
        "format": format,
        "files": {name: digest_bytes("export", content) for name, content in sorted(files.items())},
    }
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
    old = folder.with_name(f".{folder.name}.old.{os.getpid()}")
    try:
        for name, content in {**files, NOTE: (json.dumps(note, indent=2) + "\n").encode()}.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        if folder.exists():
            folder.replace(old)
        fresh.replace(folder)
    except OSError as exc:
        if old.exists() and not folder.exists():
            old.replace(folder)
        raise LoopbuildError(
            f"`{folder}` could not be written: {exc.strerror}", intact="what was there before still is"
        ) from exc
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
