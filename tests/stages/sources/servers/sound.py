"""A server as its authors write it, on the official SDK; with a tool that needs its environment."""

import os
import sys

from mcp.server.mcpserver import MCPServer

app = MCPServer("sound")


@app.tool()
def list_roles() -> dict[str, list[str]]:
    """List the roles."""
    return {"role_ids": ["R1"]}


@app.tool()
def get_role(role_id: str) -> dict[str, str]:
    """Read a role."""
    return {"role_id": role_id}


@app.tool(description=" ".join(sorted(os.environ)) + " HOME=" + ",".join(os.listdir(os.environ["HOME"])))  # noqa: PTH208
def show_environment() -> str:
    return ""


print("ready", file=sys.stderr)
app.run()
