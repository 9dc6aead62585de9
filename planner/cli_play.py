"""`mindseye play`: a person plays a game in the terminal, and it is recorded."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from mindseye.planner.cli_io import Json, Seed, print_json
from mindseye.tools.errors import BadInput


def play(
    world: Annotated[str, typer.Argument(help="The game: minigrid, crafter, freeway or tabletop.")],
    goal: Annotated[
        str | None, typer.Option(help="What is wanted, in words the game knows.")
    ] = None,
    seed: Seed = None,
    script: Annotated[
        str | None, typer.Option(help='Actions to do instead of keys: "forward*3 left toggle".')
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the recording.")] = Path("data/games"),
    as_json: Json = False,
) -> None:
    """Play a game with the keys shown on the screen; recorded as `mindseye data games` does."""
    if script is None and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput("a game is played in a terminal; without one say --script and its actions")
    from mindseye.planner.play import play as play_game

    # Whatever a game prints must not get between the reader and the JSON.
    with contextlib.redirect_stdout(sys.stderr):
        told = play_game(world, out, goal=goal, seed=seed, script=script)
    if as_json:
        print_json(told)
        return
    reached = "reached" if told["reached"] else "not reached"
    where = told["file"] or "nothing recorded"
    sys.stdout.write(
        f"{told['goal']}: {reached}; {told['actions']} actions, score {told['score']:g}; {where}\n"
    )
