"""What must hold of `judge` among the filters and of `graph.propose`: a model that can be asked, a limit on what it
costs, and for a judge another family.

Whose model it is is read off its name, for behind one address may stand anybody's. No name known is no finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loopbuild.documents import Path
from loopbuild.loopfile.spans import Settings
from loopbuild.loopfile.writer_checks import OFFLINE, check_asked, check_limit
from loopbuild.records import Diagnostic

_FAMILIES = {
    "Anthropic": r"claude",
    "OpenAI": r"gpt|chatgpt|o[134](?:-|$)",
    "Google": r"gemini|gemma|palm",
    "Meta": r"llama",
    "Mistral": r"[a-z]*stral|mixtral",
    "Alibaba": r"qwen|qwq",
    "DeepSeek": r"deepseek",
    "Cohere": r"command-[ar]",
    "xAI": r"grok",
    "Microsoft": r"phi-?\d",
    "Amazon": r"nova-",
}


def check_judge(settings: Settings) -> Iterator[Diagnostic]:
    """Yield what is wrong or odd with the judge."""
    filters = settings.value.get("filters")
    for index, judge in enumerate(filters if isinstance(filters, list) else ()):
        if isinstance(judge, dict) and judge.get("kind") == "judge" and isinstance(judge.get("model"), str):
            place: Path = ("filters", index)
            if judge["model"] == OFFLINE:
                message, hint = "the offline writer judges nothing", "a model id, such as `anthropic/claude-sonnet-4-5`"
                span = settings.span((*place, "model"))
                yield Diagnostic(severity="error", code="bad-value", message=message, span=span, hint=hint)
                continue
            yield from check_asked(settings, place, judge)
            yield from check_limit(settings, place, judge)
            yield from _check_family(settings, place, judge)


def check_proposer(settings: Settings) -> Iterator[Diagnostic]:
    """Yield what is wrong or odd with the model that proposes edges."""
    graph = settings.value.get("graph")
    proposer = graph.get("propose") if isinstance(graph, dict) else None
    if not isinstance(proposer, dict) or not isinstance(proposer.get("model"), str):
        return
    place: Path = ("graph", "propose")
    if proposer["model"] == OFFLINE:
        message, hint = "the offline writer proposes nothing", "a model id, such as `anthropic/claude-sonnet-4-5`"
        span = settings.span((*place, "model"))
        yield Diagnostic(severity="error", code="bad-value", message=message, span=span, hint=hint)
        return
    yield from check_asked(settings, place, proposer)
    yield from check_limit(settings, place, proposer)


def family_of(model: str) -> str:
    """Return who made a model, as far as its id says; empty where it does not."""
    name = model.lower()
    return next((family for family, names in _FAMILIES.items() if re.search(rf"(?<![a-z])(?:{names})", name)), "")


def _check_family(settings: Settings, place: Path, judge: dict[str, Any]) -> Iterator[Diagnostic]:
    synthesis = settings.value.get("synthesis")
    writers = synthesis.get("writers") if isinstance(synthesis, dict) else None
    written = writers if isinstance(writers, list) else []
    models = [one["model"] for one in written if isinstance(one, dict) and isinstance(one.get("model"), str)]
    own = family_of(judge["model"])
    alike = [one for one in models if one == judge["model"] or (own and family_of(one) == own)]
    if alike:
        of = f", both of {own}" if own else ""
        message = f"`{judge['model']}` would judge what `{alike[0]}` wrote{of}"
        hint = "a model favours its own turn of phrase: let one of another provider judge"
        span = settings.span((*place, "model"))
        yield Diagnostic(severity="warning", code="suspicious", message=message, span=span, hint=hint)
