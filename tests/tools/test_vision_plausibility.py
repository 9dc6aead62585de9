"""Plausibility on sightings written down: each principle, and what must not be held against it."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.planner.judge import PLAUSIBLE
from mindseye.tools.physics.camera import Camera
from mindseye.tools.physics.scene import FLOOR, HEIGHT
from mindseye.tools.values import Patch, Plausibility, Point, SceneGraph, SceneObject, Violation
from mindseye.tools.vision.plausibility import plausibility
from mindseye.tools.vision.scene_graph import Sighting

Places = Mapping[str, Point]
FAR = (0.25, -0.33)
"""The pusher, where it reaches nothing in time."""
DT = 0.5
REST = {"red cube": (-0.05, 0.05), "blue ball": (0.12, 0.05), "green star": (-0.2, -0.1)}


def thing(name: str, place: Point) -> SceneObject:
    colour, shape = name.split()
    return SceneObject(
        referent=f"{colour}_{shape}_1", colour=colour, shape=shape, position=place, confidence=0.9,
    )  # fmt: skip


def sighting(places: Places, pusher: Point, off: Places | None = None) -> Sighting:
    objects = tuple(thing(n, p) for n, p in places.items())
    beside = tuple(thing(n, p) for n, p in (off or {}).items())
    graph = SceneGraph(objects=objects, pusher=pusher)
    return Sighting(graph=graph, off_table=beside, camera=Camera.nominal())


def read(frames: list[Sighting], before: Places = REST, ice: Point | None = None) -> Plausibility:
    patches = (Patch(kind="ice", position=ice, radius=0.1),) if ice else ()
    known = replace(sighting(before, FAR).graph, patches=patches)
    return plausibility(dict(enumerate(frames)), known, DT)


def clip(*frames: Places, pusher: Point = FAR) -> list[Sighting]:
    return [sighting(places, pusher) for places in (REST, *frames)]


def without(name: str) -> dict[str, Point]:
    return {n: p for n, p in REST.items() if n != name}


def push(steps: int = 6) -> list[Sighting]:
    """Return a red cube that is pushed to the left, the pusher behind it."""
    xs = [-0.05 - 0.02 * k for k in range(steps)]
    start = sighting(REST, (0.05, 0.05))
    return [start, *(sighting({**REST, "red cube": (x, 0.05)}, (x + 0.05, 0.05)) for x in xs)]


GONE = without("red cube")
MOVED = {**REST, "red cube": (-0.05, -0.22)}
DRIFTS = [{**REST, "red cube": (-0.05 - 0.02 * k, 0.05)} for k in range(1, 5)]
INSIDE = {**REST, "red cube": (0.085, 0.05)}


@pytest.mark.parametrize(
    ("frames", "principle", "subject", "frame"),
    [
        (clip(REST, GONE, GONE, GONE), "permanence", "red cube", 2),
        (clip(REST, *[{**REST, "purple star": (0.0, -0.15)}] * 3), "permanence", "purple star", 2),
        (clip(REST, MOVED, MOVED), "continuity", "red cube", 2),
        (clip(REST, *[{**GONE, "purple cube": (-0.05, 0.05)}] * 3),
         "unchangeableness", "red cube", 2),
        (clip(REST, *[{**GONE, "red star": (-0.05, 0.05)}] * 3),
         "unchangeableness", "red cube", 2),
        (clip(REST, *DRIFTS), "contact", "red cube", 4),
        (clip(INSIDE, INSIDE), "solidity", "blue ball", 1),
    ],
)  # fmt: skip
def test_each_principle_names_object_and_frame(
    frames: list[Sighting], principle: str, subject: str, frame: int
) -> None:
    found = read(frames)
    assert found.score < PLAUSIBLE
    told: dict[str, Violation] = {v.principle: v for v in found.violations}
    assert told[principle].subject == subject
    assert told[principle].amount == pytest.approx(1.0, abs=0.2)
    assert told[principle].frame in (frame, frame + 1)


def pushed_over(seen: Callable[[Point], Point]) -> Plausibility:
    """Return what is read of a cube pushed over the left rim, where it is seen to end."""
    rim = {"red cube": (-0.26, 0.05)}
    over = [sighting(rim, FAR), sighting(rim, (-0.2, 0.05))]
    over += [sighting({"red cube": (-0.29, 0.05)}, (-0.24, 0.05))]
    place = seen((-0.345, 0.05))
    beside = [sighting({}, (-0.2, 0.05), {"red cube": place}) for _ in range(3)]
    return read([*over, *beside], rim)


def test_what_hangs_beside_the_table_ignores_gravity_and_what_lies_on_the_floor_does_not() -> None:
    camera = Camera.nominal()

    def on_floor(place: Point) -> Point:
        # Seen as if it were at the table's height.
        pixel = camera.project([*place, FLOOR + HEIGHT["cube"]], 128)
        x, y = camera.unproject(pixel, 128, HEIGHT["cube"])[0]
        return float(x), float(y)

    hangs = pushed_over(lambda place: place)
    assert hangs.score < PLAUSIBLE
    assert (hangs.violations[0].principle, hangs.violations[0].subject) == ("gravity", "red cube")
    assert pushed_over(on_floor).score == 1.0


def test_what_has_a_cause_is_plausible() -> None:
    assert read(push()).score == 1.0
    # A ball that was pushed rolls on and over the rim, long after the pusher has left.
    xs = [0.12, 0.16, 0.2, 0.24, 0.28]
    rolls = [sighting({**REST, "blue ball": (x, 0.05)}, (0.07, 0.05)) for x in xs[:2]]
    rolls += [sighting({**REST, "blue ball": (x, 0.05)}, FAR) for x in xs[2:]]
    assert read([*rolls, sighting(without("blue ball"), FAR)]).score == 1.0
    # A cube does not; but on ice it slides.
    xs = [-0.05, -0.09, -0.13, -0.16]
    slides = [sighting({**REST, "red cube": (x, 0.05)}, (0.0, 0.05)) for x in xs[:2]]
    slides += [sighting({**REST, "red cube": (x, 0.05)}, FAR) for x in xs[2:]]
    assert read(slides, ice=(-0.1, 0.05)).score == 1.0
    assert read(slides).score < PLAUSIBLE
    # What is hit moves too.
    ways = zip([0.12, 0.08, 0.04, 0.01, -0.03], [-0.05] * 4 + [-0.09], strict=True)
    hit = [{**REST, "blue ball": (ball, 0.05), "red cube": (cube, 0.05)} for ball, cube in ways]
    behind = [sighting(p, (p["blue ball"][0] + 0.05, 0.05)) for p in hit]
    assert read(behind).score == 1.0


def test_what_the_pusher_hides_or_vision_drops_once_is_forgiven() -> None:
    before = (-0.05, -0.01)
    hidden = [sighting(REST, FAR), *[sighting(GONE, before)] * 3]
    assert read(hidden).score == 1.0
    assert read(clip(REST, GONE, REST, REST)).score > 0.9


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(*[st.tuples(*[st.floats(-0.004, 0.004)] * 2)] * 3), min_size=7, max_size=7
    ),
    st.integers(0, 6),
    st.sampled_from(sorted(REST)),
)  # fmt: skip
def test_noise_of_vision_never_makes_a_push_implausible(
    noise: list[tuple[Point, Point, Point]], dropped: int, name: str
) -> None:
    frames = []
    for i, (frame, off) in enumerate(zip(push(), noise, strict=True)):
        objects = tuple(
            replace(o, position=(o.position[0] + dx, o.position[1] + dy))
            for o, (dx, dy) in zip(frame.graph.objects, off, strict=True)
            if (i, o.name) != (dropped, name)
        )
        frames.append(replace(frame, graph=replace(frame.graph, objects=objects)))
    assert read(frames).score > PLAUSIBLE
