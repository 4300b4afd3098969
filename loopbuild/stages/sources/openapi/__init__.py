"""Source kind `openapi`: a Swagger 2.0 or OpenAPI 3 document, one tool for each operation."""

from __future__ import annotations

from loopbuild.stages.sources.openapi.read import read

__all__ = ["read"]
