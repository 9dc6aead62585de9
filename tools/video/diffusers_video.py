"""Any image-to-video pipeline of `diffusers`, by hub name or folder, as a `VideoGenerator`."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.generator import torch_dtype


class DiffusersVideo:
    """Wraps a large pretrained pipeline (Wan, LTX-Video, CogVideoX, ...); loaded on first use."""

    def __init__(
        self,
        model: str = "",
        device: str = "cpu",
        dtype: str = "bfloat16",
        frames: int = 49,
        size: int = 512,
        fps: float = 16.0,
        options: Mapping[str, Any] | None = None,
        pipeline: Any = None,
    ) -> None:
        """Say which pipeline.

        Args:
          model: name on the hub, or folder.
          device: torch device.
          dtype: floating type of the weights.
          frames: frames to ask for.
          size: side of the picture given to the pipeline, pixels.
          fps: frames a second that the model makes.
          options: further arguments of every call, such as `num_inference_steps`.
          pipeline: a pipeline that is already loaded, in place of `model`.

        Raises:
          BadInput: neither `model` nor `pipeline`, or an unknown dtype.
        """
        if not model and pipeline is None:
            raise BadInput("say which pipeline: set video_options model=NAME_OR_FOLDER")
        self.model = model or type(pipeline).__name__
        self.device, self.dtype = device, torch_dtype(dtype)
        self.frames, self.size, self.fps = frames, size, fps
        self.options = dict(options or {})
        self._pipeline = pipeline

    @property
    def pipeline(self) -> Any:
        """The pipeline, loaded on first use.

        Raises:
          Unavailable: it cannot be found or read.
        """
        if self._pipeline is None:
            try:
                loaded = DiffusionPipeline.from_pretrained(self.model, dtype=self.dtype)
            except (OSError, ValueError, ImportError) as error:
                line = str(error).strip().splitlines()[0]
                raise Unavailable(f"cannot load the pipeline {self.model!r}: {line}") from error
            loaded.set_progress_bar_config(disable=True)
            self._pipeline = loaded.to(self.device)
        return self._pipeline

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request; one call of the pipeline per request.

        Raises:
          ToolError: a request asks for what this pipeline cannot honour.
        """
        return [self._clips(request) for request in requests]

    def _clips(self, request: ImagineRequest) -> list[Clip]:
        accepted = inspect.signature(self.pipeline.__call__).parameters
        first, last = self._ends(request, accepted)
        wanted: dict[str, Any] = {
            "image": self._picture(first),
            "prompt": request.text,
            "num_frames": request.length or self.frames,
            "height": self.size,
            "width": self.size,
            "num_videos_per_prompt": 1,
            "output_type": "np",
        }
        if last is not None:
            wanted["last_image"] = self._picture(last)
        arguments = {k: v for k, v in wanted.items() if k in accepted} | self.options
        return [self._clip(request, first, arguments, i) for i in range(request.samples)]

    def _ends(
        self, request: ImagineRequest, accepted: Mapping[str, Any]
    ) -> tuple[Frames, Frames | None]:
        """Return the frames to begin and end with, where nothing is asked that cannot be had."""
        frames = request.frames
        if 0 not in frames:
            raise ToolError(f"{self.model} needs a first frame; give one")
        if further := sorted(set(frames) - {0, -1}):
            raise ToolError(f"{self.model} takes a first and a last frame only, not {further}")
        if -1 in frames and "last_image" not in accepted:
            raise ToolError(f"{self.model} cannot aim at a last frame; leave it out")
        if request.actions is not None or request.ticks is not None:
            raise ToolError(f"{self.model} cannot follow actions or their ticks; leave them out")
        if request.length is not None and "num_frames" not in accepted:
            raise ToolError(f"{self.model} has a length of its own; leave it out")
        return frames[0], frames.get(-1)

    def _clip(
        self, request: ImagineRequest, first: Frames, arguments: dict[str, Any], sample: int
    ) -> Clip:
        # One call per sample: then a clip depends on its own seed, not on how many there are.
        seed = int(np.random.SeedSequence([request.seed, sample]).generate_state(1)[0])
        source = torch.Generator().manual_seed(seed)
        video = np.asarray(self.pipeline(generator=source, **arguments).frames)[0]
        frames = video if video.dtype == np.uint8 else (video.clip(0, 1) * 255).round()
        words = first.tobytes() + repr((request.text, request.length, request.seed)).encode()
        return Clip(
            frames=frames.astype(np.uint8),
            dt=1.0 / self.fps,
            provenance=Provenance(
                source="video",
                model=self.model,
                seed=seed,
                request=hashlib.sha256(words).hexdigest()[:12],
            ),
        )

    def _picture(self, frame: Frames) -> Image.Image:
        big = cv2.resize(frame, (self.size, self.size), interpolation=cv2.INTER_CUBIC)
        return Image.fromarray(big)
