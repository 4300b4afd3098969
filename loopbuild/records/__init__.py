"""The nouns that travel between stages: frozen records, readable from and writable to plain JSON values.

They know no files, no YAML and no engine. Sequences are tuples, mappings are plain dicts nobody changes after
construction.
"""

from __future__ import annotations

from loopbuild.records.codec import Json, from_json, to_json
from loopbuild.records.graph import DataFlowEdge, EdgeEvidence, EdgeStatus, Subgraph, ToolGraph
from loopbuild.records.pairs import PairClass, PreferencePair
from loopbuild.records.places import Diagnostic, Span
from loopbuild.records.rows import Example, Failure, Level, Proof, Split, Task, Verdict
from loopbuild.records.scores import (
    METRICS,
    REGRESSION,
    SPLITS,
    Checkpoint,
    Decoding,
    EvalTask,
    FailureClass,
    Rate,
    Score,
    Table,
    Transcript,
)
from loopbuild.records.tools import (
    CatalogDiff,
    ChangeLevel,
    DeclaredTool,
    Effect,
    LeafChange,
    Listing,
    OutputOrigin,
    SchemaLeaf,
    Side,
    ToolCatalog,
    ToolChange,
    ToolSchema,
)
from loopbuild.records.trajectories import (
    Category,
    Cell,
    Condition,
    Provenance,
    Purpose,
    StateFact,
    Step,
    ToolCall,
    ToolResult,
    Topology,
    Trajectory,
    fact_name,
    trajectory_json,
)

__all__ = [
    "METRICS",
    "REGRESSION",
    "SPLITS",
    "CatalogDiff",
    "Category",
    "Cell",
    "ChangeLevel",
    "Checkpoint",
    "Condition",
    "DataFlowEdge",
    "DeclaredTool",
    "Decoding",
    "Diagnostic",
    "EdgeEvidence",
    "EdgeStatus",
    "Effect",
    "EvalTask",
    "Example",
    "Failure",
    "FailureClass",
    "Json",
    "LeafChange",
    "Level",
    "Listing",
    "OutputOrigin",
    "PairClass",
    "PreferencePair",
    "Proof",
    "Provenance",
    "Purpose",
    "Rate",
    "SchemaLeaf",
    "Score",
    "Side",
    "Span",
    "Split",
    "StateFact",
    "Step",
    "Subgraph",
    "Table",
    "Task",
    "ToolCall",
    "ToolCatalog",
    "ToolChange",
    "ToolGraph",
    "ToolResult",
    "ToolSchema",
    "Topology",
    "Trajectory",
    "Transcript",
    "Verdict",
    "fact_name",
    "from_json",
    "to_json",
    "trajectory_json",
]
