"""An OpenAPI document and the files beside it as one thing that references can be looked up in.

Decides which references may be followed: those within the document and into files that were handed in. Nothing is ever
fetched or opened: bytes come in, and the registry has no way to retrieve. The content of a file that may not be read
is in no message, because it is not read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from loopbuild.documents import Document, Unreadable, read_json, read_yaml
from loopbuild.errors import SourceError
from loopbuild.pointers import escaped
from loopbuild.records import Diagnostic, Json, Span
from loopbuild.stages.sources.entries import refused
from loopbuild.visible import named

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|//")
_LOCATED_BYTES = 256 * 1024
"""Above this, lines are sought for errors alone: finding places takes 0.3 s a megabyte, reading 0.02."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value by the file it stands in and its JSON pointer there."""

    file: str
    pointer: str

    def below(self, *tokens: str | int) -> Place:
        """Return the place of a part."""
        more = "".join("/" + escaped(token) for token in tokens)
        return Place(self.file, self.pointer + more)


@dataclass(slots=True)
class Spec:
    """The root document, what it may refer to, and what went wrong on the way."""

    source: str
    file: str
    version: str
    """`2.0`, `3.0` or `3.1`."""
    documents: dict[str, Document]
    refs: Mapping[str, str] = field(default_factory=dict)
    """A URL that references name -> the file that stands for it."""
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _said: set[tuple[str, str, Place | None]] = field(default_factory=set)
    _registry: Json = None

    @property
    def root(self) -> dict[str, Json]:
        """The root document's value."""
        value: dict[str, Json] = self.documents[self.file].value
        return value

    def follow(self, ref: str, at: Place) -> tuple[Json, Place] | None:
        """Return what a reference at a place points to and where that stands; None, with a diagnostic, if nowhere."""
        target, fragment = self._split(ref, at)
        if target is None:
            return None
        if fragment and not fragment.startswith("/"):
            self.say("note", "anchor", f"`{named(ref)}` names an anchor, which is not looked up", at)
            return None
        found = self._lookup(target, fragment)
        if found is None:
            self.say("error", "missing-ref", f"`$ref` to `{named(ref)}` points at nothing", at)
            return None
        return found[0], Place(target, unquote(fragment))

    def say(self, severity: str, code: str, message: str, at: Place, *, hint: str = "") -> None:
        """Say something once for each place; what is a mere note, once for the document."""
        what = (code, message, None if severity == "note" else at)
        if what in self._said:
            return
        self._said.add(what)
        span = self.span(at, is_sought=severity == "error")
        self.diagnostics.append(
            Diagnostic(severity=severity, code=code, message=message, span=span, hint=hint)  # type: ignore[arg-type]
        )

    def span(self, at: Place, *, is_sought: bool = False) -> Span:
        """Return a place as a span; its line is worked out where that is cheap or `is_sought`."""
        document = self.documents[at.file]
        if is_sought or len(document.text) <= _LOCATED_BYTES:
            return document.span(at.pointer, key=True)
        return Span(file=at.file, pointer=at.pointer)

    def _split(self, ref: str, at: Place) -> tuple[str | None, str]:
        name, _, fragment = ref.partition("#")
        if not name:
            return at.file, fragment
        if name in self.refs:
            path = posixpath.normpath(self.refs[name])
        elif _SCHEME.match(name):
            self._refuse(name, at)
            return None, fragment
        else:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(at.file), unquote(name)))
            folder = posixpath.dirname(self.file)
            inside = path.startswith(folder + "/") if folder else not path.startswith(("../", "/"))
            if not inside or path == "..":
                message = f"`$ref` to `{named(name)}` leaves the folder of the document and is not read"
                self.say("error", "ref-outside-root", message, at, hint="copy the file into that folder")
                return None, fragment
        if path not in self.documents:
            self.say("error", "missing-ref", f"`$ref` to `{named(name)}`: there is no such file to read", at)
            return None, fragment
        return path, fragment

    def _refuse(self, name: str, at: Place) -> None:
        if name.lower().startswith("file:"):
            message = f"`$ref` to `{named(name)}` leaves the folder of the document and is not read"
            self.say("error", "ref-outside-root", message, at, hint="copy the file into that folder")
        else:
            message = f"`$ref` to `{named(name)}` is not fetched: nothing is read from the network"
            hint = "keep a copy and name it: `refs: {" + named(name) + ": path/to/copy}`"
            self.say("error", "remote-ref", message, at, hint=hint)

    def _lookup(self, file: str, fragment: str) -> tuple[Json] | None:
        from referencing import Registry, Resource
        from referencing.exceptions import Unresolvable

        if self._registry is None:
            named = [(_uri(name), Resource.opaque(document.value)) for name, document in self.documents.items()]
            self._registry = Registry().with_resources(named)
        try:
            return (self._registry.resolver(base_uri=_uri(file)).lookup("#" + fragment).contents,)
        except (Unresolvable, ValueError, TypeError, KeyError, IndexError):
            return None


def open_spec(
    source: str, content: bytes, *, file: str, beside: Mapping[str, bytes], refs: Mapping[str, str] | None = None
) -> Spec:
    """Read the document and the files beside it; raises SourceError when the root is no OpenAPI document.

    A file beside it that cannot be read costs only what refers to it.
    """
    document = _document(source, content, file)
    value = document.value
    version = _version(value) if isinstance(value, dict) else ""
    if not version or not isinstance(value.get("paths", {}), dict):
        span = document.span("")
        what = "no OpenAPI document: it names no `openapi` or `swagger` version" if not version else "without `paths`"
        raise SourceError(
            f"{span.file}:{span.line}:{span.column}: source `{source}` holds {what}",
            source=source,
            hint="`openapi: 3.1.0` or `swagger: '2.0'` stands at the top of such a document",
        )
    documents, diagnostics = {file: document}, list(document.diagnostics)
    for name, other in sorted(beside.items()):
        try:
            documents[name] = _document(source, other, name)
        except SourceError as exc:
            diagnostics += exc.diagnostics
        else:
            diagnostics += documents[name].diagnostics
    spec = Spec(source=source, file=file, version=version, documents=documents, refs=refs or {})
    spec.diagnostics += diagnostics
    declared = str(value.get("openapi") or value.get("swagger"))
    if not declared.startswith(version):
        note = f"OpenAPI {named(declared)} is read as {version}"
        spec.say("note", "newer-version", note, Place(file, "/openapi"))
    return spec


def _document(source: str, content: bytes, file: str) -> Document:
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and not file.endswith((".yaml", ".yml"))
    try:
        return read_json(content, file=file) if is_json else read_yaml(content, file=file, allows_aliases=True)
    except Unreadable as exc:
        raise refused(source, exc.diagnostics) from exc


def _version(value: dict[str, Json]) -> str:
    declared = str(value.get("openapi") or value.get("swagger") or "")
    if declared.startswith("2"):
        return "2.0"
    if declared.startswith("3.0"):
        return "3.0"
    return "3.1" if declared.startswith("3") else ""


def _uri(file: str) -> str:
    return "file:///" + file.lstrip("/")
