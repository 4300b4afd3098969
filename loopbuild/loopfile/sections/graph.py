"""`graph:`: which outputs may feed which inputs."""

from __future__ import annotations

from loopbuild.loopfile.sections.base import Positive, Section, Share, Text


class EdgeRules(Section):
    """Author's rules: `hr/get_open_roles#/role_ids/[] -> hr/schedule_interview#/role_id`, or globs on both sides."""

    allow: tuple[Text, ...] = ()
    deny: tuple[Text, ...] = ()


class GraphSettings(Section):
    """Edge inference."""

    min_score: Share = 0.6
    per_input: Positive = 5
    """At most this many producers for one input leaf."""
    edges: EdgeRules = EdgeRules()
    entities: dict[Text, Text] = {}
    """Synonyms: a word -> the entity word it means."""
    renames: dict[Text, Text] = {}
    """Old tool id -> new tool id, where the diff cannot be certain."""
