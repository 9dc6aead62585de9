"""The simulation is held to the formulas of school mechanics, within 1 %."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.closed_form import closed_form, start_velocities
from mindseye.tools.physics.lab.contact import damping_for, rebound
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.lab import read, run
from mindseye.tools.physics.lab.measures import measure_bodies, occurrences
from mindseye.tools.physics.lab.program import SCENES, Measure, Quantity, Scene, parse_program
from mindseye.tools.physics.lab.resolve import resolve
from mindseye.tools.physics.lab.simulate import simulate

RANGES: dict[Quantity, tuple[float, float, str]] = {
    "mass": (0.01, 500, "kg"),
    "force": (0.5, 500, "N"),
    "speed": (0.5, 60, "m/s"),
    "height": (0.1, 200, "m"),
    "angle": (5, 80, "deg"),
    "friction": (0.02, 1.2, ""),
    "length": (0.2, 100, "m"),
    "duration": (0.1, 10, "s"),
    "restitution": (0, 1, ""),
    "gravity": (0.5, 25, "m/s2"),
}


@st.composite
def questions(draw: st.DrawFn, scene: Scene, measure: Measure) -> dict[str, Any]:
    """Draw two bodies with any of the scene's quantities, from gentle to extreme."""
    kind, bodies = SCENES[scene], []
    for i in range(2):
        body: dict[str, str] = {"name": f"b{i}"}
        for quantity in kind.takes:
            if draw(st.booleans()) and not (quantity == "restitution" and i):
                low, high, unit = RANGES[quantity]
                body[quantity] = f"{draw(st.floats(low, high)):.4g} {unit}".strip()
        if kind.directions:
            body["direction"] = draw(st.sampled_from(kind.directions))
        bodies.append(body)
    ask = {"kind": "number", "measure": measure, "of": "b0"}
    return {"scene": scene, "bodies": bodies, "ask": ask}


def _scale(experiment: Experiment, measure: Measure, i: int, value: float) -> float:
    """Return what an error is relative to: in a collision, the closing speed.

    On the way back down a rough slope, it is the speed at the start.
    """
    body = experiment.bodies[i]
    if experiment.scene == "slope" and body.direction == "up" and body.until == "duration":
        start = body.mass * body.speed
        least = {"speed": body.speed, "momentum": start, "kinetic_energy": start * body.speed / 2}
        return max(abs(value), least.get(measure, 0.0))
    if experiment.scene != "collision":
        return abs(value)
    speeds, mass = start_velocities(experiment), experiment.bodies[i].mass
    change = max(closed_form(experiment, "speed_change")[i], 1e-9)
    fastest = abs(speeds[i]) + change
    masses = [b.mass for b in experiment.bodies]
    return {
        "speed": change,
        "speed_change": change,
        "momentum": mass * change,
        "impulse": mass * change,
        "kinetic_energy": mass * fastest * fastest / 2,
        "energy_lost": math.prod(masses) / sum(masses) * (speeds[0] - speeds[1]) ** 2 / 2,
    }[measure]


def _near_tipping(experiment: Experiment) -> bool:
    """Say whether friction and drive differ by less than 5 %, or one is as good as nothing."""
    for b in experiment.bodies:
        drive = b.force + b.mass * b.gravity * math.sin(b.angle)
        grip = b.friction * b.mass * b.gravity * math.cos(b.angle)
        rough = experiment.scene in ("friction", "slope") and grip > 0 and drive > 0
        if rough and (abs(drive / grip - 1) < 0.05 or drive / grip > 5000):
            return True
    return False


CASES = [(scene, measure) for scene, kind in SCENES.items() for measure in kind.measures]


@pytest.mark.parametrize(("scene", "measure"), CASES)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_simulation_agrees_with_the_formula(
    scene: Scene, measure: Measure, data: st.DataObject
) -> None:
    try:
        experiment = resolve(parse_program(data.draw(questions(scene, measure))))
    except ToolError:
        return
    if _near_tipping(experiment):
        return
    measured = measure_bodies(experiment, simulate([experiment])[0], measure)
    for i, (got, want) in enumerate(zip(measured, closed_form(experiment, measure), strict=True)):
        if math.isinf(want) or want == 0:
            assert got == pytest.approx(want, abs=0.01 * _scale(experiment, measure, i, 0.0) + 1e-9)
        else:
            assert abs(got - want) <= 0.01 * _scale(experiment, measure, i, want)


def _held_to_the_formula(scene: str, measure: str, *bodies: dict[str, str], **world: str) -> None:
    program = {"scene": scene, "bodies": bodies, "ask": {"kind": "compare", "measure": measure}}
    experiment = resolve(parse_program(program | ({"world": world} if world else {})))
    ((_, tracks),) = run([experiment])
    assert experiment.measure is not None
    want = closed_form(experiment, experiment.measure)
    assert read(experiment, tracks) == pytest.approx(want, rel=0.005, abs=1e-12)


@pytest.mark.parametrize("measure", ["time", "distance", "acceleration"])
def test_what_glides_for_ever_does_not_blur_what_stops_beside_it(measure: str) -> None:
    ice, wood = {"friction": "0", "speed": "5 m/s"}, {"friction": "0.3", "speed": "5 m/s"}
    _held_to_the_formula("friction", measure, {"name": "a"} | ice, {"name": "b"} | wood)


@pytest.mark.parametrize("measure", ["speed", "speed_change", "impulse", "energy_lost", "momentum"])
@pytest.mark.parametrize("restitution", ["0", "0.5", "1"])
@pytest.mark.parametrize("small", [0, 1])
@pytest.mark.parametrize(("light", "heavy"), [("10 g", "4 kg"), ("60 g", "1200 kg"),
                                              ("12 mg", "400 t")])  # fmt: skip
def test_a_small_thing_and_a_large_one_collide(
    light: str, heavy: str, small: int, restitution: str, measure: str
) -> None:
    masses = (light, heavy) if small == 0 else (heavy, light)
    first, second = ({"name": n, "mass": m} for n, m in zip("ab", masses, strict=True))
    _held_to_the_formula(
        "collision", measure, first | {"speed": "500 m/s"}, second, restitution=restitution
    )


def test_let_go_on_a_slope_that_it_was_to_go_up_it_turns_back_at_once() -> None:
    slow, quick = {"direction": "up", "speed": "0 m/s"}, {"direction": "up", "speed": "2 m/s"}
    for measure in ("distance", "time", "acceleration"):
        _held_to_the_formula("slope", measure, {"name": "a"} | slow, {"name": "b"} | quick)


def test_a_throw_that_lands_at_once_has_the_speed_it_starts_with() -> None:
    thrown = {"height": "0 m", "speed": "0.01 m/s"}
    _held_to_the_formula("projection", "speed", {"name": "a"} | thrown, {"name": "b"})


@given(st.floats(0.001, 0.999))
def test_the_damping_gives_the_restitution_back(restitution: float) -> None:
    assert rebound(damping_for(restitution)) == pytest.approx(restitution, abs=1e-6)


def _body(**amounts: str) -> dict[str, str]:
    return amounts


def _happens(scene: str, event: str, **body: str) -> bool:
    other = [{"name": "other"}] if scene == "collision" else []
    program = {
        "scene": scene,
        "bodies": [{"name": "it"} | body, *other],
        "ask": {"kind": "does", "event": event, "of": "it"},
    }
    experiment = resolve(parse_program(program))
    return occurrences(experiment, simulate([experiment])[0])[0].happened


@pytest.mark.parametrize(
    ("scene", "event", "body", "happens"),
    [
        # It stops after v^2 / (2 mu g) = 4.08 m.
        ("friction", "reaches", _body(speed="4 m/s", friction="0.2", length="4 m"), True),
        ("friction", "reaches", _body(speed="4 m/s", friction="0.2", length="4.2 m"), False),
        ("friction", "falls_over_edge", _body(speed="4 m/s", friction="0.2", length="4 m"), True),
        ("friction", "falls_over_edge", _body(speed="4 m/s", friction="0.2", length="5 m"), False),
        ("friction", "falls_over_edge", _body(speed="20 m/s", length="1 m"), True),
        ("friction", "falls_over_edge", _body(speed="9 m/s", length="2 m", duration="0.2 s"),
         False),
        # Held by 12.7 N for an hour, while soft contacts creep.
        ("friction", "reaches", _body(force="10 N", friction="1.3", length="3 m", duration="1 h"),
         False),
        # Friction holds up to 0.5 * 2 * 9.81 = 9.81 N.
        ("friction", "slides", _body(mass="2 kg", friction="0.5", force="9.5 N"), False),
        ("friction", "slides", _body(mass="2 kg", friction="0.5", force="10 N"), True),
        # tan(30 degrees) = 0.577.
        ("slope", "slides", _body(angle="30 deg", friction="0.57"), True),
        ("slope", "slides", _body(angle="30 deg", friction="0.59"), False),
        # A rise of v^2 / (2 g) = 5.1 m is 10.2 m of a slope of 30 degrees.
        ("slope", "reaches", _body(speed="10 m/s", length="10 m", direction="up"), True),
        ("slope", "reaches", _body(speed="10 m/s", length="10.4 m", direction="up"), False),
        ("free_fall", "reaches", _body(speed="10 m/s", length="5 m", direction="up"), True),
        ("free_fall", "reaches", _body(speed="10 m/s", length="5.2 m", direction="up"), False),
        # It falls 4.905 m in a second.
        ("free_fall", "reaches", _body(height="4.8 m", duration="1 s"), True),
        ("free_fall", "reaches", _body(height="5 m", duration="1 s"), False),
        ("projection", "reaches", _body(speed="5 m/s", height="4.905 m", length="4.9 m"), True),
        ("projection", "reaches", _body(speed="5 m/s", height="4.905 m", length="5.1 m"), False),
        ("motion", "reaches", _body(force="2 N", length="8.9 m", duration="3 s"), True),
        ("motion", "reaches", _body(force="2 N", length="9.1 m", duration="3 s"), False),
        ("collision", "reverses", _body(mass="0.9 kg"), True),
        ("collision", "reverses", _body(mass="1.1 kg"), False),
        ("collision", "stops", _body(mass="1 kg"), True),
        ("collision", "stops", _body(mass="1 kg", restitution="0"), False),
        ("collision", "collides", _body(speed="3 m/s"), True),
        ("collision", "collides", _body(speed="3 m/s", direction="away"), False),
    ],
)  # fmt: skip
def test_what_happens(scene: str, event: str, body: dict[str, str], happens: bool) -> None:
    assert _happens(scene, event, **body) is happens
