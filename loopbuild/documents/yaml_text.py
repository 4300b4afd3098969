"""YAML 1.2 read strictly: the core schema's scalars, text keys, one document, nothing shared and no tags.

PyYAML's own resolver follows YAML 1.1 (`on` is true, `010` is eight, `12:30` is 750, `2e-4` is text), so only its
scanner is used and scalars are decided here. Events instead of nodes: a document of 20,000 opening brackets is left at
the 201st, and keys keep their places.
"""

from __future__ import annotations

import math
import re
from typing import Any

from loopbuild.documents.aliases import Aliases
from loopbuild.documents.document import MAX_DIGITS, Builder, Document, Unreadable, decode
from loopbuild.records import Json

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9_]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?\Z")
_OTHER_BASE = re.compile(r"[-+]?0(?:x[0-9a-fA-F_]+|o[0-7_]+|b[01_]+)\Z")
_UNDERSCORE = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?\Z")
_NOT_ALLOWED = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_TROUBLES = (
    # What the scanner says, what we say, and the way out.
    (
        "mapping values are not allowed",
        "a `:` where no key can be",
        "quote text that holds `: `, or add the `:` missing above",
    ),
    ("could not find expected ':'", "a key without its `:`", "write `key: value`"),
    ("expected <block end>", "the indentation does not fit the lines above", ""),
    ("did not find expected key", "a list or key where none can be", "check the indentation and the brackets above"),
    ("expected ',' or", "this bracket is not closed, or a comma is missing in it", ""),
    ("did not find expected '-' indicator", "a list entry must begin with `- `", "check the indentation"),
    ("did not find expected node content", "a value is missing", ""),
    ("expected <document start>", "nothing may follow the document", ""),
    ("found unexpected end of stream", "a quote is not closed", ""),
    ("found character that cannot start any token", "a value cannot begin with this character", "quote it"),
)


def read_yaml(content: bytes, *, file: str, allows_aliases: bool = False) -> Document:
    """Read one YAML document of JSON types.

    `allows_aliases` is for what others wrote: `&a`, `*a` and `<<` are read, and a value counts as often as it is used.
    In what our users write an alias is a mistake.

    Keys given twice and numbers that YAML 1.1 and 1.2 read differently, or that are not finite, become diagnostics of
    the document (the value is then the first, or the text); whatever else is wrong raises `Unreadable`.
    """
    import yaml

    text = decode(content, file=file, code="not-yaml")
    builder = Builder(file, text)
    bad = _NOT_ALLOWED.search(text)
    if bad:
        raise builder.fatal("not-yaml", f"character U+{ord(bad[0]):04X} is not allowed", bad.start(), bad.end())
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    to_scanner, from_scanner = _line_end_disguise(text)
    aliases = Aliases(builder) if allows_aliases else None
    try:
        for event in yaml.parse(text.translate(to_scanner) if to_scanner else text, Loader=loader):
            if from_scanner and isinstance(event, yaml.ScalarEvent):
                event.value = event.value.translate(from_scanner)
            if aliases is None or not aliases.take(event):
                _take(builder, event)
                if aliases is not None:
                    aliases.note(event)
    except yaml.MarkedYAMLError as exc:
        raise _trouble(builder, exc) from None
    except yaml.YAMLError as exc:
        raise builder.fatal("not-yaml", f"not YAML: {str(exc).splitlines()[0]}", 0, 0) from None
    if builder.root is None:
        raise builder.fatal("empty", f"`{file}` is empty", 0, 0)
    return builder.document()


def _line_end_disguise(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """Return stand-ins for characters the scanner takes for line ends and YAML 1.2 does not, there and back."""
    found = [ord(character) for character in "\x85\u2028\u2029" if character in text]
    if not found:
        return {}, {}
    free = (code for code in range(0xE000, 0xF8FF) if chr(code) not in text)
    to_scanner = dict(zip(found, free, strict=False))
    return to_scanner, {stand_in: code for code, stand_in in to_scanner.items()}


def _take(builder: Builder, event: Any) -> None:
    name = type(event).__name__
    start, end = event.start_mark.index, event.end_mark.index
    if name in ("MappingEndEvent", "SequenceEndEvent"):
        builder.close(end)
    elif name == "DocumentStartEvent":
        if builder.root is not None:
            hint = "keep one document in a file; `---` begins another"
            raise builder.fatal("not-yaml", "a second document begins here", start, start + 3, hint)
    elif name == "AliasEvent":
        raise builder.fatal("alias", f"alias `*{event.anchor}` is not allowed", start, end, "write the value out")
    elif name in ("ScalarEvent", "MappingStartEvent", "SequenceStartEvent"):
        if event.anchor is not None:
            message, width = f"anchor `&{event.anchor}` is not allowed", len(event.anchor) + 1
            start = builder.text.find("&", start)
            raise builder.fatal("alias", message, start, start + width, "write the value out where it is used")
        if event.tag is not None:
            start = builder.text.find("!", start)
            written = re.match(r"[^\s,\]}]*", builder.text[start:])
            tag = written[0] if written else "!"
            message = f"tag `{tag}` is not allowed"
            raise builder.fatal("not-json", message, start, start + len(tag), "only plain values are read")
        if name == "ScalarEvent":
            _take_scalar(builder, event, start, end)
        else:
            builder.open("{" if name == "MappingStartEvent" else "[", start)


def _take_scalar(builder: Builder, event: Any, start: int, end: int) -> None:
    is_plain = event.implicit[0]
    if builder.wants_key:
        if is_plain and event.value == "<<":
            raise builder.fatal("alias", "merge key `<<` is not allowed", start, end, "write the keys out")
        builder.key(event.value, start, end)
    else:
        builder.scalar(_resolve(builder, event.value, start, end) if is_plain else event.value, start, end)


def _resolve(builder: Builder, text: str, start: int, end: int) -> Json:
    """Return what a plain scalar means under the core schema of YAML 1.2."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    first = text[0]
    if not (first.isdecimal() or first in "+-."):
        return text
    if _INTEGER.match(text):
        if len(text) <= MAX_DIGITS:
            return int(text)
        builder.mistake("bad-value", f"an integer of {len(text):,} digits", start, start + 1, "quote it")
    elif _FLOAT.match(text):
        value = float(text)
        if math.isfinite(value):
            return value
        builder.mistake("bad-value", f"`{text}` is larger than any number can be", start, end)
    elif _NOT_FINITE.match(text):
        builder.mistake("bad-value", f"`{text}` is not a finite number", start, end)
    elif _OTHER_BASE.match(text):
        hint = f'write the number in decimal, or `"{text}"` for text'
        builder.mistake("bad-value", f"`{text}` is not a decimal number", start, end, hint)
    elif _LEADING_ZERO.match(text):
        plain = text.lstrip("+-0_") or "0"
        hint = f'write `{plain}` for the number, or `"{text}"` for text'
        builder.mistake("bad-value", f"`{text}` begins with a zero: octal or decimal?", start, end, hint)
    elif _UNDERSCORE.match(text):
        hint = f'write `{text.replace("_", "")}` for the number, or `"{text}"` for text'
        builder.mistake("bad-value", f"`{text}` holds an underscore: a number or text?", start, end, hint)
    return text


def _trouble(builder: Builder, exc: Any) -> Unreadable:
    problem = str(exc.problem or exc.context or "")
    mark = exc.problem_mark or exc.context_mark
    at = min(mark.index, len(builder.text)) if mark is not None else 0
    # What is never closed is shown where it opens; the scanner notices later, often at the end of the file.
    is_at_end = at >= len(builder.text.rstrip())
    is_quote = "unexpected end of stream" in problem
    if is_at_end and not is_quote and builder.innermost >= 0 and builder.text[builder.innermost] in "[{":
        problem, at = "expected ',' or", builder.innermost
    elif (is_quote or "expected ',' or" in problem) and exc.context_mark:
        at = exc.context_mark.index
    begin = max(builder.text.rfind("\n", 0, at), builder.text.rfind("\r", 0, at)) + 1
    indent = re.match(r"[ \t]*", builder.text[begin:])
    tab = (indent[0] if indent else "").find("\t")
    if tab >= 0:
        return builder.fatal("not-yaml", "a tab in the indentation", begin + tab, begin + tab + 1, "indent with spaces")
    for said, message, hint in _TROUBLES:
        if said in problem:
            return builder.fatal("not-yaml", f"not YAML: {message}", at, at + 1, hint)
    return builder.fatal("not-yaml", f"not YAML: {problem}", at, at + 1)
