"""`sources:`: where the tools' schemas live."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Flag, Json, Seconds, Section, Text
from loopbuild.loopfile.sections.sandbox import SandboxSettings


class _Common(Section):
    include: tuple[Text, ...] = ()
    """Globs over tool names; empty means all."""
    exclude: tuple[Text, ...] = ()
    effects: dict[Text, Literal["read", "create", "update", "delete", "unknown"]] = {}
    """Tool name or glob -> what calling it does, where the name misleads."""
    returns: dict[Text, Json] = {}
    """Tool name -> output schema (JSON Schema or shorthand), where the source declares none."""
    allow_empty: Flag = False
    sandbox: SandboxSettings | None = None
    """Where this source's calls run; the project's `sandbox` otherwise."""


class ToolspecSource(_Common):
    """JSON files: plain, OpenAI, Anthropic or MCP entries."""

    kind: Literal["toolspec"]
    path: Text


class McpSource(_Common):
    """An MCP server, live (`command` or `url`) or as a dump (`path`)."""

    kind: Literal["mcp"]
    command: tuple[Text, ...] = ()
    url: Text = ""
    path: Text = ""
    env: dict[Text, Text] = {}
    headers: dict[Text, Text] = {}
    start_timeout_seconds: Seconds = 60.0
    call_timeout_seconds: Seconds = 30.0


class OpenapiSource(_Common):
    """An OpenAPI or Swagger document."""

    kind: Literal["openapi"]
    path: Text


class FunctionsSource(_Common):
    """Python functions, read without importing them."""

    kind: Literal["functions"]
    module: Text


SourceSettings = Annotated[ToolspecSource | McpSource | OpenapiSource | FunctionsSource, Field(discriminator="kind")]
