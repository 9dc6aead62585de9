"""A world whose actions are whole pokes: a Gymnasium environment of a table that is poked."""

from typing import Any, final

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.tools.goals import TABLE_HALF
from mindseye.tools.poking.poke import LONGEST, SHORTEST, Poke
from mindseye.tools.poking.table import SIZE, Tables
from mindseye.tools.values import Frames

Array = NDArray[np.float64]

POKES = spaces.Box(
    np.array([-TABLE_HALF, -TABLE_HALF, -np.pi, SHORTEST], np.float32),
    np.array([TABLE_HALF, TABLE_HALF, np.pi, LONGEST], np.float32),
)
"""Pokes as actions: x and y in metres, angle in radians, length in metres."""
LEAST = 0.03
"""In a goal something lies at least so far from where it lay at first, metres."""
MOVED = 0.01
"""A hidden poke moves something at least so far, metres."""


@final
class PokedTable(gymnasium.Env[Frames, NDArray[np.float32]]):
    """A table with one to three things that is poked until its picture is that of the goal.

    Observation: `[64, 64, 3] uint8`, the pusher at home. Action: see `POKES`. `reset` returns the
    goal's picture as `goal` in its info: the table after one to three random pokes that are not
    told. The reward is always 0; the true state is for scorers.
    """

    def __init__(self) -> None:
        """Set up."""
        self.observation_space = spaces.Box(0, 255, (SIZE, SIZE, 3), np.uint8)
        self.action_space = POKES

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Frames, dict[str, Any]]:
        """Lay the table, and poke another like it for the goal.

        Args:
          seed: fixes the episode; its scenes are none that are learned from.
          options: none.
        """
        del options
        super().reset(seed=seed)
        # The 1 keeps these scenes apart from the training data's, which begin with a 0.
        self._source = np.random.default_rng([1, int(self.np_random.integers(2**31))])
        while True:
            self._now = Tables.random(self._source)
            if (goal := _hidden(self._now, self._source)) is not None:
                break
        self._goal = goal.layout()[0]
        return self._frame(), {"goal": goal.frames(self._source)[0]}

    def step(self, action: NDArray[np.float32]) -> tuple[Frames, float, bool, bool, dict[str, Any]]:
        """Poke."""
        self._now = self._now.poked([Poke.of(np.asarray(action, dtype=float))])
        return self._frame(), 0.0, False, False, {}

    def _frame(self) -> Frames:
        frame: Frames = self._now.frames(self._source)[0]
        return frame

    def random_poke(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return a poke as training data have them, which go for where things truly lie."""
        (poke,) = self._now.random_pokes(rng)
        return poke.array().astype(np.float32)

    def true_gaps(self) -> Array:
        """Return `[N]`: how far each thing is from its place in the goal, metres. For scorers.

        A thing that fell is half the table away.
        """
        gaps = np.linalg.norm(self._now.layout()[0] - self._goal, axis=-1)
        return np.asarray(np.nan_to_num(gaps, nan=TABLE_HALF))


def _hidden(tables: Tables, rng: np.random.Generator) -> Tables | None:
    """Return the table after one to three pokes; None if one moved nothing, or something fell."""
    found = tables
    for _ in range(int(rng.integers(1, 4))):
        before, found = found, found.poked(found.random_pokes(rng))
        if not _went(before, found) >= MOVED:
            return None
    return found if _went(tables, found) >= LEAST else None


def _went(before: Tables, after: Tables) -> float:
    """Return how far what went furthest went, metres; NaN if anything fell."""
    return float(np.linalg.norm(after.layout() - before.layout(), axis=-1).max())
