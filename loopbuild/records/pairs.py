"""Preference pairs: one decision of a kept row beside a worse one, with the proof that it is worse."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from loopbuild.records.codec import Json

PairClass = Literal["parameter", "domain", "decomposition", "context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferencePair:
    """`prompt` and then either `chosen` or `rejected`: messages in the OpenAI chat form, one decision apart."""

    key: str
    row: str
    """The training row the prompt and the chosen side are taken from."""
    trajectory: str
    """The plan key of its execution; empty where no call is due."""
    kind: PairClass
    fault: str
    """What was done to the decision: `sibling`, `stops`, ..."""
    turn: int
    """Which of the row's calling turns is the decision, from 0; their number for the closing answer."""
    prompt: tuple[dict[str, Json], ...]
    chosen: tuple[dict[str, Json], ...]
    rejected: tuple[dict[str, Json], ...]
    tools: tuple[str, ...] = ()
    """Ids of the tools that either side or the prompt calls."""
    proof: str = ""
    """Why the rejected side is bad: a code of the validator, `tool_error`, `other_state`, `contract:no_tool`, ..."""
    detail: str = ""
    rest: tuple[int, ...] = field(default=())
    """The steps of the trajectory that were run after the rejected calls, as far as they could be."""
    digest: str = ""
