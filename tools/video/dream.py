"""The generator as a world that is played: a frame and the pusher's actions in, frames out.

A dream begins with one frame of the camera and is never shown another (Ha and Schmidhuber,
2018; DIAMOND: Alonso et al., 2024). Each step imagines a window that begins with the last
dream frames, takes the first new one, and goes on from there; what would go slower than the
simulator's lying still lies still.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from mindseye.tools.contracts import VideoGenerator
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.physics.rollouts import MOVED, STILL, next_setpoint
from mindseye.tools.physics.scene import TICK
from mindseye.tools.values import Frames
from mindseye.tools.video.cast import cast_of, placed
from mindseye.tools.video.drawing import Drawing, shrink
from mindseye.tools.video.flow import sample_ways
from mindseye.tools.video.generator import TabletopVideo
from mindseye.tools.video.pipeline import CONTEXT, TabletopVideoPipeline
from mindseye.tools.video.telling import Asked, known_ways, slots, told_of
from mindseye.tools.video.tokens import FRAMES, THINGS, Told
from mindseye.tools.vision.scene_graph import extract

Array = NDArray[np.float64]

HELD = 2
"""Actions of the world in a step of a dream, all alike."""
SECONDS = HELD * TICK
"""Between two frames of a dream."""
STEPS = 2
"""Sampling steps a frame."""


class Dream:
    """A dreamt table: it takes actions as a world does, and what comes of them is imagined.

    The same seed and actions give the same dream.
    """

    def __init__(
        self,
        pipeline: TabletopVideoPipeline,
        frame: Frames,
        pusher: Sequence[float] | None = None,
        *,
        seed: int = 0,
        steps: int = STEPS,
    ) -> None:
        """Begin with what a frame shows.

        Args:
          pipeline: imagines.
          frame: `[H, W, 3] uint8`, square.
          pusher: `[3]` metres, where the pusher is; by default where it is seen, lifted.
          seed: of all that is sampled.
          steps: sampling steps a frame.

        Raises:
          BadInput: no sampling steps.
          ToolError: it is no frame, or nothing says where the pusher is.
        """
        if steps < 1:
            raise BadInput(f"a dream takes at least one sampling step a frame, not {steps}")
        shown = shrink(frame, pipeline.config.size)
        self._pipeline, self._steps = pipeline, steps
        self._cast = cast_of(pipeline.finder, [frame], [pusher])[0]
        if not np.isfinite(self._cast.places[-1]).all():
            raise ToolError("the frame does not show the pusher: say where it is")
        self._drawing = Drawing(self._cast, shown)
        with torch.inference_mode():
            self._words = pipeline.words([""])
        self._source = torch.Generator().manual_seed(seed)
        self._past: list[Array] = [self._cast.places]
        # By tick, since the first of the past.
        self._sent: list[Array] = [self._cast.places[-1]]
        self.frame: Frames = shown
        """`[S, S, 3] uint8`: what is dreamt now."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the things that the first frame shows, the pusher left out."""
        return self._cast.names

    @property
    def places(self) -> Array:
        """`[N + 1, 3]` metres: where the things are now, the pusher last."""
        return self._past[-1].copy()

    @property
    def sent(self) -> Array:
        """`[3]` metres: where the pusher is sent, which is what its actions add up to."""
        return self._sent[-1].copy()

    @property
    def told(self) -> Told:
        """What the network is told of a window that begins with the past.

        That is three frames at most, of which the last is the anchor, and the pusher's path,
        which is taken to end where the pusher is sent by now.
        """
        anchor = len(self._past) - 1
        seen = {i: dict(enumerate(places)) for i, places in enumerate(self._past)}
        ways, known = known_ways(self._cast, anchor, seen, FRAMES)
        asked = Asked(text="", sent=np.stack(self._sent), ticks=np.arange(FRAMES) * HELD)
        return told_of(self._cast, asked, ways, known, anchor)

    def step(self, action: ArrayLike) -> Frames:
        """Dream on for a fifth of a second; return the new frame `[S, S, 3] uint8`.

        Args:
          action: `[3]` (dx, dy, lift) in [-1, 1], as the world takes it, done twice.

        Raises:
          ToolError: it is none.
        """
        acted = np.asarray(action, dtype=float)
        if acted.shape != (3,) or not np.isfinite(acted).all():
            raise ToolError(f"an action is three numbers (dx, dy, lift), not {action!r}")
        for _ in range(HELD):
            self._sent.append(next_setpoint(self._sent[-1], acted))
        self._past = [*self._past, self._next()][-CONTEXT:]
        self._sent = self._sent[-HELD * (len(self._past) - 1) - 1 :]
        self.frame = self._drawing(self._past[-1])
        return self.frame

    def seen_in(self, frame: Frames, pusher: Sequence[float] | None = None) -> Array:
        """Return where another frame shows the things of the dream, as vision reads it.

        Args:
          frame: `[H, W, 3] uint8`, square.
          pusher: where the pusher is known to be in it, metres; by default where it is seen.

        Returns:
          `[N + 1, 3]` metres, the pusher last; NaN where a thing is not seen.
        """
        finder = self._pipeline.finder
        (reading,) = finder.read([frame])
        at = np.full_like(self._cast.places, np.nan)
        sighting = extract(reading, finder.camera, self._cast.names)
        for i, place in placed(self._cast, sighting, pusher).items():
            at[i] = place
        return at

    @torch.inference_mode()
    def _next(self) -> Array:
        """Imagine where the things are after the last of the past, `[N + 1, 3]` metres."""
        pipeline, said = self._pipeline, self._words.said
        noise = torch.randn(1, THINGS, FRAMES, 3, generator=self._source).to(said)
        told = self.told.to(said.device)
        ways, _ = sample_ways(
            pipeline.transformer, pipeline.scheduler, noise, told, self._words, self._steps
        )
        slot, rows = slots(self._cast)
        way = np.zeros_like(self._cast.places)
        way[rows] = ways[0, slot, len(self._past)].float().cpu().numpy()
        # Else what stands alone creeps: a millimetre of error a frame is centimetres soon.
        way[:-1][np.linalg.norm(way[:-1], axis=1) < STILL * SECONDS] = 0.0
        return self.places + way


def begin_dream(
    video: VideoGenerator, frame: Frames, pusher: Sequence[float] | None = None, **options: Any
) -> Dream:
    """Return a dream that a generator dreams; see `Dream`.

    Raises:
      BadInput: it is a generator that cannot be played.
      ToolError: it is no frame, or nothing says where the pusher is.
    """
    if not isinstance(video, TabletopVideo):
        raise BadInput(
            f"{type(video).__name__} makes clips, it cannot be played; use video=ltx-tabletop"
        )
    return Dream(video.pipeline, frame, pusher, **options)


def drift(start: Array, real: Array, dreamt: Array) -> Array:
    """Return `[M]` metres: how far each thing that really moved is from where it is dreamt.

    Args:
      start: `[N, 3]` where the things were at first, metres.
      real: `[N, 3]` where they are; what is NaN is left out.
      dreamt: `[N, 3]` where they are dreamt.
    """
    went = np.linalg.norm((real - start)[:, :2], axis=1)
    off: Array = np.linalg.norm((dreamt - real)[:, :2], axis=1)[went > MOVED]
    return off
