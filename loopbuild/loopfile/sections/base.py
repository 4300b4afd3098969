"""The shape every section of loop.yaml shares: frozen, strict scalars, no unknown keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

Text = StrictStr
Name = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
"""What an author calls a source or a phase; it becomes part of target ids and file names."""
Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0)]
Positive = Annotated[StrictInt, Field(ge=1)]
# Strict: `true` and `"3"` are no numbers. An integer is a legal spelling and becomes a float, so that 3 and 3.0 are the
# same settings and the same digest.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0, le=1)]
Seconds = Annotated[Number, Field(gt=0)]
Json = Any


class Section(BaseModel):
    """A mapping of loop.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, use_attribute_docstrings=True)
