"""`crafter`: gather, build, eat, drink and sleep in a world that is made anew each time.

Crafter (Hafner, 2022), whose package speaks the Gym interface of old and needs no Gym: here
it is a Gymnasium world with seeds. Its own environment iterates over sets of objects, whose
order depends on where they lie in memory; sorted, the same seed is the same episode anywhere.
"""

from typing import Any, final

import numpy as np

from mindseye.tools.errors import needs_extra
from mindseye.tools.games.game import Facts, Game, GameGoal, GameSpec
from mindseye.tools.values import Frames

_ACTIONS = (
    "noop", "move_left", "move_right", "move_up", "move_down", "do", "sleep", "place_stone",
    "place_table", "place_furnace", "place_plant", "make_wood_pickaxe", "make_stone_pickaxe",
    "make_iron_pickaxe", "make_wood_sword", "make_stone_sword", "make_iron_sword",
)  # fmt: skip
_WORDS = {
    "collect_wood": "collect wood",
    "place_table": "place a table",
    "make_wood_pickaxe": "make a wooden pickaxe",
    "make_wood_sword": "make a wooden sword",
    "collect_sapling": "collect a sapling",
    "place_plant": "plant a sapling",
    "collect_drink": "drink water",
    "eat_cow": "eat a cow",
    "collect_stone": "mine stone",
    "place_stone": "place a stone",
    "collect_coal": "mine coal",
    "make_stone_pickaxe": "make a stone pickaxe",
    "make_stone_sword": "make a stone sword",
    "place_furnace": "build a furnace",
    "wake_up": "sleep and wake up again",
    "defeat_zombie": "defeat a zombie",
    "defeat_skeleton": "defeat a skeleton",
    "collect_iron": "mine iron",
    "make_iron_pickaxe": "make an iron pickaxe",
    "make_iron_sword": "make an iron sword",
    "collect_diamond": "find a diamond",
    "eat_plant": "eat a ripe plant",
}
SPEC = GameSpec(
    name="crafter",
    title="gather, build and survive",
    score="return",
    licence="mit",
    length=500,
    rate=5.0,
    keys=_ACTIONS,
    typed={
        "left": "move_left", "right": "move_right", "up": "move_up", "down": "move_down",
        "a": "move_left", "d": "move_right", "w": "move_up", "s": "move_down", " ": "do",
        "z": "sleep", "r": "place_stone", "t": "place_table", "f": "place_furnace",
        "p": "place_plant", "1": "make_wood_pickaxe", "2": "make_stone_pickaxe",
        "3": "make_iron_pickaxe", "4": "make_wood_sword", "5": "make_stone_sword",
        "6": "make_iron_sword",
    },
    goals=tuple(GameGoal(words=words, fact=fact) for fact, words in _WORDS.items()),
)  # fmt: skip


def _steady() -> type[Any]:
    """Return Crafter's environment with one order of objects in all processes.

    Raises:
      Unavailable: Crafter is not installed.
    """
    with needs_extra("the game crafter", "games"):
        import crafter

    class Steady(crafter.Env):  # type: ignore[misc]
        def _balance_chunk(self, chunk: Any, objs: Any) -> None:
            super()._balance_chunk(chunk, sorted(objs, key=lambda o: tuple(o.pos)))

    return Steady


@final
class Survival(Game):
    """Crafter. Its reward is 1 for each thing done for the first time, and a tenth of health.

    An episode ends with the player's death.
    """

    spec_of = SPEC

    def __init__(self) -> None:
        """Set up.

        Raises:
          Unavailable: Crafter is not installed.
        """
        super().__init__()
        self._make = _steady()
        self.world: Any = None
        """True state, for scorers and scripted players."""

    def begin(self) -> Frames:
        """Make a world."""
        self.world = self._make(length=0, seed=int(self.np_random.integers(2**31)))
        return np.asarray(self.world.reset(), dtype=np.uint8)

    def act(self, action: int) -> tuple[Frames, float, bool]:
        """See `Game.act`."""
        frame, reward, ended, _ = self.world.step(int(action))
        return np.asarray(frame, dtype=np.uint8), float(reward), bool(ended)

    def facts(self) -> Facts:
        """Return how often each of the 22 achievements was done."""
        done = self.world._player.achievements
        return {name: float(done[name]) for name in _WORDS}
