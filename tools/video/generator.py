"""The `VideoGenerator` back-end: our own small model, with weights in the package."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from diffusers import DiffusionPipeline
from diffusers.utils import logging as diffusers_logging
from numpy.typing import NDArray
from transformers.utils import logging as transformers_logging

from mindseye.tools.errors import BadInput, ToolError, Unavailable
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import Renderer
from mindseye.tools.physics.sampling import ALL_NAMES, random_scene
from mindseye.tools.physics.scene import TICK, build, initial_state
from mindseye.tools.values import Clip, Frames, ImagineRequest, Provenance
from mindseye.tools.video.flow import STEPS, Guidance
from mindseye.tools.video.pipeline import TabletopVideoPipeline
from mindseye.tools.video.telling import Asked, mentioned
from mindseye.tools.video.tokens import FRAMES, MAX_OBJECTS
from mindseye.tools.vision.classes import SIZE

WEIGHTS = Path(__file__).parent / "weights"
MODEL = "ltx-tabletop"
ADVICE = "reinstall mindseye, or train again: mindseye train video"

Pipeline = TypeVar("Pipeline", bound=DiffusionPipeline)


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
def without_bars() -> Iterator[None]:
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


def load_pipeline(
    kind: type[Pipeline], folder: Path, device: str, dtype: torch.dtype, advice: str
) -> Pipeline:
    """Return the pipeline saved under `folder`, ready to run.

    Args:
      kind: class of the pipeline, which has a `transformer`.
      folder: in `diffusers` format.
      device: torch device.
      dtype: floating type that the networks run in.
      advice: what to do where there are no weights.

    Raises:
      Unavailable: there are no weights, or they cannot be read.
    """
    if not (folder / "model_index.json").is_file():
        raise Unavailable(f"no video weights in {folder}; {advice}")
    try:
        with without_bars():
            pipeline: Any = kind.from_pretrained(
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
    moved: Pipeline = pipeline.to(device)
    return moved


def check_request(request: ImagineRequest) -> None:
    """Refuse what this generator cannot honour.

    Raises:
      ToolError: nothing to go by, or no samples.
    """
    if request.samples < 1:
        raise ToolError(f"ask for at least one sample, not {request.samples}")
    if request.text.strip() or request.actions is not None or len(request.frames) > 1:
        return
    raise ToolError("say what to picture: give words, actions, or a frame to end with")


def first_frame(text: str, seed: int, pusher: tuple[float, float, float] | None = None) -> Frames:
    """Draw a table with the objects that the words name, at random places.

    Args:
      text: names them.
      seed: of the places.
      pusher: where it is, metres; by default anywhere in front, lifted.

    Raises:
      ToolError: the words name none.
    """
    names = mentioned(text, ALL_NAMES)
    if not names:
        raise ToolError("no frame is given, and the words name no object such as 'red cube'")
    rng = np.random.default_rng([seed, len(names)])
    scene = random_scene(rng, names=names[:MAX_OBJECTS], patches=0.0)
    model = build(scene)
    data = mujoco.MjData(model)
    data.qpos[:] = initial_state(scene, model)
    data.qpos[:3] = data.qpos[:3] if pusher is None else pusher
    mujoco.mj_kinematics(model, data)
    drawn: Frames = Renderer(scene, model, SIZE).render(data).colour
    return drawn


def sample_seed(request: ImagineRequest, sample: int) -> int:
    """Return the seed of one sample: it depends on the request's seed and the sample alone."""
    return int(np.random.SeedSequence([request.seed, sample]).generate_state(1)[0])


class TabletopVideo:
    """Imagines clips of the table from any frames, words and actions; see `VideoGenerator`."""

    def __init__(
        self,
        weights: str | Path = WEIGHTS,
        device: str = "cpu",
        dtype: str = "float32",
        steps: int = STEPS,
        batch: int = 64,
        guidance: Mapping[str, float] | None = None,
        likelihoods: bool = False,
    ) -> None:
        """Load the weights.

        Args:
          weights: folder with the pipeline in `diffusers` format.
          device: torch device.
          dtype: floating type that the networks run in.
          steps: sampling steps.
          batch: clips generated at once at most, which bounds the memory.
          guidance: how hard `words`, `actions` and `frames` drive; 1 where not given.
          likelihoods: give each clip a log-likelihood proxy, for half as much time again.

        Raises:
          BadInput: steps, batch, dtype or guidance that cannot be.
          Unavailable: the weights are missing or cannot be read.
        """
        if steps < 1 or batch < 1:
            raise BadInput(f"steps and batch must be at least 1, not {steps} and {batch}")
        try:
            self.guidance = Guidance(**(guidance or {}))
        except TypeError as error:
            raise BadInput(f"guidance takes words, actions and frames: {error}") from error
        self.steps, self.batch, self.likelihoods = steps, batch, likelihoods
        self.pipeline = load_pipeline(
            TabletopVideoPipeline, Path(weights), device, torch_dtype(dtype), ADVICE
        )

    def imagine(self, requests: Sequence[ImagineRequest]) -> list[list[Clip]]:
        """Return `samples` clips for each request; see `VideoGenerator.imagine`.

        Raises:
          ToolError: a request asks for what this generator cannot honour.
        """
        for request in requests:
            check_request(request)
        jobs = [(k, i) for k, r in enumerate(requests) for i in range(r.samples)]
        made: dict[tuple[int, int], tuple[Clip, NDArray[np.float64]]] = {}
        for length in sorted({_length(r) for r in requests}):
            mine = [j for j in jobs if _length(requests[j[0]]) == length]
            for start in range(0, len(mine), self.batch):
                some = mine[start : start + self.batch]
                made |= zip(some, self._run(requests, some, length), strict=True)
        return [
            _with_spread([made[k, i] for i in range(r.samples)]) for k, r in enumerate(requests)
        ]

    def goal_image(self, request: ImagineRequest) -> Frames:
        """Return `[H, W, 3] uint8`: how the table looks when what is asked for is done.

        The last frame alone, for planners that aim at an image; given back as `last_frame`
        it leads a clip there.

        Raises:
          ToolError: the request asks for what this generator cannot honour.
        """
        frame: Frames = self.imagine([replace(request, samples=1)])[0][0].frames[-1]
        return frame

    def _run(
        self, requests: Sequence[ImagineRequest], jobs: Sequence[tuple[int, int]], length: int
    ) -> list[tuple[Clip, NDArray[np.float64]]]:
        some = [requests[k] for k, _ in jobs]
        seeds = [sample_seed(requests[k], i) for k, i in jobs]
        frames = [r.frames or {0: first_frame(r.text, r.seed, r.pusher)} for r in some]
        asked = [_asked(r, length) for r in some]
        shown = self.pipeline(
            frames=frames,
            prompt=[r.text for r in some],
            asked=asked,
            pusher=[r.pusher for r in some],
            actions=[r.actions for r in some],
            generator=[torch.Generator().manual_seed(s) for s in seeds],
            num_frames=length,
            num_inference_steps=self.steps,
            guidance=self.guidance,
            likelihoods=self.likelihoods,
            # The first sample of a request is what is believed; the others are drawn around it.
            temperature=[1.0 if i else 0.0 for _, i in jobs],
        )
        scores = shown.likelihood
        clips = []
        for row, (request, seed) in enumerate(zip(some, seeds, strict=True)):
            clip = Clip(
                frames=shown.frames[row],
                dt=self._seconds(request, length),
                provenance=Provenance(
                    source="video", model=MODEL, seed=seed, request=self._digest(request)
                ),
                likelihood=None if scores is None else float(scores[row]),
                doubt=dict(zip(shown.names[row], shown.doubt[row][:-1, -1].tolist(), strict=True)),
            )
            clips.append((clip, shown.places[row]))
        return clips

    def _seconds(self, request: ImagineRequest, length: int) -> float:
        if request.ticks is not None:
            span = request.ticks[-1]
        elif request.actions is not None:
            span = len(request.actions)
        else:
            return float(self.pipeline.config.dt)
        return max(span, 1) * TICK / (length - 1)

    def _digest(self, request: ImagineRequest) -> str:
        places = (request.subject, request.object, request.target, request.pusher)
        words = repr((request.text, *places, request.ticks, request.length, request.seed,
                      self.steps, self.guidance))  # fmt: skip
        content = hashlib.sha256(words.encode())
        for index, frame in sorted(request.frames.items()):
            content.update(bytes([index % 256]) + np.ascontiguousarray(frame).tobytes())
        if request.actions is not None:
            content.update(np.ascontiguousarray(request.actions).tobytes())
        return content.hexdigest()[:12]


def _length(request: ImagineRequest) -> int:
    return request.length or FRAMES


def _asked(request: ImagineRequest, length: int) -> Asked:
    ticks = None if request.ticks is None else np.asarray(request.ticks, dtype=np.int64)
    if ticks is not None and len(ticks) != length:
        raise ToolError(f"a clip of {length} frames takes as many ticks, not {len(ticks)}")
    return Asked(
        text=request.text, subject=request.subject, object=request.object, target=request.target,
        ticks=ticks,
    )  # fmt: skip


def _with_spread(samples: Sequence[tuple[Clip, NDArray[np.float64]]]) -> list[Clip]:
    """Return the clips of one request, told how far their things end apart."""
    clips = [clip for clip, _ in samples]
    if len(samples) < 2:
        return clips
    ends = np.stack([places[:-1, -1, :2] for _, places in samples])
    if not ends.shape[1]:
        return clips
    spread = float(np.sqrt(((ends - ends.mean(axis=0)) ** 2).sum(axis=-1).mean()))
    return [replace(clip, spread=spread) for clip in clips]
