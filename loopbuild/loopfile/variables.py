"""`${VAR}` in loop.yaml: where it may stand, how it is spelled, and how whoever uses such a value fills it in.

Loading fills nothing in: what a variable holds may be a secret and belongs in no record, digest, log or message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from loopbuild.documents import Path
from loopbuild.errors import LoopfileError
from loopbuild.loopfile.sections.base import Json
from loopbuild.loopfile.spans import Settings
from loopbuild.records import Diagnostic

_IN_SANDBOX: tuple[Path, ...] = (("env", "*"), ("folder",), ("state", "path"), ("url",))
_SANDBOXES: tuple[Path, ...] = (
    ("sources", "*", "sandbox"),
    ("sources", "*", "sandbox", "of"),
    ("sandbox",),
    ("sandbox", "of"),
)
_PLACES: tuple[Path, ...] = (
    ("sources", "*", "env", "*"),
    ("sources", "*", "headers", "*"),
    ("sources", "*", "url"),
    ("sources", "*", "path"),
    *((*sandbox, *place) for sandbox in _SANDBOXES for place in _IN_SANDBOX),
    ("synthesis", "writers", "*", "api_base"),
    ("filters", "*", "api_base"),
    ("graph", "propose", "api_base"),
    ("engine", "remote", "url"),
    ("engine", "remote", "headers", "*"),
)
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BRACE = re.compile(r"\$\{[^}]*\}?")
_BARE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")


def fill(text: str, environment: Mapping[str, str]) -> str:
    """Return `text` with every `${VAR}` replaced; raises LoopfileError naming the first variable that is not set."""

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in environment:
            raise LoopfileError(f"environment variable `{name}` is not set", hint=f"export {name}=... and run again")
        return environment[name]

    return _VARIABLE.sub(value, text)


def filled_in(texts: Iterable[str], environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the variables named in `texts` hold: what of a filled text nobody may see."""
    names = {name for text in texts for name in _VARIABLE.findall(text)}
    return tuple(environment[name] for name in sorted(names) if name in environment)


def check_variables(settings: Settings, environment: Mapping[str, str]) -> Iterator[Diagnostic]:
    """Yield what is wrong with the `${VAR}`s of a file, and a warning for each that is not set."""
    for path, text in _texts(settings.value):
        if "$" not in text:
            continue
        if not any(_fits(path, place) for place in _PLACES):
            found = _BRACE.search(text)
            if found:
                hint = "only `env`, `headers`, `url`, `api_base` and paths take `${VAR}`"
                yield _at(settings, path, "error", "bad-value", f"`{found[0]}` is not filled in here", hint)
            continue
        for written in _BRACE.findall(text):
            name = _VARIABLE.fullmatch(written)
            if name is None:
                hint = "write `${NAME}`: letters, digits and `_`, no default"
                yield _at(settings, path, "error", "bad-value", f"`{written}` names no variable", hint)
            elif name[1] not in environment:
                message = f"environment variable `{name[1]}` is not set"
                yield _at(settings, path, "warning", "suspicious", message, f"export {name[1]}=... before a build")
        bare = _BARE.search(text)
        if bare:
            hint = f"write `${{{bare[0][1:]}}}` for the variable"
            yield _at(settings, path, "warning", "suspicious", f"`{bare[0]}` is taken as it stands", hint)


def _at(settings: Settings, path: Path, severity: str, code: str, message: str, hint: str) -> Diagnostic:
    level: Json = severity
    return Diagnostic(severity=level, code=code, message=message, span=settings.span(path), hint=hint)


def _fits(path: Path, place: Path) -> bool:
    return len(path) == len(place) and all(part in ("*", given) for given, part in zip(path, place, strict=True))


def _texts(value: Json, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
