"""A peer to beat: the next frame is denoised pixel by pixel, after DIAMOND (Alonso et al., 2024).

Nothing here knows of things: a U-Net of about the size of our own generator sees the two
frames before and the pusher's path to the next one, and makes that one out of noise, frame
after frame. It is preconditioned, trained and sampled as Karras et al. (2022) do. The frames
are folded two by two into channels, which makes a step three times as cheap on a CPU.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from diffusers import UNet2DModel
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from mindseye.tools.errors import BadInput, ToolError, Unavailable, one_line
from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import TICK
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.data import SIZE
from mindseye.tools.video.drawing import shrink
from mindseye.tools.video.generator import sample_seed
from mindseye.tools.video.telling import sent_by
from mindseye.tools.video.tokens import FRAMES, LOWERED, SUB, UNIT
from mindseye.tools.video.windows import pusher_path

MODEL = "frame-denoiser"
WEIGHTS, CONFIG = "network.safetensors", "config.json"
BEFORE = 2
"""Frames that the network sees."""
STEPS = 3
"""Sampling steps of a frame, as in DIAMOND."""
POINTS = SUB + 1
"""Points of the pusher's path from one frame to the next, both ends included."""
DATA_SPREAD = 0.5
"""Standard deviation that pixels in [-1, 1] are taken to have."""
LEVEL_MEAN, LEVEL_SPREAD = -0.4, 1.2
"""Of the logarithms of the noise levels that are trained on."""
LOWEST, HIGHEST, BEND = 2e-3, 5.0, 7.0
"""Noise levels that sampling ends and begins with, and how they are spaced."""
STROKE = 1.2
"""Width of the path as it is drawn, pixels (one standard deviation)."""
GROUPS = 8


class NetworkConfig(BaseModel):
    """The shape of the network, as it is kept beside its weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    version: Literal[1] = 1
    patch: int = 2
    """Pixels in each direction that are folded into channels."""
    widths: tuple[int, ...] = (32, 64, 128, 192)
    """Channels of each level, the finest first; multiples of 8."""
    attended: int = 8
    """Side of the feature maps that attend; the coarsest always do."""
    features: int = 256
    """Of the noise level and of the pusher's path."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Moment:
    """What the network is told of one frame of each of `B` clips."""

    before: torch.Tensor
    """`[B, BEFORE, 3, S, S]` the frames before, the last one last, in [-1, 1]."""
    path: torch.Tensor
    """`[B, POINTS, 3]` where the pusher is sent from the last frame to this one, metres."""
    drawn: torch.Tensor
    """`[B, 2, S, S]` the same as a picture; see `draw_path`."""
    seconds: torch.Tensor
    """`[B]` from the last frame to this one."""


def draw_path(path: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `[B, 2, S, S]` in [0, 1]: where the camera sees `[B, POINTS, 3]` metres pass.

    One channel for the pusher lowered, one for it lifted; a stroke grows brighter from where
    it begins to where it ends.
    """
    n = len(path)
    pixels = Camera.nominal().project(path.reshape(-1, 3), SIZE).astype(np.float32)
    across, along = np.moveaxis(pixels.reshape(n, POINTS, 1, 1, 2), -1, 0)
    centres = np.arange(SIZE, dtype=np.float32) + 0.5
    off_x, off_y = centres - across[:, :-1], centres[:, None] - along[:, :-1]
    way_x, way_y = np.diff(across, axis=1), np.diff(along, axis=1)
    length = np.maximum(way_x**2 + way_y**2, 1e-6)
    dot = off_x * way_x + off_y * way_y
    share = (dot / length).clip(0, 1)
    gap = (off_x**2 + off_y**2) - share * (2 * dot - share * length)
    mark = np.exp(gap / (-2 * STROKE**2))
    mark *= 0.5 + (np.arange(SUB, dtype=np.float32)[:, None, None] + share) / (2 * SUB)
    down = ((path[:, :-1, 2] + path[:, 1:, 2]) / 2 < LOWERED)[..., None, None]
    drawn: NDArray[np.float32] = np.stack([(mark * d).max(axis=1) for d in (down, ~down)], axis=1)
    return drawn


def to_pixels(frames: NDArray[np.uint8]) -> torch.Tensor:
    """Return `[..., 3, S, S]` in [-1, 1] of `[..., S, S, 3] uint8`."""
    return torch.from_numpy(np.moveaxis(frames, -1, -3) / np.float32(127.5) - 1)


def to_frames(pixels: torch.Tensor) -> Frames:
    """Return `[..., S, S, 3] uint8` of `[..., 3, S, S]` in [-1, 1]."""
    grey = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return np.moveaxis(grey.cpu().numpy(), -3, -1)


def moment_of(
    before: NDArray[np.uint8], path: NDArray[np.float32], seconds: NDArray[np.float32]
) -> Moment:
    """Return what the network is told.

    Args:
      before: `[B, BEFORE, S, S, 3]` frames.
      path: `[B, POINTS, 3]` metres.
      seconds: `[B]`.
    """
    return Moment(
        before=to_pixels(before),
        path=torch.from_numpy(path),
        drawn=torch.from_numpy(draw_path(path)),
        seconds=torch.from_numpy(seconds),
    )


def path_of(sent: NDArray[Any], ticks: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return `[PATH, 3]` metres: where the pusher is sent at and between the frames of a clip.

    Args:
      sent: `[L, 3]` by tick; afterwards it stays where it was.
      ticks: `[8]` of the frames.
    """
    more = max(int(ticks[-1]) + 2 - len(sent), 0)
    lasting = np.concatenate([sent, sent[-1:].repeat(more, axis=0)]).astype(np.float32)
    path: NDArray[np.float32] = pusher_path(lasting[None], ticks[None])[0]
    return path


class FrameNetwork(torch.nn.Module):
    """The denoiser: a U-Net whose input and output are scaled by the noise level."""

    def __init__(self, config: NetworkConfig) -> None:
        """Build it with random weights."""
        super().__init__()
        self.config = config
        levels, area = len(config.widths), config.patch**2
        sides = [SIZE // config.patch >> i for i in range(levels)]
        self.unet = UNet2DModel(
            sample_size=sides[0],
            in_channels=(3 + 3 * BEFORE + 2) * area,
            out_channels=3 * area,
            down_block_types=tuple(
                "AttnDownBlock2D" if s == config.attended else "DownBlock2D" for s in sides
            ),
            up_block_types=("UpBlock2D",) * levels,
            block_out_channels=config.widths,
            layers_per_block=1,
            norm_num_groups=GROUPS,
            attention_head_dim=min(64, config.widths[-1]),
            resnet_time_scale_shift="scale_shift",
            time_embedding_dim=config.features,
            class_embed_type="identity",
        )
        self.told = torch.nn.Sequential(
            torch.nn.Linear(3 * POINTS + 1, config.features),
            torch.nn.SiLU(),
            torch.nn.Linear(config.features, config.features),
        )

    def forward(self, noisy: torch.Tensor, level: torch.Tensor, moment: Moment) -> torch.Tensor:
        """Return the clean frames that are believed in, `[B, 3, S, S]` in about [-1, 1].

        Args:
          noisy: `[B, 3, S, S]` frames with noise.
          level: `[B]` its standard deviation.
          moment: what is known.
        """
        keep, out, into = (s[:, None, None, None] for s in _scales(level))
        seen = moment.before.flatten(1, 2) / DATA_SPREAD
        picture = torch.cat([noisy * into, seen, moment.drawn], dim=1)
        place = moment.path / moment.path.new_tensor([TABLE_HALF, TABLE_HALF, UNIT])
        pace = moment.seconds.clamp_min(1e-2).log()[:, None]
        feature = self.told(torch.cat([place.flatten(1), pace], dim=1))
        folded = pixel_unshuffle(picture, self.config.patch)
        raw = self.unet(folded, 250 * level.log(), class_labels=feature).sample
        clean: torch.Tensor = keep * noisy + out * pixel_shuffle(raw.float(), self.config.patch)
        return clean


def _scales(level: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return how much of the input is kept, and the scales of output and input (Karras et al.)."""
    total = level.square() + DATA_SPREAD**2
    return DATA_SPREAD**2 / total, level * DATA_SPREAD * total.rsqrt(), total.rsqrt()


def denoising_loss(
    network: FrameNetwork,
    clean: torch.Tensor,
    moment: Moment,
    source: torch.Generator | None = None,
) -> torch.Tensor:
    """Return the mean squared error of the scaled output at random noise levels.

    Args:
      network: the denoiser.
      clean: `[B, 3, S, S]` the frames to be found.
      moment: what is known of them.
      source: of noise and levels; by default torch's own.
    """
    level = (torch.randn(len(clean), generator=source) * LEVEL_SPREAD + LEVEL_MEAN).exp()
    level = level.to(clean.device)
    noise = torch.randn(clean.shape, generator=source).to(clean.device)
    found = network(clean + level[:, None, None, None] * noise, level, moment)
    error = (found - clean).square().mean(dim=(1, 2, 3))
    loss: torch.Tensor = (error / _scales(level)[1].square()).mean()
    return loss


def sampling_levels(steps: int) -> list[float]:
    """Return `steps + 1` noise levels from the highest to zero, spaced as Karras et al. do."""
    ends = HIGHEST ** (1 / BEND), LOWEST ** (1 / BEND)
    shares = np.linspace(0, 1, steps)
    return [*((ends[0] + s * (ends[1] - ends[0])) ** BEND for s in shares), 0.0]


@torch.no_grad()
def sample_frame(
    network: FrameNetwork, noise: torch.Tensor, moment: Moment, steps: int = STEPS
) -> torch.Tensor:
    """Return `[B, 3, S, S]` in [-1, 1], by Euler steps from `noise` of spread 1."""
    levels = sampling_levels(steps)
    pixels = noise * levels[0]
    for level, lower in pairwise(levels):
        clean = network(pixels, pixels.new_full((len(pixels),), level), moment).clamp(-1, 1)
        pixels = clean + (pixels - clean) * (lower / level)
    return pixels


def imagine_frames(
    network: FrameNetwork,
    first: NDArray[np.uint8],
    paths: NDArray[np.float32],
    seconds: NDArray[np.float32],
    sources: Sequence[torch.Generator],
    steps: int = STEPS,
) -> Frames:
    """Return clips `[B, 8, S, S, 3] uint8`, one frame after the other.

    Args:
      network: the denoiser.
      first: `[B, S, S, 3]` frames.
      paths: `[B, PATH, 3]` where the pusher is sent, metres.
      seconds: `[B, 7]` between frames.
      sources: one CPU generator for each clip.
      steps: sampling steps of a frame.
    """
    device = next(network.parameters()).device
    clips = [first, first]
    for j in range(FRAMES - 1):
        before = np.stack(clips[-BEFORE:], axis=1)
        moment = moment_of(before, paths[:, SUB * j : SUB * j + POINTS], seconds[:, j])
        noise = torch.stack([torch.randn(3, SIZE, SIZE, generator=s) for s in sources])
        clips.append(to_frames(sample_frame(network, noise.to(device), _on(moment, device), steps)))
    return np.stack(clips[1:], axis=1)


def _on(moment: Moment, device: torch.device) -> Moment:
    return Moment(**{k: v.to(device) for k, v in vars(moment).items()})


def save_network(network: FrameNetwork, out: Path) -> None:
    """Write weights and config under `out`."""
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous().cpu() for k, v in network.state_dict().items()}, out / WEIGHTS)
    (out / CONFIG).write_text(network.config.model_dump_json(indent=1), encoding="utf-8")


def load_network(folder: Path) -> FrameNetwork:
    """Return the network that `save_network` wrote.

    Raises:
      Unavailable: there is none, or it cannot be read.
    """
    try:
        config = NetworkConfig.model_validate_json((folder / CONFIG).read_text(encoding="utf-8"))
        network = FrameNetwork(config)
        network.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, SafetensorError, RuntimeError) as error:
        raise Unavailable(
            f"no frame denoiser can be read from {folder} ({one_line(error)}); "
            f"train one: mindseye eval video-peer --data DIR --out {folder}"
        ) from error
    return network.eval()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """What is asked for, as the network takes it."""

    first: Frames
    """`[S, S, 3] uint8`."""
    path: NDArray[np.float32]
    """`[PATH, 3]` where the pusher is sent, metres."""
    ticks: NDArray[np.int64]
    """`[8]` of the frames."""
    digest: str


def _read(request: ImagineRequest, steps: int) -> _Asked:
    """Return what is asked for.

    Raises:
      ToolError: anything but a first frame with actions, their ticks and the pusher's place.
    """
    if request.samples < 1:
        raise ToolError(f"ask for at least one sample, not {request.samples}")
    if request.text.strip():
        raise ToolError("the frame denoiser reads no words; give actions, ticks and pusher alone")
    if request.frame is None or len(request.frames) > 1:
        raise ToolError("the frame denoiser goes on from the first frame: give that one alone")
    if request.actions is None or request.ticks is None or request.pusher is None:
        raise ToolError("the frame denoiser follows actions: give actions, ticks and pusher")
    if request.length not in (None, FRAMES):
        raise ToolError(f"the frame denoiser makes {FRAMES} frames, not {request.length}")
    ticks = np.array(request.ticks, dtype=np.int64)
    if len(ticks) != FRAMES or ticks[0] < 0 or (np.diff(ticks) < 0).any():
        raise ToolError(f"ticks are {FRAMES} numbers of actions, none less than the one before")
    content = hashlib.sha256(repr((request.ticks, request.pusher, request.seed, steps)).encode())
    for array in (request.frame, request.actions):
        content.update(np.ascontiguousarray(array).tobytes())
    return _Asked(
        first=shrink(request.frame, SIZE),
        path=path_of(sent_by(request.actions, request.pusher), ticks),
        ticks=ticks,
        digest=content.hexdigest()[:12],
    )


class FrameDenoiser:
    """Imagines clips from a first frame and actions; see `VideoGenerator`."""

    def __init__(
        self, weights: str | Path, device: str = "cpu", steps: int = STEPS, batch: int = 32
    ) -> None:
        """Load the weights.

        Args:
          weights: folder that `train_peer` wrote.
          device: torch device.
          steps: sampling steps of a frame.
          batch: clips generated at once at most, which bounds the memory.

        Raises:
          BadInput: steps or batch that cannot be.
          Unavailable: the weights are missing or cannot be read.
        """
        if steps < 1 or batch < 1:
            raise BadInput(f"steps and batch must be at least 1, not {steps} and {batch}")
        self.steps, self.batch = steps, batch
        self.network = load_network(Path(weights)).to(device)

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request; see `VideoGenerator.imagine`.

        Raises:
          ToolError: a request asks for what this generator cannot honour.
        """
        asked = [_read(r, self.steps) for r in requests]
        jobs = [
            (a, sample_seed(r, i))
            for a, r in zip(asked, requests, strict=True)
            for i in range(r.samples)
        ]
        made: list[Clip] = []
        for start in range(0, len(jobs), self.batch):
            made += self._run(jobs[start : start + self.batch])
        clips = iter(made)
        return [[next(clips) for _ in range(r.samples)] for r in requests]

    def _run(self, jobs: Sequence[tuple[_Asked, int]]) -> list[Clip]:
        shown = imagine_frames(
            self.network,
            np.stack([a.first for a, _ in jobs]),
            np.stack([a.path for a, _ in jobs]),
            np.stack([np.diff(a.ticks) * TICK for a, _ in jobs]).astype(np.float32),
            [torch.Generator().manual_seed(seed) for _, seed in jobs],
            self.steps,
        )
        return [
            Clip(
                frames=frames,
                dt=max(int(asked.ticks[-1]), 1) * TICK / (FRAMES - 1),
                provenance=Provenance(source="video", model=MODEL, seed=seed, request=asked.digest),
            )
            for frames, (asked, seed) in zip(shown, jobs, strict=True)
        ]
