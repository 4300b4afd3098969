"""Filter `dedup`: of rows alike in wording, calls and the person's values, one stays.

Values are masked out of the wording and compared apart, so other identifiers make no new text, and other values said
make no duplicate. The lower row digest stays, never the first to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loopbuild.digest import digest
from loopbuild.records import Example, Verdict
from loopbuild.stages.filters.masking import masked, said_values


def find_duplicates(examples: Sequence[Example], *, texts: Mapping[str, str] | None = None) -> dict[str, Verdict]:
    """Return a verdict for each row that repeats another: `duplicate_of:<row key>`; `texts` are masked texts by key."""
    groups: dict[str, list[Example]] = {}
    for example in examples:
        names = [call["function"]["name"] for m in example.messages for call in m.get("tool_calls") or ()]
        text = texts[example.key] if texts is not None else masked(example)
        same = digest("same row", [example.category, text, names, list(said_values(example))])
        groups.setdefault(same, []).append(example)
    found: dict[str, Verdict] = {}
    for members in groups.values():
        stays, *others = sorted(members, key=lambda example: (example.digest, example.key))
        for other in others:
            found[other.key] = Verdict(key=other.key, kept=False, filter="dedup", reason=f"duplicate_of:{stays.key}")
    return dict(sorted(found.items()))
