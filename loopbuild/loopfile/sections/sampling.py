"""`sampling:`: how many trajectories of which shapes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from loopbuild.loopfile.sections.base import Count, Flag, Positive, Section, Share, Text


class Topologies(Section):
    """Shares of the shapes of a trajectory; brought to a sum of 1, shapes a source cannot have give theirs away."""

    single: Share = 0.35
    chain: Share = 0.30
    fan_out: Share = 0.10
    join: Share = 0.10
    map: Share = 0.15
    conditional: Share = 0.0
    """One thing or another by what a look shows: two trajectories, in two worlds, asked for in the same words."""
    parallel: Share = 0.0
    """Several goals of one request, independent of each other: their calls go out in one assistant turn."""


class Lengths(Section):
    """Shares of the numbers of calls in a chain, `max_steps` at most; brought to a sum of 1.

    What a tool cannot have gives its share away."""

    two: Share = 0.1
    three: Share = 0.2
    four: Share = 0.3
    five: Share = 0.2
    six: Share = 0.1
    more: Share = 0.1
    """Seven or eight."""


class SamplingSettings(Section):
    """The coverage plan."""

    per_tool: Positive = 150
    """Training trajectories that end with a given tool. Not a total: one more tool moves no other tool's plan."""
    max_steps: Positive = 6
    topologies: Topologies = Topologies()
    lengths: Lengths | None = None
    """Of chains. Null: two to four calls, mostly three. `{}`: two to eight, mostly four."""
    seed: Count = 0
    user_known: tuple[Text, ...] = ()
    """Globs over parameter names whose ids a person may know and say; others must come from a call."""
    optional: Share = 0.3
    """Chance that an optional parameter is given."""
    parallel_turns: Flag = False
    """Steps of any shape that need nothing of each other go out in one assistant turn, not one after the other."""
    derived: Share = 0.0
    """Further trajectories, as a share of `per_tool`, in which an argument or the answer is worked out from results:
    the largest of a list, all that match, a count, a sum, a difference, a date some days later."""
    coverage: Flag = False
    """Further trajectories for what the others leave short: edges seen fewer than three times, optional parameters
    never given or never left out, two of them never together or never apart, values of a choice and bounds of a number
    never seen."""
    rounds: Annotated[Count, Field(le=3)] = 0
    """How often is gone back for what is still short: a trajectory that no way leads to is looked for again in other
    worlds; with `coverage`, further ones by other ways, of which the data set keeps what it lacks after the filters."""
