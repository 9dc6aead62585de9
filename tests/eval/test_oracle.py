"""The oracle: true places and true dynamics, from the scene that is there now and no other."""

from mindseye.eval.oracle import OraclePhysics, corrected
from mindseye.tools.physics.engine import MujocoPhysics
from mindseye.tools.values import Push, SceneGraph, SceneObject


def table(x: float) -> SceneGraph:
    cube = SceneObject(referent="red_cube_1", colour="red", shape="cube", position=(x, 0.0))
    return SceneGraph(objects=(cube,), pusher=(0.0, -0.3))


def test_what_was_misread_is_put_right_and_what_is_pictured_stays() -> None:
    truth = {"red cube": (0.01, 0.0)}
    assert corrected(table(0.0), truth) == table(0.01)
    assert corrected(table(0.1), truth) == table(0.1)
    assert corrected(table(0.0), {}) == table(0.0)


def test_the_oracle_knows_how_things_really_move() -> None:
    oracle = OraclePhysics(lambda: ({"red cube": (0.01, 0.0)}, ["red cube"]), {"force": 0.05})
    push = [Push(subject="red cube", target=(0.01, 0.15))]
    believed = MujocoPhysics(threads=1).simulate(table(0.0), push)[0]
    real = oracle.simulate(table(0.0), push)[0]
    assert real.positions[0, 0, 0] == 0.01
    # A pusher that hardly has any strength leaves the cube where it is.
    assert believed.layout["red cube"][1] > 0.1 > real.layout["red cube"][1]
