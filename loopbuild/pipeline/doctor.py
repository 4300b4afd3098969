"""What a project needs of this machine, and whether it is there: packages, programs, secrets, the remote cache.

Decides what is needed from loop.yaml alone. Imports none of the packages it looks for and starts no program; the one
question over the network goes to the remote cache, when there is one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from loopbuild.engine.health import StoreHealth, store_health
from loopbuild.engine.target import Json
from loopbuild.errors import LoopbuildError
from loopbuild.pipeline.builds import OpenProject
from loopbuild.pipeline.caching import RemoteStatus, remote_status
from loopbuild.pipeline.judging import judge_of
from loopbuild.pipeline.project import load
from loopbuild.pipeline.remote import is_declared
from loopbuild.pipeline.targets import asks_writers

NANO = "nano"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something loop.yaml asks for."""

    what: str
    """`extra llm`, `program node`, `variable KEY`."""
    whose: str
    """Which part of loop.yaml needs it."""
    is_there: bool
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a project stands on this machine."""

    store: StoreHealth
    trouble: LoopbuildError | None
    """Why loop.yaml could not be read; then nothing is known of what it needs."""
    needs: tuple[Need, ...] = ()
    remote: RemoteStatus | None = None


def health(opened: OpenProject, environment: Mapping[str, str] = os.environ) -> Health:
    """Look at a project and its store; writes nothing."""
    store = store_health(opened.workspace)
    try:
        settings = load(opened.project, environment=environment).settings
    except LoopbuildError as error:
        return Health(store=store, trouble=error)
    needs = {(need.what, need.whose): need for need in _needs(settings, environment, opened.project.root)}
    remote = remote_status(settings) if is_declared(settings) else None
    return Health(store=store, trouble=None, needs=tuple(needs.values()), remote=remote)


def _needs(settings: Json, environment: Mapping[str, str], root: Path) -> Iterator[Need]:
    judge, proposer = judge_of(settings), settings["graph"]["propose"]
    if asks_writers(settings) or judge is not None:
        yield _extra("llm", "litellm", "writers" if judge is None else "a judge")
    elif proposer is not None:
        yield _extra("llm", "litellm", "a proposer")
    asked = [("writer", one) for one in settings["synthesis"]["writers"]]
    asked += [(role, one) for role, one in (("judge", judge), ("proposer", proposer)) if one is not None]
    for role, one in asked:
        if name := one["api_key_env"]:
            yield _variable(name, f"{role} `{one['model']}`", environment)
    for name, source in sorted(settings["sources"].items()):
        whose = f"source `{name}`"
        sandbox = source.get("sandbox") or settings["sandbox"] or {}
        if source["kind"] == "mcp" and not source.get("path"):
            yield _extra("mcp", "mcp", whose)
        if source["kind"] == "python":
            yield _extra("python", "griffe", whose)
        if sandbox.get("kind") == "mcp":
            yield _extra("mcp", "mcp", f"the sandbox of {whose}")
        for field in ("token", "user", "password"):
            if variable := (sandbox.get("auth") or {}).get(field):
                yield _variable(variable, f"the sandbox of {whose}", environment)
        for command in (source.get("command"), sandbox.get("command")):
            if command:
                yield _program(command[0], whose, root)
    if settings["engine"]["executor"] == "ray":
        yield _extra("ray", "ray", "engine.executor")
    if settings["training"]["base"] != NANO:
        for package in ("torch", "transformers"):
            yield _extra("train", package, "training.base")
    else:
        yield _extra("train", "torch", "training")


def _extra(extra: str, package: str, whose: str) -> Need:
    hint = f"pip install 'loopbuild[{extra}]'"
    return Need(what=f"package {package}", whose=whose, is_there=find_spec(package) is not None, hint=hint)


def _program(name: str, whose: str, root: Path) -> Need:
    is_there = shutil.which(name) is not None or (root / name).is_file()
    return Need(what=f"program {name}", whose=whose, is_there=is_there, hint=f"install `{name}`, or mend PATH")


def _variable(name: str, whose: str, environment: Mapping[str, str]) -> Need:
    return Need(what=f"variable {name}", whose=whose, is_there=bool(environment.get(name)), hint=f"export {name}=...")
