"""`mindseye/Tabletop-v0`: a Gymnasium environment of things on a table and a pusher.

Importing this module registers it, as Gymnasium's own environments do:
`gymnasium.make("mindseye.tools.world.tabletop:mindseye/Tabletop-v0")` needs no
import before it.
"""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from mindseye.tools.errors import BadInput
from mindseye.tools.gl import mujoco
from mindseye.tools.goals import COLOURS, SHAPES, Layout
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import CHUNKS, next_setpoint, off_table, places
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import (
    PUSHER_REACH,
    SUBSTEPS,
    Body,
    Dynamics,
    FrictionField,
    Scene,
    build,
    initial_state,
)
from mindseye.tools.values import Patch

HEAVY = 12.0
"""How many times an object named `heavy` weighs what others weigh."""
Observation = dict[str, NDArray[Any]]


def check_names(names: list[str]) -> None:
    """Refuse objects that the table does not know.

    Raises:
      BadInput: naming the first bad one and what is allowed.
    """
    for name in names:
        words = name.split()
        if len(words) != 2 or words[0] not in COLOURS or words[1] not in SHAPES:
            raise BadInput(
                f"no object {name!r}; allowed: one of {', '.join(COLOURS)} "
                f"and one of {', '.join(SHAPES)}, such as 'red cube'"
            )
    if len(set(names)) != len(names):
        raise BadInput(f"each object can be there once: {', '.join(names)}")
    if not 1 <= len(names) <= 6:
        raise BadInput(f"the table takes 1 to 6 objects, not {len(names)}")


class Tabletop(gymnasium.Env[Observation, NDArray[np.float32]]):
    """Push things about on a 0.6 m square table without a rim, at 10 Hz.

    Action: `[dx, dy, lift]` in [-1, 1]: 3 cm a step in x (right) and y (away),
    4 cm up or down; the pusher works at table height and travels above the
    objects. Observation: `frame`, `[128, 128, 3] uint8` from a tilted camera, and
    `pusher`, `[3]` metres. The reward is always 0: what is wanted is a matter
    for scorers, and a reward from the true state would leak it.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012

    def __init__(
        self,
        render_mode: str | None = None,
        size: int = 128,
        appearance: float = 0.3,
        dynamics: dict[str, float] | None = None,
        jitter: float = 0.1,
        delay: int = 0,
        max_steps: int = 3000,
    ) -> None:
        """Set up the world.

        Args:
          render_mode: None or `rgb_array`.
          size: side of the frame, pixels.
          appearance: how much light, colours and camera vary with the seed; 0 is nominal.
          dynamics: fields of `Dynamics` that differ from what the tools believe.
          jitter: relative spread of friction and masses with the seed.
          delay: actions arrive this many steps late.
          max_steps: the episode is truncated then.
        """
        self.render_mode = render_mode
        self.size, self.appearance, self.jitter = size, appearance, jitter
        self.base = Dynamics(**(dynamics or {}))
        self.delay, self.max_steps = delay, max_steps
        self.action_space = spaces.Box(-1.0, 1.0, (3,), np.float32)
        reach = PUSHER_REACH + 0.1
        self.observation_space = spaces.Dict(  # type: ignore[assignment]
            frame=spaces.Box(0, 255, (size, size, 3), np.uint8),
            pusher=spaces.Box(-reach, reach, (3,), np.float64),
        )
        self._queue: list[NDArray[np.float64]] = []
        self._steps = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Lay the table.

        Args:
          seed: fixes the episode.
          options: `objects` (names), `layout` (name -> place in metres),
            `patches` (list of `{"kind", "position", "radius"}`), `heavy` (names of
            objects that weigh twelve times as much).
        """
        super().reset(seed=seed)
        self._scene = self._lay(options or {})
        self._model = build(self._scene)
        self._data = mujoco.MjData(self._model)
        self._data.qpos[:] = initial_state(self._scene, self._model)
        self._setpoint = self._data.qpos[:3].copy()
        self._data.ctrl[:] = self._setpoint
        self._friction = FrictionField(self._scene, self._model)
        # Two by two rays a pixel: edges without steps tell a cube from a cylinder.
        self._renderer = Renderer(self._scene, self._model, self.size * 2)
        self._queue = [np.zeros(3) for _ in range(self.delay)]
        self._steps = 0
        mujoco.mj_forward(self._model, self._data)
        return self._observe(), {}

    def _lay(self, options: dict[str, Any]) -> Scene:
        known = {"objects", "layout", "patches", "heavy"}
        if unknown := sorted(set(options) - known):
            raise BadInput(
                f"unknown world option {unknown[0]!r}; known: {', '.join(sorted(known))}"
            )
        layout = options.get("layout") or {}
        names = list(options["objects"]) if options.get("objects") else list(layout) or None
        if names:
            check_names(names)
        rng = self.np_random
        scene = random_scene(rng, names=names, appearance=self.appearance)
        patches = scene.patches if names is None else ()
        if options.get("patches") is not None:
            patches = tuple(Patch(**p) for p in options["patches"])
        factor = np.exp(rng.normal(0.0, self.jitter, len(scene.bodies) + 1))
        weight = [HEAVY if b.name in options.get("heavy", ()) else 1.0 for b in scene.bodies]
        bodies = tuple(
            Body(
                colour=b.colour, shape=b.shape, yaw=b.yaw, mass=b.mass * float(f) * w,
                position=tuple(layout.get(b.name, b.position)),
            )
            for b, f, w in zip(scene.bodies, factor[1:], weight, strict=True)
        )  # fmt: skip
        values = vars(self.base) | {"friction": self.base.friction * float(factor[0])}
        return Scene(
            bodies=bodies, patches=patches, pusher=scene.pusher, appearance=scene.appearance,
            dynamics=Dynamics(**values),
        )  # fmt: skip

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Act for a tenth of a second."""
        self._queue.append(np.asarray(action, dtype=float))
        start, self._setpoint = self._setpoint, next_setpoint(self._setpoint, self._queue.pop(0))
        for k in range(1, CHUNKS + 1):
            self._data.ctrl[:] = start + (self._setpoint - start) * (k / CHUNKS)
            self._friction.apply(places(self._data.qpos), self._model.geom_friction)
            mujoco.mj_step(self._model, self._data, nstep=SUBSTEPS // CHUNKS)
        mujoco.mj_kinematics(self._model, self._data)
        self._steps += 1
        return self._observe(), 0.0, False, self._steps >= self.max_steps, {}

    def _observe(self) -> Observation:
        picture = self._renderer.render(self._data, self.np_random)
        return {"frame": halve(picture.colour), "pusher": self._data.qpos[:3].copy()}

    def render(self) -> NDArray[np.uint8]:
        """Return the current frame."""
        return halve(self._renderer.render(self._data).colour)

    def true_layout(self) -> Layout:
        """Return where the objects really are; those off the table are absent. For scorers."""
        at = places(self._data.qpos)
        gone = off_table(at)
        return {
            name: (float(p[0]), float(p[1]))
            for name, p, off in zip(self._scene.names, at, gone, strict=True)
            if not off
        }

    def true_names(self) -> list[str]:
        """Return every object that was laid out. For scorers."""
        return list(self._scene.names)


if "mindseye/Tabletop-v0" not in gymnasium.registry:
    gymnasium.register(id="mindseye/Tabletop-v0", entry_point=f"{__name__}:Tabletop")
