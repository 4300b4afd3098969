"""`graph:`: which outputs may feed which inputs."""

from __future__ import annotations

from loopbuild.loopfile.sections.asked import AskedModel
from loopbuild.loopfile.sections.base import Positive, Section, Share, Text


class EdgeRules(Section):
    """Author's rules: `hr/get_open_roles#/role_ids/[] -> hr/schedule_interview#/role_id`, or globs on both sides."""

    allow: tuple[Text, ...] = ()
    deny: tuple[Text, ...] = ()


class ProposeSettings(AskedModel):
    """A model that is asked which outputs it would pass to inputs nothing feeds; `plan` says what it costs. Off by
    default, and what it proposes is sampled only once a replay or `edges.allow` speaks for it."""

    per_input: Positive = 2
    """At most so many proposals are shown and tried for one input."""
    max_tokens: Positive = 800
    """Of one answer; twice as many when it was cut off."""


class GraphSettings(Section):
    """Edge inference."""

    min_score: Share = 0.6
    per_input: Positive = 5
    """At most this many producers for one input leaf."""
    edges: EdgeRules = EdgeRules()
    entities: dict[Text, Text] = {}
    """Synonyms: a word -> the entity word it means."""
    propose: ProposeSettings | None = None
    renames: dict[Text, Text] = {}
    """Old tool id -> new tool id, where the diff cannot be certain."""
