"""The scripted player of `minigrid`."""

from collections import deque
from typing import Any, final

from mindseye.tools.errors import BadInput
from mindseye.tools.games.doorkey import SPEC, DoorKey
from mindseye.tools.games.game import Game
from mindseye.tools.values import Frames

_AHEAD = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""What lies ahead, by heading."""
_State = tuple[int, int, int]
"""Column, row, heading."""


@final
class Walker:
    """Walks the shortest way, breadth first over cells and headings: key, then door, then goal."""

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        if not isinstance(game, DoorKey):
            raise BadInput(f"this player plays minigrid, not {game.spec_of.name}")
        self._world: Any = game.world

    def act(self, frame: Frames) -> int:
        """See `Player.act`."""
        door = self._find("door")
        if not self._world.carrying and not self._world.grid.get(*door).is_open:
            target, last = self._find("key"), "pickup"
        elif not self._world.grid.get(*door).is_open:
            target, last = door, "toggle"
        else:
            target, last = self._find("goal"), "forward"
        return SPEC.keys.index(self._towards(target) or last)

    def _find(self, kind: str) -> tuple[int, int]:
        grid = self._world.grid
        cells = ((x, y) for y in range(grid.height) for x in range(grid.width))
        return next(c for c in cells if (held := grid.get(*c)) is not None and held.type == kind)

    def _towards(self, target: tuple[int, int]) -> str | None:
        """Return the first key on the way to stand before a cell; None when it is ahead."""
        x, y = (int(v) for v in self._world.agent_pos)
        start = (x, y, int(self._world.agent_dir))
        waiting: deque[tuple[_State, str | None]] = deque([(start, None)])
        seen = {start}
        while waiting:
            (x, y, heading), first = waiting.popleft()
            ahead = x + _AHEAD[heading][0], y + _AHEAD[heading][1]
            if ahead == target:
                return first
            turns = [((x, y, (heading + 1) % 4), "right"), ((x, y, (heading - 1) % 4), "left")]
            if self._free(ahead):
                turns.insert(0, ((*ahead, heading), "forward"))
            for state, key in turns:
                if state not in seen:
                    seen.add(state)
                    waiting.append((state, first or key))
        return None

    def _free(self, cell: tuple[int, int]) -> bool:
        held = self._world.grid.get(*cell)
        return held is None or bool(held.can_overlap())
