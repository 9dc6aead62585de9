"""Action decoders of a video model that plays: an imagined future becomes actions.

Each stands behind `mindseye.tools.contracts.ActionDecoder`, as the table's pusher does.
"""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol, final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.planner.video_agent.imagination import Aim, Imagination, Past
from mindseye.tools.errors import BadInput
from mindseye.tools.games.overlay import squeezed, world_part
from mindseye.tools.values import Clip, Decoded, Frames

DECODERS = ("overlay", "vote", "matching", "inverse")


def generated(futures: Sequence[Clip]) -> int:
    """Return how many frames were generated for these futures."""
    return sum(len(f.frames) for f in futures)


@final
class Overlay:
    """Reads the keys off the keyboard in one imagined future."""

    def __init__(self, imagination: Imagination, take: int = 1) -> None:
        """Set up.

        Args:
          imagination: of a model that has seen keyboards.
          take: how many actions are read.

        Raises:
          BadInput: a model without keyboards.
        """
        _needs_overlay(imagination)
        self._imagination, self._take = imagination, take

    def decode(self, wanted: Aim, now: Past) -> Decoded:
        """Return the first actions; how clearly the keys are seen is the confidence."""
        (future,) = self._imagination.ahead(now, wanted)
        actions, clear = read_actions(self._imagination, future, self._take, now.vain)
        return Decoded(
            actions=actions, confidence=clear, futures=(future,), frames=len(future.frames)
        )


@final
class Vote:
    """Imagines several futures and does what most of them do.

    Of keys the majority is taken, and the confidence is 1 less the entropy of the votes as a
    share of its maximum; of numbers the medoid, and the confidence falls with the mean distance
    to it. While that is below `sure`, more futures are imagined, up to `most`.
    """

    def __init__(
        self, imagination: Imagination, take: int = 1, *, samples: int = 4, most: int = 16,
        sure: float = 0.7,
    ) -> None:  # fmt: skip
        """Set up.

        Args:
          imagination: of a model that has seen keyboards.
          take: how many actions are read.
          samples: futures in a batch.
          most: futures of a decision, at most.
          sure: confidence from which on no more are asked for, in [0, 1].

        Raises:
          BadInput: a model without keyboards, or numbers of futures that cannot be.
        """
        _needs_overlay(imagination)
        if not 1 <= samples <= most:
            raise BadInput(f"futures: from 1 up to at most {most}, not {samples}")
        self._imagination, self._take = imagination, take
        self._samples, self._most, self._sure = samples, most, sure

    def decode(self, wanted: Aim, now: Past) -> Decoded:
        """Return the first actions of the future that most agree with."""
        futures: list[Clip] = []
        chosen, confidence = 0, -1.0
        while confidence < self._sure and len(futures) < self._most:
            many = min(self._samples, self._most - len(futures))
            futures += self._imagination.ahead(now, wanted, many, now.seed + len(futures))
            read = [read_actions(self._imagination, f, self._take, now.vain)[0] for f in futures]
            chosen, confidence = elected(read, self._alternatives)
        first = [futures[chosen], *(f for i, f in enumerate(futures) if i != chosen)]
        return Decoded(
            actions=read[chosen], confidence=confidence, futures=tuple(first),
            frames=generated(futures),
        )  # fmt: skip

    @property
    def _alternatives(self) -> int:
        """How many actions there are; 0 for numbers."""
        keyboard = self._imagination.keyboard
        if isinstance(keyboard.space, spaces.Discrete):
            return max(2, int(keyboard.space.n))
        return 0 if keyboard.control.levers else 2 ** len(keyboard.control.keys)


def elected(read: Sequence[tuple[Any, ...]], alternatives: int) -> tuple[int, float]:
    """Return which of several readings stands for all, and how sure that is, in [0, 1].

    Args:
      read: `[S][K]` actions.
      alternatives: how many different ones there may be; 0 for numbers.
    """
    if not alternatives:
        return _medoid(np.array([[np.ravel(a) for a in actions] for actions in read]))
    left = list(range(len(read)))
    for k in range(len(read[0])):
        # Only the futures that agree so far say what comes next.
        votes = Counter(_name(read[i][k]) for i in left)
        if k == 0:
            entropy = -sum(v / len(left) * math.log(v / len(left)) for v in votes.values())
        most = votes.most_common(1)[0][0]
        left = [i for i in left if _name(read[i][k]) == most]
    return left[0], 1.0 - entropy / math.log(alternatives)


def _name(action: Any) -> bytes:
    return np.asarray(action).tobytes()


def _medoid(read: NDArray[np.float64]) -> tuple[int, float]:
    """Return the reading of `[S, K, A]` numbers in [-1, 1] that is nearest to all others."""
    apart = np.linalg.norm(read[:, None] - read[None], axis=3).mean(axis=2)
    widest = 2 * math.sqrt(read.shape[2])
    chosen = int(apart.sum(axis=1).argmin())
    return chosen, 1.0 - float(apart[chosen].sum()) / max(len(read) - 1, 1) / widest


class InverseDynamics(Protocol):
    """Says which action led from one picture of the world to the next."""

    def acts(self, before: Frames, after: Frames) -> tuple[Any, float]:
        """Return the action and how sure it is, in [0, 1].

        Args:
          before: `[52, 64, 3] uint8`, the world as it stands above a keyboard.
          after: likewise, an action later.
        """
        ...


@final
class Inverse:
    """Reads actions off the pictures alone, with a model of inverse dynamics."""

    def __init__(self, imagination: Imagination, model: InverseDynamics, take: int = 1) -> None:
        """Set up.

        Args:
          imagination: with or without keyboards.
          model: of the world that is played.
          take: how many actions are read.
        """
        self._imagination, self._model, self._take = imagination, model, take

    def decode(self, wanted: Aim, now: Past) -> Decoded:
        """Return the first actions; the confidence is the model's in the first."""
        (future,) = self._imagination.ahead(now, wanted)
        frames = [now.shown[-1], *future.frames[: self._take]]
        worlds = [pictured(f, self._imagination.overlay) for f in frames]
        read = [self._model.acts(*pair) for pair in itertools.pairwise(worlds)]
        return Decoded(
            actions=tuple(action for action, _ in read), confidence=read[0][1], futures=(future,),
            frames=len(future.frames),
        )  # fmt: skip


def pictured(frame: Frames, overlay: bool) -> Frames:
    """Return the world in a frame `[64, 64, 3]` that a model shows, as `[52, 64, 3] uint8`."""
    return world_part(frame) if overlay else squeezed(frame)


def read_actions(
    imagination: Imagination, future: Clip, take: int, vain: Sequence[Any] = ()
) -> tuple[tuple[Any, ...], float]:
    """Return the actions that led to the first frames of a future, and how clear the first is.

    Clear is 1 where every key is wholly up or down, 0 where it is half so; levers do not say.
    The first action is none of those in vain.
    """
    keyboard = imagination.keyboard
    pressed = [keyboard.read(frame) for frame in future.frames[:take]]
    chance = pressed[0].chance
    clear = float(np.abs(2 * chance - 1).min()) if len(chance) else 1.0
    first = keyboard.action(pressed[0], vain)
    return (first, *(keyboard.action(p) for p in pressed[1:])), clear


def _needs_overlay(imagination: Imagination) -> None:
    if not imagination.overlay:
        raise BadInput(
            "keys are read off frames with a keyboard, which this model does not make: "
            "use the decoder matching or inverse"
        )
