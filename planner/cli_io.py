"""What the commands share: options, the settings they make, and what is printed where."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mindseye.tools.errors import BadInput

if TYPE_CHECKING:
    from mindseye.planner.config import Config

Task = Annotated[str, typer.Argument(help="What is to be done, in plain words.")]
Objects = Annotated[
    str | None,
    typer.Option(
        help='What stands on the table: "red cube, blue ball". Without: the seed lays it.'
    ),
]
Seed = Annotated[int | None, typer.Option(help="Fixes the world and everything that samples.")]
SearchName = Annotated[str | None, typer.Option("--search", help="greedy, beam, mcts or cem.")]
ToolNames = Annotated[str | None, typer.Option("--tools", help="none, video, physics or both.")]
Budget = Annotated[float | None, typer.Option(help="Seconds a decision may take.")]
Model = Annotated[
    str | None, typer.Option(help="Language model: smollm2, provider:name, or an endpoint's URL.")
]
Runs = Annotated[str | None, typer.Option(help="Folder for run records.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML or JSON file of settings.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, such as samples=4. Repeatable.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No live view.")]
RunFolder = Annotated[Path, typer.Argument(help="Folder of a run, such as runs/<id>.")]


def say(text: str) -> None:
    """Print a line for people on standard error, as it is: never as markup."""
    sys.stderr.write(text + "\n")


def print_json(value: Any) -> None:
    """Print the one object that standard output holds with `--json`."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def fail(message: str, code: int, *, as_json: bool, ran: bool = False) -> int:
    """Tell a failure in one line, with `ran` as the result of a run, and return `code`."""
    line = " ".join(message.split())
    say(f"mindseye: {line}")
    if as_json:
        result = {"success": False, "reason": line, "steps": 0, "seconds": 0.0, "run": ""}
        print_json({**(result if ran else {}), "error": line})
    return code


def object_names(text: str | None) -> tuple[str, ...] | None:
    """Read "red cube, blue ball" into names; None for None.

    Raises:
      BadInput: not a colour and a shape that are known, or one twice.
    """
    if text is None:
        return None
    from mindseye.tools.goals import COLOURS, SHAPES

    names = tuple(" ".join(part.lower().split()) for part in text.split(",") if part.strip())
    for name in names:
        colour, _, shape = name.partition(" ")
        if colour not in COLOURS or shape not in SHAPES:
            raise BadInput(
                f"--objects: {name!r} is not a colour ({', '.join(COLOURS)}) "
                f"and a shape ({', '.join(SHAPES)})"
            )
        if names.count(name) > 1:
            raise BadInput(f"--objects: {name!r} stands there twice; names must differ")
    if not names:
        raise BadInput('--objects: name at least one, such as "red cube, blue ball"')
    return names


def read_config(file: Path | None, assignments: list[str] | None, **flags: Any) -> "Config":
    """Return the settings of file, `--set` and flags; the later ones win. Plugins are imported."""
    from mindseye.planner.config import load_config
    from mindseye.planner.registry import import_plugins

    settings = load_config(file, assignments or (), flags)
    import_plugins(settings.plugins)
    return settings
