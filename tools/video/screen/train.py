"""Train the generator of screens from recorded play, and save it as a `diffusers` pipeline."""

import dataclasses
import json
import sys
from pathlib import Path

import torch

from mindseye.tools.games.worlds import game_spec
from mindseye.tools.video.screen.learner import ScreenLearner
from mindseye.tools.video.screen.measure import as_learned, some_moments
from mindseye.tools.video.screen.pipeline import ScreenVideoPipeline
from mindseye.tools.video.screen.settings import ScreenTraining
from mindseye.tools.video.screen.windows import Play, read_play, split_play, with_mirrored
from mindseye.tools.video.train import contact_sheet
from mindseye.tools.video.training import Curve, read_config

CARD = """---
license: {licence}
library_name: diffusers
pipeline_tag: image-to-video
---
# Screens of {game}: {title}

Continues 64x64 screens of the game with a virtual keyboard on them, {rate:g} frames a second, up
to 8 at once, known ones included: from its last frames and words it imagines the next ones and
the keys that are pressed in them, which is how it plays. Loads with
`mindseye.tools.video.screen.pipeline.ScreenVideoPipeline`, or as the generator
`mindseye.tools.video.screen.generator.ScreenVideo`. Made by `mindseye data games` and
`mindseye train screen`.

A small autoencoder (`AutoencoderTiny`) codes the screens, an LTX transformer continues them by
flow matching. It has seen the project's scripted player only, and plays no better than that;
what no demonstrator ever came to see, it pictures poorly.

Shares of next actions are those that are as the demonstrator's, in episodes that were not
trained on: of one sample, of most of eight, of the mean picture, and of pressing the same
again.

| | |
|---|---|
{rows}
"""
SHEET = 4
"""Held-out moments on a sheet of samples."""


def train_screen(
    data_dir: Path,
    out: Path,
    hours: float | None = None,
    resume: bool = False,
    seed: int | None = None,
    config: Path | None = None,
    checkpoints: Path | None = None,
    start: Path | None = None,
) -> dict[str, float]:
    """Train and save the pipeline under `out`; return the figures of the model card.

    Each checkpoint comes with held-out figures (`log.csv`, `curve.png`) and a sheet of samples.

    Args:
      data_dir: play of one game, made by `make_game_data`.
      out: folder for the pipeline in `diffusers` format, fp16.
      hours: time by the clock, in place of the configured one.
      resume: go on from the checkpoint, if there is one.
      seed: of initialisation, windows and noise.
      config: YAML file of `ScreenTraining` settings.
      checkpoints: folder for checkpoints, log, plot and sheets; by default
        `checkpoints/screen-GAME`.
      start: folder of a pipeline to begin with, of the same sizes; its codec is kept.

    Raises:
      BadInput: no play, play of several games, too little, settings that cannot be, or nothing
        to begin with.
    """
    settings = read_config(config, ScreenTraining, hours=hours, seed=seed)
    torch.set_num_threads(settings.threads)
    play, held_out = split_play(read_play(data_dir, settings.frames), settings.held_out_share)
    play = with_mirrored(play)
    folder = checkpoints or Path("checkpoints") / f"screen-{play.game}"
    learner = ScreenLearner(settings, play.game, folder)
    resumed = resume and learner.resume() and learner.steps > 0
    if start and not resumed:
        learner.begin_with(start)
    curve, last = Curve(folder), dict[str, float]()

    def report(row: dict[str, float]) -> None:
        curve.add(row)
        last.update(row)
        sys.stderr.write("\n" + "  ".join(f"{k} {v:.4g}" for k, v in row.items()) + "\n")
        sample_sheet(learner.pipeline(), held_out, folder / f"sheet-{learner.steps:06d}.png")

    learner.fit(play, held_out, report)
    figures = {
        "actions": float(len(play)),
        "parameters_million": _parameters(learner) / 1e6,
        "steps": float(learner.steps),
        "hours": (learner.spent + learner.codec_spent) / 3600,
    } | {k: v for k, v in last.items() if k not in ("step", "seconds", "loss")}
    save_pipeline(learner.pipeline(), out, figures)
    (out / "training.json").write_text(
        json.dumps({"settings": dataclasses.asdict(settings), "curve": curve.rows()}, indent=1)
    )
    return figures


def _parameters(learner: ScreenLearner) -> int:
    return sum(p.numel() for net in (learner.nets, learner.codec) for p in net.parameters())


def save_pipeline(pipeline: ScreenVideoPipeline, out: Path, figures: dict[str, float]) -> None:
    """Write the pipeline in `diffusers` format (fp16 safetensors) with its model card."""
    for part in (pipeline.codec, pipeline.transformer, pipeline.text_encoder):
        # The plain method: that of diffusers warns of layers to keep in float32; there are none.
        torch.nn.Module.to(part, torch.float16)
    pipeline.save_pretrained(out, safe_serialization=True)
    _without_surplus(out / "codec" / "config.json")
    spec = game_spec(pipeline.config.game)
    rows = "\n".join(f"| {k.replace('_', ' ')} | {v:.4g} |" for k, v in figures.items())
    (out / "README.md").write_text(
        CARD.format(
            licence=spec.licence, game=spec.name, title=spec.title, rate=spec.rate, rows=rows
        )
    )


def _without_surplus(config: Path) -> None:
    """Drop the one setting that `AutoencoderTiny` writes and warns of when it reads it."""
    kept = json.loads(config.read_text())
    kept.pop("block_out_channels", None)
    config.write_text(json.dumps(kept, indent=2) + "\n")


def sample_sheet(pipeline: ScreenVideoPipeline, play: Play, path: Path) -> None:
    """Write the pasts of held-out moments, each gone on with twice."""
    clips = []
    for moment in some_moments(play, SHEET, seed=1):
        shown = pipeline(
            frames=[dict(enumerate(as_learned(pipeline, moment)))] * 2,
            prompt=[moment.goal] * 2,
            generator=[torch.Generator().manual_seed(i) for i in range(2)],
        ).frames
        clips += list(shown)
    contact_sheet(clips, path)
