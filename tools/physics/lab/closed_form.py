"""The formulas of school mechanics, against which the simulation is held.

They are for tests and for the data set's own check; the answers come from the
simulation. `covering_time` also tells the lab how long to watch.
"""

import math
from collections.abc import Callable

from mindseye.tools.physics.lab.experiment import Experiment, Setup
from mindseye.tools.physics.lab.program import Measure


def covering_time(speed: float, acceleration: float, way: float) -> float:
    """Return the seconds in which `way` metres are first covered; infinite if never."""
    reached = speed * speed + 2 * acceleration * way
    if reached < 0 or (speed <= 0 and acceleration <= 0):
        return math.inf
    total = speed + math.sqrt(reached)
    return 2 * way / total if total > 0 else math.inf


def net_acceleration(experiment: Experiment, body: Setup) -> float:
    """Return the acceleration along the way that a body sets out with, metres a second squared.

    Positive speeds it up. What friction holds at rest has 0.
    """
    if experiment.scene == "motion":
        return body.force / body.mass
    up = experiment.scene == "slope" and body.direction == "up"
    tilt = body.angle if experiment.scene == "slope" else 0.0
    drive = body.force / body.mass + body.gravity * math.sin(tilt) * (-1 if up else 1)
    grip = body.friction * body.gravity * math.cos(tilt)
    if body.speed > 0:
        return drive - grip
    return max(0.0, drive - grip) if drive >= 0 else min(0.0, drive + grip)


def flight_time(body: Setup) -> float:
    """Return the seconds until something thrown lands."""
    if math.isinf(body.height):
        return math.inf
    rise = vertical_speed(body)
    # The stable form of the root for either sign of the start speed.
    root = math.sqrt(rise * rise + 2 * body.gravity * body.height)
    if rise >= 0:
        return (rise + root) / body.gravity
    return 2 * body.height / (root - rise)


def vertical_speed(body: Setup) -> float:
    """Return the upward part of the start speed, metres a second."""
    return body.speed * math.sin(body.angle)


def start_velocities(experiment: Experiment) -> tuple[float, float]:
    """Return both velocities before a collision, the first's way to the second being positive."""
    first, second = experiment.bodies
    return (
        -first.speed if first.direction == "away" else first.speed,
        second.speed if second.direction == "away" else -second.speed,
    )


def closed_form(experiment: Experiment, measure: Measure) -> tuple[float, ...]:
    """Return the measure of every body, SI units; infinite times for what never happens."""
    if experiment.scene == "collision":
        return _collision(experiment, measure)
    forms: dict[str, Callable[[Experiment, Setup, Measure], float]] = {
        "motion": _sliding, "friction": _sliding, "slope": _sliding, "free_fall": _flying,
        "projection": _flying,
    }  # fmt: skip
    form = forms[experiment.scene]
    return tuple(form(experiment, body, measure) for body in experiment.bodies)


def _sliding(experiment: Experiment, body: Setup, measure: Measure) -> float:
    a, v = net_acceleration(experiment, body), body.speed
    load = body.mass * body.gravity * math.cos(body.angle)
    if measure == "acceleration":
        return abs(a)
    if measure == "friction_force":
        moves = v > 0 or a != 0
        return body.friction * load if moves else body.force
    stops = v / -a if a < 0 else (0.0 if v == 0 and a == 0 else math.inf)
    ends = {"duration": body.duration, "length": covering_time(v, a, body.length)}.get(
        body.until, stops
    )
    if measure == "time":
        return ends
    if measure == "distance":
        t = min(ends, stops)
        return math.inf if math.isinf(t) else v * t + a * t * t / 2
    return _moving(measure, body.mass, _speed_at(experiment, body, a, stops, ends))


def _speed_at(experiment: Experiment, body: Setup, a: float, stops: float, t: float) -> float:
    """Return the speed at time `t`, of what turns back on a slope too."""
    if math.isinf(t):
        return 0.0
    if t <= stops:
        return body.speed + a * t
    if experiment.scene != "slope" or body.direction != "up":
        return 0.0
    back = body.gravity * (math.sin(body.angle) - body.friction * math.cos(body.angle))
    return max(0.0, back) * (t - stops)


def _moving(measure: Measure, mass: float, speed: float) -> float:
    if measure == "speed":
        return speed
    return mass * speed if measure == "momentum" else mass * speed * speed / 2


def _flying(experiment: Experiment, body: Setup, measure: Measure) -> float:
    rise, run = vertical_speed(body), body.speed * math.cos(body.angle)
    lands, g = flight_time(body), body.gravity
    t = min(lands, body.duration) if body.until == "duration" else lands
    match measure:
        case "time":
            return lands
        case "range":
            return run * lands
        case "max_height":
            return body.height + max(0.0, rise) ** 2 / (2 * g)
        case "acceleration":
            return g
        case "distance":
            return abs(rise * t - g * t * t / 2)
        case _:
            return _moving(measure, body.mass, math.hypot(run, rise - g * t))


def _collision(experiment: Experiment, measure: Measure) -> tuple[float, ...]:
    masses = [b.mass for b in experiment.bodies]
    before = start_velocities(experiment)
    closing, total = before[0] - before[1], sum(masses)
    e = experiment.restitution if closing > 0 else -1.0
    shared = (masses[0] * before[0] + masses[1] * before[1]) / total
    after = (
        shared - e * masses[1] * closing / total,
        shared + e * masses[0] * closing / total,
    )
    if measure == "energy_lost":
        lost = masses[0] * masses[1] / total * (1 - e * e) * closing * closing / 2
        return lost, lost
    changes = [abs(u - v) for u, v in zip(after, before, strict=True)]
    if measure == "speed_change":
        return tuple(changes)
    if measure == "impulse":
        return tuple(m * c for m, c in zip(masses, changes, strict=True))
    return tuple(_moving(measure, m, abs(u)) for m, u in zip(masses, after, strict=True))
