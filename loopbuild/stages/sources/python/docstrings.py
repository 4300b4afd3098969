"""Docstrings in Google, NumPy or Sphinx style -> a summary, a text for each parameter, and types where they are told.

What a docstring says about types is prose; it stands in where there is no annotation and counts as guessed.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import Any

_RTYPE = re.compile(r"^\s*:rtype:(.+)$", re.MULTILINE)


@dataclass(slots=True)
class Described:
    """What a docstring tells."""

    summary: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    return_type: str = ""


def described(docstring: Any) -> Described:
    """Return what a docstring of griffe tells, whatever its style; nothing for None."""
    import griffe

    out = Described()
    if docstring is None:
        return out
    logging.getLogger("griffe").setLevel(logging.CRITICAL + 1)  # its warnings are about style
    try:
        style, _ = griffe.infer_docstring_style(docstring)
        # `list[str]: the names` is a type and a sentence, not a name and a sentence.
        options = {"returns_named_value": False} if style is None or style.value == "google" else {}
        sections = griffe.parse(docstring, style or griffe.Parser.google, **options)
    except Exception:  # a parser that stumbles over somebody's prose costs the prose's details, not the tool
        out.summary = str(docstring.value).strip()
        return out
    texts = []
    for section in sections:
        kind = section.kind.value
        if kind == "text":
            texts.append(str(section.value).strip())
        elif kind in ("parameters", "other parameters", "attributes"):
            for item in section.value:
                out.parameters[item.name.lstrip("*")] = " ".join(str(item.description).split())
                written = _written(item)
                if written:
                    out.types[item.name.lstrip("*")] = written
        elif kind in ("returns", "yields") and section.value:
            first = section.value[0]
            out.returns = " ".join(str(first.description).split())
            out.return_type = str(first.annotation or "")
    told = _RTYPE.search(str(docstring.value))
    if told and not out.return_type:
        out.return_type = told[1].strip()
    out.summary = "\n\n".join(text for text in texts if text)
    return out


def _written(item: Any) -> str:
    """Return the type of a parameter; `optional` and `default: 3` belong to the sentence, not to the type."""
    text = str(item.annotation or "")
    parts = [part.strip() for part in text.split(",")]
    return parts[0] if len(parts) > 1 and parts[1].startswith(("optional", "default")) else text
