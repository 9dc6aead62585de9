"""The generator of screens as a `diffusers` pipeline: frames and words in, clips out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import (
    AutoencoderTiny,
    DiffusionPipeline,
    FlowMatchEulerDiscreteScheduler,
    LTXVideoTransformer3DModel,
)
from diffusers.utils import BaseOutput
from numpy.typing import NDArray
from transformers import DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.errors import ToolError
from mindseye.tools.games.overlay import SIZE
from mindseye.tools.values import Frames
from mindseye.tools.video.flow import Words, read_sentences
from mindseye.tools.video.screen.codec import as_frames, decode
from mindseye.tools.video.screen.network import CHANNELS, FRAMES, TOKENS, to_latents
from mindseye.tools.video.screen.sampling import sample_tokens, token_likelihood
from mindseye.tools.video.screen.windows import code_frames, token_weights

OVERLAP = 4
"""Frames that a later window of a long clip is told of the one before."""
KEPT = 1024
"""Frames whose tokens are remembered, so that going on from a past codes it once."""


@dataclass
class ScreenOutput(BaseOutput):  # type: ignore[misc]
    """What the pipeline returns; `B` clips of `T` frames."""

    frames: Frames
    """`[B, T, 64, 64, 3] uint8`; frames that were given are the given ones."""


class ScreenVideoPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Continues screens of one game, keyboard and all."""

    model_cpu_offload_seq = "text_encoder->transformer->codec"

    def __init__(
        self,
        codec: AutoencoderTiny,
        transformer: LTXVideoTransformer3DModel,
        text_encoder: DistilBertModel,
        tokenizer: PreTrainedTokenizerFast,
        scheduler: FlowMatchEulerDiscreteScheduler,
        game: str = "minigrid",
        dt: float = 0.25,
        steps: int = 2,
        rest: float = 1.0,
        past: int = 0,
        bare: bool = False,
    ) -> None:
        """Put the parts together.

        Args:
          codec: of frames.
          transformer: denoiser of tokens.
          text_encoder: reads the words.
          tokenizer: cuts them.
          scheduler: Euler steps along the flow.
          game: that it has seen.
          dt: seconds between frames.
          steps: of sampling, where nothing says how many: as few as this game bears.
          rest: how usual it is to press nothing; see `mindseye.tools.games.overlay.Keyboard`.
          past: frames that it has learned to go on from, at most; 0 for as many as are given.
          bare: whether those showed no keys.
        """
        super().__init__()
        self.register_modules(
            codec=codec, transformer=transformer, text_encoder=text_encoder, tokenizer=tokenizer,
            scheduler=scheduler,
        )  # fmt: skip
        self.register_to_config(game=game, dt=dt, steps=steps, rest=rest, past=past, bare=bare)
        self._coded: dict[bytes, torch.Tensor] = {}

    @torch.inference_mode()
    def __call__(
        self,
        frames: Sequence[Mapping[int, Frames]],
        prompt: Sequence[str],
        generator: Sequence[torch.Generator] | None = None,
        num_frames: int = FRAMES,
        num_inference_steps: int = 2,
    ) -> ScreenOutput:
        """Generate one clip for each prompt, all in one batch.

        Args:
          frames: for each clip the frames that are given, `[64, 64, 3] uint8` with the keyboard
            on them, by index; -1 is the last. At least one.
          prompt: what is wanted, one sentence for each clip; may be empty.
          generator: one CPU generator for each clip; with the same one a clip is the same
            whatever else is in the batch, but for the rounding of a pixel.
          num_frames: frames of a clip; more than eight are made window by window.
          num_inference_steps: Euler steps.

        Raises:
          ToolError: no frame is given, or a frame or an index that is none.
        """
        given = [indexed(f, num_frames) for f in frames]
        tokens, known = self._told(given, num_frames)
        words = self._words(prompt)
        sources = list(generator) if generator is not None else [torch.Generator() for _ in given]
        there = known.clone()
        for first in _windows(num_frames):
            span = slice(first, min(first + FRAMES, num_frames))
            noise = self._noise(sources, span.stop - first)
            tokens[:, span] = sample_tokens(
                self.transformer, self.scheduler, noise, tokens[:, span], there[:, span], words,
                num_inference_steps,
            )  # fmt: skip
            there[:, span] = True
        return ScreenOutput(frames=self._drawn(tokens, known, given))

    @torch.inference_mode()
    def likelihood(
        self,
        clips: Sequence[Frames],
        known: Sequence[Sequence[int]],
        prompt: Sequence[str],
        seed: int = 0,
    ) -> NDArray[np.float64]:
        """Return `[B]` log-likelihood proxies, comparable between clips that go on from the same.

        The keys of the first frame that is not known count most, as in training.

        Args:
          clips: `[T, 64, 64, 3] uint8` each, all of one length of at most eight.
          known: indices of the frames that each goes on from.
          prompt: what was wanted.
          seed: of the noise, which is the same for all clips.

        Raises:
          ToolError: clips that cannot be, or nothing known, or nothing to judge.
        """
        count = len(clips[0]) if len(clips) else 0
        if not 2 <= count <= FRAMES or any(len(c) != count for c in clips):
            raise ToolError(f"clips to judge have the same length, of 2 to {FRAMES} frames")
        given = [indexed(dict(enumerate(c)), count) for c in clips]
        tokens, _ = self._told(given, count)
        there = np.zeros((len(clips), count), dtype=bool)
        for row, indices in zip(there, known, strict=True):
            row[list(indices)] = True
        if not there.any(axis=1).all() or there.all(axis=1).any():
            raise ToolError("of a clip to judge some frames are known, and some are not")
        weight = torch.from_numpy(np.stack([token_weights(row) for row in there]))
        noise = self._noise([torch.Generator().manual_seed(seed)], count).expand_as(tokens)
        found = token_likelihood(
            self.transformer, tokens, noise, torch.from_numpy(there).to(tokens.device),
            weight.to(tokens.device), self._words(prompt),
        )  # fmt: skip
        return found.cpu().numpy().astype(float)

    def _words(self, prompt: Sequence[str]) -> Words:
        return read_sentences(self.text_encoder, self.tokenizer, prompt)

    def _noise(self, sources: Sequence[torch.Generator], frames: int) -> torch.Tensor:
        drawn = [torch.randn(frames, TOKENS, CHANNELS, generator=g) for g in sources]
        return torch.stack(drawn).to(self._execution_device, self.transformer.dtype)

    def _told(
        self, given: Sequence[Mapping[int, Frames]], frames: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return tokens `[B, T, 16, 32]` of the frames that are given, and which are `[B, T]`."""
        keys = [
            {i: hashlib.sha256(np.ascontiguousarray(f).tobytes()).digest() for i, f in g.items()}
            for g in given
        ]
        wanted = {k: f for ks, g in zip(keys, given, strict=True)
                  for k, f in zip(ks.values(), g.values(), strict=True)}  # fmt: skip
        fresh = {k: f for k, f in wanted.items() if k not in self._coded}
        if len(self._coded) + len(fresh) > KEPT:
            self._coded = {k: c for k, c in self._coded.items() if k in wanted}
        if fresh:
            coded = code_frames(self.codec, np.stack(list(fresh.values())))
            self._coded |= zip(fresh, coded, strict=True)
        device, dtype = self._execution_device, self.transformer.dtype
        tokens = torch.zeros(len(given), frames, TOKENS, CHANNELS, device=device, dtype=dtype)
        known = torch.zeros(len(given), frames, dtype=torch.bool, device=device)
        for row, ks in enumerate(keys):
            for i, key in ks.items():
                tokens[row, i], known[row, i] = self._coded[key].to(dtype), True
        return tokens, known

    def _drawn(
        self, tokens: torch.Tensor, known: torch.Tensor, given: Sequence[Mapping[int, Frames]]
    ) -> Frames:
        shown = np.zeros((*known.shape, SIZE, SIZE, 3), dtype=np.uint8)
        free = ~known
        if free.any():
            pixels = decode(self.codec, to_latents(tokens[free]))
            shown[free.cpu().numpy()] = as_frames(pixels).cpu().numpy()
        for row, frames in enumerate(given):
            for i, frame in frames.items():
                shown[row, i] = frame
        return shown


def _windows(frames: int) -> list[int]:
    """Return the first frames of the windows that make up a clip."""
    starts = [0]
    while starts[-1] + FRAMES < frames:
        starts.append(starts[-1] + FRAMES - OVERLAP)
    return starts


def indexed(frames: Mapping[int, Frames], num_frames: int) -> dict[int, Frames]:
    """Return frames by their index from the beginning, in order.

    Raises:
      ToolError: no frame among the first eight, or a frame or an index that is none.
    """
    if num_frames < 2:
        raise ToolError(f"a clip has at least two frames, not {num_frames}")
    found = {}
    for i, frame in frames.items():
        if not -num_frames <= i < num_frames:
            raise ToolError(f"frame {i} is not in a clip of {num_frames} frames")
        if frame.shape != (SIZE, SIZE, 3) or frame.dtype != np.uint8:
            raise ToolError(f"a screen is [64, 64, 3] uint8, not {list(frame.shape)} {frame.dtype}")
        found[i % num_frames] = frame
    if not found or min(found) >= FRAMES:
        raise ToolError(f"give at least one of the first {FRAMES} frames to go on from")
    return dict(sorted(found.items()))
