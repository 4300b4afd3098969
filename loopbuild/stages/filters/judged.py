"""Filter `judge`: what a model that was shown the rows said of them. Asking it is not done here.

A row without a verdict is in a third state: it is not kept, for nobody approved it, and not dropped, for nobody found
anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from loopbuild.records import Json, Verdict

JUDGE = "judge"
DEFERRED = "deferred"
"""The name under which rows stand that no verdict was given on."""


def judged(said: Mapping[str, Mapping[str, Json]]) -> dict[str, Verdict]:
    """Return a verdict for each row that does not stay: `judge:<fault>`, or `deferred:<why>`."""
    found = {}
    for key, one in sorted(said.items()):
        if "deferred" in one:
            why = one["deferred"]
            found[key] = _gone(key, DEFERRED, f"{DEFERRED}:{why['reason']}", why["detail"])
        elif one["verdict"] == "bad":
            found[key] = _gone(key, JUDGE, f"{JUDGE}:{one['reason']}", one["note"])
    return found


def _gone(key: str, name: str, reason: str, detail: str) -> Verdict:
    return Verdict(key=key, kept=False, filter=name, reason=reason, detail=detail)
