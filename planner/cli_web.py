"""`mindseye web`: the conversation and what it pictures, as a page in the browser."""

import os
from typing import Annotated

import typer

from mindseye.planner.cli_io import (
    Assignments,
    Budget,
    ConfigFile,
    Model,
    Objects,
    Runs,
    SearchName,
    Seed,
    ToolNames,
    object_names,
    read_config,
    say,
)
from mindseye.tools.errors import needs_extra

PASSWORD_VARIABLE = "MINDSEYE_PASSWORD"


def web(
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine a password is demanded.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 7860,
    password: Annotated[
        str | None,
        typer.Option(help=f"What visitors must know; better given as {PASSWORD_VARIABLE}."),
    ] = None,
    offer: Annotated[
        list[str] | None,
        typer.Option(help="A further language model that visitors may choose. Repeatable."),
    ] = None,
    conversations: Annotated[
        int, typer.Option(min=1, help="Conversations that may have a process at one time.")
    ] = 4,
    objects: Objects = None,
    seed: Seed = None,
    search: SearchName = None,
    tools: ToolNames = None,
    budget: Budget = None,
    model: Model = None,
    runs: Runs = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Serve the page: talk on the left, watch it think on the right."""
    settings = read_config(
        config, assignments, objects=object_names(objects), seed=seed, search=search, tools=tools,
        budget=budget, model=model, runs=runs,
    )  # fmt: skip
    with needs_extra("`mindseye web`", "web"):
        from mindseye.planner.web.server import serve
    serve(
        settings, host=host, port=port, password=password or os.environ.get(PASSWORD_VARIABLE),
        models=tuple(offer or ()), most=conversations, say=say,
    )  # fmt: skip
