"""`why --json`: an explanation as data, in the codes that the screen has words for."""

from __future__ import annotations

import json
from dataclasses import asdict

from loopbuild.engine.rowwhy import RowExplanation
from loopbuild.engine.why import Explanation


def explained_json(found: Explanation | RowExplanation) -> str:
    """Return the causes of a target's state, or of a row's."""
    if isinstance(found, RowExplanation):
        reasons = [asdict(reason) for reason in found.reasons]
        row = {"target": found.target, "row": found.key, "state": found.state, "is_new": found.is_new}
        return json.dumps({**row, "reasons": reasons, "reads": dict(found.reads)}, sort_keys=True, default=str)
    target = {
        "target": found.target,
        "state": found.will,
        "chain": [asdict(cause) for cause in found.chain],
        "path": [cause.target for cause in found.path],
        "cues": found.cues,
        "upstream": found.upstream_count,
        "absorbed": [cause.target for cause in found.absorbed],
        "key": found.record.key if found.record else None,
        "last_run": found.last_run,
        "error": found.error.message if found.error else "",
    }
    return json.dumps(target, sort_keys=True, default=str)
