"""`tabletop`: the project's own table, its pusher led by a joystick that can be pressed down.

The action is the table's own, `[dx, dy, lift]`: an arrow and a slider on the keyboard. One
thing is to be brought to one of the nine areas; whether it is there is judged by where the
things really are.
"""

from typing import final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.games.game import Facts, Game, GameGoal, GameSpec, scaled
from mindseye.tools.goals import AREAS, COLOURS, SHAPES, Goal, satisfied
from mindseye.tools.values import Frames

OTHERS = 2
"""Further things on the table."""
SETTLED = 5
"""Actions for which it must have been where it is wanted."""
NAMES = tuple(f"{colour} {shape}" for colour in COLOURS for shape in SHAPES)


def _words(name: str, area: str) -> str:
    place = area.replace("_", " ") + (" side" if area in ("left", "right") else "")
    return f"push the {name} to the {place} of the table"


WANTED = {_words(name, area): (name, area) for name in NAMES for area in AREAS}
"""Words of each goal -> what is to be brought where."""
SPEC = GameSpec(
    name="tabletop",
    title="push things about on a table",
    score="success",
    licence="apache-2.0",
    length=150,
    rate=10.0,
    axes=3,
    symmetric=True,
    typed={
        "left": "left", "a": "left", "right": "right", "d": "right", "up": "forward",
        "w": "forward", "down": "back", "s": "back", " ": "down or up",
    },
    goals=tuple(GameGoal(words=words, fact="solved") for words in WANTED),
)  # fmt: skip


@final
class Joystick(Game):
    """Three things on a table. The reward is 1 when the goal has held for half a second.

    That ends the episode; so does the loss of the thing over the table's edge.
    """

    spec_of = SPEC

    def __init__(self) -> None:
        """Set up."""
        super().__init__()
        from mindseye.tools.world.tabletop import Tabletop

        self.world = Tabletop()
        """True state, for scorers and scripted players."""
        self.subject, self.area = WANTED[self.goal.words]
        self.pusher: NDArray[np.float64] = np.zeros(3)
        """Where the pusher is, metres."""
        self._held = 0

    def begin(self) -> Frames:
        """Lay the table until what is wanted is not there already."""
        rng = self.np_random
        self.subject, self.area = WANTED[self.goal.words]
        rest = [name for name in NAMES if name != self.subject]
        while True:
            others = rng.choice(len(rest), OTHERS, replace=False)
            objects = [self.subject, *(rest[i] for i in others)]
            seed = int(rng.integers(2**31))
            seen, _ = self.world.reset(seed=seed, options={"objects": objects})
            if not self._there():
                break
        self.pusher, self._held = seen["pusher"], 0
        return scaled(seen["frame"])

    def act(self, action: NDArray[np.float32]) -> tuple[Frames, float, bool]:
        """See `Game.act`."""
        bounded = np.clip(np.asarray(action, dtype=np.float32), -1.0, 1.0)
        seen, *_ = self.world.step(bounded)
        self.pusher = seen["pusher"]
        self._held = self._held + 1 if self._there() else 0
        solved = self._held >= SETTLED
        lost = self.subject not in self.world.true_layout()
        return scaled(seen["frame"]), float(solved), solved or lost

    def facts(self) -> Facts:
        """Return whether the goal was reached, 0 or 1."""
        return {"solved": float(self._held >= SETTLED)}

    def _there(self) -> bool:
        item = {"relation": "in_area", "subject": self.subject, "area": self.area}
        layout, names = self.world.true_layout(), self.world.true_names()
        return satisfied(Goal.model_validate({"all": [item]}), layout, names)
