"""The simulator against bare `mujoco.batch` and `mujoco.rollout`, the renderer against MuJoCo's.

The peers replay what the controllers of our batch sent, from the same states: they simulate the
same pushes to the last bit and pay for nothing else.
"""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mindseye.eval.bench.measure import Asked, Figure, Timed, figure, interleaved, leave_out, ratio
from mindseye.eval.bench.peer import PeerProcess
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import Renderer
from mindseye.tools.physics.rollouts import CHUNKS, BatchSimulation, Trace, between
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import SUBSTEPS, Scene, build, initial_state
from mindseye.tools.values import Push

Array = NDArray[np.float64]

SIMULATIONS = 16
HORIZON = 12.0
"""Seconds after which a push is cut."""
FRAMES = 50
SIZES = (64, 128)
"""Pixels."""
OURS, BATCH, ROLLOUT = "simulator", "mujoco.batch", "mujoco.rollout"
RAYS, EGL = "renderer", "mujoco.Renderer"


def table() -> Scene:
    """Return a scene of five objects."""
    return random_scene(np.random.default_rng(0), count=(5, 5), patches=0.0)


def laid(scene: Scene) -> tuple[Any, Any]:
    """Return the model of a scene, and its state as the scene has it, ready to be drawn."""
    model = build(scene)
    data = mujoco.MjData(model)
    data.qpos[:] = initial_state(scene, model)
    mujoco.mj_forward(model, data)
    return model, data


def pushes(scene: Scene, n: int) -> list[Push]:
    """Return `n` pushes of its objects in turn, each to a place by lot."""
    rng = np.random.default_rng(1)
    return [
        Push(
            subject=scene.names[k % len(scene.names)],
            target=(float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.25, 0.25))),
        )
        for k in range(n)
    ]


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """A batch of pushes that was simulated, for peers to simulate again."""

    model: Any
    trace: Trace
    threads: int

    @classmethod
    def of(cls, simulation: BatchSimulation) -> Self:
        """Simulate a batch."""
        trace = simulation.run(HORIZON)
        return cls(model=simulation.model, trace=trace, threads=simulation.batch.nthread)

    @property
    def start(self) -> Array:
        """`[n, nq]` states."""
        start: Array = self.trace.qpos[0]
        return start

    def controls(self) -> Iterator[tuple[Array, NDArray[np.int32]]]:
        """Yield what was sent for each chunk of steps, `[n, 3]` metres, and who still moved."""
        sent = self.trace.sent
        assert sent is not None
        for tick in range(1, len(sent)):
            ids = np.flatnonzero(self.trace.ended >= tick).astype(np.int32)
            for control in between(sent[tick - 1], sent[tick]):
                yield control, ids


def ours(scene: Scene, wanted: Sequence[Push]) -> tuple[float, float]:
    """Return (steps, seconds) of pushing through the physics tool."""
    simulation = BatchSimulation(scene, wanted)
    started = time.perf_counter()
    trace = simulation.run(HORIZON)
    return float(trace.ended.sum()) * SUBSTEPS, time.perf_counter() - started


def by_batch(replay: Replay) -> tuple[Array, float, float]:
    """Return where all ends `[n, nq]`, steps and seconds of the same in `mujoco.batch`."""
    batch = mujoco.batch.Batch(replay.model, nsim=len(replay.start), nthread=replay.threads)
    batch.qpos[:] = replay.start
    per, recorded = SUBSTEPS // CHUNKS, list(replay.controls())
    started = time.perf_counter()
    for control, ids in recorded:
        batch.ctrl[:] = control
        batch.step(ids=ids, nstep=per)
    seconds = time.perf_counter() - started
    return batch.qpos.copy(), float(sum(len(ids) for _, ids in recorded)) * per, seconds


def by_rollout(replay: Replay) -> tuple[Array, float, float]:
    """Return states `[n, T, 1 + nq + nv]`, steps and seconds of the same in `mujoco.rollout`.

    It has all simulations go on as long as the longest, and those steps count too.
    """
    from mujoco import rollout

    model, n = replay.model, len(replay.start)
    kind, data = mujoco.mjtState.mjSTATE_FULLPHYSICS, mujoco.MjData(replay.model)
    states: Array = np.empty((n, mujoco.mj_stateSize(model, kind)))
    for state, qpos in zip(states, replay.start, strict=True):
        data.qpos[:] = qpos
        mujoco.mj_getState(model, data, state, kind)
    sent = np.stack([control for control, _ in replay.controls()], axis=1)
    controls = np.repeat(sent, SUBSTEPS // CHUNKS, axis=1)
    workers = [mujoco.MjData(model) for _ in range(replay.threads)]
    with rollout.Rollout(nthread=replay.threads) as pool:
        started = time.perf_counter()
        went, _ = pool.rollout(model, workers, states, controls)
        seconds = time.perf_counter() - started
    return went, float(n * controls.shape[1]), seconds


def ray_frames(size: int) -> tuple[float, float]:
    """Return (frames, seconds) of the ray-cast renderer."""
    scene = table()
    model, data = laid(scene)
    renderer = Renderer(scene, model, size)
    started = time.perf_counter()
    for _ in range(FRAMES):
        renderer.render(data)
    return float(FRAMES), time.perf_counter() - started


def simulators(asked: Asked, n: int = SIMULATIONS) -> list[Figure]:
    """Return steps a second of ours and the peers."""
    scene = table()
    wanted = pushes(scene, n)
    replay = Replay.of(BatchSimulation(scene, wanted))
    contenders: dict[str, Timed] = {
        OURS: partial(ours, scene, wanted),
        BATCH: lambda: by_batch(replay)[1:],
        ROLLOUT: lambda: by_rollout(replay)[1:],
    }
    rates = interleaved(contenders, asked.rounds)
    found = [ratio(OURS, peer, rates) for peer in (BATCH, ROLLOUT)]
    return found + [figure(name, "steps/s", rates[name]) for name in contenders]


def renderers(asked: Asked, size: int) -> list[Figure]:
    """Return frames a second of ours, and of MuJoCo's where there is EGL."""
    environment = os.environ | {"MUJOCO_GL": "egl"}
    arguments = (str(size), str(FRAMES))
    with PeerProcess("mujoco_renderer", *arguments, environment=environment, quiet=True) as theirs:
        contenders: dict[str, Timed] = {RAYS: partial(ray_frames, size)}
        if theirs.ready:
            contenders[EGL] = lambda: (float(FRAMES), float(theirs.ask("draw")))
        else:
            leave_out(f"{EGL}, {size} px", "it needs EGL, such as Mesa's libegl1")
        rates = interleaved(contenders, asked.rounds)
    found = [ratio(RAYS, EGL, rates, f"{size} px")] if theirs.ready else []
    names = {RAYS: "ray-cast renderer", EGL: f"{EGL} over EGL"}
    return found + [figure(f"{names[n]}, {size} px", "frames/s", rates[n]) for n in contenders]


def figures(asked: Asked) -> list[Figure]:
    """Return all of this part."""
    found = simulators(asked)
    for size in SIZES:
        found += renderers(asked, size)
    return found
