"""Filter `danger`: no row teaches a command that destroys a machine, its data or its history.

Looks at the arguments of calls and at what the assistant says. A person may ask for such a thing; a row in which the
assistant does it, or repeats it, goes. A list of patterns is no security boundary: it keeps the plainest harm out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from loopbuild.stages.filters.rows import Finding, Row

_ROOTS = r"(?:/|~|\$HOME|/\*|/(?:bin|boot|dev|etc|home|lib|opt|root|sbin|srv|usr|var)\b/?\*?)"
_DISK = r"/dev/(?:sd|nvme|hd|vd|disk)"
PATTERNS: dict[str, tuple[str, ...]] = {
    "remove_all": (
        r"\brm\s+(?:-[\w-]+\s+)*-(?:[a-z]*r[a-z]*|-recursive)\s+(?:-[\w-]+\s+)*"
        rf"['\"]?{_ROOTS}['\"]?(?=$|[\s;&|])",
    ),
    "format_disk": (
        r"\bmkfs(?:\.\w+)?\s+\S",
        rf"\bdd\b[^\n|;]*\bof={_DISK}",
        rf">\s*{_DISK}\w*",
        r"\bformat\s+[a-z]:",
    ),
    "fork_bomb": (r":\(\)\s*\{\s*:\s*\|\s*:\s*&\s*\}\s*;\s*:",),
    "pipe_to_shell": (
        r"\b(?:curl|wget)\b[^\n|;]*\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b",
        r"\bbase64\s+(?:-d|--decode)[^\n|;]*\|\s*(?:ba|z)?sh\b",
    ),
    "open_permissions": (rf"\bchmod\s+(?:-[\w-]+\s+)*(?:0?777|a\+rwx)\s+(?:-[\w-]+\s+)*{_ROOTS}(?=$|[\s;&|])",),
    "drop_data": (
        r"\bdrop\s+(?:database|schema|table)\s+\w",
        r"\btruncate\s+table\s+\w",
        r"\bdelete\s+from\s+[\w.\"`]+\s*(?:;|$|where\s+(?:1\s*=\s*1|true))",
    ),
    "lose_history": (
        r"\bgit\s+push\b[^\n;|]*\s(?:--force(?!-with-lease)|-f)\b",
        r"\bgit\s+reset\s+--hard\s+origin",
        r"\bgit\s+clean\s+-\w*f\w*d",
        r"\bgit\s+reflog\s+expire",
    ),
    "stop_machine": (r"\b(?:shutdown|poweroff|halt|reboot)\s+(?:-\w+|now)\b", r"\bkill\s+-9\s+-1\b"),
    "hide_or_disarm": (
        r"\biptables\s+-F\b",
        r"\bsetenforce\s+0\b",
        r"\bhistory\s+-c\b",
        r"\bpowershell\b[^\n]*\s-e(?:nc|ncodedcommand)\b",
    ),
}
"""Reason -> what it looks like, in any casing."""
_COMPILED = {name: re.compile("|".join(forms), re.IGNORECASE | re.MULTILINE) for name, forms in PATTERNS.items()}


def check_danger(row: Row, *, allow: Sequence[str] = ()) -> Finding | None:
    """Return `dangerous:<pattern>` for the first call or sentence that matches one not allowed."""
    for number, message in enumerate(row.example.messages):
        if message["role"] != "assistant":
            continue
        for text in _texts(message):
            for name, pattern in _COMPILED.items():
                found = None if name in allow else pattern.search(text)
                if found:
                    return Finding(reason=f"dangerous:{name}", detail=f"turn {number + 1}: `{found[0].strip()}`")
    return None


def _texts(message: dict[str, object]) -> list[str]:
    calls = message.get("tool_calls") or ()
    said = [str(message.get("content") or "")]
    for call in calls:  # type: ignore[attr-defined]
        said += _strings(call["function"]["arguments"])
    return said


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        # Arguments may be a JSON text; what it holds is looked at, not its quoting.
        if value[:1] in ("[", "{"):
            try:
                return [value, *_strings(json.loads(value))]
            except ValueError:
                return [value]
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _strings(one)]
    if isinstance(value, list | tuple):
        # A command given as a list of words is the same command.
        words = [one for one in value if isinstance(one, str)]
        return [" ".join(words), *(text for one in value for text in _strings(one))]
    return []
