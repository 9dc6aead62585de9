"""`mindseye data` and `mindseye train`: the weights can be made again."""

import importlib
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from mindseye.tools.errors import BadInput

data_app = typer.Typer(help="Make training data with the project's own simulator.")
train_app = typer.Typer(help="Train a model from that data; resumable.")

_DATA = {
    "video": "mindseye.tools.video.shards:make_video_data",
    "vision": "mindseye.tools.vision.data:make_vision_data",
    "language": "mindseye.planner.language.data:make_language_data",
    "minds-eye": "mindseye.planner.questions.data:make_minds_eye_data",
    "conversation": "mindseye.planner.chat.data:make_conversation_data",
    "games": "mindseye.tools.games.demonstrations:make_game_data",
    "pokes": "mindseye.tools.poking.data:make_poke_data",
}
_FROM_RUNS = "mindseye.planner.export.clips:export_clips"
"""Makes data for `video` out of runs."""
_TRAIN = {
    "video": "mindseye.tools.video.train:train_video",
    "screen": "mindseye.tools.video.screen.train:train_screen",
    "vision": "mindseye.tools.vision.train:train_vision",
    "language": "mindseye.planner.language.train:train_language",
    "inverse": "mindseye.tools.games.inverse:train_inverse",
    "poking": "mindseye.tools.poking.train:train_poking",
}
_READS = {"screen": "games", "inverse": "games", "poking": "pokes"}
"""Models that learn from data of another name."""

Out = Annotated[Path | None, typer.Option(help="Folder to write to.")]
Count = Annotated[int | None, typer.Option("--n", help="How many examples.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same data and weights.")]
Workers = Annotated[
    int | None, typer.Option(help="Processes, 1 by default; with --ray what there is room for.")
]
Ray = Annotated[
    str | None,
    typer.Option(help="Ray cluster to use: HOST:6379, auto, local (video, vision, games)"),
]
Recorded = Annotated[
    Path | None,
    typer.Option("--from", help="Folder of runs whose pushes are taken, not simulated (video)."),
]
Game = Annotated[
    str | None,
    typer.Option("--world", help="minigrid, crafter, freeway or tabletop (games)."),
]
Slips = Annotated[
    float | None,
    typer.Option(help="Share of actions in which the player presses anything instead (games)."),
]
Bout = Annotated[int | None, typer.Option(help="Actions that it does so in a row at most (games).")]
Data = Annotated[
    list[Path] | None,
    typer.Option("--data", help="Folder of the data; several are trained on together (language)."),
]
Hours = Annotated[float | None, typer.Option(help="Wall-clock hours to train for.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]
Start = Annotated[
    Path | None,
    typer.Option(help="Weights to begin with (language: an adapter; screen: a pipeline)."),
]
Settings = Annotated[
    Path | None, typer.Option("--config", help="YAML of settings (video: see the model card).")
]
Drawn = Annotated[
    bool, typer.Option("--frames/--no-frames", help="Draw the clips, or keep states only (video).")
]
Forward = Annotated[
    float | None,
    typer.Option(
        "--forward", min=0, help="Weight of the forward term; 0: inverse model alone (poking)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def _call(path: str, given: dict[str, Any]) -> Any:
    """Call the function with the settings that were given.

    Raises:
      BadInput: it does not take one of them.
    """
    module, _, name = path.partition(":")
    function = getattr(importlib.import_module(module), name)
    takes = inspect.signature(function).parameters
    settings = {k: v for k, v in given.items() if v is not None}
    for key in settings:
        if key not in takes:
            raise BadInput(f"--{key.replace('_', '-')}: {name} takes {', '.join(takes)}")
    return function(**settings)


def _tell(value: Any, as_json: bool) -> None:
    plain = {"result": value} if not isinstance(value, dict) else value
    if as_json:
        sys.stdout.write(json.dumps(plain, default=str) + "\n")
    else:
        sys.stderr.write("done\n")


def _data_command(kind: str) -> Callable[..., None]:
    """Return the command that makes the data of one kind."""

    def command(
        out: Out = None,
        n: Count = None,
        seed: Seed = 0,
        workers: Workers = None,
        ray: Ray = None,
        runs: Recorded = None,
        frames: Drawn = True,
        world: Game = None,
        slips: Slips = None,
        bout: Bout = None,
        as_json: Json = False,
    ) -> None:
        if runs is not None and kind != "video":
            raise BadInput(f"--from: {kind} data are not made from runs; only video data are")
        given: dict[str, Any] = {"out": out or Path("data") / kind, "n": n, "seed": seed}
        given |= {"workers": workers, "slips": slips, "bout": bout}
        made = _DATA[kind] if runs is None else _FROM_RUNS
        drawn = None if frames else False
        asked = given | {"runs": runs, "frames": drawn, "world": world, "ray": ray}
        _tell(_call(made, asked), as_json)

    return command


def _train_command(kind: str) -> Callable[..., None]:
    """Return the command that trains the model of one kind."""

    def command(
        data: Data = None,
        out: Out = None,
        hours: Hours = None,
        seed: Seed = 0,
        resume: Resume = False,
        start: Start = None,
        config: Settings = None,
        world: Game = None,
        forward: Forward = None,
        as_json: Json = False,
    ) -> None:
        reads = _READS.get(kind, kind)
        folders = data or [Path("data") / reads]
        for folder in folders:
            if not folder.is_dir():
                raise BadInput(f"no data in {str(folder)!r}: run `mindseye data {reads}` first")
        if len(folders) > 1 and kind != "language":
            raise BadInput(f"--data: {kind} trains on one folder")
        given = {
            "data_dir": folders if kind == "language" else folders[0],
            "out": out or Path("checkpoints") / kind, "hours": hours, "seed": seed,
            "resume": resume or None, "start": start, "config": config,
            "world": world, "forward": forward,
        }  # fmt: skip
        _tell(_call(_TRAIN[kind], given), as_json)

    return command


_HELP = {
    "video": ("Simulated pushes as clips with captions.", "Train the video generator."),
    "vision": ("Randomised renders with labels.", "Train the vision model."),
    "language": (
        "Tasks, goals, subgoals and choices in words.",
        "Train the language model's adapter.",
    ),
    "minds-eye": ("Physics questions with scene programs and answers.", ""),
    "conversation": ("What people say, with the tool that serves it.", ""),
    "games": ("Games that a scripted player plays, for models that learn to play.", ""),
    "pokes": ("Random pokes of the table, a picture before and one after each.", ""),
    "screen": ("", "Train a video model that plays a game by continuing its screens."),
    "inverse": ("", "Train which action leads from one frame of a game to the next."),
    "poking": ("", "Train which poke leads to a picture, jointly with what a poke leads to."),
}
for _kind, (_made, _trained) in _HELP.items():
    if _kind in _DATA:
        data_app.command(_kind, help=_made)(_data_command(_kind))
    if _kind in _TRAIN:
        train_app.command(_kind, help=_trained)(_train_command(_kind))
