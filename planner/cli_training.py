"""`mindseye data` and `mindseye train`: the weights can be made again."""

import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mindseye.tools.errors import BadInput

data_app = typer.Typer(help="Make training data with the project's own simulator.")
train_app = typer.Typer(help="Train a model from that data; resumable.")

_DATA = {
    "video": "mindseye.tools.video.data:make_video_data",
    "vision": "mindseye.tools.vision.data:make_vision_data",
    "language": "mindseye.planner.language.data:make_language_data",
}
_TRAIN = {
    "video": "mindseye.tools.video.train:train_video",
    "vision": "mindseye.tools.vision.train:train_vision",
    "language": "mindseye.planner.language.train:train_language",
}

Out = Annotated[Path | None, typer.Option(help="Folder to write to.")]
Count = Annotated[int | None, typer.Option("--n", help="How many examples.")]
Seed = Annotated[int, typer.Option(help="The same seed makes the same data and weights.")]
Workers = Annotated[int | None, typer.Option(help="Processes.")]
Data = Annotated[Path | None, typer.Option("--data", help="Folder of the data.")]
Hours = Annotated[float | None, typer.Option(help="Wall-clock hours to train for.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")]
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


def _make(kind: str, out: Path | None, n: int | None, seed: int, workers: int | None) -> Any:
    given = {"out": out or Path("data") / kind, "n": n, "seed": seed, "workers": workers}
    return _call(_DATA[kind], given)


def _train(
    kind: str, data: Path | None, out: Path | None, hours: float | None, seed: int, resume: bool
) -> Any:
    folder = data or Path("data") / kind
    if not folder.is_dir():
        raise BadInput(f"no data in {str(folder)!r}: run `mindseye data {kind}` first")
    given = {
        "data_dir": folder, "out": out or Path("checkpoints") / kind, "hours": hours,
        "seed": seed, "resume": resume or None,
    }  # fmt: skip
    return _call(_TRAIN[kind], given)


@data_app.command("video")
def data_video(
    out: Out = None, n: Count = None, seed: Seed = 0, workers: Workers = None, as_json: Json = False
) -> None:
    """Simulated pushes as clips with captions."""
    _tell(_make("video", out, n, seed, workers), as_json)


@data_app.command("vision")
def data_vision(
    out: Out = None, n: Count = None, seed: Seed = 0, workers: Workers = None, as_json: Json = False
) -> None:
    """Randomised renders with labels."""
    _tell(_make("vision", out, n, seed, workers), as_json)


@data_app.command("language")
def data_language(
    out: Out = None, n: Count = None, seed: Seed = 0, workers: Workers = None, as_json: Json = False
) -> None:
    """Tasks, goals, subgoals and choices in words."""
    _tell(_make("language", out, n, seed, workers), as_json)


@train_app.command("video")
def train_video(
    data: Data = None,
    out: Out = None,
    hours: Hours = None,
    seed: Seed = 0,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train the video generator."""
    _tell(_train("video", data, out, hours, seed, resume), as_json)


@train_app.command("vision")
def train_vision(
    data: Data = None,
    out: Out = None,
    hours: Hours = None,
    seed: Seed = 0,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train the vision model."""
    _tell(_train("vision", data, out, hours, seed, resume), as_json)


@train_app.command("language")
def train_language(
    data: Data = None,
    out: Out = None,
    hours: Hours = None,
    seed: Seed = 0,
    resume: Resume = False,
    as_json: Json = False,
) -> None:
    """Train the language model's adapter."""
    _tell(_train("language", data, out, hours, seed, resume), as_json)
