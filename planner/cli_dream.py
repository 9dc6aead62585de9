"""`mindseye dream`: play in a dream of the table, beside the simulator."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from mindseye.planner.cli_io import (
    Assignments,
    ConfigFile,
    Json,
    Objects,
    Seed,
    object_names,
    print_json,
    read_config,
)
from mindseye.tools.errors import BadInput


def dream(
    objects: Objects = None,
    seed: Seed = None,
    script: Annotated[
        str | None,
        typer.Option(help='Moves to make instead of keys: "down right*10 up wait*5".'),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Video to write (MP4), dream on the left; a sheet beside.")
    ] = None,
    config: ConfigFile = None,
    assignments: Assignments = None,
    as_json: Json = False,
) -> None:
    """Play: arrows or WASD move the pusher, space lowers it, in a dream and in the simulator."""
    settings = read_config(config, assignments, objects=object_names(objects), seed=seed)
    if out is not None and not out.parent.is_dir():
        raise BadInput(f"--out {str(out)!r}: there is no folder {str(out.parent)!r}")
    if script is None and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise BadInput('a dream is played in a terminal; without one say --script "down right*10"')
    from mindseye.planner.dream_face import parse_script

    actions = None if script is None else parse_script(script)
    from mindseye.planner.dream import play

    # Whatever a plug-in prints must not get between the reader and the JSON.
    with contextlib.redirect_stdout(sys.stderr):
        told = play(settings, actions, out)
    if as_json:
        print_json(told)
        return
    drift = "nothing moved" if told["drift_mm"] is None else f"{told['drift_mm']:.0f} mm off"
    sys.stdout.write(f"{told['frames']} frames, {drift}, {told['ms_per_frame']:.0f} ms a frame\n")
