"""The `VideoGenerator` back-end: our own small model, with weights in the package."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers.utils import logging as diffusers_logging
from transformers.utils import logging as transformers_logging

from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.pipeline import TabletopVideoPipeline

WEIGHTS = Path(__file__).parent / "weights"
MODEL = "ltx-tabletop"


def torch_dtype(name: str) -> torch.dtype:
    """Return the floating type called `name`, such as "float32" or "bfloat16".

    Raises:
      BadInput: there is none of that name.
    """
    dtype: Any = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise BadInput(f"dtype {name!r} is unknown; use float32, bfloat16 or float16")
    return dtype


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep both libraries from drawing a progress bar for half a second of loading."""
    shown = [
        lib for lib in (diffusers_logging, transformers_logging) if lib.is_progress_bar_enabled()
    ]
    for library in shown:
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library in shown:
            library.enable_progress_bar()


def load_pipeline(folder: Path, device: str, dtype: torch.dtype) -> TabletopVideoPipeline:
    """Return the pipeline saved under `folder`, ready to run.

    Raises:
      Unavailable: there are no weights, or they cannot be read.
    """
    advice = "reinstall mindseye, or train again: mindseye train video"
    if not (folder / "model_index.json").is_file():
        raise Unavailable(f"no video weights in {folder}; {advice}")
    try:
        with _without_bars():
            pipeline = TabletopVideoPipeline.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True
            )
    # Each part has its own reader (safetensors, tokenizers, JSON, configs), and each its own
    # kinds of error; whatever it is, the weights are not usable.
    except Exception as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise Unavailable(
            f"the video weights in {folder} cannot be read ({line}); {advice}"
        ) from error
    sick = [n for n, p in pipeline.transformer.named_parameters() if not p.isfinite().all()]
    if sick:
        raise Unavailable(
            f"the video weights in {folder} hold numbers that are not finite; {advice}"
        )
    pipeline.set_progress_bar_config(disable=True)
    moved: TabletopVideoPipeline = pipeline.to(device)
    return moved


def shrink(frame: Frames, size: int) -> Frames:
    """Return `[size, size, 3]`: the frame with areas averaged.

    Raises:
      ToolError: it is not a square RGB frame of at least that size.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ToolError(f"a frame is [H, W, 3] uint8, not {list(frame.shape)} {frame.dtype}")
    if frame.shape[0] != frame.shape[1] or frame.shape[0] < size:
        raise ToolError(f"a frame is square and at least {size} pixels wide, not {frame.shape[:2]}")
    if frame.shape[0] == size:
        return frame
    small: Frames = cv2.resize(frame, (size, size), interpolation=cv2.INTER_AREA)
    return small


def check_request(request: ImagineRequest) -> None:
    """Refuse what this generator cannot honour.

    Raises:
      ToolError: no words, no samples, a last frame or actions.
    """
    if not request.text.strip():
        raise ToolError("say what to picture: the text is empty")
    if request.samples < 1:
        raise ToolError(f"ask for at least one sample, not {request.samples}")
    for asked, name in ((request.last_frame, "a last frame"), (request.actions, "actions")):
        if asked is not None:
            raise ToolError(f"the video generator {MODEL} cannot follow {name}; leave it out")


def sample_seed(request: ImagineRequest, sample: int) -> int:
    """Return the seed of one sample: it depends on the request's seed and the sample alone."""
    return int(np.random.SeedSequence([request.seed, sample]).generate_state(1)[0])


class TabletopVideo:
    """Imagines pushes on the table; see `VideoGenerator`."""

    def __init__(
        self,
        weights: str | Path = WEIGHTS,
        device: str = "cpu",
        dtype: str = "float32",
        steps: int = 4,
        batch: int = 32,
    ) -> None:
        """Load the weights.

        Args:
          weights: folder with the pipeline in `diffusers` format.
          device: torch device.
          dtype: floating type that the networks run in.
          steps: sampling steps.
          batch: clips generated at once at most, which bounds the memory.

        Raises:
          BadInput: steps, batch or dtype that cannot be.
          Unavailable: the weights are missing or cannot be read.
        """
        if steps < 1 or batch < 1:
            raise BadInput(f"steps and batch must be at least 1, not {steps} and {batch}")
        self.steps, self.batch = steps, batch
        self.pipeline = load_pipeline(Path(weights), device, torch_dtype(dtype))

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request; see `VideoGenerator.imagine`.

        Raises:
          ToolError: a request asks for what this generator cannot honour.
        """
        for request in requests:
            check_request(request)
        size = self.pipeline.config.size
        small = {id(r.frame): shrink(r.frame, size) for r in requests}
        jobs = [(r, small[id(r.frame)], i) for r in requests for i in range(r.samples)]
        starts = range(0, len(jobs), self.batch)
        clips = iter([c for s in starts for c in self._run(jobs[s : s + self.batch])])
        return [[next(clips) for _ in range(r.samples)] for r in requests]

    def _run(self, jobs: Sequence[tuple[ImagineRequest, Frames, int]]) -> list[Clip]:
        seeds = [sample_seed(request, i) for request, _, i in jobs]
        frames = self.pipeline(
            image=np.stack([frame for _, frame, _ in jobs]),
            prompt=[request.text for request, _, _ in jobs],
            subject=[request.subject for request, _, _ in jobs],
            object=[request.object for request, _, _ in jobs],
            target=[request.target for request, _, _ in jobs],
            generator=[torch.Generator().manual_seed(s) for s in seeds],
            num_inference_steps=self.steps,
        ).frames
        return [
            Clip(
                frames=clip,
                dt=self.pipeline.config.dt,
                provenance=Provenance(
                    source="video", model=MODEL, seed=seed, request=self._digest(request, frame)
                ),
            )
            for (request, frame, _), clip, seed in zip(jobs, frames, seeds, strict=True)
        ]

    def _digest(self, request: ImagineRequest, frame: Frames) -> str:
        places = (request.subject, request.object, request.target)
        words = repr((request.text, *places, request.seed, self.steps))
        return hashlib.sha256(frame.tobytes() + words.encode()).hexdigest()[:12]
