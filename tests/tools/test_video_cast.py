"""Finding the things of a frame and moving their pixels; what the network is told of them."""

import dataclasses
import functools
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mindseye.tools.errors import ToolError
from mindseye.tools.gl import mujoco
from mindseye.tools.physics.render import Renderer, halve
from mindseye.tools.physics.rollouts import BatchSimulation, clip_rows, off_table, places
from mindseye.tools.physics.sampling import random_scene
from mindseye.tools.physics.scene import (
    FLOOR,
    HEIGHT,
    PUSHER_DOWN,
    PUSHER_UP,
    Body,
    Scene,
    build,
    initial_state,
)
from mindseye.tools.physics.skills import STEP
from mindseye.tools.values import Frames, Patch, Point, Push
from mindseye.tools.video.cast import Cast, beside_table, cast_of, draw, placed
from mindseye.tools.video.telling import (
    Asked,
    known_ways,
    mentioned,
    sent_by,
    slots,
    told_of,
)
from mindseye.tools.video.tokens import FRAMES, MAX_OBJECTS, PUSHER, SUB, Told
from mindseye.tools.video.windows import one_hot
from mindseye.tools.vision.model import TabletopVision

LAYOUT: dict[str, Point] = {
    "red cube": (0.1, 0.05), "blue ball": (-0.15, 0.1), "green star": (0.0, -0.15),
}  # fmt: skip
OUT_OF_VIEW = (0.0, -2.0)
"""A place of the pusher that no camera sees."""
Array = NDArray[np.float64]


@functools.cache
def vision() -> TabletopVision:
    """Return the vision model that finds things."""
    return TabletopVision()


def scene_with(
    layout: dict[str, Point], pusher: Point = (0.0, -0.34), patches: tuple[Patch, ...] = ()
) -> Scene:
    """Return a scene of the nominal looks."""
    bodies = tuple(
        Body(colour=n.split()[0], shape=n.split()[1], position=p) for n, p in layout.items()
    )
    return Scene(bodies=bodies, pusher=pusher, patches=patches)


def unseen_pusher(cast: Cast) -> Array:
    """Return the places of a cast whose pusher is nowhere to be seen."""
    at = cast.places.copy()
    at[-1] = np.nan
    return at


def shot(scene: Scene, state: Array | None = None) -> Frames:
    """Return a camera's frame `[128, 128, 3]` of a scene, or of a later state of it."""
    model = build(scene)
    data = mujoco.MjData(model)
    data.qpos[:] = initial_state(scene, model) if state is None else state
    mujoco.mj_kinematics(model, data)
    return halve(Renderer(scene, model, 256).render(data).colour)


def cast_in(frame: Frames, pusher: tuple[float, ...] | None = None) -> Cast:
    """Return the cast of one frame."""
    return cast_of(vision(), [frame], [pusher])[0]


@functools.cache
def nominal() -> Cast:
    """Return the cast of the three objects at their places."""
    return cast_in(shot(scene_with(LAYOUT)))


def moved(cast: Cast, name: str, to: tuple[float, ...]) -> Array:
    """Return the places of a cast with one thing elsewhere, `[2]` or `[3]` metres."""
    at = cast.places.copy()
    at[[*cast.names, "pusher"].index(name), : len(to)] = to
    return at


def test_the_cast_is_what_stands_on_the_table() -> None:
    cast = nominal()
    assert set(cast.names) == set(LAYOUT)
    for name, place in cast.layout.items():
        assert np.linalg.norm(np.subtract(place, LAYOUT[name])) < 0.004
    assert cast.places[:-1, 2].tolist() == [HEIGHT[n.split()[1]] for n in cast.names]
    assert cast.places[-1] == pytest.approx((0.0, -0.34, PUSHER_UP), abs=0.01)
    assert not cast.spare
    known = cast_in(shot(scene_with(LAYOUT)), (0.01, -0.33, PUSHER_DOWN))
    assert known.places[-1].tolist() == [0.01, -0.33, PUSHER_DOWN]


def test_casts_of_several_frames_are_those_of_each() -> None:
    frames = [shot(scene_with(LAYOUT)), halve(shot(scene_with({"yellow star": (0.1, 0.1)})))]
    both = cast_of(vision(), frames, [None, (0.0, 0.0)])
    assert [c.names for c in both] == [nominal().names, ("yellow star",)]
    assert both[1].places[-1].tolist() == [0.0, 0.0, PUSHER_UP]
    np.testing.assert_allclose(both[0].places, nominal().places, atol=1e-5)


def test_an_empty_table_has_nobody_on_it() -> None:
    cast = cast_in(np.full((64, 64, 3), 30, np.uint8))
    assert cast.names == ()
    assert cast.spare
    assert np.isnan(cast.places).all()
    assert (draw(cast, cast.places) == 30).all()


def test_nothing_moved_is_the_frame_itself() -> None:
    frame = shot(scene_with(LAYOUT))
    cast = cast_in(frame)
    assert np.array_equal(draw(cast, cast.places), frame)
    assert np.array_equal(draw(cast, cast.places + 1e-6), frame)


def test_what_does_not_move_keeps_its_own_pixels() -> None:
    frame = shot(scene_with(LAYOUT))
    cast = cast_in(frame)
    after = draw(cast, moved(cast, "blue ball", (-0.1, 0.15)))
    changed = (after != frame).any(axis=-1)
    columns = np.flatnonzero(changed.any(axis=0))
    shown = cast.camera.project([[x, y, 0.02] for x in (-0.15, -0.1) for y in (0.1, 0.15)], 128)
    assert columns.min() > shown[:, 0].min() - 14
    assert columns.max() < shown[:, 0].max() + 14
    assert 0.002 < changed.mean() < 0.05


def test_what_is_behind_a_thing_comes_to_light() -> None:
    bare = shot(scene_with({n: p for n, p in LAYOUT.items() if n != "red cube"}))
    after = draw(nominal(), moved(nominal(), "red cube", (0.1, 5.0)))
    assert np.abs(after.astype(int) - bare).max() < 60
    assert np.abs(after.astype(int) - bare).mean() < 0.3
    (seen,) = vision().look([after])
    assert set(seen.names) == set(LAYOUT) - {"red cube"}


@given(
    name=st.sampled_from(sorted(LAYOUT)),
    x=st.floats(-0.26, 0.26), y=st.floats(-0.22, 0.26),
)  # fmt: skip
@settings(max_examples=25)
def test_a_thing_is_seen_where_it_was_put(name: str, x: float, y: float) -> None:
    others = [p for n, p in LAYOUT.items() if n != name]
    if min(np.linalg.norm(np.subtract((x, y), p)) for p in (*others, (0.0, -0.34))) < 0.09:
        return
    cast = nominal()
    (seen,) = vision().look([draw(cast, moved(cast, name, (x, y)))])
    assert set(seen.names) == set(LAYOUT)
    assert np.linalg.norm(np.subtract(seen.layout[name], (x, y))) < 0.006


def test_nearer_things_hide_those_behind_them() -> None:
    cast = nominal()
    # Seen from the front the star, moved close before the cube, covers its lower part.
    star = cast.names.index("green star")
    red = cast.camera.project([0.1, 0.05, 0.01], 128)[0].astype(int)
    before = draw(cast, cast.places)[red[1], red[0]]
    at = moved(cast, "green star", (0.1, 0.02))
    front = draw(cast, at)[red[1], red[0]]
    assert before[0] > before[1]
    assert front[1] > front[0]
    at[star, 1] = 0.16
    assert np.array_equal(draw(cast, at)[red[1], red[0]], before)


def test_what_falls_is_seen_beside_the_table_only() -> None:
    cast, frame = nominal(), nominal().frame.round().astype(np.uint8)
    index = cast.names.index("blue ball")
    at = cast.places.copy()
    at[index] = [-0.4, 0.1, FLOOR + HEIGHT["ball"]]
    fallen = draw(cast, at)
    (sighting,) = vision().sight([fallen], cast.names)
    assert "blue ball" not in sighting.graph.names
    assert [o.name for o in sighting.off_table] == ["blue ball"]
    # Under the table it is out of sight.
    at[index, :2] = [-0.1, 0.0]
    hidden = draw(cast, at)
    (seen,) = vision().look([hidden])
    assert set(seen.names) == set(LAYOUT) - {"blue ball"}
    assert np.array_equal(hidden[-20:], frame[-20:])


@pytest.mark.parametrize("height", [PUSHER_UP, PUSHER_DOWN])
def test_a_pusher_out_of_view_comes_into_it(height: float) -> None:
    frame = shot(scene_with(LAYOUT, pusher=OUT_OF_VIEW))
    assert vision().look([frame])[0].pusher is None
    cast = cast_in(frame, (*OUT_OF_VIEW, PUSHER_UP))
    assert cast.spare
    (seen,) = vision().look([draw(cast, moved(cast, "pusher", (0.15, -0.1, height)))])
    assert set(seen.names) == set(LAYOUT)
    assert seen.pusher is not None
    assert np.linalg.norm(np.subtract(seen.pusher, (0.15, -0.1))) < 0.015


@pytest.mark.parametrize("y", [-0.4, 0.3])
def test_a_pusher_that_the_frame_cuts_off_comes_into_it_whole(y: float) -> None:
    frame = shot(scene_with(LAYOUT, pusher=(0.05, y)))
    cast = cast_in(frame, (0.05, y, PUSHER_UP))
    assert cast.spare
    assert not cast_in(shot(scene_with(LAYOUT)), (0.0, -0.34, PUSHER_UP)).spare
    (seen,) = vision().look([draw(cast, moved(cast, "pusher", (0.15, -0.1, PUSHER_UP)))])
    assert set(seen.names) == set(LAYOUT)
    assert seen.pusher is not None
    assert np.linalg.norm(np.subtract(seen.pusher, (0.15, -0.1))) < 0.015


def test_what_would_hit_the_camera_is_not_drawn() -> None:
    cast = nominal()
    away = draw(cast, moved(cast, "red cube", (0.0, 5.0)))
    for height in (0.95, 1.02, 3.0):
        at = moved(cast, "red cube", (0.0, -0.5, height))
        assert np.array_equal(draw(cast, at), away)


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A moment of a simulated push: as the camera sees it, and as it is drawn from the start."""

    first: Frames
    real: Frames
    drawn: Frames
    names: tuple[str, ...]
    truth: Array
    """`[N + 1, 3]` metres, the pusher last."""


def moments(seed: int) -> list[Drawn]:
    """Return moments of two pushes in a random scene, drawn from the true ways."""
    rng = np.random.default_rng(seed)
    scene = random_scene(rng, patches=0.3)
    pushes = [
        Push(subject=name, target=(float(x), float(y)))
        for name, (x, y) in zip(scene.names, rng.uniform(-0.2, 0.2, (2, 2)), strict=False)
    ]
    simulation = BatchSimulation(scene, pushes, threads=1)
    trace, found = simulation.run(12.0), []
    for i in range(len(pushes)):
        rows = clip_rows(int(trace.contact[i]), int(trace.ended[i]))
        first = shot(scene, trace.qpos[0, i])
        cast = cast_in(first, tuple(trace.qpos[0, i, :3].tolist()))
        order = [scene.names.index(n) for n in cast.names if n in scene.names]
        assert len(order) == len(scene.names)
        for row in rows[[2, 4, 7]]:
            state = trace.qpos[row, i]
            truth = np.concatenate([places(state)[order], state[None, :3]])
            found.append(
                Drawn(
                    first=first,
                    real=shot(scene, state),
                    drawn=draw(cast, truth),
                    names=cast.names,
                    truth=truth,
                )
            )
    return found


def test_true_ways_draw_what_the_camera_sees() -> None:
    """Things are not turned and cast no other shade: what is left is small next to the motion."""
    off, motion, gaps = [], [], []
    missed = 0
    for moment in (m for seed in range(5) for m in moments(seed)):
        change = np.abs(moment.real.astype(int) - moment.first)
        where = change.max(axis=-1) > 20
        off.append(np.abs(moment.real.astype(int) - moment.drawn)[where].mean())
        motion.append(change[where].mean())
        (seen,) = vision().look([moment.drawn])
        for name, at in zip(moment.names, moment.truth, strict=False):
            if not off_table(at):
                found = seen.find(name)
                missed += found is None
                gaps += [] if found is None else [np.linalg.norm(found.position - at[:2])]
    assert np.mean(motion) > 60
    assert np.mean(off) < 20
    assert np.max(off) < 35
    assert np.median(gaps) < 0.0015
    assert np.quantile(gaps, 0.9) < 0.005
    assert missed < 0.08 * len(gaps)


def test_what_lies_beside_the_table_is_placed_on_the_floor() -> None:
    gaps = []
    for x, y, shape in ((-0.39, 0.2, "cube"), (0.41, 0.0, "ball"), (0.4, -0.15, "star")):
        scene = scene_with({f"red {shape}": (0.0, 0.0), "blue ball": (0.0, 0.1)})
        state = initial_state(scene, build(scene))
        state[3:6] = [x, y, FLOOR + HEIGHT[shape]]
        (sighting,) = vision().sight([shot(scene, state)], scene.names)
        (thing,) = sighting.off_table
        found = beside_table(thing, sighting.camera)
        assert found[2] == pytest.approx(FLOOR + HEIGHT[shape], abs=0.006)
        gaps.append(np.linalg.norm(found[:2] - [x, y]))
        assert np.linalg.norm(np.subtract(thing.position, (x, y))) > 0.05
    assert max(gaps) < 0.015


def test_another_frame_tells_where_things_went_by_name() -> None:
    cast = nominal()
    there = {"red cube": (-0.1, -0.1), "green star": (0.0, -0.15), "yellow ball": (0.2, 0.2)}
    frame = shot(scene_with(there, pusher=(0.1, -0.3)))
    (sighting,) = vision().sight([frame], cast.names)
    found = placed(cast, sighting, None)
    assert sorted(found) == sorted(
        [cast.names.index("red cube"), cast.names.index("green star"), len(cast.names)]
    )
    cube = found[cast.names.index("red cube")]
    assert cube == pytest.approx((-0.1, -0.1, HEIGHT["cube"]), abs=0.005)
    assert found[3] == pytest.approx((0.1, -0.3, PUSHER_UP), abs=0.015)
    assert placed(cast, sighting, (0.1, -0.3, 0.07))[3].tolist() == [0.1, -0.3, 0.07]
    unseen = dataclasses.replace(cast, places=unseen_pusher(cast))
    assert 3 not in placed(unseen, sighting, (0.1, -0.3, 0.07))


def told(cast: Cast, asked: Asked | None = None, first: int = 0) -> Told:
    """Return what is told when only the first frame is known."""
    ways, known = known_ways(cast, 0, {}, FRAMES)
    return told_of(cast, asked or Asked(text=""), ways, known, 0, first)


@given(seed=st.integers(0, 10**6), anchor=st.integers(0, FRAMES - 1))
@settings(max_examples=40)
def test_ways_are_told_from_the_anchor(seed: int, anchor: int) -> None:
    rng, cast = np.random.default_rng(seed), nominal()
    ways = rng.normal(0, 0.1, (4, FRAMES, 3))
    known = rng.random((4, FRAMES)) < 0.4
    known[:, anchor] = True
    batch = told_of(cast, Asked(text=""), ways, known, anchor)
    slot, rows = slots(cast)
    here, where = batch.places[0, slot].numpy(), batch.known[0, slot].numpy()
    assert np.array_equal(where, known[rows])
    assert not batch.ways[0, :, anchor].any()
    told_places = here[:, None] + batch.ways[0, slot].numpy()
    true_places = cast.places[rows][:, None] + ways[rows]
    np.testing.assert_allclose(told_places[where], true_places[where], atol=1e-6)
    assert not batch.ways[~batch.known].any()
    assert batch.valid[0, slot].all()
    assert batch.valid.sum() == len(slot)


def test_a_slot_says_what_is_in_it() -> None:
    cast = nominal()
    batch = told(cast)
    for i, name in enumerate(cast.names):
        assert np.array_equal(batch.kinds[0, i].numpy(), one_hot(name))
    assert np.array_equal(batch.kinds[0, PUSHER].numpy(), one_hot("pusher"))
    assert not batch.valid[0, len(cast.names) : MAX_OBJECTS].any()
    unseen = dataclasses.replace(cast, places=unseen_pusher(cast))
    assert not told(unseen).valid[0, PUSHER]
    assert not told(unseen).known[0, PUSHER].any()


def test_patches_are_told() -> None:
    patch = Patch(kind="sticky", position=(-0.1, -0.05), radius=0.09)
    cast = cast_in(shot(scene_with({"red cube": (0.2, 0.2)}, patches=(patch,))))
    x, y, radius, ice, sticky = told(cast).patches[0, 0].tolist()
    assert (x, y, radius) == pytest.approx((-0.1, -0.05, 0.09), abs=0.01)
    assert (ice, sticky) == (0.0, 1.0)
    assert not told(nominal()).patches.any()


ROLES: list[tuple[Asked, dict[str, int]]] = [
    (Asked(text="push the blue ball next to the red cube"), {"blue ball": 0, "red cube": 1}),
    (Asked(text="push it", subject=(0.1, 0.05)), {"red cube": 0}),
    (Asked(text="push it", subject=(0.11, 0.03), object=(0.0, -0.16)),
     {"red cube": 0, "green star": 1}),
    (Asked(text="the green star", subject=(0.1, 0.05)), {"red cube": 0}),
    (Asked(text="the green star", subject=(0.28, -0.28)), {}),
    (Asked(text="the yellow cube"), {}),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "roles"), ROLES, ids=lambda v: str(v)[:40])
def test_who_the_words_speak_of_is_told_by_place_or_by_name(
    asked: Asked, roles: dict[str, int]
) -> None:
    cast = nominal()
    found = told(cast, asked).roles[0]
    expected = torch.zeros_like(found)
    for name, role in roles.items():
        expected[cast.names.index(name), role] = 1.0
    assert torch.equal(found, expected)


def test_names_are_found_in_the_order_they_are_said() -> None:
    names = ("red cube", "blue ball", "red ball")
    assert mentioned("The Blue ball, then the red cube", names) == ["blue ball", "red cube"]
    assert mentioned("cubes of red; a bored ball", names) == []


def test_actions_add_up_to_a_path_within_reach() -> None:
    forward = np.tile(np.array([[0.0, 1.0, -1.0]], np.float32), (40, 1))
    path = sent_by(forward, (0.0, -0.3, PUSHER_UP))
    assert path.shape == (41, 3)
    assert path[0].tolist() == [0.0, -0.3, PUSHER_UP]
    assert path[1] == pytest.approx([0.0, -0.3 + STEP, PUSHER_UP - 0.04])
    assert path[-1] == pytest.approx([0.0, 0.37, PUSHER_DOWN])
    double = sent_by(forward * 2, (0.0, -0.3, PUSHER_UP))
    assert np.array_equal(double, path)
    with pytest.raises(ToolError, match="not finite"):
        sent_by(np.array([[np.inf, 0, 0]], np.float32), (0.0, 0.0, 0.1))


@pytest.mark.parametrize("first", [0, 5, 10])
def test_the_path_of_a_window_is_that_of_its_frames(first: int) -> None:
    rng = np.random.default_rng(0)
    sent = np.cumsum(rng.normal(0, 0.01, (61, 3)), axis=0)
    ticks = np.sort(rng.integers(1, 60, 13))
    ticks[0] = 0
    asked = Asked(text="", sent=sent, ticks=ticks)
    batch = told(nominal(), asked, first)
    shown = min(FRAMES, 13 - first)
    at_frames = batch.path[0, ::SUB][:shown].numpy()
    np.testing.assert_allclose(at_frames, sent[ticks[first : first + shown]], atol=1e-5)
    seconds = np.diff(ticks[first : first + shown]) * 0.1
    np.testing.assert_allclose(batch.seconds[0, : shown - 1].numpy(), seconds, atol=1e-6)
    # Beyond the clip time goes on.
    assert (batch.seconds[0, shown - 1 :] > 0).all()
    assert batch.path.isfinite().all()


def test_what_is_not_said_is_not_told() -> None:
    batch = told(nominal())
    for values in (batch.path, batch.seconds, batch.target):
        assert values.isnan().all()
    assert not batch.roles.any()
    timed = told(nominal(), Asked(text="", ticks=np.arange(8) * 3))
    assert timed.path.isnan().all()
    torch.testing.assert_close(timed.seconds, torch.full((1, 7), 0.3))
    aimed = told(nominal(), Asked(text="", target=(0.1, -0.2)))
    torch.testing.assert_close(aimed.target, torch.tensor([[0.1, -0.2]]))
