"""`mindseye eval ...` and `mindseye bench`: the commands that measure."""

import contextlib
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from mindseye.eval.bench.command import bench
from mindseye.eval.commands_agent import poking, video_agent, vpt
from mindseye.eval.showing import Gpus, Json, N, Ray, Seed, ShareVideo, Workers, show
from mindseye.tools.errors import needs_extra

eval_app = typer.Typer(no_args_is_help=True, add_completion=False, help="Measure the system.")
bench_app = typer.Typer(add_completion=False, help="Measure speed.")
bench_app.command()(bench)


@eval_app.callback()
def _root() -> None:
    """Keep sub-commands even while there is one only."""


@eval_app.command()
def tabletop(
    task_set: Annotated[str, typer.Option("--set", help="short, long or hazard.")] = "short",
    n: N = 50,
    tools: Annotated[
        str, typer.Option(help="Conditions: none, physics, video, both, random, oracle, vlp.")
    ] = "none,physics,video,both",
    search: Annotated[
        str, typer.Option(help="Searches, each a row: greedy, beam, mcts, cem.")
    ] = "",
    gate: Annotated[
        str,
        typer.Option(
            help="Gates, each a row: budget, evoi, model, never, simulate, imagine, both, random."
        ),
    ] = "",
    budget: Annotated[str, typer.Option(help="Seconds a decision, each a row: 1,2,5,10.")] = "",
    clips: Annotated[str, typer.Option(help="Clips a decision, each a row: 10,40.")] = "",
    dynamics: Annotated[
        list[str] | None,
        typer.Option(help="The world's dynamics, beside the unshifted: friction=0.2,force=6."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Earlier result.json; exit 1 on a clear drop.")
    ] = None,
    calibrate: Annotated[
        Path | None,
        typer.Option(help="JSON to write: what the judge's scores meant on these tasks."),
    ] = None,
    seed: Seed = 0,
    workers: Workers = None,
    ray: Ray = None,
    gpus: Gpus = 0.0,
    share_video: ShareVideo = False,
    run: Annotated[Path | None, typer.Option(help="Folder to write to or to go on in.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML or JSON settings.")] = None,
    assign: Annotated[list[str] | None, typer.Option("--set-option", help="a.b=c")] = None,
    as_json: Json = False,
) -> None:
    """Measure success on a task set: condition by search, gate, budget and dynamics, seeds paired.

    Also how far the probabilities given to pushes are from what happened.
    """
    from mindseye.eval.baseline import compare, read_baseline
    from mindseye.eval.rows import read_axes, rows
    from mindseye.eval.tabletop import evaluate
    from mindseye.planner.config import load_config

    settings = load_config(config, assign or [])
    axes = read_axes(search, budget, clips, dynamics or [], gate)
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder = run or Path(settings.runs) / f"eval-tabletop-{task_set}-{stamp}"
    conditions = [c.strip() for c in tools.split(",") if c.strip()]
    names = [row.name for row in rows(conditions, axes)]
    earlier = read_baseline(baseline, f"tabletop/{task_set}", names) if baseline else None
    result = evaluate(
        task_set, n, conditions, settings, folder, axes=axes, seed=seed, workers=workers,
        ray=ray, gpus=gpus, share_video=share_video, calibrate=calibrate,
    )  # fmt: skip
    (folder / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    if earlier is not None:
        result |= {"baseline": str(baseline), "changes": compare(earlier, result)}
    show(result, as_json)
    if any(change["verdict"] == "drop" for change in result.get("changes", {}).values()):
        raise typer.Exit(1)


@eval_app.command()
def vision(n: N = 300, seed: Seed = 1_000_000, as_json: Json = False) -> None:
    """Measure position error and detection on held-out scenes of varied looks."""
    from mindseye.eval.vision import vision_accuracy

    show(vision_accuracy(n, seed), as_json)


@eval_app.command()
def video(
    n: N = 30,
    seed: Seed = 2_000_000,
    conditions: Annotated[
        str,
        typer.Option(
            help="words, paraphrases, planner, actions, goal-frame, simulator, reality-again, "
            "nothing-moves."
        ),
    ] = "",
    backend: Annotated[
        str, typer.Option("--video", help="Generator: short name or package.module:Attribute.")
    ] = "ltx-tabletop",
    weights: Annotated[Path | None, typer.Option(help="Folder with other weights.")] = None,
    sheet: Annotated[
        Path | None, typer.Option(help="PNG to write: best, median and worst clips, real above.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure the video generator on held-out scenes of sixteen candidate pushes each."""
    from mindseye.eval.video import CONDITIONS, video_accuracy
    from mindseye.tools.contracts import load_backend

    options = {} if weights is None else {"weights": weights}
    names = [c.strip() for c in conditions.split(",") if c.strip()] or CONDITIONS

    def make(steps: int) -> Any:
        return load_backend("video", backend, {**options, "steps": steps})

    result = video_accuracy(
        n, seed, load_backend("video", backend, options), make=make, conditions=names, sheet=sheet
    )
    show(result, as_json)
    if not as_json:
        for name in ("coverage", "ms_per_clip", "peak_mb"):
            sys.stdout.write(f"  {name}: {json.dumps(result[name])}\n")


@eval_app.command()
def dream(
    n: N = 20,
    seed: Seed = 3_000_000,
    weights: Annotated[Path | None, typer.Option(help="Folder with other weights.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder for result.json and a sheet.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how far dreams drift from the simulator under the same random play, mm."""
    from mindseye.eval.dream import dream_accuracy
    from mindseye.tools.contracts import load_backend

    video = load_backend("video", "ltx-tabletop", {} if weights is None else {"weights": weights})
    result = dream_accuracy(n, seed, video, run)
    if run is not None:
        (run / "result.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
    show(result, as_json)


@eval_app.command("video-peer")
def video_peer(
    data: Annotated[Path, typer.Option("--data", help="Folder of clips: `mindseye data video`.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the weights.")],
    hours: Annotated[float, typer.Option(help="Wall-clock hours to train for.")] = 1.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of weights, frames and noise.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="Threads.")] = 2,
    as_json: Json = False,
) -> None:
    """Train the frame-by-frame peer of the video generator, after DIAMOND, to compare with.

    Then: eval video --video mindseye.eval.frame_denoiser:FrameDenoiser --weights OUT
    """
    from mindseye.eval.frame_training import train_peer

    figures = train_peer(data, out, hours, resume, seed, threads=threads)
    if as_json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, value in figures.items():
        sys.stdout.write(f"{name:20} {value:.4g}\n")


eval_app.command("video-agent")(video_agent)
eval_app.command()(vpt)
eval_app.command()(poking)


@eval_app.command()
def players(
    n: N = 20,
    seed: Seed = 0,
    world: Annotated[
        str, typer.Option(help="Games, by commas: minigrid, crafter, freeway, tabletop.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Measure how well the scripted players play the games, beside random play."""
    from mindseye.eval.players import players_score

    names = [w.strip() for w in world.split(",") if w.strip()]
    show(players_score(n, seed, names), as_json)


@eval_app.command()
def plausibility(n: N = 50, seed: Seed = 4_000_000, as_json: Json = False) -> None:
    """Measure whether planted violations of physics are told from real and simulated clips."""
    from mindseye.eval.plausibility import plausibility_accuracy

    show(plausibility_accuracy(n, seed), as_json)


@eval_app.command()
def language(
    path: Annotated[Path | None, typer.Option(help="JSONL of task, objects, goal.")] = None,
    model: Annotated[str, typer.Option(help="Language model.")] = "smollm2",
    as_json: Json = False,
) -> None:
    """Measure how often a task in hand-written words is understood exactly."""
    from mindseye.eval.language import language_accuracy

    show(language_accuracy(model, path), as_json)


@eval_app.command()
def conversation(
    n: N = 1,
    seed: Seed = 0,
    path: Annotated[Path | None, typer.Option(help="JSONL of turns of your own.")] = None,
    model: Annotated[str | None, typer.Option(help="Language model.")] = None,
    run: Annotated[Path | None, typer.Option(help="Folder to write to; a new one.")] = None,
    assign: Annotated[list[str] | None, typer.Option("--set-option", help="a.b=c")] = None,
    as_json: Json = False,
) -> None:
    """Hold a scripted conversation of 30 turns on n tables; the world's state judges it."""
    from mindseye.eval.conversation import conversation_accuracy
    from mindseye.planner.config import load_config

    settings = load_config(None, assign or [], {"model": model})
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder = run or Path(settings.runs) / f"eval-conversation-{stamp}"
    folder.mkdir(parents=True, exist_ok=True)

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done}/{total}")

    with contextlib.redirect_stdout(sys.stderr):
        result = conversation_accuracy(folder, settings, n, seed, path, tell)
    show(result, as_json)
    if not as_json:
        for miss in result["misses"]:
            sys.stdout.write(f"  {miss['say']!r}: {'; '.join(miss['wrong'])}\n")


@eval_app.command("minds-eye")
def minds_eye(
    conditions: Annotated[
        str,
        typer.Option(
            help="none, cot, few-shot, self-consistency, simulation, simulation+few-shot, "
            "wrong-simulation, oracle-scene."
        ),
    ] = "none,simulation,wrong-simulation",
    n: Annotated[int | None, typer.Option("--n", min=1, help="Questions; all by default.")] = None,
    path: Annotated[Path | None, typer.Option(help="JSONL of questions of your own.")] = None,
    model: Annotated[
        str, typer.Option(help="Language model; inspect:PROVIDER/NAME takes any of inspect's.")
    ] = "smollm2-questions",
    run: Annotated[Path | None, typer.Option(help="Folder to write to or to go on in.")] = None,
    concurrent: Annotated[
        int, typer.Option(min=1, help="Questions at a time; fewer for a slow server.")
    ] = 64,
    as_json: Json = False,
) -> None:
    """Measure answers to physics questions, with and without what was simulated."""
    with needs_extra("`mindseye eval minds-eye`", "eval"):
        from mindseye.eval.minds_eye.suite import evaluate
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    folder = run or Path("runs") / f"eval-minds-eye-{stamp}"
    names = [c.strip() for c in conditions.split(",") if c.strip()]
    # Standard output holds the result alone.
    with contextlib.redirect_stdout(sys.stderr):
        result = evaluate(
            names,
            folder,
            model=model,
            path=path,
            n=n,
            progress=sys.stderr.isatty(),
            concurrent=concurrent,
        )
    show(result, as_json)


@eval_app.command()
def fuzz(
    n: N = 1000,
    target: Annotated[str, typer.Option(help="What to attack: mjcf, program.")] = "mjcf,program",
    seed: Seed = 0,
    first: Annotated[int, typer.Option(min=0, help="Number of the first input.")] = 0,
    coverage: Annotated[bool, typer.Option(help="Also let atheris explore.")] = False,
    as_json: Json = False,
) -> None:
    """Throw hostile inputs at the parsers of what a model writes; exit 1 when one does harm."""
    from mindseye.eval.fuzz import fuzz as throw

    def tell(name: str, done: int) -> None:
        sys.stderr.write(f"\r{name} {done}")

    targets = [t.strip() for t in target.split(",") if t.strip()]
    progress = tell if sys.stderr.isatty() else None
    result = throw(n, seed, targets, first=first, coverage=coverage, progress=progress)
    show(result, as_json)
    if not as_json:
        for found in result["findings"]:
            sys.stdout.write(f"{json.dumps(found)}\n")
    if result["findings"]:
        raise typer.Exit(1)
