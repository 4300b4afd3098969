"""Where a project is, and its loop.yaml as plain settings. Loads pydantic and YAML only when asked to parse."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loopbuild import __version__
from loopbuild.digest import digest_bytes
from loopbuild.engine.target import Target
from loopbuild.errors import LoopfileError
from loopbuild.pipeline.source_files import globbed
from loopbuild.pipeline.watched import files_below

NAMES = ("loop.yaml", "loop.yml")
_FOLDER = re.compile(rb"""\bfolder["']?\s*:\s*["']?([^\s,}"'#]+)""")
"""Folders whose files are inputs, found without parsing; one too many does no harm."""
_VARIABLE = re.compile(rb"""\$\{(\w+)\}|_env["']?\s*:\s*["']?(\w+)""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a loop.yaml; nothing of it has been parsed yet."""

    root: Path
    loopfile: Path

    @property
    def stamp(self) -> str:
        """Digest of all that is static in a build: program version, base, loop.yaml, names in its globs and folders."""
        shipped = Path(__file__).parent.parent / "stages" / "training" / "nano" / "model.safetensors"
        try:
            weights = f"{shipped.stat().st_size} {shipped.stat().st_mtime_ns}"
        except OSError:
            weights = ""
        # Whether there is a graph.lock decides what the graph reads; its contents are a file like any other.
        evidence = "graph.lock" if (self.root / "graph.lock").is_file() else ""
        written = self.loopfile.read_bytes()
        names = "\n".join([*globbed(written, root=self.root), *self._below(written), *_variables(written)])
        return digest_bytes("stamp", f"{__version__} {weights} {names}{evidence}\0".encode() + written)

    def _below(self, written: bytes) -> list[str]:
        """Files of folders that loop.yaml names: one that came into a folder is in no list of files seen before."""
        folders = sorted({name.decode("utf-8", "replace") for name in _FOLDER.findall(written)})
        return [str(path) for folder in folders for path in files_below(self.root / folder)]


def _variables(written: bytes) -> list[str]:
    """Which variables that loop.yaml names are set, and sixteen bits of each: to notice, too few to guess from."""
    names = sorted({name.decode() for found in _VARIABLE.findall(written) for name in found if name})
    known = [(name, os.environ.get(name)) for name in names]
    return [f"{name}={'' if value is None else digest_bytes('variable', value.encode())[:4]}" for name, value in known]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedProject:
    """A project whose loop.yaml is valid; `settings` has every default filled in."""

    project: Project
    settings: Any
    targets: tuple[Target, ...]
    warnings: tuple[Any, ...]


def find(start: Path, *, loopfile: str = "") -> Project:
    """Return the project of `start` or of the nearest folder above that has a loop.yaml."""
    if loopfile:
        path = (start / loopfile).resolve()
        if not path.is_file():
            raise LoopfileError(f"`{loopfile}` does not exist", hint="name an existing file with --file")
        return Project(root=path.parent, loopfile=path)
    folder = start.resolve()
    for candidate in (folder, *folder.parents):
        for name in NAMES:
            if (candidate / name).is_file():
                return Project(root=candidate, loopfile=candidate / name)
    raise LoopfileError(
        f"no `loop.yaml` in `{_shown(folder)}` or above",
        hint="`loopbuild init` writes one from the schema files it finds",
    )


def has_project(start: Path) -> bool:
    """Say whether `start` or a folder above has a loop.yaml."""
    folder = start.resolve()
    return any((place / name).is_file() for place in (folder, *folder.parents) for name in NAMES)


def load(project: Project, *, environment: Mapping[str, str]) -> LoadedProject:
    """Parse loop.yaml and lay out its targets; raises LoopfileError with every mistake at once."""
    from loopbuild.loopfile.load import load as load_loopfile
    from loopbuild.pipeline.targets import static_targets

    loaded = load_loopfile(project.loopfile, environment=environment)
    settings = loaded.loopfile.model_dump(mode="json")
    targets = static_targets(settings, root=project.root, places=loaded.places)
    return LoadedProject(project=project, settings=settings, targets=tuple(targets), warnings=loaded.warnings)


def _shown(folder: Path) -> str:
    home = str(Path.home())
    text = str(folder)
    return "~" + text[len(home) :] if text.startswith(home + os.sep) else text
