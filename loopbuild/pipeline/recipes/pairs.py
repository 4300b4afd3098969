"""`pairs:main`: proven contrasts of all subgraphs -> the preference pairs, classes and faults at their shares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from loopbuild.documents import json_lines
from loopbuild.engine.target import Action, Json
from loopbuild.records import Example, PreferencePair, from_json, to_json


def run(action: Action) -> Json:
    """Choose, write the file, and say what was made, proven and thrown away."""
    from loopbuild.stages.synthesis.contrast.choosing import choose_pairs
    from loopbuild.stages.synthesis.contrast.making import needless_pairs

    params, discarded = action.params, Counter[str]()
    supply = []
    for pairs, lost in _proven(action):
        supply += pairs
        discarded.update(lost)
    kept = json_lines(action.fetch(action.input("dataset")["files"]["train"]))
    supply += needless_pairs([from_json(Example, json.loads(line)) for line in kept])
    chosen = choose_pairs(
        supply,
        shares=params["shares"],
        weights=params["weights"],
        per_trajectory=params["per_trajectory"],
        most=params["most"],
    )
    lines = [json.dumps(to_json(pair), ensure_ascii=False, sort_keys=True) + "\n" for pair in chosen.pairs]
    file = action.keep_bytes("".join(lines).encode())
    action.publish("dataset/pairs.jsonl", file)
    return {
        "pairs": {pair.key: pair.digest for pair in chosen.pairs},
        "file": file,
        "figures": _figures(chosen.pairs, supply, discarded),
        "excuses": list(chosen.excuses),
    }


def _proven(action: Action) -> Iterator[tuple[list[PreferencePair], Json]]:
    for role, table in sorted(action.inputs().items()):
        if role.startswith("contrasts/"):
            for _, row in sorted(table["rows"].items()):
                yield [from_json(PreferencePair, pair) for pair in row["pairs"]], row["discarded"]


def _figures(pairs: tuple[PreferencePair, ...], supply: list[PreferencePair], discarded: Counter[str]) -> Json:
    tried = len(supply) + sum(discarded.values())
    return {
        "pairs": len(pairs),
        "executions": len({pair.trajectory for pair in pairs if pair.trajectory}),
        "tried": tried,
        "proven": len(supply),
        "discarded": dict(sorted(discarded.items())),
        "classes": dict(sorted(Counter(pair.kind for pair in pairs).items())),
        "faults": dict(sorted(Counter(f"{pair.kind} {pair.fault}" for pair in pairs).items())),
        "proofs": dict(sorted(Counter(pair.proof for pair in pairs).items())),
    }
