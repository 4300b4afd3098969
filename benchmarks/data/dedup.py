"""Duplicates and selection: seconds for many rows; planted near duplicates found, beside datasketch alone.

    python benchmarks/data/dedup.py [ROWS]

The peer is datasketch with its default settings (threshold given, 128 permutations, weights .5 and .5), candidates
taken as they come; MinHash and its index are timed apart. Truth is the Jaccard similarity of every pair.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.common import machine
from loopbuild.digest import digest
from loopbuild.records import Example
from loopbuild.stages.filters.join import join
from loopbuild.stages.filters.selection import select_rows

MAX_SECONDS = 180.0
VERBS = ["list", "show", "find", "get", "fetch", "read", "give", "open", "look", "check", "pull", "bring"]
FILTERS = [{"kind": "dedup"}, {"kind": "near_duplicates"}, {"kind": "diversity"}, {"kind": "quota", "rows": 20_000}]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    print(machine())
    print("planted near duplicates, threshold .85, word sets; recall and precision against every pair compared")
    print(f"{'words':>6} {'texts':>6} {'near':>5}  {'method':<20} {'recall':>6} {'precision':>9} {'CPU s':>6}")
    for words, texts in ((12, 2000), (60, 2000), (400, 1000)):
        quality(words, texts)
    print()
    through(count)


def quality(words: int, count: int) -> None:
    sets = planted(words, count)
    truth = all_pairs(sets, 0.85)
    wanted = {right for _, right in truth}
    for name, method in (("exact", "exact"), ("minhash, verified", "minhash")):
        found, seconds = timed(
            lambda method=method: join(sets, nearness=SimpleNamespace(threshold=0.85, method=method, permutations=128))
        )
        right = sum(is_near(sets[other], sets[place]) for place, (other, _) in found.items())
        line(words, count, len(wanted), name, len(wanted & found.keys()) / len(wanted), right / len(found), seconds)
    pairs, seconds = timed(lambda: peer(sets))
    hit = {b for a, b in pairs if is_near(sets[a], sets[b])}
    line(
        words,
        count,
        len(wanted),
        "datasketch defaults",
        len(hit & wanted) / len(wanted),
        sum(is_near(sets[a], sets[b]) for a, b in pairs) / max(1, len(pairs)),
        seconds,
    )


def line(words: int, count: int, near: int, name: str, recall: float, precision: float, seconds: float) -> None:
    print(f"{words:>6} {count:>6} {near:>5}  {name:<20} {recall:>6.3f} {precision:>9.3f} {seconds:>6.2f}")


def is_near(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= 0.85 * len(one | other) - 1e-9


def planted(words: int, count: int) -> list[frozenset[str]]:
    """Half are texts of their own, half one of those with up to a sixth of its words exchanged."""
    chance = random.Random(words)
    made: list[list[str]] = []
    for number in range(count):
        if number % 2 == 0 or not made:
            made.append([f"w{int(chance.paretovariate(0.7)) % 5000}" for _ in range(words)])
        else:
            copy = list(made[chance.randrange(len(made))])
            for _ in range(chance.randint(0, max(1, words // 6))):
                copy[chance.randrange(words)] = f"w{chance.randrange(5000)}"
            made.append(copy)
    return [frozenset(one) for one in made]


def all_pairs(sets: list[frozenset[str]], threshold: float) -> set[tuple[int, int]]:
    """Pairs of which the first is kept by the rule: in order, each is compared with those that stay."""
    found, kept = set(), []
    for right, one in enumerate(sets):
        near = [left for left in kept if len(one & sets[left]) >= threshold * len(one | sets[left]) - 1e-9]
        found |= {(left, right) for left in near}
        if not near:
            kept.append(right)
    return found


def peer(sets: list[frozenset[str]]) -> set[tuple[int, int]]:
    from datasketch import MinHash, MinHashLSH

    lsh, pairs = MinHashLSH(threshold=0.85), set()
    for place, one in enumerate(sets):
        sketch = MinHash()
        for item in sorted(one):
            sketch.update(item.encode())
        near = lsh.query(sketch)
        pairs |= {(left, place) for left in near}
        if not near:
            lsh.insert(place, sketch)
    return pairs


def through(count: int) -> None:
    """Half the rows, then all: what the second half costs says whether time and memory grow with the square."""
    seconds = []
    for size in (count // 2, count):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        made = rows(size)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        verdicts, spent = timed(lambda made=made: select_rows(made, filters=FILTERS))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        reasons: dict[str, int] = {}
        for verdict in verdicts.values():
            name = verdict.filter or "kept"
            reasons[name] = reasons.get(name, 0) + 1
        floor = timed(lambda made=made: [digest("floor", [e.key, e.messages[0]["content"]]) for e in made])[1]
        seconds.append(spent)
        told = ", ".join(f"{name} {number:,}" for name, number in sorted(reasons.items()))
        print(
            f"{size:,} rows through dedup, near duplicates, diversity and quota: {spent:.1f} CPU s "
            f"({spent / floor:.0f} × one digest of each text), {size / spent:,.0f} rows/s; {told}; "
            f"rows {(after - before) / 1024:.0f} MiB, selection {(peak - after) / 1024:.0f} MiB more"
        )
        del made, verdicts
    verdict = "" if seconds[1] <= MAX_SECONDS else ", over the aim"
    print(f"twice the rows cost {seconds[1] / seconds[0]:.2f} × the time; aim {MAX_SECONDS:.0f} s{verdict}")


def rows(count: int) -> list[Example]:
    chance = random.Random(7)
    nouns = [
        a + b
        for a in ["ba", "co", "du", "fe", "gi", "ho", "ju", "ka", "lo", "mi"]
        for b in ["nan", "rel", "tis", "vok", "zum", "dap", "gek", "hib", "lon", "mar"]
    ]
    made = []
    for number in range(count):
        tool = chance.randrange(40)
        text = " ".join(
            [
                chance.choice(VERBS),
                f"R-{chance.randrange(10_000)}",
                *(chance.choice(nouns) for _ in range(chance.randint(5, 14))),
            ]
        )
        if number % 3 == 2:
            words = str(made[-1].messages[0]["content"]).split()
            words[chance.randrange(len(words))] = chance.choice(nouns)
            text, tool = " ".join(words), int(made[-1].tools[0].rpartition("t")[2])
        call = {"type": "function", "function": {"name": f"t{tool}", "arguments": {"id": text.split()[1]}}}
        messages = (
            {"role": "user", "content": text},
            {"role": "assistant", "content": "", "tool_calls": [call], "loss": True},
        )
        made.append(
            Example(
                key=digest("row", number), trajectory="", category="call", split="train",
                level="low" if number % 2 else "high", topology="single", writer="offline",
                messages=messages, tools=(f"s{tool % 4}/t{tool}",), digest=digest("content", [text, tool]),
            )
        )  # fmt: skip
    return made


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.process_time()
    return work(), time.process_time() - start


if __name__ == "__main__":
    main()
