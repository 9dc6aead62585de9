"""The `PhysicsEngine` back-end: simulates every candidate of what was seen in one batch."""

import copy
from collections.abc import Sequence
from dataclasses import asdict, replace

from mindseye.tools.physics.belief import Belief
from mindseye.tools.physics.rollouts import simulate_scene
from mindseye.tools.physics.scene import Dynamics, Scene, twin
from mindseye.tools.values import Carried, Push, Rollout, SceneGraph


class MujocoPhysics:
    """A MuJoCo twin of what was seen, moving as is believed."""

    def __init__(
        self,
        threads: int = 0,
        size: int = 64,
        dynamics: Dynamics | dict[str, float] | None = None,
        learns: bool = True,
        looks: float = 0.004,
    ) -> None:
        """Set up the engine.

        Args:
          threads: worker threads of a batch; 0 takes all cores.
          size: side of rendered clips, pixels.
          dynamics: what is believed of friction, masses and force at first.
          learns: whether pushes that ended elsewhere than pictured change what is believed.
          looks: standard deviation of the places that a push is steered by, metres: what only
            succeeds where every look is exact is not foretold to succeed.
        """
        self.threads, self.size, self.learns, self.looks = threads, size, learns, looks
        self.dynamics = Dynamics(**dynamics) if isinstance(dynamics, dict) else dynamics
        self.belief = Belief.around(self.dynamics or Dynamics())

    def believes(self) -> dict[str, float]:
        """Return what is believed of friction, masses and force."""
        return asdict(self.dynamics or Dynamics())

    def learned(self, done: Sequence[Carried]) -> "MujocoPhysics":
        """Return the engine with the belief that explains pushes best; see `Belief`."""
        if not self.learns:
            return self
        engine = copy.copy(self)
        engine.belief = self.belief.updated(done, self.threads, self.looks)
        engine.dynamics = engine.belief.likelier(self.dynamics or Dynamics())
        return engine

    def simulate(
        self,
        scene: SceneGraph,
        interventions: Sequence[Push],
        horizon: float = 12.0,
        render: bool = False,
    ) -> list[Rollout]:
        """Simulate every push from the same scene; see `PhysicsEngine.simulate`.

        Raises:
          ToolError: a push names an object that is not in the scene.
        """
        return self.simulate_each([scene] * len(interventions), interventions, horizon, render)

    def simulate_each(
        self,
        scenes: Sequence[SceneGraph],
        interventions: Sequence[Push],
        horizon: float = 12.0,
        render: bool = False,
    ) -> list[Rollout]:
        """Simulate every push from its own scene; see `ManyScenes.simulate_each`.

        Scenes of the same things on the same table are one batch.
        """
        believed = [self._believed(s) for s in scenes]
        batches: dict[Scene, list[int]] = {}
        for i, scene in enumerate(believed):
            batches.setdefault(_stripped(scene), []).append(i)
        found: dict[int, Rollout] = {}
        for rows in batches.values():
            rollouts = simulate_scene(
                believed[rows[0]], [interventions[i] for i in rows], horizon,
                size=self.size if render else 0, threads=self.threads,
                starts=[believed[i] for i in rows], looks=self.looks,
            )  # fmt: skip
            found |= dict(zip(rows, rollouts, strict=True))
        return [found[i] for i in range(len(scenes))]

    def _believed(self, graph: SceneGraph) -> Scene:
        scene = twin(graph)
        return scene if self.dynamics is None else replace(scene, dynamics=self.dynamics)


def _stripped(scene: Scene) -> Scene:
    """Return the scene without what may differ between simulations of one model."""
    bodies = tuple(replace(b, position=(0.0, 0.0)) for b in scene.bodies)
    return replace(scene, bodies=bodies, pusher=(0.0, 0.0))
