"""`sources:`: where the tools' schemas live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, create_model

from loopbuild.loopfile.sections.base import Flag, Json, Seconds, Section, Text
from loopbuild.loopfile.sections.sandbox import SandboxSettings


class _Common(Section):
    include: tuple[Text, ...] = ()
    """Globs over tool names, or `tag:x`, `method:x`, `path:x` for HTTP operations; empty means all."""
    exclude: tuple[Text, ...] = ()
    effects: dict[Text, Literal["read", "create", "update", "delete", "unknown"]] = {}
    """Tool name or glob -> what calling it does, where the name misleads."""
    returns: dict[Text, Json] = {}
    """Tool name -> output schema (JSON Schema or shorthand), where the source declares none."""
    observe: Flag = False
    """Call the tools that only read, three times each, where the source's calls run (`python`, `http`, `mcp`): once,
    and again by `--refresh`. What came back stands in `listings/` and fills in what nothing declares."""
    deprecated: Literal["keep", "retire"] = "keep"
    """What its source calls deprecated: a tool like any other, or counts as gone, so that rows lead away from it."""
    allow_empty: Flag = False
    sandbox: SandboxSettings | None = None
    """Where this source's calls run; the project's `sandbox` otherwise."""


class ToolspecSource(_Common):
    """JSON files: plain, OpenAI, Anthropic or MCP entries."""

    kind: Literal["toolspec"]
    path: Text
    """A file, or a glob over files."""


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
    """An OpenAPI or Swagger document: a file, or an address it is fetched from once."""

    kind: Literal["openapi"]
    path: Text = ""
    url: Text = ""
    """Fetched into `listings/`, and again only by `--refresh`."""
    headers: dict[Text, Text] = {}
    refs: dict[Text, Text] = {}
    """A URL that `$ref`s name -> the file that stands for it; nothing is fetched for a `$ref`."""


class _Python(_Common):
    """Python functions and classes."""

    kind: Literal["python"]
    module: Text
    """`pkg.module`, or `pkg.module:Class` for the methods of a class."""
    python: Text = ""
    """The interpreter that imports the module; loopbuild's own by default."""
    import_timeout_seconds: Seconds = 30.0


if TYPE_CHECKING:
    PythonSource = _Python
else:
    # The key is a keyword of Python, so its field cannot be written down in a class.
    PythonSource = create_model(
        "PythonSource",
        __base__=_Python,
        __doc__="Python functions and classes, read without importing them unless `import` says so.",
        **{
            "import": (
                Flag,
                Field(
                    default=False,
                    description="Run the module in a child process, once and at `--refresh`: its types then say more.",
                ),
            )
        },
    )


SourceSettings = Annotated[ToolspecSource | McpSource | OpenapiSource | PythonSource, Field(discriminator="kind")]
