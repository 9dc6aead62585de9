"""Train the video generator: the autoencoder first, then the transformer on its latents."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.subgoals import Subgoal
from mindseye.tools.video.autoencoder_stage import AutoencoderStage, autoencoder_quality
from mindseye.tools.video.data import PLACES, read_shards
from mindseye.tools.video.pipeline import TabletopVideoPipeline
from mindseye.tools.video.training import VideoTraining
from mindseye.tools.video.transformer_stage import TransformerStage, load_clips

CARD = """---
license: apache-2.0
library_name: diffusers
pipeline_tag: image-to-video
---
# Tabletop video generator

Imagines 8 frames at 64x64 of a push on the table, from the first frame, words and the places of
what the words speak of. Loads with `mindseye.tools.video.pipeline.TabletopVideoPipeline`, or with
`DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder, trust_remote_code=True)` where
mindseye is installed. Made by `mindseye data video` and `mindseye train video`.

| | |
|---|---|
{rows}
"""
ENTRY = '''"""What `DiffusionPipeline.from_pretrained(folder, custom_pipeline=folder)` loads."""

from mindseye.tools.video.pipeline import TabletopVideoPipeline

__all__ = ["TabletopVideoPipeline"]
'''


def train_video(
    data_dir: Path,
    out: Path,
    hours: float = 1.2,
    resume: bool = False,
    seed: int = 0,
    checkpoints: Path = Path("checkpoints/video"),
    threads: int = 1,
) -> dict[str, float]:
    """Train both stages and save the pipeline under `out`; return the figures of the model card.

    Args:
      data_dir: clips made by `make_video_data`.
      out: folder for the pipeline in `diffusers` format, fp16.
      hours: time for both stages; a tenth goes to the autoencoder.
      resume: go on from the checkpoints, if there are any.
      seed: of initialisation, batches and noise.
      checkpoints: folder for checkpoints, log and contact sheets.
      threads: torch threads.

    Raises:
      BadInput: no clips, or too few.
    """
    config = VideoTraining(
        data=data_dir,
        out=out,
        checkpoints=checkpoints,
        autoencoder_hours=hours * 0.1,
        hours=hours * 0.9,
        seed=seed,
        threads=threads,
    )
    return run(config, resume)


def run(config: VideoTraining, resume: bool) -> dict[str, float]:
    """Train as the config says; see `train_video`."""
    torch.set_num_threads(config.threads)
    clips = len(read_shards(config.data, ("dt",))["dt"])
    if clips < 2 * config.held_out:
        least = 2 * config.held_out
        raise BadInput(f"{clips} clips in {config.data} are too few; make at least {least}")
    first = AutoencoderStage(config)
    if resume:
        first.resume()
    vae = first.fit()
    figures = autoencoder_quality(vae, config.data, config.held_out)
    encoded = load_clips(vae, config, first.spent)
    second = TransformerStage(config)
    if resume:
        second.resume()
    log = config.checkpoints / "log.txt"

    def note(line: str) -> None:
        with log.open("a") as file:
            file.write(line + "\n")
        name = f"sheet-{second.steps:05d}.png"
        sample_sheet(second.pipeline(vae, encoded.dt), config, config.checkpoints / name)

    second.fit(encoded, note)
    figures |= {
        "clips": clips,
        "steps": second.steps,
        "hours": second.spent / 3600,
        "held_out_loss": second.test(encoded),
    }
    save_pipeline(second.pipeline(vae, encoded.dt), config.out, figures)
    return figures


def save_pipeline(pipeline: TabletopVideoPipeline, out: Path, figures: dict[str, float]) -> None:
    """Write the pipeline in `diffusers` format (fp16 safetensors) with its model card."""
    parts = (pipeline.vae, pipeline.transformer, pipeline.text_encoder)
    for part in parts:
        # The plain method: that of diffusers warns of layers to keep in float32; there are none.
        torch.nn.Module.to(part, torch.float16)
    pipeline.save_pretrained(out, safe_serialization=True)
    for part in parts:
        torch.nn.Module.to(part, torch.float32)
    (out / "pipeline.py").write_text(ENTRY)
    rows = "\n".join(f"| {k.replace('_', ' ')} | {v:.4g} |" for k, v in figures.items())
    (out / "README.md").write_text(CARD.format(rows=rows))


def contact_sheet(clips: list[NDArray[np.uint8]], path: Path, scale: int = 2) -> None:
    """Write clips (`[T, H, W, 3]` each) as the rows of a PNG."""
    rows = np.concatenate([np.concatenate(list(c), axis=1) for c in clips])
    big = cv2.resize(rows, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), big[..., ::-1]):
        raise BadInput(f"cannot write {path}")


def sample_sheet(
    pipeline: TabletopVideoPipeline, config: VideoTraining, path: Path, n: int = 8
) -> None:
    """Write real held-out clips, each above what the pipeline imagines from its first frame."""
    step = config.held_out // n
    columns = read_shards(config.data, ("frames", "subgoal", *PLACES))
    shards = {k: v[-config.held_out :][::step][:n] for k, v in columns.items()}
    places: dict[str, Any] = {
        k: [None if np.isnan(p).any() else (float(p[0]), float(p[1])) for p in shards[k]]
        for k in PLACES
    }
    words = [Subgoal.model_validate_json(s).words() for s in shards["subgoal"].tolist()]
    sources = [torch.Generator().manual_seed(i) for i in range(n)]
    imagined = pipeline(shards["frames"][:, 0], words, **places, generator=sources).frames
    both = [c for pair in zip(shards["frames"], imagined, strict=True) for c in pair]
    contact_sheet(both, path)
