"""Train the video generator from clips on disk, and save it as a `diffusers` pipeline."""

import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.values import Frames
from mindseye.tools.video.data import Record
from mindseye.tools.video.flow import build_scheduler
from mindseye.tools.video.learner import Learner
from mindseye.tools.video.pipeline import TabletopVideoPipeline
from mindseye.tools.video.shards import read_records
from mindseye.tools.video.telling import Asked
from mindseye.tools.video.training import Curve, VideoTraining, read_config
from mindseye.tools.video.windows import read_futures, split_off

CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-video
---
# Tabletop video generator

Imagines 8 frames at 64x64 of what happens on the table, from any frames, words and actions of
the pusher. Loads with `mindseye.tools.video.pipeline.TabletopVideoPipeline`, or with
`DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder, trust_remote_code=True)` where
mindseye is installed. Made by `mindseye data video` and `mindseye train video`.

A vision model finds the things of the frame that is given, an LTX transformer says where each of
them goes (flow matching; a token is one thing over two frames), and their pixels are moved there.
It does not turn things, and it cannot show what the first frame does not: a thing that comes in
from outside is only ever the pusher.

| | |
|---|---|
{rows}
"""
ENTRY = '''"""What `DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder)` loads."""

from mindseye.tools.video.pipeline import TabletopVideoPipeline

__all__ = ["TabletopVideoPipeline"]
'''
SHEET = 6
"""Held-out clips on a sheet of samples."""


def train_video(
    data_dir: Path,
    out: Path,
    hours: float | None = None,
    resume: bool = False,
    seed: int | None = None,
    config: Path | None = None,
    held_out_data: Path | None = None,
    checkpoints: Path = Path("checkpoints/video"),
) -> dict[str, float]:
    """Train and save the pipeline under `out`; return the figures of the model card.

    Runs on what `accelerate` finds: a CPU, CUDA, MPS, or several GPUs under
    `accelerate launch`. Each checkpoint comes with held-out figures (`log.csv`,
    `curve.png`) and a sheet of samples.

    Args:
      data_dir: clips made by `make_video_data`.
      out: folder for the pipeline in `diffusers` format, fp16.
      hours: time by the clock, in place of the configured one.
      resume: go on from the checkpoint, if there is one.
      seed: of initialisation, windows and noise.
      config: YAML file of `VideoTraining` settings.
      held_out_data: clips to measure on; by default the last ones of `data_dir`.
      checkpoints: folder for checkpoint, log, plot and sheets.

    Raises:
      BadInput: no clips, too few, or settings that cannot be.
    """
    settings = read_config(config, VideoTraining, hours=hours, seed=seed)
    torch.set_num_threads(settings.threads)
    futures = read_futures(data_dir)
    if held_out_data is not None:
        held_out = read_futures(held_out_data)
    elif len(futures) < 2 * settings.held_out:
        least = 2 * settings.held_out
        raise BadInput(f"{len(futures)} clips in {data_dir} are too few; make at least {least}")
    else:
        futures, held_out = split_off(futures, settings.held_out)
    learner = Learner(settings, checkpoints)
    if resume:
        learner.resume()
    curve, shown = Curve(checkpoints), _some_pushes(held_out_data or data_dir)

    def report(learner: Learner, row: dict[str, float]) -> None:
        curve.add(row)
        sys.stderr.write("\n" + "  ".join(f"{k} {v:.4g}" for k, v in row.items()) + "\n")
        if shown:
            sheet = checkpoints / f"sheet-{learner.steps:06d}.png"
            sample_sheet(pipeline_of(learner), shown, sheet)

    learner.fit(futures, held_out, report)
    size = sum(p.numel() for p in learner.nets.parameters()) / 1e6
    figures = {
        "clips": float(len(futures)),
        "parameters_million": size,
        "steps": float(learner.steps),
        "hours": learner.spent / 3600,
    } | {f"held_out_{k}": v for k, v in learner.figures(held_out).items()}
    if learner.leads:
        save_pipeline(pipeline_of(learner), out, figures)
        (out / "training.json").write_text(
            json.dumps({"settings": dataclasses.asdict(settings), "curve": curve.rows()}, indent=1)
        )
    return figures


def pipeline_of(learner: Learner) -> TabletopVideoPipeline:
    """Return a pipeline with the averaged weights."""
    transformer, text = learner.averaged()
    return TabletopVideoPipeline(transformer, text, learner.tokenizer, build_scheduler())


def save_pipeline(pipeline: TabletopVideoPipeline, out: Path, figures: dict[str, float]) -> None:
    """Write the pipeline in `diffusers` format (fp16 safetensors) with its model card."""
    parts = (pipeline.transformer, pipeline.text_encoder)
    for part in parts:
        # The plain method: that of diffusers warns of layers to keep in float32; there are none.
        torch.nn.Module.to(part, torch.float16)
    pipeline.save_pretrained(out, safe_serialization=True)
    for part in parts:
        torch.nn.Module.to(part, torch.float32)
    (out / "pipeline.py").write_text(ENTRY)
    rows = "\n".join(f"| {k.replace('_', ' ')} | {v:.4g} |" for k, v in figures.items())
    (out / "README.md").write_text(CARD.format(rows=rows))


def contact_sheet(clips: Sequence[NDArray[np.uint8]], path: Path, scale: int = 2) -> None:
    """Write clips (`[T, H, W, 3]` each) as the rows of a PNG."""
    rows = np.concatenate([np.concatenate(list(c), axis=1) for c in clips])
    big = cv2.resize(rows, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), big[..., ::-1]):
        raise BadInput(f"cannot write {path}")


def _some_pushes(folder: Path) -> list[Record]:
    found = []
    for record in read_records(folder):
        if record.meta["kind"] == "push" and record.frames.size:
            found.append(record)
        if len(found) == SHEET * 8:
            break
    return found[::8]


def sample_sheet(pipeline: TabletopVideoPipeline, records: Sequence[Record], path: Path) -> None:
    """Write real clips, each above what is imagined from its actions, and from its words."""
    clips: list[Frames] = []
    first = [{0: r.frames[0]} for r in records]
    pushers = [r.pusher[0].tolist() for r in records]
    texts = [r.meta["captions"][0] for r in records]
    acted = [
        Asked(text="", sent=r.sent.astype(float), ticks=np.asarray(r.meta["rows"])) for r in records
    ]
    blank = [""] * len(records)
    sources = [torch.Generator().manual_seed(i) for i in range(len(records))]
    pipeline.set_progress_bar_config(disable=True)
    by_actions = pipeline(first, blank, acted, pusher=pushers, generator=sources).frames
    by_words = pipeline(first, texts, pusher=pushers, generator=sources).frames
    for record, acting, saying in zip(records, by_actions, by_words, strict=True):
        clips += [record.frames, acting, saying]
    contact_sheet(clips, path)
