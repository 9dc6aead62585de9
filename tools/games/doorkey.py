"""`minigrid`: fetch the key, open the door, reach the green square, seen from above.

MiniGrid-DoorKey-6x6 of Minigrid (Chevalier-Boisvert et al., 2023) with the whole grid in the
picture and the five actions that do something in it.
"""

import os
from typing import final

from mindseye.tools.errors import needs_extra
from mindseye.tools.games.game import Facts, Game, GameGoal, GameSpec, scaled
from mindseye.tools.values import Frames

CELLS = 6
TILE = 32
"""Pixels of a cell before the picture is scaled down."""
_ACTIONS = ("left", "right", "forward", "pickup", "toggle")

SPEC = GameSpec(
    name="minigrid",
    title="fetch the key, open the door, reach the green square",
    score="success",
    licence="apache-2.0",
    length=80,
    rate=4.0,
    keys=_ACTIONS,
    typed={
        "left": "left", "right": "right", "up": "forward", "a": "left", "d": "right",
        "w": "forward", "p": "pickup", " ": "toggle",
    },
    goals=(
        GameGoal(words="use the key to open the door and then get to the goal", fact="goal"),
        GameGoal(words="pick up the key", fact="key"),
        GameGoal(words="open the door", fact="door"),
    ),
)  # fmt: skip


@final
class DoorKey(Game):
    """A room, a locked door, another room with the goal in its corner.

    The reward is the world's own: 1 less 0.9 times the share of the time used, at the goal.
    """

    spec_of = SPEC

    def __init__(self) -> None:
        """Set up.

        Raises:
          Unavailable: Minigrid is not installed.
        """
        super().__init__()
        # It greets on standard output otherwise.
        os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
        with needs_extra("the game minigrid", "games"):
            from minigrid.envs.doorkey import DoorKeyEnv
        self.world = DoorKeyEnv(size=CELLS, max_steps=SPEC.length, highlight=False)
        """True state, for scorers and scripted players."""
        self._facts: Facts = {}

    def begin(self) -> Frames:
        """Lay out the rooms."""
        self.world.reset(seed=int(self.np_random.integers(2**31)))
        self._facts = {"key": 0.0, "door": 0.0, "goal": 0.0}
        return self._frame()

    def act(self, action: int) -> tuple[Frames, float, bool]:
        """See `Game.act`."""
        meant = self.world.actions[_ACTIONS[int(action)]]
        _, reward, ended, _, _ = self.world.step(meant)
        grid = self.world.grid.grid
        opened = any(cell is not None and cell.type == "door" and cell.is_open for cell in grid)
        for name, now in (("key", self.world.carrying), ("door", opened), ("goal", reward > 0)):
            self._facts[name] = max(self._facts[name], float(bool(now)))
        return self._frame(), float(reward), bool(ended)

    def facts(self) -> Facts:
        """Return whether key, door and goal were reached, 0 or 1 each."""
        return dict(self._facts)

    def _frame(self) -> Frames:
        return scaled(self.world.get_full_render(highlight=False, tile_size=TILE))
