"""The scripted player of `freeway`."""

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.games.freeway import SPEC, Freeway
from mindseye.tools.games.game import Game
from mindseye.tools.values import Frames

HEIGHT, CARS, LANES = 14, 108, 10
"""Where in the console's memory the chicken's height and the cars' places are."""
SPEEDS = np.array([0.8, 1.0, 4 / 3, 2.0, 4.0, -4.0, -2.0, -4 / 3, -1.0, -0.8])
"""Of the cars from the lowest lane up, pixels an action."""
ROAD = 160
"""Pixels after which a car comes in again at the other side."""
HIT = (39, 54)
"""A car between these places runs over what is on its lane."""
LOWEST, HIGHEST, STRIDE = 6, 178, 4
"""Heights of the chicken, and how far it goes in an action, pixels."""
AHEAD = 90
"""Actions that are looked ahead."""
_LEVELS = np.arange(LOWEST, HIGHEST + STRIDE, STRIDE)


@final
class Crosser:
    """Takes the way up that is soonest at the other side without meeting a car."""

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        if not isinstance(game, Freeway):
            raise BadInput(f"this player plays freeway, not {game.spec_of.name}")
        self._world = game.world

    def act(self, frame: Frames) -> int:
        """See `Player.act`."""
        memory = self._world.ale.getRAM().astype(int)
        level = int(np.argmin(np.abs(_LEVELS - memory[HEIGHT])))
        return SPEC.keys.index(_first_step(level, _free(memory[CARS : CARS + LANES])))


def _free(cars: NDArray[Any]) -> NDArray[np.bool_]:
    """Return `[AHEAD, levels]`: where the chicken will be safe, from where the cars are."""
    after = np.arange(1, AHEAD + 1)[:, None]
    at = (cars + SPEEDS * after) % ROAD
    coming = (at > HIT[0]) & (at < HIT[1])
    # Who stands at heights 12 to 28 is on the lowest lane; each is 16 above the last.
    above = _LEVELS - 16 * np.arange(LANES)[:, None]
    return np.asarray(~(coming @ ((above >= 12) & (above <= 28))))


def _first_step(level: int, free: NDArray[np.bool_]) -> str:
    """Return the first key of the soonest way up; where there is none, away from what comes."""
    firsts: dict[int, str] = {level: ""}
    ways = (("UP", 1), ("NOOP", 0), ("DOWN", -1))
    for safe in free:
        following: dict[int, str] = {}
        # From above, so that of two ways to a level the one that was further up counts.
        for now in sorted(firsts, reverse=True):
            for key, step in ways:
                there = max(now + step, 0)
                if there >= len(_LEVELS) - 1:
                    return firsts[now] or key
                if safe[there]:
                    following.setdefault(there, firsts[now] or key)
        if not following:
            break
        firsts = following
    return firsts[max(firsts)] or "NOOP"
