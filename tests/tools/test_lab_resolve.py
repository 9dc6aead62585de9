"""From words to numbers: relations, defaults, and what is refused."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.defaults import DEFAULTS, MORE
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.program import parse_program
from mindseye.tools.physics.lab.resolve import resolve, variants


def _resolve(scene: str, measure: str, *bodies: dict[str, str], **world: str) -> Experiment:
    named = [{"name": "abcde"[i]} | body for i, body in enumerate(bodies)]
    program: dict[str, Any] = {
        "scene": scene,
        "bodies": named,
        "ask": {"kind": "number", "measure": measure, "of": "a"},
    }
    return resolve(parse_program(program | ({"world": world} if world else {})))


def _speeds(experiment: Experiment) -> list[float]:
    return [b.speed for b in experiment.bodies]


@pytest.mark.parametrize(
    ("bodies", "speeds"),
    [
        ([{"speed": "36 km/h"}, {"speed": "2x"}], [10, 20]),
        ([{"speed": "2x"}, {}], [10, 5]),
        ([{"speed": "2x"}, {"speed": "3x"}], [10, 15]),
        ([{"speed": "more"}, {"speed": "less"}], [5 * MORE, 5 / MORE]),
        ([{"speed": "2 m/s"}, {"speed": "more than a"}, {"speed": "2x b"}], [2, 3, 6]),
        ([{"speed": "1 m/s more than b"}, {"speed": "4 m/s"}], [5, 4]),
        ([{"speed": "same"}, {"speed": "7 m/s"}], [7, 7]),
        ([{"speed": "2x b"}, {}, {"speed": "1 m/s"}], [10, 5, 1]),
        ([{"speed": "2 m/s"}, {"speed": "2 m/s"}, {"speed": "2x"}], [2, 2, 4]),
    ],
)
def test_relations(bodies: list[dict[str, str]], speeds: list[float]) -> None:
    experiment = _resolve("projection", "range", *bodies)
    assert _speeds(experiment) == pytest.approx(speeds)


def test_a_relation_without_a_partner_relates_to_what_is_common() -> None:
    assert _speeds(_resolve("projection", "range", {"speed": "2x"}, {}, speed="3 m/s")) == [6, 3]


@pytest.mark.parametrize(
    ("bodies", "words"),
    [
        ([{"speed": "2x"}, {"speed": "1 m/s"}, {"speed": "2 m/s"}], "of which body"),
        ([{"speed": "2x b"}, {"speed": "2x a"}], "circle"),
        ([{"speed": "5 m/s less than b"}, {"speed": "4 m/s"}], "cannot be simulated"),
        ([{"speed": "moon"}], "not known"),
        ([{"gravity": "0 m/s2"}], "cannot be simulated"),
        ([{"angle": "95 degrees"}], "cannot be simulated"),
    ],
)
def test_refusals(bodies: list[dict[str, str]], words: str) -> None:
    with pytest.raises(ToolError, match=words):
        _resolve("projection", "range", *bodies)


@pytest.mark.parametrize(
    ("scene", "measure", "bodies", "words"),
    [
        ("slope", "time", [{"height": "0 m"}, {}], "length 0 m"),
        ("slope", "time", [{"height": "1 mm", "length": "1 km"}, {}], "angle 5.73e-05 degrees"),
        ("collision", "speed", [{"mass": "1e9 t"}, {"mass": "1 mg"}], "in one collision"),
        ("friction", "friction_force", [{"force": "1e6 N"}, {}], "lift off the floor"),
    ],
)
def test_amounts_that_do_not_go_together_are_refused(
    scene: str, measure: str, bodies: list[dict[str, str]], words: str
) -> None:
    with pytest.raises(ToolError, match=words):
        _resolve(scene, measure, *bodies)


def test_steeper_stays_short_of_the_vertical() -> None:
    steep = _resolve("slope", "time", {"angle": "70 deg"}, {"angle": "more"}).bodies[1]
    assert math.degrees(steep.angle) == pytest.approx(80)


def test_where_a_throw_starts() -> None:
    level = _resolve("projection", "range", {}).bodies[0]
    assert (level.height, level.angle) == (1.0, 0.0)
    aimed = _resolve("projection", "range", {"angle": "30 deg"}).bodies[0]
    assert aimed.height == 0.0
    assert aimed.angle == pytest.approx(math.pi / 6)
    high = _resolve("projection", "max_height", {}).bodies[0]
    assert high.height == 0.0
    assert high.angle == pytest.approx(math.pi / 4)


def test_a_slope_is_as_long_as_its_height_says() -> None:
    assert _resolve("slope", "time", {"height": "2 m", "angle": "30 deg"}).bodies[
        0
    ].length == pytest.approx(4.0)
    assert _resolve("slope", "time", {"height": "2 m", "length": "4 m"}).bodies[
        0
    ].angle == pytest.approx(math.pi / 6)
    with pytest.raises(ToolError, match="cannot be 5 m high"):
        _resolve("slope", "time", {"height": "5 m", "length": "4 m"})


def test_a_pull_known_only_in_relation_is_enough_to_move_the_heaviest() -> None:
    bodies = _resolve(
        "friction", "acceleration", {"mass": "50 kg", "force": "more"}, {"friction": "0.9"}
    ).bodies
    assert all(b.force > b.friction * b.mass * b.gravity for b in bodies)


def test_stated_and_assumed_are_told_apart() -> None:
    experiment = _resolve("free_fall", "kinetic_energy", {"mass": "2 kg"}, {"mass": "more"})
    assert experiment.stated == (("a", "mass"), ("b", "mass"))
    assert {a.key for a in experiment.assumed} == {("mass", "factor"), ("height", "default")}
    thrown = _resolve("free_fall", "distance", {"duration": "3 s"}).bodies[0]
    assert math.isinf(thrown.height), "no ground in the way of what falls for a stated time"


def test_variants_change_one_assumption_each() -> None:
    program = parse_program(
        {
            "scene": "projection",
            "bodies": [{"name": "a", "speed": "more"}, {"name": "b"}],
            "ask": {"kind": "compare", "measure": "range"},
        }
    )
    experiment = resolve(program)
    for assumption, varied in variants(program, experiment):
        changed = {
            field
            for one, two in zip(experiment.bodies, varied.bodies, strict=True)
            for field in ("mass", "speed", "height", "angle")
            if getattr(one, field) != getattr(two, field)
        }
        assert changed == {assumption.quantity}


@settings(deadline=None)
@given(st.floats(0.01, 1000), st.floats(0.1, 10), st.sampled_from(list(DEFAULTS)))
def test_units_and_relations_commute(amount: float, factor: float, scene: str) -> None:
    measure = "impulse" if scene == "collision" else "acceleration"
    measure = "range" if scene == "projection" else measure
    grams = _resolve(scene, measure, {"mass": f"{amount * 1000} g"}, {"mass": f"{factor}x"})
    kilos = _resolve(scene, measure, {"mass": f"{amount} kg"}, {"mass": f"{factor}x a"})
    for one, two in zip(grams.bodies, kilos.bodies, strict=True):
        assert one.mass == pytest.approx(two.mass)
    assert kilos.bodies[1].mass == pytest.approx(amount * factor)
