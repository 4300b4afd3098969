"""The whole of loop.yaml as one frozen record."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Name, Section
from loopbuild.loopfile.sections.check import CheckSettings
from loopbuild.loopfile.sections.engine import EngineSettings
from loopbuild.loopfile.sections.evaluation import EvaluationSettings
from loopbuild.loopfile.sections.filters import DEFAULT_FILTERS, FilterSettings
from loopbuild.loopfile.sections.graph import GraphSettings
from loopbuild.loopfile.sections.sampling import SamplingSettings
from loopbuild.loopfile.sections.sandbox import SandboxSettings, SimulatedSandbox
from loopbuild.loopfile.sections.sources import SourceSettings
from loopbuild.loopfile.sections.synthesis import SynthesisSettings
from loopbuild.loopfile.sections.training import TrainingSettings


class Loopfile(Section):
    """Sections in pipeline order; all but `version` and `sources` optional."""

    version: Literal[1]
    sources: dict[Name, SourceSettings] = Field(min_length=1)
    check: CheckSettings = CheckSettings()
    graph: GraphSettings = GraphSettings()
    sampling: SamplingSettings = SamplingSettings()
    sandbox: SandboxSettings = SimulatedSandbox(kind="simulated")
    synthesis: SynthesisSettings = SynthesisSettings()
    filters: tuple[FilterSettings, ...] = DEFAULT_FILTERS
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    engine: EngineSettings = EngineSettings()
