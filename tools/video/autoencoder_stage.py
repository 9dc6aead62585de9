"""First stage of training: the autoencoder, on single frames."""

import math
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderDC
from numpy.typing import NDArray

from mindseye.tools.video.autoencoder import (
    autoencoder_loss,
    build_autoencoder,
    decode_latents,
    encode_frames,
)
from mindseye.tools.video.data import read_shards
from mindseye.tools.video.training import (
    SAVE_EVERY,
    Clock,
    VideoTraining,
    load_checkpoint,
    save_checkpoint,
)

BATCH = 32
RATE = 0.002
WHOLE = 0.25
"""Share of steps on whole frames; the others see crops, where there is more to learn from."""
CROP = 32
"""Side of a crop, pixels."""


def crop_to_front(
    pixels: NDArray[np.uint8], front: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Cut a window around a random object pixel (any place where there is none) of each frame."""
    most = front.shape[1] - CROP
    shown, marked = [], []
    for picture, mask in zip(pixels, front, strict=True):
        spots = np.argwhere(mask)
        centre = spots[rng.integers(len(spots))] if len(spots) else rng.integers(most, size=2)
        top, left = np.clip(centre - rng.integers(4, CROP - 4, size=2), 0, most)
        shown.append(picture[top : top + CROP, left : left + CROP])
        marked.append(mask[top : top + CROP, left : left + CROP])
    return np.stack(shown), np.stack(marked)


class AutoencoderStage:
    """Fits the autoencoder to single frames."""

    def __init__(self, config: VideoTraining) -> None:
        self.config = config
        torch.manual_seed(config.seed)
        self.vae = build_autoencoder().to(memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(
            self.vae.parameters(), lr=1.0, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.path = config.checkpoints / "autoencoder.pt"
        self.spent = 0.0

    def resume(self) -> bool:
        """Load the checkpoint; say whether there was one."""
        state = load_checkpoint(self.path)
        if state is None:
            return False
        self.vae.load_state_dict(state["vae"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.vae.register_to_config(scaling_factor=state["scale"])
        self.spent = state["spent"]
        return True

    def fit(self) -> AutoencoderDC:
        """Train until the time is over; return the autoencoder, its latents scaled to unit size."""
        clock = Clock(self.config.autoencoder_hours * 3600, self.spent)
        if clock.fraction < 1.0:
            shards = read_shards(self.config.data, ("frames", "masks"))
            frames, masks = (shards[k][: -self.config.held_out] for k in ("frames", "masks"))
            rng = np.random.default_rng(self.config.seed)
            loss, saved = math.nan, clock.spent
            for bar in clock.ticks("autoencoder"):
                loss = self._step(frames, masks, rng, clock)
                bar.set_postfix_str(f"error {loss:.5f}", refresh=False)
                if clock.spent - saved > SAVE_EVERY:
                    saved = clock.spent
                    self._save(saved)
            self._scale(frames, rng)
            self.spent = clock.spent
            self._save(self.spent)
        return self.vae.eval()

    def _step(
        self,
        frames: NDArray[np.uint8],
        masks: NDArray[np.uint8],
        rng: np.random.Generator,
        clock: Clock,
    ) -> float:
        whole = rng.random() < WHOLE
        count = BATCH if whole else 2 * BATCH
        clips, rows = (rng.integers(n, size=count) for n in frames.shape[:2])
        front = np.unpackbits(masks[clips, rows], axis=-1).reshape(-1, *frames.shape[2:4]) > 0
        pixels = frames[clips, rows]
        if not whole:
            pixels, front = crop_to_front(pixels, front, rng)
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * clock.rate()
        with torch.autocast("cpu", torch.bfloat16):
            parts = autoencoder_loss(self.vae, torch.from_numpy(pixels), torch.from_numpy(front))
        parts["loss"].backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.vae.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        return float(parts["error"].detach())

    @torch.no_grad()
    def _scale(self, frames: NDArray[np.uint8], rng: np.random.Generator) -> None:
        some = torch.from_numpy(frames[rng.integers(len(frames), size=64)]).flatten(0, 1)
        spread = float(encode_frames(self.vae, some).square().mean().sqrt())
        scale = self.vae.config.scaling_factor / spread
        self.vae.register_to_config(scaling_factor=scale)

    def _save(self, spent: float) -> None:
        state = {
            "vae": self.vae.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scale": self.vae.config.scaling_factor,
            "spent": spent,
        }
        save_checkpoint(self.path, state)


@torch.no_grad()
def autoencoder_quality(vae: AutoencoderDC, data: Path, held_out: int) -> dict[str, float]:
    """Return PSNR in dB on held-out frames: everywhere, and on objects and pusher."""
    shards = read_shards(data, ("frames", "masks"))
    frames = torch.from_numpy(shards["frames"][-held_out:]).flatten(0, 1)[::5]
    front = np.unpackbits(shards["masks"][-held_out:], axis=-1).reshape(-1, 64, 64)[::5] > 0
    shown = decode_latents(vae, encode_frames(vae, frames)).float()
    error = ((shown - frames.float()) / 255).square().mean(dim=-1)
    return {"psnr": _decibel(error), "psnr_front": _decibel(error[torch.from_numpy(front)])}


def _decibel(error: torch.Tensor) -> float:
    return float(-10 * torch.log10(error.mean()))
