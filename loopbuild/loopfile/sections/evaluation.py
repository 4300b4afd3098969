"""`evaluation:`: what is held out, how it is asked, and which figures must hold."""

from __future__ import annotations

from loopbuild.loopfile.sections.base import Flag, Positive, Section, Share, Text


class EvaluationSettings(Section):
    """Held-out tasks and gates."""

    held_out: Share = 0.2
    """Share of call paths (of more than one step) no training row takes."""
    per_tool: Positive = 12
    """Held-out trajectories that end with a given tool."""
    max_calls: Positive = 20
    max_new_tokens: Positive = 160
    """Per assistant turn."""
    constrained_decoding: Flag = True
    """Decode calls under the tools' schemas, as servers of models do; false: as the model remembers them."""
    gate: dict[Text, Share] = {}
    """Metric -> value below which the build fails, on the split `values`."""
    compare_base: Flag = True
    """Also score the untrained base."""
