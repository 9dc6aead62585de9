"""Pretrained pipelines of `diffusers`, by hub name or folder, as a `VideoGenerator`."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.generator import sample_seed
from mindseye.tools.video.pipelines.families import Call, Family, family_of
from mindseye.tools.video.pipelines.framing import framed, unframed
from mindseye.tools.video.pipelines.loading import (
    Estimate,
    Placement,
    class_of,
    estimate,
    find_folder,
    load_pipeline,
)

SHOWN = 128
"""Side of the frames of clips that no frame was given for, pixels."""
_OURS = frozenset({"generator", "output_type", "num_frames", "height", "width", "prompt", "image"})
"""Arguments of the call that requests decide, or the options of their own names."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """One clip that is to be made."""

    request: ImagineRequest
    sample: int

    @property
    def seed(self) -> int:
        return sample_seed(self.request, self.sample)


class DiffusersVideo:
    """Wraps a pretrained pipeline (LTX-Video, Wan, CogVideoX, SVD, ...); loaded on first use."""

    def __init__(
        self,
        model: str = "",
        kind: str = "",
        device: str = "cpu",
        dtype: str = "auto",
        offload: Literal["auto", "none", "model", "sequential"] = "auto",
        tiling: bool = False,
        variant: str | None = None,
        batch: int = 1,
        frames: int | None = None,
        size: int | tuple[int, int] = 512,
        fps: float | None = None,
        shown: int | None = None,
        options: Mapping[str, Any] | None = None,
        pipeline: Any = None,
    ) -> None:
        """Say which pipeline.

        Args:
          model: name on the hub, or folder.
          kind: class of `diffusers` to load it as, such as "LTXConditionPipeline"; by default
            what the folder says.
          device: torch device; `cuda` for AMD under ROCm too.
          dtype: floating type of the weights; see `Placement`.
          offload: what waits in the machine's memory until it is needed; see `Placement`.
          tiling: decode in tiles, to save memory.
          variant: of the weight files, such as "fp16".
          batch: clips made in one call at most. In a larger one, clips differ in the last bits.
          frames: frames of a clip; by default what the family was trained on.
          size: side, or (height, width), of the pictures given to the pipeline, pixels.
          fps: frames a second that the model makes; by default the family's.
          shown: side of the frames that come back, pixels; by default that of the first frame.
          options: further arguments of every call, such as `num_inference_steps`.
          pipeline: a pipeline that is already loaded, in place of `model`.

        Raises:
          BadInput: neither `model` nor `pipeline`, or settings that cannot be.
          Unavailable: `model` is a folder that holds no pipeline.
        """
        if not model and pipeline is None:
            raise BadInput("say which pipeline: set video_options model=NAME_OR_FOLDER")
        self.placement = Placement(
            device=device, dtype=dtype, offload=offload, tiling=tiling, variant=variant
        )
        self.size = (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        if min(batch, *self.size, frames or 1, shown or 1) < 1 or (fps is not None and fps <= 0):
            raise BadInput("batch, frames, size, fps and shown must be at least 1")
        if taken := sorted(_OURS & set(options or {})):
            raise BadInput(f"options {', '.join(taken)} are set by requests, or by size and frames")
        if pipeline is None and (model[0] in "/.~" or Path(model).is_dir()):
            class_of(Path(model).expanduser(), kind)
        self.model, self.kind, self.batch = model or type(pipeline).__name__, kind, batch
        self.shown, self.options = shown, dict(options or {})
        self._frames, self._fps, self._given = frames, fps, pipeline

    def estimate(self) -> Estimate:
        """Say what memory and time the pipeline will want, without loading it.

        Raises:
          Unavailable: it cannot be found, or does not fit.
        """
        steps = int(self.options.get("num_inference_steps", 50))
        return estimate(
            find_folder(self.model), self.placement, self.kind, length=self._frames,
            size=self.size, steps=steps,
        )  # fmt: skip

    @cached_property
    def pipeline(self) -> Any:
        """The pipeline, loaded on first use.

        Raises:
          Unavailable: it cannot be found or read, or does not fit.
        """
        if self._given is not None:
            return self._given
        told = self.estimate()
        return load_pipeline(find_folder(self.model), self.placement, told, self.kind)

    @cached_property
    def family(self) -> Family:
        """What the pipeline honours.

        Raises:
          BadInput: the size or the length that is set is none of its own.
          Unavailable: see `pipeline`.
        """
        family = family_of(self.pipeline)
        if odd := [s for s in self.size if s % family.multiple]:
            raise BadInput(f"size {odd[0]}: {family.name} takes multiples of {family.multiple}")
        if self._frames is not None and (self._frames - 1) % family.stride:
            raise BadInput(f"frames {self._frames}: {family.name} makes {family.stride}k+1 frames")
        return family

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request, up to `batch` of them in one call.

        Raises:
          ToolError: a request asks for what this pipeline cannot honour.
          BadInput: the size or length that is set is none of the pipeline's own.
          Unavailable: the pipeline cannot be loaded, or ran out of memory.
        """
        for request in requests:
            self.family.check(request)
        jobs = {(k, i): _Job(request=r, sample=i)
                for k, r in enumerate(requests) for i in range(r.samples)}  # fmt: skip
        groups: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
        for key, job in jobs.items():
            groups.setdefault(self._alike(job.request), []).append(key)
        made: dict[tuple[int, int], Clip] = {}
        most = self.batch if self.family.batches else 1
        for keys in groups.values():
            for start in range(0, len(keys), most):
                some = keys[start : start + most]
                made |= zip(some, self._run([jobs[key] for key in some]), strict=True)
        return [[made[k, i] for i in range(r.samples)] for k, r in enumerate(requests)]

    def _length(self, request: ImagineRequest) -> int:
        return request.length or self._frames or self.family.frames

    def _alike(self, request: ImagineRequest) -> tuple[Any, ...]:
        """Return what clips of one call have in common."""
        length, frames = self._length(request), request.frames
        if self.family.pictures == "one":
            return length, *((i, f.shape, f.tobytes()) for i, f in sorted(frames.items()))
        return length, *sorted(frames)

    def _run(self, jobs: Sequence[_Job]) -> list[Clip]:
        """Make clips in one call."""
        arguments = self._arguments(jobs)
        try:
            made = self.pipeline(**arguments).frames
        except torch.OutOfMemoryError as error:
            raise Unavailable(
                f"{self.model} ran out of memory on {self.placement.device} with {len(jobs)} clips "
                "in a call; set a smaller batch, size or frames, tiling=true, or offload=model"
            ) from error
        return [self._clip(job, video) for job, video in zip(jobs, made, strict=True)]

    def _arguments(self, jobs: Sequence[_Job]) -> dict[str, Any]:
        length = self._length(jobs[0].request)
        call = Call(
            texts=[j.request.text for j in jobs], length=length, fps=self.fps,
            pictures=[self._pictures(j.request, length) for j in jobs],
        )  # fmt: skip
        # One generator a clip, on the CPU: noise is the same on every device and in every batch.
        sources = [torch.Generator().manual_seed(j.seed) for j in jobs]
        height, width = self.size
        shape = {"height": height, "width": width, "num_frames": length, "output_type": "np"}
        accepted = inspect.signature(self.pipeline.__call__).parameters
        return {
            **{k: v for k, v in shape.items() if k in accepted},
            **self.family.arguments(call),
            "generator": sources if self.family.batches else sources[0],
            **self.options,
        }

    def _pictures(self, request: ImagineRequest, length: int) -> dict[int, Any]:
        return {
            index if index >= 0 else length - 1: framed(frame, *self.size)
            for index, frame in request.frames.items()
        }

    @property
    def fps(self) -> float:
        """Frames a second of the clips."""
        return self._fps or self.family.fps

    def _clip(self, job: _Job, video: Any) -> Clip:
        first = job.request.frames.get(0)
        side = self.shown or (SHOWN if first is None else min(first.shape[:2]))
        return Clip(
            frames=unframed(video, side),
            dt=1.0 / self.fps,
            provenance=Provenance(
                source="video", model=Path(self.model).name, seed=job.seed,
                request=self._digest(job.request),
            ),
        )  # fmt: skip

    def _digest(self, request: ImagineRequest) -> str:
        settings = sorted(self.options.items())
        words = repr((request.text, self._length(request), request.seed, self.size, settings))
        content = hashlib.sha256(words.encode())
        for index, frame in sorted(request.frames.items()):
            content.update(index.to_bytes(4, signed=True) + _bytes(frame))
        return content.hexdigest()[:12]


def _bytes(frame: Frames) -> bytes:
    return np.ascontiguousarray(frame).tobytes()
