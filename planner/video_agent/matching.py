"""Matching: of the futures of all actions, which is the one that leads where it should?

The future that the goal calls for is imagined, and one for each action; the action whose future
is nearest is done. It takes no keyboard in the frames, only a model that can be told an action.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.planner.video_agent.decoders import generated, pictured
from mindseye.planner.video_agent.imagination import Aim, Imagination, Past, Wish
from mindseye.tools.errors import BadInput
from mindseye.tools.values import Clip, Decoded, Frames

Array = NDArray[np.float64]
Nearness = Literal["pixels", "embedding", "likelihood"]
NEARNESSES: tuple[Nearness, ...] = ("pixels", "embedding", "likelihood")
FLOOR = 8.0
"""Standard deviation of a pixel that is taken for granted, of 256."""
SAMPLES = 3
"""Futures of each action from which its likelihood is estimated."""


def possible_actions(space: spaces.Space[Any]) -> list[Any]:
    """Return the actions to try: all of a choice; of numbers rest, each axis, and the diagonals
    of the first two.

    Raises:
      BadInput: another space.
    """
    if isinstance(space, spaces.Discrete):
        return [np.int64(space.start + i) for i in range(int(space.n))]
    if not isinstance(space, spaces.Box) or len(space.shape) != 1:
        raise BadInput(f"no list of actions to try for {space}")
    axes = int(space.shape[0])
    ways = [np.zeros(axes), *np.eye(axes), *-np.eye(axes)]
    if axes > 1:
        diagonals = [(x, y) for x in (-1, 1) for y in (-1, 1)]
        ways += [np.array([*d, *[0.0] * (axes - 2)]) / np.sqrt(2) for d in diagonals]
    middle, half = (space.high + space.low) / 2, (space.high - space.low) / 2
    return [(middle + half * way).astype(space.dtype) for way in ways]


@final
class Matching:
    """Does the action whose imagined future is nearest to the one that the goal calls for.

    The futures are compared on the first imagined frame, without the keyboard. Where the second
    nearest is not `apart` times as far as the nearest, those that cannot be told apart are
    compared a frame deeper, and imagined on where a clip ends, up to `deepest` frames.
    """

    def __init__(
        self, imagination: Imagination, actions: Sequence[Any], *, by: Nearness = "pixels",
        apart: float = 1.25, deepest: int = 8,
    ) -> None:  # fmt: skip
        """Set up.

        Args:
          imagination: of a model that can be told an action, by keys in a frame that is known in
            part or as `actions` (see `ImagineRequest`).
          actions: that are tried, two at least.
          by: `pixels`, mean absolute difference; `embedding`, distance between the features of a
            convolution with random weights (as Burda et al., 2019, use them); `likelihood`, of
            the goal's future under a normal distribution about each action's, which takes three
            futures of each.
          apart: ratio of distances from which two actions are told apart.
          deepest: frames that are looked ahead, at most.

        Raises:
          BadInput: no such nearness, or nothing to choose from.
        """
        if by not in NEARNESSES:
            raise BadInput(f"futures are compared by {', '.join(NEARNESSES)}, not by {by!r}")
        if len(actions) < 2:
            raise BadInput("matching chooses between two actions at least")
        self._imagination, self._actions = imagination, tuple(actions)
        self._by, self._apart, self._deepest = by, apart, deepest

    def decode(self, wanted: Aim, now: Past) -> Decoded:
        """Return the action; the confidence is the share by which the second is further off."""
        threads = _Threads(self._imagination, wanted, now, self._actions, self._many)
        left, depth = list(range(len(self._actions))), 0
        far, confidence = np.zeros(len(left)), 0.0
        while len(left) > 1 and depth < self._deepest:
            threads.reach(depth, left)
            far += self._distances(threads, depth)
            near, second = np.sort(far[left])[:2]
            confidence = float(1 - near / second) if second > 0 else 0.0
            left = [i for i in left if far[i] <= near * self._apart + 1e-9]
            depth += 1
        chosen = int(far.argmin())
        return Decoded(
            actions=(self._actions[chosen],), confidence=confidence,
            futures=(threads.goal, *threads.of(chosen)), frames=threads.frames,
        )  # fmt: skip

    @property
    def _many(self) -> int:
        return SAMPLES if self._by == "likelihood" else 1

    def _distances(self, threads: "_Threads", depth: int) -> Array:
        """Return `[A]`: how far each action's future is at a depth; infinite where it was left."""
        goal = threads.goal.frames[depth]
        distance: Callable[[Frames, Frames], float] = {
            "pixels": pixel_distance, "embedding": embedded_distance, "likelihood": surprise,
        }[self._by]  # fmt: skip
        overlay = self._imagination.overlay
        found = np.full(len(self._actions), np.inf)
        for i in range(len(self._actions)):
            clips = threads.of(i)
            if depth < len(clips[0].frames):
                futures = np.stack([pictured(c.frames[depth], overlay) for c in clips])
                found[i] = distance(pictured(goal, overlay), futures)
        return found


class _Threads:
    """The goal's future and those of the actions, as far as they have been imagined."""

    def __init__(
        self, imagination: Imagination, aim: Aim, past: Past, actions: Sequence[Any], many: int
    ) -> None:
        self._imagination, self._aim, self._past, self._many = imagination, aim, past, many
        goal = Wish(shown=past.shown, aim=aim, seed=past.seed)
        wishes = [
            Wish(shown=past.shown, aim=aim, seed=past.seed, samples=many, press=action)
            for action in actions
        ]
        made = imagination.imagine([goal, *wishes])
        self._clips = made
        self.frames = sum(generated(clips) for clips in made)

    @property
    def goal(self) -> Clip:
        return self._clips[0][0]

    def of(self, action: int) -> list[Clip]:
        return self._clips[action + 1]

    def reach(self, depth: int, actions: Sequence[int]) -> None:
        """Imagine on the goal's future and those of some actions until they have this depth."""
        while depth >= len(self.goal.frames):
            rows = [0, *(i + 1 for i in actions)]
            ends = [clip for row in rows for clip in self._clips[row]]
            context = len(self._past.shown)
            seed = self._past.seed + depth
            wishes = [
                Wish(shown=self._end(c.frames, context), aim=self._aim, seed=seed) for c in ends
            ]
            more = iter([clips[0] for clips in self._imagination.imagine(wishes)])
            for row in rows:
                self._clips[row] = [self._joined(c, next(more)) for c in self._clips[row]]

    def _end(self, frames: Frames, context: int) -> Frames:
        return np.concatenate([self._past.shown, frames])[-context:]

    def _joined(self, clip: Clip, more: Clip) -> Clip:
        self.frames += len(more.frames)
        frames = np.concatenate([clip.frames, more.frames])
        return Clip(frames=frames, dt=clip.dt, provenance=clip.provenance)


def pixel_distance(goal: Frames, futures: Frames) -> float:
    """Return the mean absolute difference of `[H, W, 3]` to `[S, H, W, 3]`, in [0, 255]."""
    return float(np.abs(goal.astype(float) - futures).mean())


def embedded_distance(goal: Frames, futures: Frames) -> float:
    """Return the mean distance between random features of `[H, W, 3]` and `[S, H, W, 3]`."""
    found = _features(np.concatenate([goal[None], futures]))
    return float(np.linalg.norm(found[1:] - found[0], axis=1).mean())


def surprise(goal: Frames, futures: Frames) -> float:
    """Return how unlikely `[H, W, 3]` is after `[S, H, W, 3]`: mean negative log-likelihood.

    Each pixel is normal by itself about the futures' mean, its variance theirs and a floor; up
    to a constant, so that no surprise is 0.
    """
    seen = futures.astype(float)
    variance = seen.var(axis=0) + FLOOR**2
    off = (goal.astype(float) - seen.mean(axis=0)) ** 2
    return float((off / variance + np.log(variance / FLOOR**2)).mean() / 2)


def _features(frames: Frames) -> Array:
    """Return `[N, F]`: two convolutions with random weights, always the same ones."""
    import torch
    from torch.nn import functional

    source = torch.Generator().manual_seed(0)
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    for channels in (16, 32):
        weights = torch.randn(channels, x.shape[1], 4, 4, generator=source)
        x = functional.relu(functional.conv2d(x, weights / (4 * x.shape[1] ** 0.5), stride=2))
    return np.asarray(functional.avg_pool2d(x, 3).flatten(1).numpy(), dtype=np.float64)
