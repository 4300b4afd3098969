"""loop.lock: what is in force, in a form people merge and review.

One sorted, tab-separated line per target: id, output digest, fields. No times, hosts, costs or paths, so that two
machines write the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from loopbuild.engine.journal import Entry
from loopbuild.engine.proof import proof_of
from loopbuild.engine.target import Target
from loopbuild.errors import StoreError

NAME = "loop.lock"
_HEADER = "# loopbuild lock 1"
_SHOWN = 16


class LockError(StoreError):
    """loop.lock can not be used as it is."""

    exit_code = 2


Line = tuple[str, Mapping[str, str]]
"""(digest, fields) of one target."""


def read(root: Path) -> dict[str, Line]:
    """Return id -> (digest, fields); empty without a file. Raises LockError for conflict markers and newer versions."""
    try:
        text = (root / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise LockError(f"`{NAME}` is not text", hint=f"delete `{NAME}`; the next build writes it again") from error
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<< ", "=======", ">>>>>>> ")):
            raise LockError(
                f"`{NAME}:{number}` has conflict markers",
                intact="every stored result",
                hint=f"delete `{NAME}`; the next build writes it again",
            )
    if not lines:
        return {}
    if lines[0] != _HEADER:
        raise LockError(
            f"`{NAME}` begins with `{lines[0][:40]}`, this loopbuild writes `{_HEADER}`",
            hint=f"upgrade loopbuild, or delete `{NAME}`",
        )
    found: dict[str, Line] = {}
    for number, line in enumerate(lines[1:], 2):
        name, _, rest = line.partition("\t")
        digest, *fields = rest.split("\t")
        if not name or not digest.startswith("b3:"):
            raise LockError(f"`{NAME}:{number}` is not a lock line", hint=f"delete `{NAME}`")
        found[name] = (digest, dict(field.split("=", 1) for field in fields if "=" in field))
    return found


def write(
    root: Path,
    entries: Mapping[str, Entry],
    *,
    parents: Mapping[str, str],
    extra: Mapping[str, Mapping[str, str]],
    known: Mapping[str, Target],
    with_proofs: bool = False,
    is_complete: bool,
    scratch: Path,
) -> bool:
    """Write what is in force; return whether the file changed.

    Lines of targets that were not looked at stay, unless the build was complete. `extra` gives the fields of further
    lines, their digest under `digest`. `with_proofs`: let every line vouch for the whole result, not the output alone.
    """
    lines: dict[str, Line] = {} if is_complete else read(root)
    for name, entry in entries.items():
        fields: dict[str, str] = {}
        if name in parents:
            fields["goal"] = entry.key[:_SHOWN]
            if parents[name]:
                fields["parent"] = parents[name][:_SHOWN]
        if with_proofs:
            fields["proof"] = proof_of(
                entry.key,
                needs=entry.needs,
                published=entry.published,
                parent=parents.get(name, ""),
                row_count=entry.row_count,
            )
        if entry.row_count >= 0:
            fields["rows"] = str(entry.row_count)
        if known[name].recipe.nature == "pinned":
            fields["key"] = entry.key[:_SHOWN]
        lines[name] = (f"b3:{entry.output}", fields)
    for name, values in extra.items():
        digest = values.get("digest", "").removeprefix("b3:")
        lines[name] = (f"b3:{digest}", {field: text[:_SHOWN] for field, text in values.items() if field != "digest"})
    rows = [_HEADER]
    for name, (digest, shown) in sorted(lines.items()):
        texts = [f"{field}={value}" for field, value in sorted(shown.items())] if shown else ()
        rows.append("\t".join([name, digest, *texts]))
    text = "\n".join(rows) + "\n"
    path = root / NAME
    try:
        if path.read_text(encoding="utf-8") == text:
            return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    fresh = scratch / NAME
    with fresh.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    return True
