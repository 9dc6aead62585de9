"""A dream played beside the world it began in: the same actions, and how far the two drift apart.

The world's true state is not to be had here: where its things are is what vision reads in
its camera's frame.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mindseye.planner.agent import load_tool, set_threads
from mindseye.planner.config import Config
from mindseye.planner.dream_face import Hand, Screen, keyboard
from mindseye.planner.media import contact_sheet, write_clip
from mindseye.tools.contracts import VideoGenerator, World
from mindseye.tools.errors import BadInput, ToolError
from mindseye.tools.values import Frames
from mindseye.tools.video.drawing import shrink
from mindseye.tools.video.dream import HELD, SECONDS, begin_dream, drift
from mindseye.tools.world import make_world

Array = NDArray[np.float64]

GAP = 2
"""Pixels between the pictures."""


class Beside:
    """A dream and the world that it began in."""

    def __init__(self, world: World, video: VideoGenerator, seed: int) -> None:
        """Begin both.

        Args:
          world: reality.
          video: dreams.
          seed: of the dream.

        Raises:
          BadInput: it is a generator that cannot be played, or a world without a pusher in it.
        """
        self.world = world
        self._observation, _ = world.reset()
        pusher = self._observation["pusher"].tolist()
        try:
            self.dream = begin_dream(video, self._observation["frame"], pusher, seed=seed)
        except ToolError as error:
            raise BadInput(f"this world cannot be dreamt of: {error}") from error
        self._start = self.dream.places
        self.seconds: list[float] = []
        """What each dream frame took."""
        self.shown: list[Frames] = [self._pair()]
        """`[S, 2 S + GAP, 3] uint8` by frame: the dream, and reality to its right."""
        self.over = False
        """Whether the world has ended."""

    def step(self, action: Array) -> None:
        """Do the action `[3]` in both for a fifth of a second."""
        started = time.perf_counter()
        self.dream.step(action)
        self.seconds.append(time.perf_counter() - started)
        for _ in range(HELD):
            if not self.over:
                self._observation, _, ended, cut, _ = self.world.step(action.astype(np.float32))
                self.over = ended or cut
        self.shown.append(self._pair())

    def drift_mm(self) -> float | None:
        """Return the median of how far off the things are that moved; None where none did.

        Where they really are is read by vision.
        """
        pusher = self._observation["pusher"].tolist()
        real = self.dream.seen_in(self._observation["frame"], pusher)
        off = drift(self._start[:-1], real[:-1], self.dream.places[:-1])
        return 1000 * float(np.median(off)) if len(off) else None

    def told(self) -> dict[str, Any]:
        """Return what is told at the end."""
        spent = 1000 * float(np.mean(self.seconds)) if self.seconds else 0.0
        frames, off = len(self.seconds), self.drift_mm()
        return {"frames": frames, "drift_mm": off, "ms_per_frame": spent}

    def _pair(self) -> Frames:
        dreamt = self.dream.frame
        real = shrink(self._observation["frame"], len(dreamt))
        return np.concatenate([dreamt, np.full((len(dreamt), GAP, 3), 255, np.uint8), real], axis=1)


def play(config: Config, actions: Array | None, out: Path | None) -> dict[str, Any]:
    """Play in a dream and in the world at once.

    Args:
      config: names world, objects, seed and generator.
      actions: `[T, 3]` of a script; None takes them from the keyboard.
      out: MP4 to write, with a contact sheet beside it; None for none.

    Returns:
      `frames`, `drift_mm` at the end (None where nothing moved) and `ms_per_frame` of the dream.

    Raises:
      MindseyeError: the generator or the world cannot be had, or the video cannot be written.
    """
    set_threads(config.threads)
    video = load_tool(config, "video")
    world = make_world(
        config.world, objects=config.objects, seed=config.seed, **config.world_options
    )
    with contextlib.closing(world):
        both = Beside(world, video, config.seed)
        if actions is None:
            asyncio.run(_by_keyboard(both))
        else:
            for action in actions:
                if not both.over:
                    both.step(action)
        if out is not None:
            _write(both.shown, out)
        return both.told()


def _write(shown: Sequence[Frames], out: Path) -> None:
    frames = np.stack(shown)
    try:
        write_clip(frames, SECONDS, out)
        out.with_suffix(".png").write_bytes(contact_sheet(frames))
    except OSError as error:
        raise BadInput(f"cannot write the video {str(out)!r}: {error}") from error


async def _by_keyboard(both: Beside) -> None:
    """Play in real time until the person ends it; a slow machine makes time slow."""
    hand, screen = Hand(), Screen(sys.stderr)
    with keyboard(hand), screen:
        screen.show(both.shown[-1], 0, None, 0.0)
        while not (hand.done or both.over):
            due = time.monotonic() + SECONDS
            both.step(np.array(hand.action()))
            screen.show(both.shown[-1], len(both.seconds), both.drift_mm(), both.seconds[-1])
            # At least once, so that keys are heard.
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
