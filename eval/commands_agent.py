"""`mindseye eval video-agent`, `vpt` and `poking`: those that act by pictures."""

import contextlib
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from mindseye.eval.showing import Json, N, Seed, show
from mindseye.planner.cli_agent import Context, Execute, Inverse, Overlay, Weights

Worlds = Annotated[str, typer.Option("--world", help="Games, by commas: minigrid, crafter, ...")]


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def video_agent(
    world: Worlds = "minigrid",
    decoder: Annotated[
        str, typer.Option(help="Decoders, by commas: overlay, vote, matching, inverse.")
    ] = "",
    n: N = 20,
    seed: Seed = 0,
    weights: Weights = None,
    video: Annotated[
        str, typer.Option(help="Video back-end; foresight imagines without fault.")
    ] = "ltx-screen",
    inverse: Inverse = None,
    overlay: Overlay = True,
    context: Context = 4,
    execute: Execute = 1,
    pictures: Annotated[bool, typer.Option("--pictures", help="Goals are pictures.")] = False,
    noise: Annotated[float, typer.Option(min=0, help="Of foresight's pixels, of 256.")] = 0.0,
    doubt: Annotated[
        float, typer.Option(min=0, max=1, help="Share of chance in foresight's actions.")
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Measure how well a video model plays: 0 as random play, 1 as the demonstrator."""
    from mindseye.eval.foresight import Flaws
    from mindseye.eval.video_agent import trials_of, video_agent_score
    from mindseye.planner.video_agent.playing import Playing

    def playing(name: str) -> Playing:
        return Playing(
            decoder=name, video=video, weights=weights, inverse=inverse, overlay=overlay,
            context=context, execute=execute,
        )  # fmt: skip

    flaws = Flaws(noise=noise, doubt=doubt)
    trials = trials_of(_names(decoder), playing, n=n, seed=seed, pictures=pictures, flaws=flaws)
    with contextlib.redirect_stdout(sys.stderr):
        result = video_agent_score(_names(world), trials)
    show(result, as_json)


def vpt(
    world: Annotated[str, typer.Option(help="Game that is played.")] = "minigrid",
    little: Annotated[str, typer.Option(help="Labelled episodes, by commas.")] = "4,16,64",
    much: Annotated[int, typer.Option(min=1, help="Episodes without labels.")] = 300,
    n: N = 100,
    steps: Annotated[int, typer.Option(min=2, help="Of each training.")] = 1000,
    seed: Seed = 0,
    run: Annotated[Path | None, typer.Option(help="Folder for the curve; a new one.")] = None,
    as_json: Json = False,
) -> None:
    """Measure what play without actions teaches, once a little labelled play has labelled it."""
    from mindseye.eval.vpt import Experiment, vpt_score
    from mindseye.tools.errors import BadInput

    if not all(part.isdigit() for part in _names(little)):
        raise BadInput(f"--little: numbers by commas such as 4,16, not {little!r}")
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder = run or Path("runs") / f"eval-vpt-{stamp}"
    asked = Experiment(
        world=world, little=tuple(sorted({int(x) for x in _names(little)})), much=much, n=n,
        steps=steps, seed=seed,
    )  # fmt: skip

    def tell(what: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"{what}\n")

    with contextlib.redirect_stdout(sys.stderr):
        result = vpt_score(asked, folder, tell)
    show(result, as_json)


def poking(
    weights: Annotated[
        Path | None,
        typer.Option(help="Folder of `mindseye train poking`; else the package's weights."),
    ] = None,
    alone: Annotated[
        Path | None, typer.Option(help="The same trained with --forward 0, as a condition.")
    ] = None,
    n: N = 100,
    pokes: Annotated[int, typer.Option(min=1, help="Pokes of an episode, at most.")] = 5,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Measure how near to pictured goals pokes come; scores are metres left, less is better."""
    from mindseye.eval.poking import poking_score
    from mindseye.tools.poking.network import WEIGHTS, PokingModel

    model = PokingModel.load(weights or WEIGHTS)
    other = None if alone is None else PokingModel.load(alone)
    show(poking_score(model, other, n=n, seed=seed, most=pokes), as_json)
