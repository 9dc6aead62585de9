"""The world itself as dynamics: what a search could reach if its simulator were right.

Only an evaluation can make one, since it takes the scorer's view of the true state;
it stands where the planner's physics engine would, and the planner cannot tell.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mindseye.tools.physics.engine import MujocoPhysics
from mindseye.tools.physics.scene import Dynamics
from mindseye.tools.values import Point, Push, Rollout, SceneGraph

SEEN = 0.03
"""A scene whose places are all this near to the true ones is what is there now, metres."""


class OraclePhysics:
    """A `PhysicsEngine` that starts where things really are and moves them as they really move.

    Masses of single objects and headings are as unknown to it as to anyone.
    """

    def __init__(
        self,
        truth: Callable[[], tuple[Mapping[str, Point], Sequence[str]]],
        dynamics: Mapping[str, float] | None = None,
        **options: Any,
    ) -> None:
        """Set up.

        Args:
          truth: the scorer's view: name -> place (metres) of what is on the table, and all names.
          dynamics: fields of `Dynamics` in which the world differs from what is believed.
          **options: of `MujocoPhysics`.
        """
        self.truth = truth
        self.engine = MujocoPhysics(dynamics=Dynamics(**(dynamics or {})), **options)

    def simulate(
        self, scene: SceneGraph, interventions: Sequence[Push], horizon: float = 12.0,
        render: bool = False,
    ) -> list[Rollout]:  # fmt: skip
        """Simulate every push from the same scene; see `PhysicsEngine.simulate`."""
        return self.simulate_each([scene] * len(interventions), interventions, horizon, render)

    def simulate_each(
        self, scenes: Sequence[SceneGraph], interventions: Sequence[Push], horizon: float = 12.0,
        render: bool = False,
    ) -> list[Rollout]:  # fmt: skip
        """Simulate every push from its own scene; see `ManyScenes.simulate_each`."""
        layout, _ = self.truth()
        known = {scene: corrected(scene, layout) for scene in scenes}
        return self.engine.simulate_each([known[s] for s in scenes], interventions, horizon, render)


def corrected(scene: SceneGraph, layout: Mapping[str, Point]) -> SceneGraph:
    """Return the scene with the true places, if it is what is there now; else as it is."""
    for item in scene.objects:
        place = layout.get(item.name)
        if place is None or math.dist(place, item.position) > SEEN:
            return scene
    objects = tuple(replace(o, position=layout[o.name]) for o in scene.objects)
    return replace(scene, objects=objects)
