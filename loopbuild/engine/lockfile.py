"""loop.lock: what is in force, in a form people merge and review.

One sorted, tab-separated line per target: id, output digest, fields; further lines with fields alone. No times, hosts,
costs or paths, so that two machines write the same bytes. Knows the form; what a line means for a build is decided
where it is read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from loopbuild.engine.generations import Generation
from loopbuild.engine.journal import Entry
from loopbuild.engine.proof import proof_of
from loopbuild.engine.target import Nature
from loopbuild.errors import StoreError

NAME = "loop.lock"
HEADER = "# loopbuild lock 1"
NOTHING = "-"
"""Stands where a line has no object."""
MARKERS = ("<<<<<<< ", "||||||| ", "=======", ">>>>>>> ")
_SHOWN = 16
_DIGEST = re.compile("[0-9a-f]{17,}")
_ROW = "#"
"""Between a target and one of its rows."""


class LockError(StoreError):
    """loop.lock can not be used as it is."""

    exit_code = 2


Line = tuple[str, Mapping[str, str]]
"""(`b3:` and the digest of the output, or "" for a line without one; fields)."""
Lines = Mapping[str, Line]


def read(root: Path, name: str = NAME) -> dict[str, Line]:
    """Return id -> line; empty without a file. Raises LockError for conflict markers and newer versions."""
    return parse(text_of(root, name), name)


def text_of(root: Path, name: str = NAME) -> str:
    """Return what stands in the file, empty without one. Raises LockError for what is no text file."""
    try:
        return (root / name).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (IsADirectoryError, NotADirectoryError, PermissionError) as error:
        what = "is a folder" if isinstance(error, IsADirectoryError) else "cannot be read"
        hint = "move it out of the way; the next build writes a file" if (root / name).is_dir() else "make it readable"
        raise LockError(f"`{name}` {what}", intact="every stored result is as it was", hint=hint) from error
    except UnicodeDecodeError as error:
        raise LockError(f"`{name}` is not text", hint=f"delete `{name}`; the next build writes it again") from error


def parse(text: str, name: str = NAME) -> dict[str, Line]:
    """Return id -> line of what `text_of` returned; raises LockError as `read` does."""
    if any(text.startswith(marker) or f"\n{marker}" in text for marker in MARKERS):
        number = next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith(MARKERS))
        raise LockError(
            f"`{name}:{number}` has conflict markers",
            intact="every stored result is as it was",
            hint="run `loopbuild merge-lock`",
        )
    return decode(text)


class Reader:
    """loop.lock as it is whenever asked, parsed again only when it changed since."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._text: str | None = None
        self._lines: dict[str, Line] = {}

    def lines(self) -> dict[str, Line]:
        """Return id -> line, the same object while the text is the same; raises LockError as `read` does."""
        text = text_of(self._root)
        if text != self._text:
            self._lines, self._text = parse(text), text
        return self._lines


def decode(text: str) -> dict[str, Line]:
    """Return id -> line of a lock's text. Raises LockError for what is no lock of ours."""
    if not text:
        return {}
    # Only a line feed ends a line: names may hold other characters that Unicode counts as line ends.
    lines = text.removesuffix("\n").split("\n")
    if lines[0] != HEADER:
        raise LockError(
            f"`{NAME}` begins with `{lines[0][:40]}`, this loopbuild writes `{HEADER}`",
            hint=f"upgrade loopbuild, or delete `{NAME}`",
        )
    found: dict[str, Line] = {}
    for number, line in enumerate(lines[1:], 2):
        name, *rest = line.split("\t")
        if not name or not rest or not (rest[0] == NOTHING or rest[0].startswith("b3:")):
            raise LockError(f"`{NAME}:{number}` is not a lock line", hint=f"delete `{NAME}`")
        if len(rest) == 2:  # the usual case, for tens of thousands of lines
            field, mark, value = rest[1].partition("=")
            fields = {field: value} if mark else {}
        else:
            fields = {field: value for field, mark, value in (one.partition("=") for one in rest[1:]) if mark}
        found[name] = ("" if rest[0] == NOTHING else rest[0], fields)
    return found


def encode(lines: Lines) -> str:
    """Return the text, the same for the same lines."""
    rows = [HEADER]
    for name, (digest, fields) in sorted(lines.items()):
        if len(fields) == 1:
            (field,) = fields
            rows.append(f"{name}\t{digest or NOTHING}\t{field}={fields[field]}")
            continue
        texts = [f"{field}={value}" for field, value in sorted(fields.items())]
        rows.append("\t".join([name, digest or NOTHING, *texts]))
    return "\n".join(rows) + "\n"


def line_of(entry: Entry, *, nature: Nature, parent: str = "", generation: int = 0, with_proof: bool = False) -> Line:
    """Return the line of a result in force; a history's key is its goal. A proof vouches for more than the output."""
    fields = {"goal" if nature == "historical" else "key": entry.key[:_SHOWN]}
    if parent:
        fields["parent"] = parent[:_SHOWN]
    if entry.row_count >= 0:
        fields["rows"] = str(entry.row_count)
    if generation:
        fields["generation"] = str(generation)
    if with_proof:
        fields["proof"] = proof_of(
            entry.key, needs=entry.needs, published=entry.published, parent=parent, row_count=entry.row_count
        )
    return f"b3:{entry.output}", fields


def extra_line(values: Mapping[str, str]) -> Line:
    """Return a line that is no target's: its digest under `digest`; other digests are cut to what tells them apart."""
    digest = values.get("digest", "").removeprefix("b3:")
    fields = {
        field: text[:_SHOWN] if _DIGEST.fullmatch(text) else text for field, text in values.items() if field != "digest"
    }
    return f"b3:{digest}" if digest else "", fields


def update(
    old: Lines,
    results: Lines,
    extra: Mapping[str, Mapping[str, str]],
    *,
    is_complete: bool,
    now: Lines | None = None,
    is_in_force: Callable[[str], bool] = lambda target: True,
) -> dict[str, Line]:
    """Return the lines after a build: those of targets that were not looked at stay, unless it was complete.

    `old` are the lines it began with, `now` those that stand there at its end, when somebody has written meanwhile:
    what he added or changed stays. Of two lines for one target that of the result in force counts.
    """
    now = old if now is None else now
    kinds = {name.partition(":")[0] for name in extra}
    kept = {
        name: line
        for name, line in now.items()
        if name.partition(":")[0] not in kinds and not (is_complete and old.get(name) == line)
    }
    if now is not old:
        results = {
            name: line
            for name, line in results.items()
            if now.get(name) in (None, old.get(name), line) or is_in_force(name.partition(_ROW)[0])
        }
    return {**kept, **results, **{name: extra_line(values) for name, values in extra.items()}}


def changes(old: Lines, new: Lines) -> tuple[str, ...]:
    """Return the ids whose lines differ, sorted."""
    return tuple(name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name))


def write(root: Path, lines: Lines, *, scratch: Path) -> bool:
    """Write the lock; return whether the file changed."""
    text, path = encode(lines), root / NAME
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


# -- what a line says ------------------------------------------------------------------------------------------------


def key_in(line: Line | None) -> str:
    """Return the first digits of the key a line was written under, empty for a line that is no target's."""
    return "" if line is None else line[1].get("key") or line[1].get("goal") or ""


def output_for(lines: Lines, target: str, key: str) -> str:
    """Return the output digest the lock names for a target of exactly this key, else empty."""
    line = lines.get(target)
    if line is None:
        return ""
    known = line[1].get("key") or line[1].get("goal")
    return line[0][3:] if known and key.startswith(known) and len(known) == _SHOWN else ""


def generations_in(lines: Lines) -> dict[str, Generation]:
    """Return how often pinned targets and rows of theirs were refreshed; those that never were are left out."""
    whole: dict[str, int] = {}
    rows: dict[str, dict[str, int]] = {}
    for name, (_, fields) in lines.items():
        text = fields.get("generation", "")
        if not text.isdecimal():
            continue
        target, mark, row = name.partition(_ROW)
        if mark:
            rows.setdefault(target, {})[_unescaped(row)] = int(text)
        else:
            whole[name] = int(text)
    return {
        name: Generation(whole=whole.get(name, 0), rows=dict(sorted(rows.get(name, {}).items())))
        for name in whole.keys() | rows.keys()
    }


def row_lines(target: str, generation: Generation) -> dict[str, Line]:
    """Return the lines of the rows of a target that were refreshed apart from the others; usually none."""
    return {
        f"{target}{_ROW}{_escaped(row)}": ("", {"generation": str(number)}) for row, number in generation.rows.items()
    }


def _escaped(row: str) -> str:
    return row.encode("unicode_escape").decode("ascii")


def _unescaped(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("unicode_escape")


def targets_in(lines: Lines) -> Iterable[str]:
    """Return the ids of lines that stand for targets."""
    return [name for name, line in lines.items() if key_in(line)]
