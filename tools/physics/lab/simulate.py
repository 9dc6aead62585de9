"""Runs experiments in MuJoCo, all of them in one batch, and returns their tracks in SI units."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.lab.contact import STEPS
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.lanes import SLACK, Lanes, Units, build

Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """The motion of one body, `T` rows."""

    time: Array
    """`[T]` seconds."""
    position: Array
    """`[T, 2]` metres: along the lane in the direction of its start, and up from it."""
    velocity: Array
    """`[T, 2]` metres a second."""
    contact: Array
    """`[T]` newtons along the lane that contacts exert."""
    scale: float
    """Metres that it was expected to go; far less counts as nothing."""


def simulate(
    experiments: Sequence[Experiment], threads: int = 1, stretch: float = 1.0
) -> list[tuple[Track, ...]]:
    """Return a track for each body of each experiment.

    Args:
      experiments: of one scene, with the same number of bodies.
      threads: worker threads; 0 takes all cores.
      stretch: how much longer to watch than it should take.

    Raises:
      ToolError: the amounts lie too far apart for numbers of 64 bits.
    """
    lanes = [build(e, stretch) for e in experiments]
    # What differs in nothing but its units is simulated once.
    first = {lane.numbers: lane for lane in reversed(lanes)}
    place = {numbers: i for i, numbers in enumerate(first)}
    qpos, qvel, force = _run(tuple(first.values()), threads)
    found = []
    for experiment, lane in zip(experiments, lanes, strict=True):
        i = place[lane.numbers]
        found.append(_tracks(experiment, lane.units, qpos[i], qvel[i], force[i]))
    return found


def _run(lanes: Sequence[Lanes], threads: int) -> tuple[Array, Array, Array]:
    """Return `[n, T, 2 bodies]` states and contact forces, the start in row 0."""
    batch = mujoco.batch.Batch(lanes[0].model, nsim=len(lanes), nthread=threads)
    batch.set_models([lane.model for lane in lanes])
    batch.qpos[:] = [lane.qpos for lane in lanes]
    batch.qvel[:] = [lane.qvel for lane in lanes]
    batch.qfrc_applied[:] = [lane.push for lane in lanes]
    start = batch.qpos.copy(), batch.qvel.copy()
    rows = batch.rollout(round(STEPS * SLACK), record=("qpos", "qvel", "qfrc_constraint"))
    if batch.warning[..., 1].any():
        raise ToolError("the simulation is unstable: the amounts lie too far apart")
    # Recorded forces are those of the step that led to the row.
    force = np.concatenate([rows["qfrc_constraint"][:, :1], rows["qfrc_constraint"]], axis=1)
    return (
        np.concatenate([start[0][:, None], rows["qpos"]], axis=1),
        np.concatenate([start[1][:, None], rows["qvel"]], axis=1),
        force,
    )


def _tracks(
    experiment: Experiment, units: Sequence[Units], qpos: Array, qvel: Array, force: Array
) -> tuple[Track, ...]:
    tracks = []
    for i, unit in enumerate(units):
        pair = slice(2 * i, 2 * i + 2)
        flip = np.array([-1.0 if _backwards(experiment, i) else 1.0, 1.0])
        tracks.append(
            Track(
                time=np.arange(len(qpos), dtype=np.float64) * (unit.time / STEPS),
                position=qpos[:, pair] * flip * unit.length,
                velocity=qvel[:, pair] * flip * unit.speed,
                contact=force[:, 2 * i] * flip[0] * unit.force,
                scale=unit.length,
            )
        )
    return tuple(tracks)


def _backwards(experiment: Experiment, i: int) -> bool:
    return experiment.scene == "slope" and experiment.bodies[i].direction == "up"
