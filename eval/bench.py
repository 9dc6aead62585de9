"""Benchmarks: how fast the parts are, against the bare libraries, in one run."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import Renderer
from mindseye.tools.physics.rollouts import BatchSimulation
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import SUBSTEPS, Scene, build, initial_state
from mindseye.tools.values import Push

SIMULATIONS = 16
ROUNDS = 5
TASK = "push the red cube next to the blue ball"
OBJECTS = ("red cube", "blue ball", "green cylinder", "yellow star")


def _scene() -> Scene:
    return random_scene(np.random.default_rng(0), count=(5, 5), patches=0.0)


def _pushes(scene: Scene) -> list[Push]:
    rng = np.random.default_rng(1)
    names = scene.names
    return [
        Push(
            subject=names[k % len(names)],
            target=(float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.25, 0.25))),
        )
        for k in range(SIMULATIONS)
    ]


def ours() -> tuple[float, float]:
    """Return (steps, seconds) of pushing through the physics tool."""
    scene = _scene()
    simulation = BatchSimulation(scene, _pushes(scene))
    started = time.perf_counter()
    trace = simulation.run(12.0)
    return float(trace.ended.sum()) * SUBSTEPS, time.perf_counter() - started


def bare() -> tuple[float, float]:
    """Return (steps, seconds) of the same pushes, their controls replayed in `mujoco.batch`."""
    scene = _scene()
    simulation = BatchSimulation(scene, _pushes(scene))
    batch = simulation.batch
    recorded: list[tuple[np.ndarray, np.ndarray]] = []
    step = batch.step

    def spy(ids: np.ndarray, nstep: int) -> None:
        recorded.append((batch.ctrl.copy(), ids))
        step(ids=ids, nstep=nstep)

    object.__setattr__(batch, "step", spy)
    simulation.run(12.0)
    model = simulation.model
    again = mujoco.batch.Batch(model, nsim=SIMULATIONS)
    again.qpos[:] = initial_state(scene, model)
    per = SUBSTEPS // 4
    started = time.perf_counter()
    for control, ids in recorded:
        again.ctrl[:] = control
        again.step(ids=ids, nstep=per)
    seconds = time.perf_counter() - started
    return float(sum(len(ids) for _, ids in recorded)) * per, seconds


def _rate(measure: Callable[[], tuple[float, float]]) -> float:
    """Return the median rate over a few rounds, a second."""
    measure()
    rates = [amount / seconds for amount, seconds in (measure() for _ in range(ROUNDS))]
    return statistics.median(rates)


def ray_frames(size: int) -> tuple[float, float]:
    """Return (frames, seconds) of the ray-cast renderer."""
    scene = _scene()
    model = build(scene)
    data = mujoco.MjData(model)
    data.qpos[:] = initial_state(scene, model)
    mujoco.mj_forward(model, data)
    renderer = Renderer(scene, model, size)
    started = time.perf_counter()
    for _ in range(50):
        renderer.render(data)
    return 50.0, time.perf_counter() - started


_EGL = """
import sys, time, mujoco, numpy as np
from mindseye.tools.physics.scene import build, initial_state
from mindseye.eval.bench import _scene
scene = _scene(); model = build(scene); data = mujoco.MjData(model)
data.qpos[:] = initial_state(scene, model); mujoco.mj_forward(model, data)
renderer = mujoco.Renderer(model, SIZE, SIZE)
for _ in range(3): renderer.update_scene(data); renderer.render()
t = time.perf_counter()
for _ in range(20): renderer.update_scene(data); renderer.render()
sys.stdout.write(str(20 / (time.perf_counter() - t)))
"""


def egl_frames(size: int) -> float | None:
    """Return frames a second of `mujoco.Renderer` over EGL, or None where there is no EGL."""
    environment = os.environ | {"MUJOCO_GL": "egl"}
    code = _EGL.replace("SIZE", str(size))
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    return float(done.stdout) if done.returncode == 0 and done.stdout else None


def _seconds_of(arguments: list[str]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def decision_seconds() -> dict[str, float]:
    """Return median seconds per decision, whole and by stage, over a few runs with both tools."""
    from mindseye.planner.agent import Agent
    from mindseye.planner.decide import Decider
    from mindseye.planner.record import NullRecorder
    from mindseye.tools.world import make_world

    agent = Agent.from_config()
    rows: list[dict[str, float]] = []
    for seed in range(ROUNDS + 1):
        with make_world(objects=OBJECTS, seed=seed) as world:
            observation, _ = world.reset()
        context = agent._context(NullRecorder())
        scene = agent.eye.vision.look([observation["frame"]])[0]
        context.expected = scene.names
        context.goal = agent._understand(TASK, scene.names, context)
        started = time.perf_counter()
        Decider(context, 0, scene, observation["frame"]).decide()
        rows.append({**context.cost, "whole": time.perf_counter() - started})
    # The first decision pays for what is made on first use.
    return {k: statistics.median(r.get(k, 0.0) for r in rows[1:]) for k in rows[0]}


def question_seconds() -> tuple[float, float]:
    """Return median seconds of a question with the embedded model, and of what is simulated."""
    from mindseye.eval.minds_eye.items import read_items, spread
    from mindseye.planner.ask.asker import Asker
    from mindseye.planner.language.models import QUESTIONS, load_language

    asker = Asker(load_language(QUESTIONS), draw=False)
    rows = []
    for item in spread(read_items(), 3 * ROUNDS + 1):
        started = time.perf_counter()
        answer = asker.ask(item.question, item.offered, table=False)
        rows.append((time.perf_counter() - started, answer.simulation_seconds))
    # The first question pays for what is made on first use.
    return statistics.median(r[0] for r in rows[1:]), statistics.median(r[1] for r in rows[1:])


def run_bench() -> dict[str, Any]:
    """Return what `mindseye bench --json` prints."""
    ours_rate, bare_rate = _rate(ours), _rate(bare)
    ratios = {"simulator / mujoco.batch": ours_rate / bare_rate}
    absolute: dict[str, tuple[float, str]] = {
        "simulator": (ours_rate, "steps/s"),
        "mujoco.batch": (bare_rate, "steps/s"),
    }
    for size in (64, 128):
        rays, egl = _rate(lambda size=size: ray_frames(size)), egl_frames(size)  # type: ignore[misc]
        absolute[f"ray-cast renderer, {size} px"] = (rays, "frames/s")
        if egl is not None:
            absolute[f"mujoco.Renderer over EGL, {size} px"] = (egl, "frames/s")
            ratios[f"renderer / mujoco.Renderer, {size} px"] = rays / egl
    for stage, seconds in decision_seconds().items():
        absolute[f"decision: {stage}"] = (seconds, "s")
    whole, simulated = question_seconds()
    absolute["question"] = (whole, "s")
    absolute["question: simulation"] = (1000 * simulated, "ms")
    absolute["import mindseye"] = (_seconds_of(["-c", "import mindseye"]), "s")
    absolute["mindseye --help"] = (_seconds_of(["-m", "mindseye.planner.cli", "--help"]), "s")
    return {
        "ratios": ratios,
        "absolute": {k: {"value": v, "unit": u} for k, (v, u) in absolute.items()},
    }
