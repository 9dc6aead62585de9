"""Vision: geometry, scene graphs from true class maps, and the shipped weights end to end."""

import math
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.tools.contracts import VisionModel, load_backend
from mindseye.tools.errors import BadInput, Unavailable
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.render import halve
from mindseye.tools.physics.scene import CLASSES as SCENE_CLASSES
from mindseye.tools.values import SceneGraph, SceneObject
from mindseye.tools.vision import classes, network
from mindseye.tools.vision.classes import GRID, SIZE
from mindseye.tools.vision.data import make_vision_data, samples, to_cells, write_shard
from mindseye.tools.vision.measure import questions, vision_figures
from mindseye.tools.vision.model import TabletopVision
from mindseye.tools.vision.outline import fit_camera, shifted
from mindseye.tools.vision.relations import relations
from mindseye.tools.vision.scene_graph import extract, from_labels

place = st.tuples(*[st.floats(-0.3, 0.3)] * 2)
nudge = st.lists(st.floats(-0.008, 0.008), min_size=5, max_size=5)


@pytest.fixture(scope="module")
def vision() -> TabletopVision:
    return TabletopVision()


@given(place, st.floats(0.0, 0.06), st.sampled_from([64, 128, 200]), nudge)
def test_unproject_undoes_project(
    point: tuple[float, float], z: float, size: int, change: list[float]
) -> None:
    camera = shifted(Camera.nominal(), np.array(change))
    pixels = camera.project([*point, z], size)
    assert camera.unproject(pixels, size, z)[0] == pytest.approx(point, abs=1e-9)


def _bare_table(camera: Camera) -> np.ndarray:
    """Return `[GRID, GRID]`: 1 table, -1 background, labelled as training frames are."""
    steps = np.arange(SIZE) + 0.5
    pixels = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    top = np.abs(camera.unproject(pixels, SIZE)).max(axis=1) <= 0.3
    # The near side: the plane y = -0.3, from the top of the table down to its lower edge.
    lower = camera.unproject(pixels, SIZE, -0.04)
    upper = camera.unproject(pixels, SIZE)
    side = (upper[:, 1] < -0.3) & (lower[:, 1] >= -0.3) & (np.abs(upper[:, 0]) <= 0.3)
    return to_cells((top | side).astype(np.uint8).reshape(SIZE, SIZE)).astype(np.float32) * 2 - 1


@settings(max_examples=20, deadline=None)
@given(nudge)
def test_outline_mends_a_nudged_camera(change: list[float]) -> None:
    nominal = Camera.nominal()
    true = shifted(nominal, np.array(change))
    fitted = fit_camera(_bare_table(true), nominal)
    grid = np.array([(x, y, 0.025) for x in (-0.2, 0, 0.2) for y in (-0.2, 0, 0.2)])
    read = fitted.unproject(true.project(grid, SIZE), SIZE, 0.025)
    assert np.linalg.norm(read - grid[:, :2], axis=1).max() < 0.009


def test_nothing_in_view_leaves_the_nominal_camera() -> None:
    nothing = np.full((GRID, GRID), -1, dtype=np.float32)
    assert fit_camera(nothing, Camera.nominal()) == Camera.nominal()


def test_classes_are_those_of_the_renderer() -> None:
    assert classes.class_names() == SCENE_CLASSES


def test_true_class_maps_give_true_scenes() -> None:
    """Without a network's faults only cell size and hidden edges are left as errors."""
    source = questions(np.random.default_rng(0), hidden=False)
    errors, patch_errors, hit, asked, extra = [], [], 0, 0, 0
    for question in islice(source, 60):
        sample = question.sample
        graph = extract(from_labels(sample.labels, sample.centres)).graph
        for name, truth in question.asked.items():
            found = graph.find(name)
            asked += 1
            if found is not None and math.dist(found.position, truth) < 0.025:
                hit += 1
                errors.append(math.dist(found.position, truth))
        extra += sum(name not in sample.layout for name in graph.names)
        patches = {p.kind: p for p in graph.patches}
        for patch in sample.patches:
            assert patch.kind in patches
            patch_errors.append(math.dist(patches[patch.kind].position, patch.position))
            assert patches[patch.kind].radius == pytest.approx(patch.radius, abs=0.008)
    assert hit >= 0.99 * asked
    assert extra == 0
    assert np.median(errors) < 0.003
    assert np.median(patch_errors) < 0.004


def test_what_lies_beside_the_table_is_not_on_it() -> None:
    seen = 0
    for sample in islice(samples(np.random.default_rng(3)), 60):
        sighting = extract(from_labels(sample.labels, sample.centres))
        for thing in sighting.off_table:
            seen += 1
            truth = sample.layout.get(thing.name)
            assert truth is None or max(map(abs, truth)) > 0.29
    assert seen > 10


def test_specks_are_no_objects() -> None:
    labels = np.ones((GRID, GRID), dtype=np.uint8)
    labels[20, 20] = labels[40, 41] = 7
    centres = np.full((classes.CLASSES, 2), 41.0, dtype=np.float32)
    assert extract(from_labels(labels, centres)).graph.objects == ()


def test_same_seed_same_frames(tmp_path: Path) -> None:
    first, again = (next(samples(np.random.default_rng(9))) for _ in range(2))
    assert np.array_equal(first.frame, again.frame)
    assert np.array_equal(first.centres, again.centres, equal_nan=True)
    with pytest.raises(BadInput, match="at least 1"):
        make_vision_data(tmp_path, n=0)
    kept = tmp_path / "0000-00000.npz"
    kept.write_bytes(b"there already")
    assert write_shard(kept, 0, 0).read_bytes() == b"there already"


def test_relations_hold_both_ways() -> None:
    graph = SceneGraph(
        objects=(
            SceneObject(referent="red_cube_1", colour="red", shape="cube", position=(-0.12, 0.0)),
            SceneObject(referent="blue_ball_1", colour="blue", shape="ball", position=(-0.03, 0.0)),
        )
    )
    held = relations(graph)
    assert held.of("red cube", "blue ball") == ("left_of", "near")
    assert held.of("blue ball", "red cube") == ("right_of", "near")
    assert held.areas == {"red cube": "left", "blue ball": "center"}


def test_shipped_weights_read_held_out_frames(vision: TabletopVision) -> None:
    figures = vision_figures(vision, n=40, seed=77)
    camera, clip = figures["128 px"], figures["64 px"]
    assert camera.median_mm < 5.0
    assert camera.score > 0.9
    assert clip.median_mm < 6.0
    assert clip.score > 0.85
    assert camera.low <= camera.score <= camera.high


def test_sizes_may_be_mixed_and_order_is_kept(vision: TabletopVision) -> None:
    large = [q.sample.frame for q in islice(questions(np.random.default_rng(1), False), 3)]
    small = [halve(f) for f in large]
    mixed = vision.look([large[0], small[1], large[2]])
    alone = [vision.look([f])[0] for f in (large[0], small[1], large[2])]
    for together, single in zip(mixed, alone, strict=True):
        assert together.names == single.names
        for a, b in zip(together.objects, single.objects, strict=True):
            assert a.position == pytest.approx(b.position, abs=1e-4)
            left, top, right, bottom = a.box or (0, 0, 0, 0)
            assert 0 <= left < right <= 128
            assert 0 <= top < bottom <= 128
    assert vision.look([]) == []


def test_it_is_the_vision_back_end() -> None:
    assert isinstance(load_backend("vision", "segformer-tabletop"), VisionModel)
    with pytest.raises(BadInput, match="dtype"):
        TabletopVision(dtype="int3")
    with pytest.raises(BadInput, match="batch=0"):
        TabletopVision(batch=0)


@pytest.mark.parametrize(
    "frame",
    [np.zeros((64, 64, 3), np.float32), np.zeros((64, 48, 3), np.uint8), np.zeros((8, 8, 3), "u1")],
)
def test_what_is_no_frame_is_refused(vision: TabletopVision, frame: np.ndarray) -> None:
    with pytest.raises(BadInput, match="square"):
        vision.look([frame])


def test_bad_weights_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"no file .*config.json; run `mindseye train vision`"):
        TabletopVision(weights=tmp_path)
    for name in (network.CONFIG_FILE, network.WEIGHTS_FILE):
        (tmp_path / name).write_bytes((network.DEFAULT_WEIGHTS / name).read_bytes())
    weights = tmp_path / network.WEIGHTS_FILE
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(Unavailable, match="cannot be read") as caught:
        TabletopVision(weights=tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / network.CONFIG_FILE).write_text("{")
    with pytest.raises(Unavailable, match="cannot be read"):
        TabletopVision(weights=tmp_path)
