"""The graph every peer is measured on: 2n + 1 targets over n files, in our words and in those of each peer.

`strip:i` reads files i-1, i and i+1 and drops comment lines, `copy:i` copies it, `all:main` joins the copies. One
changed file must rerun 7 of them, a comment 3.
"""

from __future__ import annotations

import os
from pathlib import Path

from loopbuild.engine.target import Action, Json, Recipe, Target

HERE = "benchmarks.engine.graph"
LONG_AGO = 1_600_000_000


def strip(action: Action) -> Json:
    """Return the lines of three files that are no comments."""
    text = b"".join(action.file(role) for role in ("a", "b", "c")).decode()
    return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("#"))


def copy(action: Action) -> Json:
    """Return the input."""
    return action.input("a")


def join(action: Action) -> Json:
    """Return all inputs, one after the other."""
    return "".join(action.inputs().values())


STRIP = Recipe(name="strip", version=1, run=f"{HERE}:strip")
COPY = Recipe(name="copy", version=1, run=f"{HERE}:copy")
JOIN = Recipe(name="join", version=1, run=f"{HERE}:join")


def targets(count: int) -> list[Target]:
    """Return the graph over `count` files."""
    found = [
        Target(
            id=f"strip:{i}",
            recipe=STRIP,
            files=tuple(zip("abc", (f"f{(i + step) % count}.txt" for step in (-1, 0, 1)), strict=True)),
        )
        for i in range(count)
    ]
    found += [Target(id=f"copy:{i}", recipe=COPY, inputs=(("a", f"strip:{i}"),)) for i in range(count)]
    inputs = tuple((f"{i:06}", f"copy:{i}") for i in range(count))
    return [*found, Target(id="all:main", recipe=JOIN, inputs=inputs)]


def write_files(root: Path, count: int) -> None:
    """Write the n files, old enough that their times are proof."""
    for index in range(count):
        path = root / f"f{index}.txt"
        path.write_text(f"line {index}\n# comment {index}\n")
        os.utime(path, (LONG_AGO, LONG_AGO))


DODO = """
from pathlib import Path
N = {count}
DOIT_CONFIG = {{"verbosity": 0}}

def strip(dependencies, targets):
    text = "".join(Path(name).read_text() for name in sorted(dependencies))
    kept = [line + "\\n" for line in text.splitlines() if not line.startswith("#")]
    Path(targets[0]).write_text("".join(kept))

def join(dependencies, targets):
    Path(targets[0]).write_text("".join(Path(name).read_text() for name in sorted(dependencies)))

def task_strip():
    for i in range(N):
        yield {{"name": str(i), "actions": [strip], "targets": [f"s{{i}}.out"],
               "file_dep": [f"f{{(i + step) % N}}.txt" for step in (-1, 0, 1)]}}

def task_copy():
    for i in range(N):
        yield {{"name": str(i), "actions": [join], "targets": [f"c{{i}}.out"], "file_dep": [f"s{{i}}.out"]}}

def task_all():
    return {{"actions": [join], "targets": ["all.out"], "file_dep": [f"c{{i}}.out" for i in range(N)]}}
"""


def dodo(count: int) -> str:
    """Return the graph for doit."""
    return DODO.format(count=count)


def ninja(count: int) -> str:
    """Return the graph for ninja."""
    lines = [
        "rule strip",
        "  command = cat $in | { grep -v '^#' || true; } > $out.new; cmp -s $out.new $out || cp $out.new $out",
        "  restat = 1",
        "rule copy\n  command = cp $in $out",
        "rule join\n  command = cat $in > $out",
    ]
    for i in range(count):
        near = " ".join(f"f{(i + step) % count}.txt" for step in (-1, 0, 1))
        lines += [f"build s{i}.out: strip {near}", f"build c{i}.out: copy s{i}.out"]
    lines.append("build all.out: join " + " ".join(f"c{i}.out" for i in range(count)))
    return "\n".join(lines) + "\n"


def snakefile(count: int) -> str:
    """Return the graph for Snakemake."""
    return f"""
N = {count}
rule all:
    input: [f"c{{i}}.out" for i in range(N)]
    output: "all.out"
    run:
        open(output[0], "w").write("".join(open(name).read() for name in input))
rule strip:
    input: lambda w: [f"f{{(int(w.i) + step) % N}}.txt" for step in (-1, 0, 1)]
    output: "s{{i}}.out"
    shell: "cat {{input}} | grep -v '^#' > {{output}}"
rule copy:
    input: "s{{i}}.out"
    output: "c{{i}}.out"
    shell: "cp {{input}} {{output}}"
"""
