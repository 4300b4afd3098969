"""Where a project is, and its loop.yaml as plain settings. Loads pydantic and YAML only when asked to parse."""

from __future__ import annotations

import difflib
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
from loopbuild.pipeline.watched import files_below

NAMES = ("loop.yaml", "loop.yml")
_FOLDER = re.compile(rb"""\bfolder["']?\s*:\s*["']?([^\s,}"'#]+)""")
"""Folders whose files are inputs, found without parsing; one too many does no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a loop.yaml; nothing of it has been parsed yet."""

    root: Path
    loopfile: Path

    @property
    def stamp(self) -> str:
        """Digest of what a build depends on besides leaves: this program, its base, loop.yaml, names in folders."""
        shipped = Path(__file__).parent.parent / "stages" / "training" / "nano" / "model.safetensors"
        try:
            weights = f"{shipped.stat().st_size} {shipped.stat().st_mtime_ns}"
        except OSError:
            weights = ""
        content = self.loopfile.read_bytes()
        listed = "\n".join(
            name for folder in _FOLDER.findall(content) for name in self._names(folder.decode("utf-8", "replace"))
        )
        return digest_bytes("stamp", f"{__version__} {weights} {listed}\0".encode() + content)

    def _names(self, folder: str) -> list[str]:
        """Files below a folder: a file that came into it is in no list of files seen before."""
        return [str(path) for path in files_below(self.root / folder)]


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


def load(project: Project, *, environment: Mapping[str, str]) -> LoadedProject:
    """Parse loop.yaml and lay out its targets; raises LoopfileError with every mistake at once."""
    from loopbuild.loopfile.load import load as load_loopfile
    from loopbuild.pipeline.targets import static_targets

    loaded = load_loopfile(project.loopfile, environment=environment)
    settings = loaded.loopfile.model_dump(mode="json")
    _check_gates(settings["evaluation"]["gate"])
    targets = static_targets(settings, root=project.root)
    return LoadedProject(project=project, settings=settings, targets=tuple(targets), warnings=loaded.warnings)


def _check_gates(gate: Mapping[str, float]) -> None:
    from loopbuild.stages.evaluation.gates import REGRESSION
    from loopbuild.stages.evaluation.summary import METRICS, SPLITS

    for name in gate:
        split, _, metric = name.rpartition(".")
        if name == REGRESSION or (metric in METRICS and (not split or split in SPLITS)):
            continue
        near = difflib.get_close_matches(
            name, [REGRESSION, *METRICS, *(f"{s}.{m}" for s in SPLITS for m in METRICS)], n=1
        )
        hint = f"did you mean `{near[0]}`?" if near else f"metrics: {', '.join(METRICS)}"
        raise LoopfileError(f"`evaluation.gate.{name}` is no metric", hint=hint)


def _shown(folder: Path) -> str:
    home = str(Path.home())
    text = str(folder)
    return "~" + text[len(home) :] if text.startswith(home + os.sep) else text
