"""The tabletop generator as a `diffusers` pipeline: any frames, words, actions in; clips out."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, LTXVideoTransformer3DModel
from diffusers.utils import BaseOutput
from numpy.typing import NDArray
from transformers import DistilBertModel, PreTrainedTokenizerFast

from mindseye.tools.errors import ToolError
from mindseye.tools.values import Frames
from mindseye.tools.video.cast import Cast, cast_of, placed
from mindseye.tools.video.drawing import Drawing, checked_picture, shrink
from mindseye.tools.video.flow import (
    STEPS,
    Guidance,
    Words,
    draw_errs,
    likelihood,
    read_sentences,
    sample_ways,
)
from mindseye.tools.video.telling import Asked, known_ways, sent_by, slots, told_of
from mindseye.tools.video.tokens import FRAMES, THINGS, Told, join
from mindseye.tools.vision.model import TabletopVision
from mindseye.tools.vision.scene_graph import extract

T = TypeVar("T", bound=np.generic)
CONTEXT = 3
"""Frames that a later window of a long clip is told of the one before."""
KEPT = 64
"""Frames whose things are remembered, so that planning from one frame finds them once."""


@dataclass
class VideoOutput(BaseOutput):  # type: ignore[misc]
    """What the pipeline returns; `B` clips of `F` frames."""

    frames: Frames
    """`[B, F, H, W, 3] uint8`; frames that were given are the given ones."""
    places: list[NDArray[np.float64]]
    """`[N + 1, F, 3]` metres for each clip: where it says its things are, the pusher last."""
    names: list[tuple[str, ...]]
    """Of the things of each clip, the pusher left out."""
    doubt: list[NDArray[np.float64]]
    """`[N + 1, F]` metres for each clip: how far off a place is expected to be."""
    likelihood: NDArray[np.float64] | None
    """`[B]` log-likelihood proxies, where they were asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """One clip: who plays, what is asked, what is known so far."""

    cast: Cast
    asked: Asked
    ways: NDArray[np.float64]
    """`[N + 1, F, 3]` from the cast's places, metres."""
    known: NDArray[np.bool_]
    """`[N + 1, F]`."""
    anchor: int
    given: Mapping[int, Frames]


class TabletopVideoPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Imagines clips of the table: finds the things of a frame, says where they go, moves them."""

    model_cpu_offload_seq = "text_encoder->transformer"

    def __init__(
        self,
        transformer: LTXVideoTransformer3DModel,
        text_encoder: DistilBertModel,
        tokenizer: PreTrainedTokenizerFast,
        scheduler: FlowMatchEulerDiscreteScheduler,
        size: int = 64,
        dt: float = 0.8,
    ) -> None:
        """Put the parts together.

        Args:
          transformer: denoiser of ways.
          text_encoder: reads the words.
          tokenizer: cuts them.
          scheduler: Euler steps along the flow.
          size: side of a frame that is made, pixels: 64 or 128.
          dt: mean seconds between frames where nothing says how many.
        """
        super().__init__()
        self.register_modules(
            transformer=transformer,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            scheduler=scheduler,
        )
        self.register_to_config(size=size, dt=dt)
        self._vision: TabletopVision | None = None
        self._casts: dict[bytes, Cast] = {}

    @property
    def finder(self) -> TabletopVision:
        """The vision model that finds the things; the shipped one, loaded when first needed."""
        if self._vision is None:
            self._vision = TabletopVision(device=str(self._execution_device))
        return self._vision

    @torch.inference_mode()
    def __call__(
        self,
        frames: Sequence[Mapping[int, Frames]],
        prompt: Sequence[str],
        asked: Sequence[Asked] | None = None,
        pusher: Sequence[Sequence[float] | None] | None = None,
        actions: Sequence[NDArray[np.float32] | None] | None = None,
        generator: Sequence[torch.Generator] | None = None,
        num_frames: int = FRAMES,
        num_inference_steps: int = STEPS,
        guidance: Guidance | None = None,
        likelihoods: bool = False,
        temperature: Sequence[float] | None = None,
    ) -> VideoOutput:
        """Generate one clip for each prompt, all in one batch.

        Args:
          frames: for each clip the frames that are given, `[H, W, 3] uint8` by index; -1 is
            the last. At least one.
          prompt: the words, one sentence for each clip; may be empty.
          asked: places that ground the words, and what else is asked; by default the words alone.
          pusher: `[3]` metres, where the pusher is in the first frame that is given; by default
            where it is seen, lifted.
          actions: `[A, 3]` actions of the world from frame 0 on, which must be given, ten a
            second.
          generator: one CPU generator for each clip; with the same one a clip is the
            same whatever else is in the batch.
          num_frames: frames of a clip; more than eight are made window by window.
          num_inference_steps: Euler steps.
          guidance: how hard each condition drives.
          likelihoods: estimate how likely the network holds each clip to be.
          temperature: for each clip how widely it is drawn around what the network believes, next
            to its own doubt; 0, the default, is the belief itself, 1 a fair draw.

        Raises:
          ToolError: no frame is given, a frame or an index that is none, or ticks or actions
            that cannot be.
        """
        n = len(prompt)
        wishes = list(asked or [Asked(text=text) for text in prompt])
        jobs = self._jobs(frames, wishes, pusher or [None] * n, actions or [None] * n, num_frames)
        words = self.words(prompt)
        sources = list(generator) if generator is not None else [torch.Generator() for _ in jobs]
        ways = [j.ways.copy() for j in jobs]
        known = [j.known.copy() for j in jobs]
        doubts = [np.zeros(k.shape) for k in known]
        heat = torch.tensor(list(temperature) if temperature is not None else [0.0] * n)
        found = np.zeros(n)
        for first in _windows(num_frames):
            scores = self._window(
                jobs, ways, known, doubts, first, words, sources, heat, num_inference_steps,
                guidance or Guidance(), likelihoods,
            )  # fmt: skip
            found += scores / len(_windows(num_frames))
        places = [j.cast.places[:, None] + w for j, w in zip(jobs, ways, strict=True)]
        return VideoOutput(
            frames=np.stack([self._drawn(j, p) for j, p in zip(jobs, places, strict=True)]),
            places=places,
            names=[j.cast.names for j in jobs],
            doubt=doubts,
            likelihood=found if likelihoods else None,
        )

    def _jobs(
        self,
        frames: Sequence[Mapping[int, Frames]],
        wishes: Sequence[Asked],
        pushers: Sequence[Sequence[float] | None],
        actions: Sequence[NDArray[np.float32] | None],
        num_frames: int,
    ) -> list[_Job]:
        given = [_indexed(f, num_frames) for f in frames]
        anchors = [_anchor(g) for g in given]
        wishes = [
            _checked(w, g, a, num_frames) for w, g, a in zip(wishes, given, actions, strict=True)
        ]
        asked = [
            w if p is None else _with_actions(w, p, a)
            for w, p, a in zip(wishes, pushers, actions, strict=True)
        ]
        # The actions tell where the pusher is in an anchor that is not the first frame.
        there = [
            p if a == min(g) else _sent_to(q, a)
            for p, g, a, q in zip(pushers, given, anchors, asked, strict=True)
        ]
        casts = self._cast([g[a] for g, a in zip(given, anchors, strict=True)], there)
        jobs = []
        for g, anchor, cast, wish, p, acts in zip(
            given, anchors, casts, asked, pushers, actions, strict=True
        ):
            others = {i: f for i, f in g.items() if i != anchor}
            seen = self._elsewhere(cast, others, {min(g): p})
            ways, known = known_ways(cast, anchor, seen, num_frames)
            if p is None:
                start = cast.places[-1] + np.where(known[-1, 0], ways[-1, 0], np.nan)
                wish = _with_actions(wish, start.tolist(), acts)
            jobs.append(_Job(cast=cast, asked=wish, ways=ways, known=known, anchor=anchor, given=g))
        return jobs

    def _cast(
        self, frames: Sequence[Frames], pushers: Sequence[Sequence[float] | None]
    ) -> list[Cast]:
        """Find the things of each frame, each different one once."""
        keys = [
            hashlib.sha256(np.ascontiguousarray(f).tobytes() + repr(p).encode()).digest()
            for f, p in zip(frames, pushers, strict=True)
        ]
        fresh = {k: (f, p) for k, f, p in zip(keys, frames, pushers, strict=True)
                 if k not in self._casts}  # fmt: skip
        if len(self._casts) + len(fresh) > KEPT:
            self._casts = {k: c for k, c in self._casts.items() if k in set(keys)}
        if fresh:
            shown, at = zip(*fresh.values(), strict=True)
            self._casts |= zip(fresh, cast_of(self.finder, shown, at), strict=True)
        return [self._casts[k] for k in keys]

    def _elsewhere(
        self,
        cast: Cast,
        others: Mapping[int, Frames],
        pushers: Mapping[int, Sequence[float] | None],
    ) -> dict[int, Mapping[int, NDArray[np.float64]]]:
        """Return where the other given frames show the things of the cast."""
        readings = self.finder.read(list(others.values()))
        return {
            i: placed(cast, extract(reading, self.finder.camera, cast.names), pushers.get(i))
            for i, reading in zip(others, readings, strict=True)
        }

    def words(self, prompt: Sequence[str]) -> Words:
        """Return the features of sentences, and those of nothing said."""
        return read_sentences(self.text_encoder, self.tokenizer, prompt)

    def _window(
        self,
        jobs: Sequence[_Job],
        ways: list[NDArray[np.float64]],
        known: list[NDArray[np.bool_]],
        doubts: list[NDArray[np.float64]],
        first: int,
        words: Words,
        sources: Sequence[torch.Generator],
        heat: torch.Tensor,
        steps: int,
        guidance: Guidance,
        scored: bool,
    ) -> NDArray[np.float64]:
        """Imagine the eight frames from `first` on; write `ways`, `known` and `doubts`."""
        told: list[Told] = []
        anchors = []
        for job, w, k in zip(jobs, ways, known, strict=True):
            part, mine = _cut(w, first), _cut(k, first)
            # The first window is told from its anchor, a later one from the end of its context.
            anchors.append(job.anchor if first == 0 else CONTEXT - 1)
            told.append(told_of(job.cast, job.asked, part, mine, anchors[-1], first))
        device, dtype = self._execution_device, words.said.dtype
        batch = join(told).to(device)
        # All are drawn whether they are used or not: that must not change a later window.
        noise, again = (
            torch.stack([torch.randn(THINGS, FRAMES, 3, generator=g) for g in sources])
            .to(device, dtype)
            for _ in range(2)
        )  # fmt: skip
        errs = torch.stack([draw_errs(THINGS, g) for g in sources]) * heat[:, None, None]
        shown, doubt = sample_ways(
            self.transformer, self.scheduler, noise, batch, words, steps, guidance,
            errs.to(device, dtype) if heat.any() else None,
        )  # fmt: skip
        scores = np.zeros(len(jobs))
        if scored:
            found = likelihood(self.transformer, shown, again, batch, words)
            scores = found.cpu().numpy().astype(float)
        for i, job in enumerate(jobs):
            slot, rows = slots(job.cast)
            span = min(FRAMES, ways[i].shape[1] - first)
            anchor_way = ways[i][rows, first + anchors[i]][:, None]
            new = shown[i, slot, :span].float().cpu().numpy().astype(float) + anchor_way
            free = ~known[i][rows, first : first + span]
            target = ways[i][rows, first : first + span]
            ways[i][rows, first : first + span] = np.where(free[..., None], new, target)
            off = doubt[i, slot, :span].float().cpu().numpy()
            doubts[i][rows, first : first + span] += np.where(free, off, 0.0)
            known[i][:, first : first + span] = True
        return scores

    def _drawn(self, job: _Job, places: NDArray[np.float64]) -> Frames:
        size = self.config.size
        shown = {i: shrink(f, size) for i, f in job.given.items()}
        drawing = Drawing(job.cast, shown[job.anchor])
        count = places.shape[1]
        return np.stack([shown[f] if f in shown else drawing(places[:, f]) for f in range(count)])


def _windows(frames: int) -> list[int]:
    """Return the first frames of the windows that make up a clip."""
    starts = [0]
    while starts[-1] + FRAMES < frames:
        starts.append(starts[-1] + FRAMES - CONTEXT)
    return starts


def _cut(rows: NDArray[T], first: int) -> NDArray[T]:
    """Return `[N + 1, 8, ...]` from `first` on; frames beyond the clip are not known."""
    part = rows[:, first : first + FRAMES]
    widths = [(0, 0), (0, FRAMES - part.shape[1]), *[(0, 0)] * (part.ndim - 2)]
    return np.pad(part, widths)


def _indexed(frames: Mapping[int, Frames], num_frames: int) -> dict[int, Frames]:
    if num_frames < 2:
        raise ToolError(f"a clip has at least two frames, not {num_frames}")
    found = {}
    for i, frame in frames.items():
        if not -num_frames <= i < num_frames:
            raise ToolError(f"frame {i} is not in a clip of {num_frames} frames")
        found[i % num_frames] = checked_picture(frame)
    if not found:
        raise ToolError("give at least one frame")
    return dict(sorted(found.items()))


def _anchor(given: Mapping[int, Frames]) -> int:
    """Return the frame that ways are told from: the last of those that come first in a row."""
    anchor = min(given)
    while anchor + 1 in given and anchor + 1 < FRAMES - 1:
        anchor += 1
    return anchor if min(given) == 0 else min(given)


def _checked(
    asked: Asked,
    given: Mapping[int, Frames],
    actions: NDArray[np.float32] | None,
    num_frames: int,
) -> Asked:
    """Return what is asked, if it can be honoured, with the ticks of its frames."""
    if min(given) >= FRAMES:
        raise ToolError(f"give one of the first {FRAMES} frames, not just frame {min(given)}")
    if actions is not None and 0 not in given:
        raise ToolError("actions go on from the first frame: give it too")
    ticks = asked.ticks
    if ticks is None and actions is not None:
        ticks = np.linspace(0, len(actions), num_frames).round().astype(np.int64)
    if ticks is not None and (len(ticks) != num_frames or (np.diff(ticks) < 0).any() or min(ticks)):
        raise ToolError(
            f"ticks are {num_frames} numbers of actions: 0, then none less than the one before"
        )
    return replace(asked, ticks=ticks)


def _with_actions(
    asked: Asked, start: Sequence[float], actions: NDArray[np.float32] | None
) -> Asked:
    """Return what is asked with the pusher's path that actions add up to from where it starts."""
    if actions is None:
        return asked
    if not np.isfinite(start).all():
        raise ToolError("the frame does not show the pusher: say where it is, with the actions")
    return replace(asked, sent=sent_by(np.asarray(actions), start))


def _sent_to(asked: Asked, frame: int) -> list[float] | None:
    """Return where the pusher was sent by the time of a frame, metres; None where not said."""
    if asked.sent is None or asked.ticks is None:
        return None
    place: list[float] = asked.sent[min(int(asked.ticks[frame]), len(asked.sent) - 1)].tolist()
    return place
