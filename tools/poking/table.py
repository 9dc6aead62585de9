"""Tables that are poked: many of the same things at once, each with a state of its own.

Between two pokes the pusher flies home, above all things; that is set, not simulated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, final

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import BatchSimulation, off_table, places
from mindseye.tools.physics.sampling import random_appearance, random_scene, scatter
from mindseye.tools.physics.scene import PUSHER_UP, Scene, build, initial_state
from mindseye.tools.physics.ways import BEHIND
from mindseye.tools.poking.poke import Poke, PokeController, random_poke
from mindseye.tools.values import Frames, Point, Push

Array = NDArray[np.float64]

SIZE = 64
"""Side of a picture, pixels."""
THINGS = (1, 3)
"""Fewest and most things on a table."""
HOME = (0.0, -0.36)
"""Where the pusher waits while the table is looked at, metres."""
LOOKS = 0.3
"""How much light, colours and camera vary."""
HORIZON = 6.0
"""Seconds after which a poke is cut."""


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Tables:
    """`n` tables with the same things on them."""

    scenes: tuple[Scene, ...]
    """`[n]`, how each began and how it looks."""
    model: mujoco.MjModel
    """Theirs in common."""
    states: Array
    """`[n, nq]`, with the pusher at home."""

    @classmethod
    def random(cls, rng: np.random.Generator, n: int = 1) -> Self:
        """Lay `n` tables with the same random things, each elsewhere and in another light."""
        first = random_scene(rng, count=THINGS, patches=0.0)
        scenes = []
        for _ in range(n):
            spots = scatter(rng, len(first.bodies))
            bodies = tuple(
                replace(body, position=spot) for body, spot in zip(first.bodies, spots, strict=True)
            )
            look = random_appearance(rng, LOOKS)
            scenes.append(replace(first, bodies=bodies, appearance=look, pusher=HOME))
        model = build(first)
        states = np.stack([initial_state(scene, model) for scene in scenes])
        return cls(scenes=tuple(scenes), model=model, states=states)

    def poked(self, pokes: Sequence[Poke]) -> Self:
        """Return the tables when each was poked once and all lies still."""
        pushes = [Push(subject=self.scenes[0].names[0], target=p.target) for p in pokes]
        simulation = BatchSimulation(
            self.scenes[0], pushes, threads=1, starts=self.scenes,
            controller=PokeController(pokes),
        )  # fmt: skip
        simulation.batch.qpos[:] = self.states
        simulation.batch.qpos[:, :3] = [_above(poke) for poke in pokes]
        simulation.setpoint = simulation.batch.qpos[:, :3].copy()
        simulation.batch.ctrl[:] = simulation.setpoint
        simulation.run(HORIZON)
        states = simulation.batch.qpos.copy()
        states[:, :3] = [*HOME, PUSHER_UP]
        return replace(self, states=states)

    def frames(self, rng: np.random.Generator) -> Frames:
        """Return `[n, 64, 64, 3] uint8`: what the camera sees of each, noise and all."""
        data, seen = mujoco.MjData(self.model), []
        for scene, state in zip(self.scenes, self.states, strict=True):
            data.qpos[:] = state
            mujoco.mj_kinematics(self.model, data)
            # Two by two rays a pixel, as the world draws.
            drawn = Renderer(scene, self.model, 2 * SIZE).render(data, rng)
            seen.append(halve(drawn.colour))
        return np.stack(seen)

    def layout(self) -> Array:
        """Return `[n, N, 2]` true places of the things, metres; NaN for what fell. For scorers."""
        at = places(self.states)
        return np.where(off_table(at)[..., None], np.nan, at[..., :2])

    def random_pokes(self, rng: np.random.Generator) -> list[Poke]:
        """Return a random poke for each table."""
        return [random_poke(rng, _standing(row)) for row in self.layout()]


def _standing(row: Array) -> list[Point]:
    return [(float(x), float(y)) for x, y in row if np.isfinite(x)]


def _above(poke: Poke) -> Array:
    """Return `[3]`: where the pusher begins to sink, metres."""
    way = np.array([np.cos(poke.angle), np.sin(poke.angle)])
    return np.array([*(np.array(poke.place) - BEHIND * way), PUSHER_UP])
