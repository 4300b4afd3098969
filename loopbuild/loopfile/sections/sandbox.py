"""`sandbox:`: where calls run, for the project or for one source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Positive, Seconds, Section, Text


class SimulatedSandbox(Section):
    """Tables derived from the schemas, in process."""

    kind: Literal["simulated"]
    fixtures: Positive = 16
    """How many different starting worlds training rows are drawn from."""


class McpState(Section):
    """The file that holds the server's whole state; restoring it resets the server."""

    kind: Literal["sqlite", "jsonl", "none"] = "none"
    path: Text = ""
    """Relative to the server's private working folder."""


class McpSandbox(Section):
    """A real MCP server over stdio, started in a private copy of `folder`, reset by restoring its state file."""

    kind: Literal["mcp"]
    command: tuple[Text, ...] = ()
    """Defaults to the source's own command. Files of the project in it are inputs; a program found elsewhere
    (`python -m pkg`) is not watched: after a change of it, `loopbuild build --force trajectories:`."""
    env: dict[Text, Text] = {}
    folder: Text = ""
    """Copied as the server's working folder; its files are inputs. Empty means an empty folder."""
    state: McpState = McpState()
    call_timeout_seconds: Seconds = 30.0
    start_timeout_seconds: Seconds = 60.0


SandboxSettings = Annotated[SimulatedSandbox | McpSandbox, Field(discriminator="kind")]
