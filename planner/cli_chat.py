"""`mindseye chat`: talk about a table in the terminal."""

import re
from pathlib import Path
from typing import Annotated

import typer

from mindseye.planner.cli_io import (
    Assignments,
    Budget,
    ConfigFile,
    Model,
    Objects,
    Runs,
    Seed,
    ToolNames,
    object_names,
    read_config,
)
from mindseye.tools.errors import BadInput


def chat(
    resume: Annotated[
        str | None, typer.Option(help="Name of a conversation to go on with; `last` for the last.")
    ] = None,
    objects: Objects = None,
    seed: Seed = None,
    tools: ToolNames = None,
    budget: Budget = None,
    model: Model = None,
    runs: Runs = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
) -> None:
    """Talk: give tasks and follow-ups, ask about the scene, what-ifs, physics, and why."""
    settings = read_config(
        config, assignments, objects=object_names(objects), seed=seed, tools=tools, budget=budget,
        model=model, runs=runs,
    )  # fmt: skip
    from mindseye.planner.chat.terminal import chat as talk
    from mindseye.planner.chat.terminal import new_chat_folder
    from mindseye.planner.chat.turns import CHATS

    chats = Path(settings.runs) / CHATS
    talk(new_chat_folder(chats.parent) if resume is None else _found(chats, resume), settings)


def _found(chats: Path, name: str) -> Path:
    """Return the folder of a conversation.

    Raises:
      BadInput: there is none of that name.
    """
    from mindseye.planner.chat.turns import LOG
    from mindseye.planner.web.conversations import SETTINGS

    # Those of the web page belong to whoever began them there.
    logs = [p for p in chats.glob(f"*/{LOG}") if not (p.parent / SETTINGS).exists()]
    known = [p.parent.name for p in sorted(logs, key=lambda p: p.stat().st_mtime)]
    if name == "last" and known:
        return chats / known[-1]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name) or name not in known:
        listed = ", ".join(known[-3:]) or "none yet"
        raise BadInput(f"no conversation {name!r} in {str(chats)!r}; the last ones: {listed}")
    return chats / name
