"""`mindseye mcp`: the tools for other assistants, over the Model Context Protocol."""

import os
from typing import Annotated

import typer

from mindseye.planner.cli_io import (
    Assignments,
    ConfigFile,
    Model,
    Objects,
    Runs,
    Seed,
    ToolNames,
    object_names,
    read_config,
    say,
)
from mindseye.tools.errors import needs_extra

TOKEN_VARIABLE = "MINDSEYE_MCP_TOKEN"


def mcp(
    http: Annotated[
        str | None,
        typer.Option(
            help="Serve streamable HTTP at HOST:PORT; without: standard input and output."
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help=f"What HTTP clients must send; better given as {TOKEN_VARIABLE}."),
    ] = None,
    objects: Objects = None,
    seed: Seed = None,
    tools: ToolNames = None,
    model: Model = None,
    runs: Runs = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Let other assistants simulate, imagine, look, plan and ask, over MCP."""
    settings = read_config(
        config, assignments, objects=object_names(objects), seed=seed, tools=tools, model=model,
        runs=runs,
    )  # fmt: skip
    with needs_extra("`mindseye mcp`", "mcp"):
        from mindseye.planner.mcp.transports import serve_http, serve_stdio
    if http is None:
        serve_stdio(settings)
    else:
        serve_http(settings, http, token or os.environ.get(TOKEN_VARIABLE), say)
