"""`mindseye agent`: a video model plays a game by predicting the next frames."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from mindseye.planner.cli_io import Json, Seed, print_json

Weights = Annotated[
    Path | None,
    typer.Option(help="Folder of the video model, or of one for each game; else the package's."),
]
Inverse = Annotated[
    Path | None,
    typer.Option(help="Folder of `mindseye train inverse` (decoder inverse)."),
]
Overlay = Annotated[
    bool, typer.Option("--overlay/--no-overlay", help="The model has seen keyboards.")
]
Context = Annotated[int, typer.Option(min=1, help="Real frames a future begins with.")]
Execute = Annotated[int, typer.Option(min=1, help="Actions that are done of each.")]


def agent(
    world: Annotated[str, typer.Argument(help="The game: minigrid, crafter, freeway or tabletop.")],
    goal: Annotated[
        str | None, typer.Option(help="What is wanted: words the game knows, or a PNG to end with.")
    ] = None,
    decoder: Annotated[
        str, typer.Option(help="What reads actions off: overlay, vote, matching or inverse.")
    ] = "overlay",
    seed: Seed = None,
    weights: Weights = None,
    video: Annotated[str, typer.Option(help="Video back-end.")] = "ltx-screen",
    inverse: Inverse = None,
    overlay: Overlay = True,
    context: Context = 4,
    execute: Execute = 1,
    rate: Annotated[float | None, typer.Option(help="Actions a second at most.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder for run records.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """Let a video model play: go on from the last frames, press what the future presses."""
    from mindseye.planner.video_agent.playing import Playing, play

    playing = Playing(
        decoder=decoder, video=video, weights=weights, inverse=inverse, overlay=overlay,
        context=context, execute=execute, rate=rate,
    )  # fmt: skip
    # Whatever a game or a model prints must not get between the reader and the JSON.
    with contextlib.redirect_stdout(sys.stderr):
        told = play(world, playing, runs, goal=goal, seed=seed)
    if as_json:
        print_json(told)
    else:
        reached = "reached" if told["reached"] else "not reached"
        sys.stdout.write(
            f"{told['goal']}: {reached}; {told['actions']} actions, score {told['score']:g}; "
            f"{told['video']}\n"
        )
    raise typer.Exit(0 if told["reached"] else 1)
