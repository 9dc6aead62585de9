"""Makes training frames look like what is read later: cameras, downsampling, imagination.

A generator's frames are small, soft and blotchy, moving things smear and old
places shine through. Each of these is imitated here, on whole batches.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from mindseye.tools.vision.classes import CELL, GRID, PUSHER, SIZE


def resample(frames: Tensor) -> Tensor:
    """Bring `[B, 3, H, W]` frames to `SIZE` pixels a side, the way training and reading share."""
    if frames.shape[-2:] == (SIZE, SIZE):
        return frames
    shrinks = max(frames.shape[-2:]) > SIZE
    return functional.interpolate(
        frames, size=(SIZE, SIZE), mode="bilinear", align_corners=False, antialias=shrinks
    )


def cell_middles() -> Tensor:
    """Return `[GRID, GRID, 2]`: (column, row) of each cell's middle in pixels."""
    steps = (torch.arange(GRID) + 0.5) * CELL
    rows, columns = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack([columns, rows], dim=-1)


def vote_targets(labels: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """Return where each cell should point, and which cells have something to point at.

    Args:
      labels: `[B, GRID, GRID]` class ids.
      centres: `[B, CLASSES, 2]` pixels, NaN where there is none.

    Returns:
      Offsets `[B, 2, GRID, GRID]` in pixels and a mask `[B, GRID, GRID]`.
    """
    batch = torch.arange(len(labels))[:, None, None]
    offsets = centres[batch, labels] - cell_middles()
    known = torch.isfinite(offsets).all(-1) & (labels >= PUSHER)
    return torch.nan_to_num(offsets).permute(0, 3, 1, 2), known


def mirror(frames: Tensor, labels: Tensor, centres: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the batch as seen in a mirror; the camera stands in the middle, so it is as likely."""
    swapped = centres.clone()
    swapped[..., 0] = SIZE - swapped[..., 0]
    return frames.flip(-1), labels.flip(-1), swapped


def _uniform(n: int, low: float, high: float, rng: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, 1, 1, 1, generator=rng)


def _sometimes(changed: Tensor, frames: Tensor, chance: float, rng: torch.Generator) -> Tensor:
    pick = torch.rand(len(frames), 1, 1, 1, generator=rng) < chance
    return torch.where(pick, changed, frames)


def _colour(frames: Tensor, rng: torch.Generator) -> Tensor:
    n = len(frames)
    gain = 1 + 0.06 * torch.randn(n, 3, 1, 1, generator=rng)
    gamma = torch.exp(0.15 * torch.randn(n, 1, 1, 1, generator=rng))
    shift = 0.03 * torch.randn(n, 1, 1, 1, generator=rng)
    grey = frames.mean(1, keepdim=True)
    vivid = grey + (frames - grey) * _uniform(n, 0.75, 1.15, rng)
    return (vivid * gain + shift).clamp(0, 1) ** gamma


def _blur(frames: Tensor, sigma: float) -> Tensor:
    reach = max(1, math.ceil(2.5 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).repeat(3, 1)
    padded = functional.pad(frames, (reach,) * 4, mode="replicate")
    wide = functional.conv2d(padded, kernel[:, None, None, :], groups=3)
    return functional.conv2d(wide, kernel[:, None, :, None], groups=3)


def _smear(frames: Tensor, rng: torch.Generator) -> Tensor:
    """Blur in places: generators lose sharpness where things move."""
    sigma = frames.shape[-1] / SIZE * float(torch.empty(()).uniform_(0.6, 2.2, generator=rng))
    where = torch.rand(len(frames), 1, 5, 5, generator=rng) * 2.5 - 0.75
    mask = functional.interpolate(
        where, size=frames.shape[-2:], mode="bilinear", align_corners=False
    )
    return torch.lerp(frames, _blur(frames, sigma), mask.clamp(0, 1))


def _ghost(frames: Tensor, rng: torch.Generator) -> Tensor:
    """Let another frame shine through weakly."""
    return torch.lerp(frames, frames.roll(1, 0), _uniform(len(frames), 0.0, 0.2, rng))


def _noise(frames: Tensor, rng: torch.Generator) -> Tensor:
    n, _, height, width = frames.shape
    fine = torch.randn(n, 3, height, width, generator=rng) * _uniform(n, 0.0, 0.03, rng)
    coarse = functional.interpolate(
        torch.randn(n, 3, height // 4, width // 4, generator=rng), size=(height, width)
    )
    return frames + fine + coarse * _uniform(n, 0.0, 0.02, rng)


def augment(frames: Tensor, rng: torch.Generator) -> Tensor:
    """Return `[B, 3, SIZE, SIZE]` frames in [0, 1], about half of them read through 64 pixels.

    The batch must be shuffled: which half is which goes by place in the batch.
    """
    n = len(frames)
    frames = _sometimes(_colour(frames, rng), frames, 0.7, rng)
    frames = _sometimes(_ghost(frames, rng), frames, 0.2, rng)
    small, large = frames[: n // 2], frames[n // 2 :]
    small = functional.avg_pool2d(small, 2)
    small = _sometimes(_smear(small, rng), small, 0.5, rng)
    small = _sometimes(_noise(small, rng), small, 0.5, rng)
    large = _sometimes(_smear(large, rng), large, 0.3, rng)
    large = _sometimes(_noise(large, rng), large, 0.4, rng)
    return torch.cat([resample(small), large]).clamp(0, 1)
