"""Names of objects survive a blurred shape, and do not leak to strangers."""

from mindseye.tools.physics.camera import Camera
from mindseye.tools.values import SceneGraph, SceneObject
from mindseye.tools.vision.identity import identified
from mindseye.tools.vision.scene_graph import Sighting


def thing(name: str, x: float, y: float) -> SceneObject:
    colour, shape = name.split()
    return SceneObject(referent=f"{colour}_{shape}_1", colour=colour, shape=shape, position=(x, y))


def seen(*things: SceneObject, off: tuple[SceneObject, ...] = ()) -> Sighting:
    return Sighting(graph=SceneGraph(objects=things), off_table=off, camera=Camera.nominal())


BEFORE = SceneGraph(
    objects=(thing("red star", -0.2, 0.0), thing("red ball", 0.2, 0.0), thing("blue cube", 0, 0.2))
)


def test_a_star_that_melts_into_a_disc_keeps_its_name() -> None:
    frames = {
        0: seen(*BEFORE.objects),
        1: seen(thing("red cylinder", -0.12, 0.0), thing("red ball", 0.2, 0.0)),
        2: seen(thing("red ball", 0.2, 0.0), thing("red ball", -0.04, 0.0)),
    }
    last = identified(frames, BEFORE)[2].graph
    assert last.layout == {"red star": (-0.04, 0.0), "red ball": (0.2, 0.0)}
    assert last.find("red_star_1") is not None


def test_the_shape_decides_between_things_that_are_close_together() -> None:
    close = SceneGraph(objects=(thing("red star", 0.0, 0.0), thing("red ball", 0.06, 0.0)))
    frames = {1: seen(thing("red ball", 0.02, 0.03), thing("red star", 0.04, -0.03))}
    assert identified(frames, close)[1].graph.layout == {
        "red ball": (0.02, 0.03),
        "red star": (0.04, -0.03),
    }


def test_another_colour_or_a_far_other_shape_stays_a_stranger() -> None:
    alone = SceneGraph(objects=(thing("blue cube", 0.25, 0.25),))
    frames = {1: seen(thing("green cube", 0.25, 0.25), thing("blue star", -0.25, -0.25))}
    names = identified(frames, alone)[1].graph.names
    assert names == ("green cube", "blue star")


def test_what_lies_beside_the_table_is_named_too() -> None:
    frames = {
        0: seen(*BEFORE.objects),
        1: seen(thing("red star", -0.29, 0.0)),
        2: seen(thing("red ball", 0.2, 0.0), off=(thing("red cylinder", -0.36, 0.0),)),
    }
    last = identified(frames, BEFORE)[2]
    assert [o.name for o in last.off_table] == ["red star"]
    assert last.graph.names == ("red ball",)
