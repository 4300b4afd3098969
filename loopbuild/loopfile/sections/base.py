"""The shape every section of loop.yaml shares: frozen, strict scalars, no unknown keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

Text = StrictStr
Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0)]
Positive = Annotated[StrictInt, Field(ge=1)]
# An integer is a legal spelling of a number, `true` is not.
Number = StrictInt | StrictFloat
Share = Annotated[StrictFloat | StrictInt, Field(ge=0, le=1)]
Json = Any


class Section(BaseModel):
    """A mapping of loop.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, validate_default=False)
