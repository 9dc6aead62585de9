"""Physics: camera geometry, the renderer's labels, pushes that obey, batches that repeat."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.engine import MujocoPhysics
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import simulate_scene
from mindseye.tools.physics.sampling import scatter
from mindseye.tools.physics.scene import Body, Dynamics, Scene, build, class_of, initial_state, twin
from mindseye.tools.physics.ways import detour
from mindseye.tools.values import Carried, Patch, Push, SceneGraph, SceneObject, scene_of

CUBE = Body(colour="red", shape="cube", position=(-0.1, 0.0))
BALL = Body(colour="blue", shape="ball", position=(0.1, 0.1))
STAR = Body(colour="yellow", shape="star", position=(0.1, -0.15), yaw=0.4)


@given(st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0.0, 0.1), st.sampled_from([64, 128]))
def test_unproject_undoes_project(x: float, y: float, z: float, size: int) -> None:
    camera = Camera.nominal()
    pixel = camera.project([[x, y, z]], size)
    assert camera.unproject(pixel, size, z)[0] == pytest.approx([x, y], abs=1e-9)
    assert (pixel > 0).all()
    assert (pixel < size).all()


def test_the_whole_table_is_in_view_and_objects_are_where_they_project() -> None:
    scene = Scene(bodies=(CUBE, BALL, STAR))
    model = build(scene)
    data = mujoco.MjData(model)
    data.qpos[:] = initial_state(scene, model)
    mujoco.mj_forward(model, data)
    picture = Renderer(scene, model, 128).render(data)
    for body in scene.bodies:
        rows, columns = np.nonzero(picture.labels == class_of(body.name))
        assert len(rows) > 30
        expected = Camera.nominal().project([[*body.position, 0.025]], 128)[0]
        assert [columns.mean() + 0.5, rows.mean() + 0.5] == pytest.approx(expected, abs=1.5)
    assert picture.depth[picture.labels == 1].min() > 0.7


def test_halving_averages_four_pixels() -> None:
    frames = np.zeros((1, 2, 2, 3), dtype=np.uint8)
    frames[0, 0, 0] = 200
    assert (halve(frames) == 50).all()


@pytest.mark.parametrize(
    ("body", "within"), [(CUBE, 0.02), (STAR, 0.03), (BALL, 0.06)], ids=["cube", "star", "ball"]
)
def test_a_slow_push_brings_each_shape_to_the_place(body: Body, within: float) -> None:
    scene = Scene(bodies=(body,))
    push = Push(subject=body.name, target=(0.0, 0.12), speed=0.08)
    rollout = simulate_scene(scene, [push], threads=1)[0]
    assert rollout.layout[body.name] == pytest.approx(push.target, abs=within)
    assert not rollout.fallen


@pytest.mark.parametrize("shape", ["cube", "cylinder", "star", "ball"])
def test_a_push_keeps_to_its_line_though_looks_err(shape: str) -> None:
    scene = Scene(bodies=(Body(colour="red", shape=shape, position=(-0.15, -0.1), yaw=0.6),))
    push = Push(subject=f"red {shape}", target=(0.15, 0.1), speed=0.08)
    (rollout,) = simulate_scene(scene, [push], looks=0.003)
    along = np.array([0.3, 0.2]) / np.hypot(0.3, 0.2)
    off = (rollout.positions[:, 0, :2] - [-0.15, -0.1]) @ np.array([-along[1], along[0]])
    assert np.abs(off).max() < 0.04
    assert np.hypot(*(rollout.positions[-1, 0, :2] - [0.15, 0.1])) < 0.035
    # Other looks, another way; the same looks, the same way, whatever else is in the batch.
    other = replace(push, target=(-0.2, 0.2))
    again = simulate_scene(scene, [other, push], looks=0.003)[1]
    assert np.array_equal(again.positions, rollout.positions)
    assert not np.array_equal(simulate_scene(scene, [push])[0].positions, rollout.positions)


def test_a_batch_gives_each_push_what_it_gets_alone() -> None:
    scene = Scene(bodies=(CUBE, BALL, STAR))
    pushes = [Push(subject="red cube", target=(0.0, 0.1 * k)) for k in range(4)]
    together = simulate_scene(scene, pushes, threads=2)
    alone = [simulate_scene(scene, [p], threads=1)[0] for p in pushes]
    for a, b in zip(together, alone, strict=True):
        assert np.array_equal(a.positions, b.positions)


def test_scenes_of_a_wave_are_simulated_together_as_each_would_be_alone() -> None:
    def table(x: float, *names: str) -> SceneGraph:
        places = {"red cube": (x, 0.0), "blue ball": (0.15, x), "yellow star": (-0.2, 0.2)}
        return scene_of({n: places[n] for n in names}, pusher=(0.0, -0.3 + x))

    # One of the four has lost an object, so it needs a model of its own.
    whole = ("red cube", "blue ball", "yellow star")
    scenes = [table(0.0, *whole), table(-0.1, *whole[:2]), table(0.1, *whole), table(0.0, *whole)]
    pushes = [Push(subject="red cube", target=(0.0, 0.1 + 0.02 * k)) for k in range(4)]
    engine = MujocoPhysics(threads=1)
    together = engine.simulate_each(scenes, pushes)
    alone = [engine.simulate(s, [p])[0] for s, p in zip(scenes, pushes, strict=True)]
    for a, b in zip(together, alone, strict=True):
        assert a.names == b.names
        assert np.array_equal(a.positions, b.positions)


def test_what_is_pushed_over_the_rim_falls_and_is_gone_from_the_layout() -> None:
    scene = Scene(bodies=(CUBE, BALL))
    rollout = simulate_scene(scene, [Push(subject="red cube", target=(-0.4, 0.0))], threads=1)[0]
    assert rollout.fallen == ("red cube",)
    assert set(rollout.layout) == {"blue ball"}


def test_a_push_into_something_is_recorded_as_a_collision() -> None:
    blocker = Body(colour="green", shape="cube", position=(0.0, 0.0))
    scene = Scene(bodies=(CUBE, blocker))
    rollout = simulate_scene(scene, [Push(subject="red cube", target=(0.1, 0.0))], threads=1)[0]
    assert ("collided", "green cube") in {(e.kind, e.other) for e in rollout.events}


def test_ice_carries_further_and_a_slow_push_less_far() -> None:
    ice = Patch(kind="ice", position=(0.05, 0.0), radius=0.11)
    ends = {}
    for name, patches, speed in (("dry", (), 0.2), ("ice", (ice,), 0.2), ("slow", (ice,), 0.08)):
        scene = Scene(bodies=(CUBE,), patches=patches)
        push = Push(subject="red cube", target=(0.0, 0.0), speed=speed)
        ends[name] = simulate_scene(scene, [push], threads=1)[0].layout["red cube"][0]
    assert ends["ice"] > ends["dry"] + 0.03
    assert ends["slow"] < ends["ice"] - 0.02


def test_the_engine_believes_what_it_is_told_of_the_dynamics() -> None:
    graph = SceneGraph(objects=(SceneObject(referent="blue_ball_1", colour="blue", shape="ball",
                                            position=(0.0, 0.0)),))  # fmt: skip
    push = Push(subject="blue ball", target=(0.0, 0.05))
    rough = MujocoPhysics(threads=1, dynamics=Dynamics(rolling=0.01)).simulate(graph, [push])
    smooth = MujocoPhysics(threads=1, dynamics={"rolling": 0.0003}).simulate(graph, [push])
    assert smooth[0].positions[-1, 0, 1] > rough[0].positions[-1, 0, 1] + 0.02


def test_a_clip_starts_now_and_ends_where_the_rollout_ends() -> None:
    graph = SceneGraph(objects=(SceneObject(referent="red_cube_1", colour="red", shape="cube",
                                            position=(-0.1, 0.0)),))  # fmt: skip
    push = Push(subject="red cube", target=(0.1, 0.0))
    rollout = MujocoPhysics(threads=1).simulate(graph, [push], render=True)[0]
    assert rollout.clip is not None
    assert rollout.clip.frames.shape == (8, 64, 64, 3)
    red = (rollout.clip.frames[..., 0] > 150) & (rollout.clip.frames[..., 1] < 100)
    columns = [np.nonzero(r)[1].mean() for r in (red[0], red[-1])]
    expected = [Camera.nominal().project([[x, 0.0, 0.02]], 64)[0, 0] for x in (-0.1, 0.1)]
    assert columns == pytest.approx(expected, abs=1.5)


def test_a_ball_believed_to_overlap_a_cube_stays_where_it_is() -> None:
    bodies = (
        Body(colour="red", shape="cube", position=(0.055, -0.075)),
        Body(colour="red", shape="ball", position=(0.019, -0.109)),
        Body(colour="blue", shape="star", position=(-0.2, 0.2)),
    )
    scene = Scene(bodies=bodies, pusher=(-0.11, 0.27))
    away = Push(subject="blue star", target=(-0.2, 0.1))
    track = simulate_scene(scene, [away])[0].positions
    assert np.linalg.norm(track[-1, 1, :2] - bodies[1].position) < 0.02
    assert np.linalg.norm(track[-1, 0, :2] - bodies[0].position) < 0.02
    assert np.linalg.norm(track[-1, 1, :2] - track[-1, 0, :2]) > 0.045


def test_a_pusher_that_comes_down_on_something_gives_up_soon() -> None:
    wall = Body(colour="blue", shape="cube", position=(0.0, -0.068))
    scene = Scene(bodies=(Body(colour="red", shape="cube", position=(0.0, 0.0)), wall))
    rollout = simulate_scene(scene, [Push(subject="red cube", target=(0.0, 0.15))], horizon=12.0)[0]
    assert len(rollout.positions) * rollout.dt < 6.0
    assert rollout.layout["red cube"][1] < 0.05


def test_an_unknown_subject_is_told_to_the_model() -> None:
    with pytest.raises(ToolError, match="green elephant"):
        MujocoPhysics().simulate(SceneGraph(objects=()), [Push(subject="green elephant",
                                                               target=(0.0, 0.0))])  # fmt: skip


def test_the_twin_leaves_out_what_lies_beside_the_table() -> None:
    fallen = SceneObject(referent="red_cube_1", colour="red", shape="cube", position=(0.35, 0.0))
    assert twin(SceneGraph(objects=(fallen,))).bodies == ()


@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_a_detour_goes_round_what_is_in_the_way(x: float, y: float) -> None:
    start, target = (-0.25, y), (0.25, y)
    via = detour(start, target, [(x, y)])
    assert len(via) == 1
    assert abs(via[0][1] - y) > 0.05
    assert detour(start, target, [(x, y + 0.15)]) == ()


@given(st.integers(0, 10_000))
def test_a_detour_keeps_clear_of_everything(seed: int) -> None:
    start, target, *others = scatter(np.random.default_rng(seed), 5, gap=0.08)
    via = detour(start, target, others)
    legs = list(itertools.pairwise([start, *via, target]))
    for (a, b), other in itertools.product(legs if via else [], np.array(others)):
        shares = np.linspace(0, 1, 50)[:, None]
        way = np.array(a) + shares * (np.array(b) - a)
        assert np.linalg.norm(way - other, axis=1).min() > 0.065


SLIPPERY = 0.06


def _fast(subject: str, *bodies: Body) -> Carried:
    """Return what is seen of a fast push in a world more slippery than is believed."""
    scene = Scene(bodies=bodies, dynamics=Dynamics(friction=SLIPPERY))
    push = Push(subject=subject, target=(0.05, 0.05), speed=0.35)
    (rollout,) = simulate_scene(scene, [push])
    graph = scene_of({b.name: b.position for b in bodies}, pusher=scene.pusher)
    return Carried(scene=graph, push=push, seen=rollout.layout)


def test_pushes_that_went_too_far_teach_how_slippery_it_is() -> None:
    engine = MujocoPhysics()
    one = Body(colour="red", shape="cylinder", position=(-0.2, -0.1))
    other = Body(colour="blue", shape="cylinder", position=(0.2, -0.2))
    done = [_fast("red cylinder", one, other), _fast("blue cylinder", one, other)]

    learned = engine.learned(done)
    assert learned.believes()["friction"] < 0.2
    assert learned.believes()["mass_scale"] == 1.0
    # The engine of other runs stays as it was, and what ends as pictured changes nothing.
    assert engine.believes()["friction"] == Dynamics().friction
    (as_pictured,) = engine.simulate(done[0].scene, [done[0].push])
    calm = engine.learned([replace(done[0], seen=as_pictured.layout)])
    assert calm.believes() == engine.believes()
    assert MujocoPhysics(learns=False).learned(done).believes() == engine.believes()


def test_frictions_that_differ_in_a_batch_are_what_each_has_alone() -> None:
    bodies = (
        Body(colour="red", shape="ball", position=(-0.2, 0.0)),
        Body(colour="blue", shape="cube", position=(0.1, 0.1)),
    )
    ice = Patch(kind="ice", position=(0.0, 0.0), radius=0.08)
    scenes = [
        Scene(bodies=bodies, patches=(ice,), dynamics=Dynamics(friction=f, rolling=r, ice=i))
        for f, r, i in ((0.45, 0.0006, 0.03), (0.1, 0.003, 0.2))
    ]
    push = Push(subject="red ball", target=(0.15, 0.05))
    together = simulate_scene(scenes[0], [push, push], starts=scenes)
    for scene, rollout in zip(scenes, together, strict=True):
        (alone,) = simulate_scene(scene, [push])
        assert np.array_equal(alone.positions, rollout.positions)
    assert not np.array_equal(together[0].positions[-1], together[1].positions[-1])
