"""Does it pay that several voices write? One voice of the offline writer against three, the same number of rows.

    python benchmarks/data/writers.py [VOICE [NESTFUL_FOLDER [KEEP]]]

The HR example is built twice; a model trains on each set and is asked the same held-out tasks in the reserved voice,
which wrote no training row. Pairs are tasks both were asked. The shipped base has read all three voices in other
domains, so this measures what the rows of the domain add, not what a base that read one voice only would do.

With KEEP, a folder, both projects stay in it, and what a killed run had is gone on with.

With a folder of NESTFUL (IBM, Apache-2.0): how near the rows come to requests people wrote, values masked. Its domains
have none of our tools, so nothing can be solved there; what is counted is how much of their wording the rows know.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.common import EXAMPLES, machine, project  # noqa: E402
from benchmarks.graph.nestful import SETS  # noqa: E402
from loopbuild.engine.query import output  # noqa: E402
from loopbuild.llm.offline import choices  # noqa: E402
from loopbuild.pipeline.builds import open_project  # noqa: E402
from loopbuild.records import Example, from_json  # noqa: E402
from loopbuild.stages.evaluation.statistics import compare_paired, mcnemar, newcombe_paired, wilson  # noqa: E402
from loopbuild.stages.filters.masking import mask, masked  # noqa: E402

PER_TOOL = 20
"""Held-out trajectories of a tool: more than the example's 12, for narrower intervals."""
METRICS = ("tool_selection", "argument_exact", "solved")
_WORD = re.compile(r"[a-z']+|#")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What became of one set of voices."""

    voices: str
    made: int
    """Training rows before both sides were cut to the same number."""
    texts: tuple[str, ...]
    """What people say in them, values masked."""
    scores: dict[str, dict[str, Any]]
    """Held-out task in the reserved voice -> its score."""


def main(voice: str = "a", nestful: str = "", keep: str = "") -> None:
    """Print the figures."""
    print(f"{machine()}; examples/hr, one training seed")
    sides = (voice, "".join(choices.TRAINING_VOICES))
    with ExitStack() as stack:
        roots = {voices: _place(stack, voices, keep) for voices in sides}
        made = {voices: _rows(root, voices) for voices, root in roots.items()}
        fewest = min(map(len, made.values()))
        trained = [_train(root, voices, fewest, made[voices]) for voices, root in roots.items()]
    for each in trained:
        words = {word for text in each.texts for word in _WORD.findall(text)}
        print(
            f"voices {each.voices}: {each.made:,} rows made, {fewest:,} train; {len(set(each.texts)):,} different "
            f"masked texts, {len(words):,} different words"
        )
    _paired(*trained)
    if nestful:
        _nearness(Path(nestful), trained)


def _place(stack: ExitStack, voices: str, keep: str) -> Path:
    if not keep:
        return stack.enter_context(project("hr"))
    place = Path(keep) / voices
    if not place.exists():
        shutil.copytree(EXAMPLES / "hr", place, ignore=shutil.ignore_patterns(".loopbuild", "loop.lock"))
    return place


def _build(root: Path, voices: str, *arguments: str) -> None:
    command = [sys.executable, __file__, "--voices", voices, "--project", str(root), "build", *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _rows(root: Path, voices: str) -> list[str]:
    if "evaluation:" not in (root / "loop.yaml").read_text():
        with (root / "loop.yaml").open("a") as file:
            file.write(f"evaluation: {{compare_base: false, per_tool: {PER_TOOL}}}\n")
    _build(root, voices, "dataset:")
    lines = (root / ".loopbuild" / "out" / "dataset" / "train.jsonl").read_text().splitlines()
    return [masked(from_json(Example, json.loads(line))) for line in lines]


def _train(root: Path, voices: str, count: int, texts: list[str]) -> Trained:
    settings = (root / "loop.yaml").read_text()
    phases = f"training:\n  phases: {{teach: {{schemas_in_prompt: true}}, recall: {{max_rows: {count}}}}}\n"
    if "phases:" not in settings:
        (root / "loop.yaml").write_text(settings.replace("training:\n", phases))
    _build(root, voices)
    workspace = open_project(str(root)).workspace
    tasks = output(workspace, "dataset:eval")["tasks"]
    scores = output(workspace, "scores:model")["scores"]
    asked = {key: score for key, score in scores.items() if tasks[key]["split"] == "wordings"}
    return Trained(voices=voices, made=len(texts), texts=tuple(texts), scores=asked)


def _paired(one: Trained, three: Trained) -> None:
    both = sorted(one.scores.keys() & three.scores.keys())
    print(f"held-out tasks in the reserved voice, asked of both: {len(both)}")
    for metric in METRICS:
        pairs = [(one.scores[key][metric], three.scores[key][metric]) for key in both]
        known = [(bool(before), bool(after)) for before, after in pairs if before is not None and after is not None]
        before, after = zip(*known, strict=True)
        change = compare_paired(before, after)
        low, high = newcombe_paired(change.kept, change.lost, change.won, change.missed)
        rates = [wilson(sum(side), len(side)) for side in (before, after)]
        told = [f"{rate.k / rate.n:.3f} ({rate.k} of {rate.n}; {rate.low:.2f} to {rate.high:.2f})" for rate in rates]
        print(
            f"  {metric:<15} one {told[0]}, three {told[1]}; gain {-100 * change.loss:+.1f} points "
            f"({-100 * high:+.1f} to {-100 * low:+.1f}), {change.won} won, {change.lost} lost, "
            f"p {mcnemar(change.lost, change.won):.3f}"
        )


def _nearness(folder: Path, trained: list[Trained]) -> None:
    for name, file in SETS.items():
        tasks = json.loads((folder / f"{file}-data.json").read_text(encoding="utf-8"))
        texts = [_WORD.findall(mask(task["input"], list(_values(task["output"])))) for task in tasks]
        told = []
        for each in trained:
            known = [set(), set()]  # type: list[set[tuple[str, ...]]]
            for text in each.texts:
                for place, size in enumerate((1, 2)):
                    known[place] |= set(_runs(_WORD.findall(text), size))
            shares = [_share(texts, known[size - 1], size) for size in (1, 2)]
            told.append(f"{each.voices} knows {shares[0]:.2f} of the words, {shares[1]:.2f} of the pairs of words")
        print(f"NESTFUL {name}, {len(texts)} requests, values masked: {'; '.join(told)}")


def _share(texts: list[list[str]], known: set[tuple[str, ...]], size: int) -> float:
    runs = [run for text in texts for run in _runs(text, size)]
    return sum(run in known for run in runs) / max(1, len(runs))


def _runs(words: list[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(words[place:] for place in range(size)), strict=False))


def _values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [one for each in value.values() for one in _values(each)]
    if isinstance(value, list):
        return [one for each in value for one in _values(each)]
    return [value]


def _as_loopbuild(voices: str, argv: list[str]) -> int:
    """The command line with fewer voices: no setting, since nobody would want their model to read less."""
    from loopbuild.cli.main import run

    choices.TRAINING_VOICES = tuple(voices)
    return run(argv)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--voices"]:
        sys.exit(_as_loopbuild(sys.argv[2], sys.argv[3:]))
    main(*sys.argv[1:])
