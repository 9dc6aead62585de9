"""The `VideoGenerator` of screens: given the last frames of a game, it imagines the next."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.generator import load_pipeline, sample_seed, torch_dtype
from mindseye.tools.video.screen.network import FRAMES
from mindseye.tools.video.screen.pipeline import ScreenVideoPipeline, indexed

WEIGHTS = Path(__file__).parent / "weights"
"""A folder for each game that somebody has been trained for."""
MODEL = "ltx-screen"
ADVICE = "train some: mindseye train screen"


class ScreenVideo:
    """Continues screens of one game, the keyboard on them included; see `VideoGenerator`.

    A policy gives it the last frames as they were, imagines a few more, and reads the keys off
    the first of them with `mindseye.tools.games.overlay.Keyboard`.
    """

    def __init__(
        self,
        weights: str | Path,
        device: str = "cpu",
        dtype: str = "float32",
        steps: int | None = None,
        batch: int = 64,
    ) -> None:
        """Load the weights.

        Args:
          weights: folder with the pipeline in `diffusers` format.
          device: torch device.
          dtype: floating type that the networks run in.
          steps: sampling steps, by default what the game needs; with 1 a frame is the mean of
            what may come.
          batch: clips generated at once at most, which bounds the memory.

        Raises:
          BadInput: steps, batch or dtype that cannot be.
          Unavailable: the weights are missing or cannot be read.
        """
        if (steps is not None and steps < 1) or batch < 1:
            raise BadInput(f"steps and batch must be at least 1, not {steps} and {batch}")
        self.batch = batch
        self.pipeline = load_pipeline(
            ScreenVideoPipeline, Path(weights), device, torch_dtype(dtype), ADVICE
        )
        self.steps = steps or int(self.pipeline.config.steps)

    @property
    def game(self) -> str:
        """Name of the game whose screens it knows."""
        return str(self.pipeline.config.game)

    @property
    def rest(self) -> float:
        """How usual it is to press nothing; see `mindseye.tools.games.overlay.Keyboard`."""
        return float(self.pipeline.config.rest)

    @property
    def past(self) -> int:
        """Frames that it has learned to go on from, at most; 0 for as many as are given."""
        return int(self.pipeline.config.past)

    @property
    def bare(self) -> bool:
        """Whether those showed no keys."""
        return bool(self.pipeline.config.bare)

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request; see `VideoGenerator.imagine`.

        Frames are given with the keyboard on them, and a control step apart.

        Raises:
          ToolError: a request asks for what this generator cannot honour.
        """
        for request in requests:
            check_request(request)
        jobs = [(k, i) for k, r in enumerate(requests) for i in range(r.samples)]
        made: dict[tuple[int, int], Clip] = {}
        for length in sorted({_length(r) for r in requests}):
            mine = [j for j in jobs if _length(requests[j[0]]) == length]
            for start in range(0, len(mine), self.batch):
                some = mine[start : start + self.batch]
                made |= zip(some, self._run(requests, some, length), strict=True)
        return [[made[k, i] for i in range(r.samples)] for k, r in enumerate(requests)]

    def likelihoods(
        self, requests: Sequence[ImagineRequest], clips: Sequence[Frames]
    ) -> NDArray[np.float64]:
        """Return `[N]`: how likely it holds each clip to be what comes of its request.

        Log-likelihood proxies, comparable between clips of one request: the same noise is
        taken away from all of them.

        Args:
          requests: whose given frames are what a clip goes on from.
          clips: `[T, 64, 64, 3] uint8` each, of the length of its request, at most eight.

        Raises:
          ToolError: a request or a clip that cannot be, or requests with different seeds.
        """
        found = np.zeros(len(clips))
        for row, (request, clip) in enumerate(zip(requests, clips, strict=True)):
            check_request(request)
            if len(clip) != _length(request):
                raise ToolError(f"a clip of {len(clip)} frames is none of {_length(request)}")
            if row and request.seed != requests[0].seed:
                raise ToolError("clips that are judged together are asked for with one seed")
        for length in {len(c) for c in clips}:
            mine = [i for i, c in enumerate(clips) if len(c) == length]
            for start in range(0, len(mine), self.batch):
                some = mine[start : start + self.batch]
                found[some] = self.pipeline.likelihood(
                    [_with_given(requests[i], clips[i]) for i in some],
                    [list(indexed(requests[i].frames, length)) for i in some],
                    [requests[i].text for i in some],
                    requests[0].seed,
                )
        return found

    def _run(
        self, requests: Sequence[ImagineRequest], jobs: Sequence[tuple[int, int]], length: int
    ) -> list[Clip]:
        seeds = [sample_seed(requests[k], i) for k, i in jobs]
        shown = self.pipeline(
            frames=[requests[k].frames for k, _ in jobs],
            prompt=[requests[k].text for k, _ in jobs],
            generator=[torch.Generator().manual_seed(s) for s in seeds],
            num_frames=length,
            num_inference_steps=self.steps,
        )
        digests = {k: self._digest(requests[k]) for k in {k for k, _ in jobs}}
        return [
            Clip(
                frames=frames,
                dt=float(self.pipeline.config.dt),
                provenance=Provenance(source="video", model=MODEL, seed=seed, request=digests[k]),
            )
            for frames, seed, (k, _) in zip(shown.frames, seeds, jobs, strict=True)
        ]

    def _digest(self, request: ImagineRequest) -> str:
        told = repr((request.text, request.length, request.seed, self.steps, self.game))
        content = hashlib.sha256(told.encode())
        for index, frame in sorted(request.frames.items()):
            content.update(bytes([index % 256]) + np.ascontiguousarray(frame).tobytes())
        return content.hexdigest()[:12]


def check_request(request: ImagineRequest) -> None:
    """Refuse what this generator cannot honour.

    Raises:
      ToolError: actions of the table, places on it, or no samples.
    """
    if request.samples < 1:
        raise ToolError(f"ask for at least one sample, not {request.samples}")
    if request.actions is not None or request.ticks is not None:
        raise ToolError("screens are not told actions: draw the keys on a frame that is given")
    if request.subject or request.object or request.target or request.pusher:
        raise ToolError("screens are told words and frames, no places on a table")


def _length(request: ImagineRequest) -> int:
    return request.length or FRAMES


def _with_given(request: ImagineRequest, clip: Frames) -> Frames:
    whole = clip.copy()
    for i, frame in request.frames.items():
        whole[i] = frame
    return whole
