"""The scripted player of `tabletop`."""

from typing import final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.games.game import Game
from mindseye.tools.games.joystick import Joystick
from mindseye.tools.goals import area_centre
from mindseye.tools.physics.skills import PushController
from mindseye.tools.physics.ways import detour
from mindseye.tools.values import Frames, Push

SPEED = 0.12
"""Of the pusher while it pushes, metres a second."""


@final
class Pusher:
    """Pushes the thing to the middle of the area with the push skill, again if it must be."""

    def begin(self, game: Game, seed: int) -> None:
        """See `Player.begin`."""
        if not isinstance(game, Joystick):
            raise BadInput(f"this player plays tabletop, not {game.spec_of.name}")
        self._game = game
        self._skill = PushController([self._push()])

    def act(self, frame: Frames) -> NDArray[np.float32]:
        """See `Player.act`."""
        if self._skill.done[0]:
            self._skill = PushController([self._push()])
        place = self._game.world.true_layout().get(self._game.subject, (np.nan, np.nan))
        motion = self._skill.act(np.array([place]), self._game.pusher[None])[0]
        return np.asarray(motion, dtype=np.float32)

    def _push(self) -> Push:
        layout = self._game.world.true_layout()
        target = area_centre(self._game.area)
        others = [place for name, place in layout.items() if name != self._game.subject]
        start = layout.get(self._game.subject, target)
        return Push(
            subject=self._game.subject, target=target, speed=SPEED,
            via=detour(start, target, others),
        )  # fmt: skip
