"""Calling recipe functions, and what an exception out of one means for the build."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

from loopbuild.engine.objects import store_trouble
from loopbuild.errors import BuildError, LoopbuildError, StoreError


class RecipeCrash(BuildError):
    """A recipe raised something that is not ours: a bug in it; `traceback_text` says where."""

    def __init__(self, message: str, *, target: str, traceback_text: str) -> None:
        super().__init__(message, target=target, intact="no other target was touched")
        self.traceback_text = traceback_text


@contextlib.contextmanager
def recipe_code(target: str) -> Iterator[None]:
    """Run a recipe's code inside: whatever escapes is a LoopbuildError, or an OSError of a full disk."""
    try:
        yield
    except LoopbuildError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and store_trouble(error) is not None:
            raise
        import traceback

        text = str(error).partition("\n")[0]
        raise RecipeCrash(
            f"`{target}` failed: {type(error).__name__}{': ' if text else ''}{text}",
            target=target,
            traceback_text="".join(traceback.format_exception(error)),
        ) from error


def translate(error: Exception, target: str) -> LoopbuildError:
    """Return the failure of `target`; what is not about it (a full disk, a damaged index) is raised instead."""
    if isinstance(error, StoreError | sqlite3.Error):
        raise error
    if isinstance(error, LoopbuildError):
        if isinstance(error, BuildError) and not error.target:
            error.target = target
        return error
    if isinstance(error, OSError):
        trouble = store_trouble(error)
        if trouble is not None:
            raise trouble from error
    if isinstance(error, TypeError | ValueError):
        return BuildError(f"`{target}`: {error}", target=target)
    raise error
