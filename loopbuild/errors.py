"""The exception tree: every failure a user can meet is one of these; anything else that escapes is a bug.

LoopbuildError                   message, what is intact, hint
├── LoopfileError                mistakes in loop.yaml, all of them, each with its place
├── SourceError                  a source could not be read or listed
├── BuildError                   a target failed: which one, why, what was kept
│   ├── LlmError                 a writer's transport failed, retryable or not
│   ├── UnusableAnswer           a writer answered, wrongly
│   ├── SandboxError             the place where calls run is broken (never: a call was refused)
│   └── TrainingError            a phase could not run or finish
├── StoreError                   the store is damaged or not usable; says how to recover
├── SelectionError               a name on the command line matches nothing
└── MissingExtra                 an optional dependency is not installed; names the extra
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class LoopbuildError(Exception):
    """A failure the user can act on.

    `message` is one line without a full stop, `intact` says what was not lost, `hint` names the way out.
    """

    exit_code = 1

    def __init__(self, message: str, *, intact: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.intact = intact
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process boundaries; keyword-only fields would be lost by the default protocol.
        return (_rebuild, (type(self), dict(self.__dict__), self.message))


def _rebuild(cls: type[LoopbuildError], state: dict[str, Any], message: str) -> LoopbuildError:
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class LoopfileError(LoopbuildError):
    """Mistakes in loop.yaml; `diagnostics` holds every one of them in file order."""

    exit_code = 2

    def __init__(self, message: str, *, diagnostics: Sequence[Any] = (), intact: str = "", hint: str = "") -> None:
        super().__init__(message, intact=intact, hint=hint)
        self.diagnostics = tuple(diagnostics)


class SourceError(LoopbuildError):
    """A source of tool schemas could not be read or listed; `source` is its name in loop.yaml."""

    def __init__(
        self, message: str, *, source: str = "", diagnostics: Sequence[Any] = (), intact: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, intact=intact, hint=hint)
        self.source = source
        self.diagnostics = tuple(diagnostics)


class BuildError(LoopbuildError):
    """A target failed; `target` is its id."""

    def __init__(self, message: str, *, target: str = "", intact: str = "", hint: str = "") -> None:
        super().__init__(message, intact=intact, hint=hint)
        self.target = target


class LlmError(BuildError):
    """The transport to a writer failed; `is_retryable` says whether asking again may help."""

    def __init__(self, message: str, *, is_retryable: bool, target: str = "", intact: str = "", hint: str = "") -> None:
        super().__init__(message, target=target, intact=intact, hint=hint)
        self.is_retryable = is_retryable


class UnusableAnswer(BuildError):
    """A writer answered with something that cannot be used."""


class SandboxError(BuildError):
    """The sandbox itself is out of order (a dead server, a lost connection); no verdict on any call follows from it."""


class TrainingError(BuildError):
    """A training phase could not start, or ended without a checkpoint."""


class StoreError(LoopbuildError):
    """The store under `.loopbuild/` is damaged, full, newer than this program or not writable."""


class SelectionError(LoopbuildError):
    """A target named on the command line does not exist."""

    exit_code = 2


class MissingExtra(LoopbuildError):
    """A feature needs an optional dependency that is not installed."""

    exit_code = 2

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(f"{feature} needs the extra `{extra}`", hint=f"pip install 'loopbuild[{extra}]'")
        self.feature = feature
        self.extra = extra
