"""`sandbox:`: where calls run, for the project or for one source."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from loopbuild.loopfile.sections.base import Count, Flag, Json, Positive, Seconds, Section, Text

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
HEADER = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"
BELOW = r"^/"
Variable = Annotated[Text, Field(pattern=VARIABLE)]
"""The name of an environment variable, without `$`."""


class DeclaredEntity(Section):
    """A thing whose key, owner or statuses the names in the schemas do not tell."""

    key: Text
    """The property that holds its key: `key` of `get_object(bucket, key)`. Who makes such a thing chooses it."""
    like: Text = ""
    """An example of a key; its digits are drawn. Empty: as the schemas say, else a name."""
    belongs_to: dict[Text, Text] = {}
    """A property -> the entity whose key it holds: `{bucket: bucket}`."""
    fields: tuple[Text, ...] = ()
    """Properties that are its own where a tool about it shows several things."""
    statuses: tuple[Text, ...] = ()
    """The first is that of new things."""
    tools: tuple[Text, ...] = ()
    """Globs over the names of the tools that are about it. Empty: those whose names say so."""


class SimulatedSandbox(Section):
    """Tables derived from the schemas, in process."""

    kind: Literal["simulated"]
    fixtures: Positive = 16
    """How many different starting worlds training rows are drawn from."""
    varied_states: Flag = False
    """Things start in the states their kind has, not all in the first: tickets open or closed, orders placed or
    shipped. Only then is there a closed ticket to reopen."""
    on_delete: Literal["leave", "conflict", "cascade"] = "leave"
    """What becomes of what a thing has in the starting world (the orders of a customer) when it is deleted: it stays as
    it is; deleting is refused while there is any; or it is deleted, too."""

    entities: dict[Text, DeclaredEntity] = {}
    """What to know of things that are `opaque` else: `show` and `graph` tell what the names of tools say."""


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


class BearerAuth(Section):
    """`Authorization: Bearer`."""

    kind: Literal["bearer"]
    token: Variable
    """Name of the environment variable that holds the token."""


class HeaderAuth(Section):
    """A header of the service's own, such as `X-Api-Key`."""

    kind: Literal["header"]
    name: Annotated[Text, Field(pattern=HEADER)]
    token: Variable
    """Name of the environment variable that holds the header's value."""


class BasicAuth(Section):
    """`Authorization: Basic`."""

    kind: Literal["basic"]
    user: Variable
    """Name of the environment variable that holds the user's name."""
    password: Variable
    """Name of the environment variable that holds the password."""


Auth = Annotated[BearerAuth | HeaderAuth | BasicAuth, Field(discriminator="kind")]


class HttpReset(Section):
    """The request that puts the service into its first state."""

    method: Literal["POST", "PUT", "PATCH", "DELETE", "GET"] = "POST"
    path: Annotated[Text, Field(pattern=BELOW)]
    """Below `url`; `{fixture}` becomes the number of the world."""
    body: Json = None
    """Sent as JSON; `{fixture}` in its texts becomes the number of the world."""


class HttpSandbox(Section):
    """A running service, asked by its OpenAPI operations. Read-only unless it says otherwise."""

    kind: Literal["http"]
    url: Text
    """Scheme, host and base path; nothing else is ever asked. Credentials belong to `auth`."""
    auth: Auth | None = None
    allow_writes: Flag = False
    """Run what writes, by any method but DELETE; needs a `reset`."""
    allow_methods: tuple[Literal["POST", "PUT", "PATCH"], ...] = ()
    """Instead of `allow_writes`: only these methods."""
    allow_destructive: tuple[Text, ...] = ()
    """Globs over the names of tools that may delete."""
    reset: HttpReset | None = None
    state: tuple[Text, ...] = ()
    """Reading tools without required parameters whose answers together are the state."""
    fixtures: Positive = 1
    """How many different starting worlds `reset` can make."""
    server_errors: Literal["infra_error", "tool_error"] = "infra_error"
    """What an answer of 500 and more means: a broken service, or a refusal."""
    retries: Annotated[Count, Field(le=10)] = 2
    call_timeout_seconds: Seconds = 30.0
    max_response_bytes: Positive = 1_000_000


class PythonSandbox(Section):
    """An object of the project's own, one per episode, in a process with limits. Its code runs."""

    kind: Literal["python"]
    module: Text = ""
    """`pkg.module:Class`, or `pkg.module` for functions; defaults to the source's own."""
    python: Text = ""
    """The interpreter; defaults to the source's own, then to loopbuild's."""
    fixtures: Positive = 16
    """How many starting worlds training rows are drawn from; a constructor may take `fixture`."""
    cpu_seconds: Positive = 5
    """Of one episode."""
    memory_mb: Positive = 512
    call_timeout_seconds: Seconds = 10.0
    start_timeout_seconds: Seconds = 60.0
    max_result_bytes: Positive = 1_000_000


class RecordedSandbox(Section):
    """Answers recorded earlier, from a committed file; asks nobody."""

    kind: Literal["recorded"]
    path: Text
    """The recording, JSON lines; relative to loop.yaml."""
    of: Recordable | None = None
    """Where `loopbuild build --record` gets the answers."""
    on_miss: Literal["infra_error", "tool_error"] = "infra_error"
    """What a call that was not recorded means: no verdict and a failed build, or a refusal."""
    renames: dict[Text, Text] = {}
    """What is called otherwise since: a tool, `get_role: read_role`, or a parameter of one as it is called now,
    `read_role#/id: /role_id`. `graph.renames` counts here, too."""
    personal_data: Literal["mask", "keep"] = "mask"
    """What `--record` does with names, addresses and numbers of people."""


Recordable = Annotated[SimulatedSandbox | McpSandbox | HttpSandbox | PythonSandbox, Field(discriminator="kind")]
RecordedSandbox.model_rebuild()

SandboxSettings = Annotated[
    SimulatedSandbox | McpSandbox | HttpSandbox | PythonSandbox | RecordedSandbox, Field(discriminator="kind")
]
