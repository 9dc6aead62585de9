"""Players that press anything: always, or now and then."""

from typing import Any, final

import numpy as np
from gymnasium import spaces

from mindseye.tools.games.game import Game
from mindseye.tools.games.playing import Player
from mindseye.tools.values import Frames


def _any(space: spaces.Space[Any], rng: np.random.Generator) -> Any:
    """Return an action, all alike likely, without a trace on the space's own chance."""
    if isinstance(space, spaces.Discrete):
        return np.int64(rng.integers(space.n) + space.start)
    return rng.uniform(-1.0, 1.0, space.shape or ()).astype(np.float32)


@final
class Chance:
    """Presses anything, each time anew."""

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        self._space, self._rng = game.action_space, np.random.default_rng([seed, 1])

    def act(self, frame: Frames) -> Any:
        """See `Player.act`."""
        return _any(self._space, self._rng)


@final
class Slipping:
    """Somebody who slips off the right key now and then, and may stay on the wrong one."""

    def __init__(self, player: Player, share: float, bout: int = 1) -> None:
        """Set up.

        Args:
          player: who plays.
          share: of the actions that are others than meant, in [0, 1].
          bout: actions that a slip lasts at most; it lasts from 1 to so many, all alike likely.
        """
        self._player, self._bout = player, bout
        # So often a slip begins, where none is, that the share comes out right.
        length = (1 + bout) / 2
        self._begins = share / (length - share * (length - 1))
        self.slipped = False
        """Whether the last action was a slip."""

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        self._space, self._rng = game.action_space, np.random.default_rng([seed, 2])
        self._player.begin(game, seed)
        self.slipped, self._left = False, 0

    def act(self, frame: Frames) -> Any:
        """See `Player.act`."""
        meant = self._player.act(frame)
        self.slipped = False
        if not (self._left > 0 or self._rng.random() < self._begins):
            return meant
        if not self._left:
            self._wrong = _any(self._space, self._rng)
            self._left = 1 + int(self._rng.integers(self._bout))
        self._left -= 1
        self.slipped = not np.array_equal(self._wrong, meant)
        return self._wrong
