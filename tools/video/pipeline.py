"""The tabletop generator as a `diffusers` pipeline: first frame, words and places in, clips out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import (
    AutoencoderDC,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    LTXVideoTransformer3DModel,
)
from diffusers.utils import BaseOutput
from transformers import DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.values import Frames, Point
from mindseye.tools.video.autoencoder import decode_latents, encode_frames
from mindseye.tools.video.grounding import grounding_maps
from mindseye.tools.video.network import Condition, predict_clean, read_words, tokenize

CHANGED = 14.0
"""A pixel whose decoded colour differs more than this from the first frame's has changed."""


@dataclass
class VideoOutput(BaseOutput):  # type: ignore[misc]
    """What the pipeline returns."""

    frames: Frames
    """`[B, T, H, W, 3] uint8`; frame 0 is the frame that was given."""


class TabletopVideoPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Imagines a clip of the table that starts with a frame and follows the words."""

    model_cpu_offload_seq = "text_encoder->transformer->vae"

    def __init__(
        self,
        vae: AutoencoderDC,
        transformer: LTXVideoTransformer3DModel,
        text_encoder: DistilBertModel,
        tokenizer: PreTrainedTokenizerFast,
        scheduler: FlowMatchEulerDiscreteScheduler,
        num_frames: int = 8,
        size: int = 64,
        dt: float = 0.8,
    ) -> None:
        """Put the parts together.

        Args:
          vae: frame autoencoder.
          transformer: denoiser.
          text_encoder: reads the words.
          tokenizer: cuts them.
          scheduler: Euler steps along the flow.
          num_frames: frames of a clip, the given one included.
          size: side of a frame, pixels.
          dt: mean seconds between frames in the training clips.
        """
        super().__init__()
        self.register_modules(
            vae=vae,
            transformer=transformer,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            scheduler=scheduler,
        )
        self.register_to_config(num_frames=num_frames, size=size, dt=dt)

    @torch.inference_mode()
    def __call__(
        self,
        image: Frames,
        prompt: Sequence[str],
        subject: Sequence[Point | None] | None = None,
        object: Sequence[Point | None] | None = None,
        target: Sequence[Point | None] | None = None,
        generator: Sequence[torch.Generator] | None = None,
        num_inference_steps: int = 4,
    ) -> VideoOutput:
        """Generate one clip for each prompt, all in one batch.

        Args:
          image: `[B, H, W, 3] uint8` first frames of the pipeline's size.
          prompt: the words, one sentence for each clip.
          subject: place of what is to move (metres), None where it is not given.
          object: place of what it moves relative to.
          target: place it is pushed to.
          generator: one CPU generator for each clip; with the same one a clip is the
            same whatever else is in the batch.
          num_inference_steps: Euler steps.
        """
        condition = self._condition(image, prompt, (subject, object, target))
        noise = self._noise(condition.first, generator)
        latents = self._denoise(noise, condition, num_inference_steps)
        flat = decode_latents(self.vae, latents.flatten(0, 1))
        decoded = torch.unflatten(flat, 0, tuple(latents.shape[:2]))
        return VideoOutput(frames=keep_unchanged(torch.from_numpy(image), decoded.cpu()).numpy())

    def _condition(
        self,
        image: Frames,
        prompt: Sequence[str],
        places: Sequence[Sequence[Point | None] | None],
    ) -> Condition:
        device, n = self._execution_device, len(prompt)
        first = encode_frames(self.vae, torch.from_numpy(image).to(device))
        rows = zip(*(given or [None] * n for given in places), strict=True)
        maps = np.stack([grounding_maps(row, first.shape[-1]) for row in rows])
        ids, mask = (x.to(device) for x in tokenize(self.tokenizer, list(prompt)))
        return Condition(
            first=first,
            maps=torch.from_numpy(maps).to(device, first.dtype),
            words=read_words(self.text_encoder, ids, mask),
            mask=mask,
        )

    def _noise(
        self, first: torch.Tensor, generator: Sequence[torch.Generator] | None
    ) -> torch.Tensor:
        """Return `[B, T, C, h, w]`: the first frame, then noise drawn clip by clip."""
        shape = (self.config.num_frames - 1, *first.shape[1:])
        sources = generator if generator is not None else [None] * len(first)
        noise = torch.stack([torch.randn(shape, generator=g) for g in sources])
        return torch.cat([first[:, None], noise.to(first)], dim=1)

    def _denoise(self, latents: torch.Tensor, condition: Condition, steps: int) -> torch.Tensor:
        # Evenly spaced noise levels; the scheduler shifts them and appends zero.
        self.scheduler.set_timesteps(
            sigmas=np.linspace(1.0, 1.0 / steps, steps), device=latents.device
        )
        first = latents[:, :1]
        for i, step in enumerate(self.progress_bar(self.scheduler.timesteps)):
            sigma = self.scheduler.sigmas[i]
            t = sigma.expand(len(latents)).to(latents)
            clean = predict_clean(self.transformer, latents, t, condition)
            flow = (latents - clean) / sigma
            latents = self.scheduler.step(flow, step, latents, return_dict=False)[0]
            latents = torch.cat([first, latents[:, 1:].to(first.dtype)], dim=1)
        return latents


def keep_unchanged(first: torch.Tensor, decoded: torch.Tensor) -> torch.Tensor:
    """Return the decoded clip with the pixels that did not change taken from the first frame.

    The autoencoder softens what it decodes; where it decodes the same as for
    the first frame, the first frame itself is the better picture.

    Args:
      first: `[B, H, W, 3] uint8` frames that were given.
      decoded: `[B, T, H, W, 3] uint8`; frame 0 is the decoded first frame.
    """
    difference = (decoded.float() - decoded[:, :1].float()).abs().amax(dim=-1)
    changed = F.max_pool2d((difference > CHANGED).float(), 3, stride=1, padding=1)
    soft = F.avg_pool2d(changed, 3, stride=1, padding=1, count_include_pad=False)
    weight = soft[..., None]
    mixed = decoded.float() * weight + first[:, None].float() * (1 - weight)
    return mixed.round().to(torch.uint8)


def build_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """Return the sampling schedule: noise levels shifted towards noise, as in training."""
    return FlowMatchEulerDiscreteScheduler(shift=3.0)
