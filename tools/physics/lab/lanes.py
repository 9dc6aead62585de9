"""One MuJoCo model of an experiment: a lane for each body, one lane for a collision.

Every lane is written in units of its own, in which its motion takes about one
unit of time and covers about one unit of length. So one time step suits a marble
and a lorry alike, and contact parameters chosen once hold everywhere.

What was chosen, and why:

- Runge-Kutta 4 with 250 steps a unit: constant acceleration is integrated without
  error, where MuJoCo's default Euler would be off by one step in 250 (0.4 %).
- Bodies slide along axes and cannot turn, so a floor touches them in one point
  and carries exactly their weight.
- Contacts are named pairs; `mindseye.tools.physics.lab.contact` says how they are
  tuned and where their softness shows.
"""

import math
from dataclasses import dataclass, replace

from mindseye.tools.gl import mujoco
from mindseye.tools.physics.lab.closed_form import (
    covering_time,
    flight_time,
    net_acceleration,
    start_velocities,
    vertical_speed,
)
from mindseye.tools.physics.lab.contact import (
    CONTACT_AT,
    IMPRATIO,
    RADIUS,
    STEPS,
    Grip,
    add_bounce,
    add_floor,
    choose_grip,
)
from mindseye.tools.physics.lab.experiment import Experiment, Setup

SLACK = 1.1
"""Lanes are watched this much longer than they should take."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """A lane's units of length, time and mass, in SI."""

    length: float
    time: float
    mass: float

    @property
    def speed(self) -> float:
        """Metres a second in a unit of speed."""
        return self.length / self.time

    @property
    def acceleration(self) -> float:
        """Metres a second squared in a unit of acceleration."""
        return self.length / self.time**2

    @property
    def force(self) -> float:
        """Newtons in a unit of force."""
        return self.mass * self.acceleration


@dataclass(frozen=True, kw_only=True, eq=False)
class Lanes:
    """A compiled experiment with its start state, two numbers (along, up) for each body."""

    model: mujoco.MjModel
    units: tuple[Units, ...]
    """Of each body's lane."""
    qpos: tuple[float, ...]
    qvel: tuple[float, ...]
    push: tuple[float, ...]
    """Applied forces."""
    shape: tuple[float, ...]
    """The other numbers of the lanes; with the state, all that tells two experiments apart."""

    @property
    def numbers(self) -> tuple[float, ...]:
        """Same numbers, same motion in lane units: a heavier ball falls the same way."""
        parts = (*self.qpos, *self.qvel, *self.push, *self.shape)
        return tuple(float(f"{x:.10g}") for x in parts)


def units_of(experiment: Experiment, stretch: float = 1.0) -> tuple[Units, ...]:
    """Return the units of each body's lane; `stretch` times the time is watched."""
    if experiment.scene == "collision":
        v1, v2 = start_velocities(experiment)
        speed = max(v1 - v2, abs(v1), abs(v2)) or 1.0
        mass = max(b.mass for b in experiment.bodies)
        return (Units(length=speed, time=1.0, mass=mass),) * 2
    flying = experiment.scene in ("free_fall", "projection")
    units = (_flight_units(b) if flying else _floor_units(experiment, b) for b in experiment.bodies)
    return tuple(replace(u, time=u.time * stretch, length=u.length * stretch) for u in units)


def _flight_units(body: Setup) -> Units:
    time = flight_time(body) if body.until == "ground" else min(body.duration, flight_time(body))
    time = time or math.sqrt(1 / body.gravity)
    return Units(
        time=time,
        length=max(body.speed * time, body.gravity * time * time / 2),
        mass=body.mass,
    )


def _floor_units(experiment: Experiment, body: Setup) -> Units:
    """Guess how long and how far it goes: no result rests on this, only its resolution."""
    a, v = net_acceleration(experiment, body), body.speed
    scale = max(body.force / body.mass, body.gravity * (1 if experiment.scene != "motion" else 0))
    time = {"duration": body.duration, "length": covering_time(v, a, body.length)}.get(
        body.until, math.inf
    )
    turns_back = experiment.scene == "slope" and body.direction == "up"
    if body.until == "duration" and a < 0 and not turns_back:
        # Nothing happens after it has stopped.
        time = min(time, v / -a)
    if math.isinf(time):
        brakes = a < 0 < v
        time = v / -a if brakes else math.sqrt(max(body.length, 1.0) / scale) if scale else 1.0
    way = max(v * time, abs(a) * time * time / 2) or scale * time * time / 2 or 1.0
    if experiment.edge:
        # Long enough to see it drop by a few of its own radii.
        time += math.sqrt(16 * RADIUS * max(way, body.length) / body.gravity)
        way = max(way, body.length)
    return Units(length=way, time=time, mass=body.mass)


def build(experiment: Experiment, stretch: float = 1.0) -> Lanes:
    """Compile the experiment; `stretch` lengthens the time that is watched."""
    units = units_of(experiment, stretch)
    spec = mujoco.MjSpec()
    spec.option.timestep = 1 / STEPS
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_RK4
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = IMPRATIO
    # By default the solver stops at a share of all forces, which may be more than all
    # that a lighter body feels, or one on ice beside one on rubber.
    spec.option.tolerance = 0.0
    weights = _weights(experiment, units)
    # gravcomp takes weight off, it cannot add any: the heaviest lane sets gravity.
    heaviest = max(weights) or 1.0
    spec.option.gravity = [0, 0, -max(weights)]
    if experiment.scene == "collision":
        return _collision_lane(spec, experiment, units)
    qpos: list[float] = []
    qvel: list[float] = []
    push: list[float] = []
    shape: list[float] = []
    for i, (body, unit) in enumerate(zip(experiment.bodies, units, strict=True)):
        _lane(spec, experiment, i, unit, 1 - weights[i] / heaviest)
        qpos += [0.0, -_sunk(experiment, body, unit)]
        qvel += [v / unit.speed for v in _start_velocity(experiment, body)]
        push += [body.force / unit.force, 0.0]
        shape += [weights[i], body.angle, body.friction, body.length / unit.length]
    return Lanes(
        model=spec.compile(),
        units=units,
        qpos=tuple(qpos),
        qvel=tuple(qvel),
        push=tuple(push),
        shape=tuple(shape),
    )


def _sunk(experiment: Experiment, body: Setup, unit: Units) -> float:
    """Return how deep a body stands in its floor, so that it neither drops nor hops at first."""
    on_floor = experiment.scene in ("friction", "slope")
    return _grip_of(experiment, body, unit).depth if on_floor else 0.0


def _start_velocity(experiment: Experiment, body: Setup) -> tuple[float, float]:
    """Return metres a second along the lane and up from it."""
    if experiment.scene in ("free_fall", "projection"):
        return body.speed * math.cos(body.angle), vertical_speed(body)
    backwards = experiment.scene == "slope" and body.direction == "up"
    return -body.speed if backwards else body.speed, 0.0


def _weights(experiment: Experiment, units: tuple[Units, ...]) -> list[float]:
    """Return gravity in each lane's units."""
    if experiment.scene in ("motion", "collision"):
        return [0.0] * len(units)
    return [b.gravity / u.acceleration for b, u in zip(experiment.bodies, units, strict=True)]


def _add_slider(parent: mujoco.MjsBody, name: str, mass: float, gravcomp: float = 0.0) -> None:
    """Add a body that slides along x and z and touches only what it is paired with."""
    body = parent.add_body(name=name, gravcomp=gravcomp)
    for axis in ([1, 0, 0], [0, 0, 1]):
        body.add_joint(type=mujoco.mjtJoint.mjJNT_SLIDE, axis=axis)
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[RADIUS, 0, 0], pos=[0, 0, RADIUS],
        mass=mass, contype=0, conaffinity=0,
    )  # fmt: skip


def _lane(
    spec: mujoco.MjSpec, experiment: Experiment, i: int, unit: Units, gravcomp: float
) -> None:
    body = experiment.bodies[i]
    # Turned about y, the lane's x axis points down the slope.
    half = body.angle / 2 if experiment.scene == "slope" else 0.0
    lane = spec.worldbody.add_body(
        name=f"lane {i}", pos=[0, 4.0 * i, 0], quat=[math.cos(half), 0, math.sin(half), 0]
    )
    _add_slider(lane, f"body {i}", 1.0, gravcomp)
    if experiment.scene not in ("friction", "slope"):
        return
    if experiment.edge:
        size = [(body.length / unit.length + 1) / 2, 1, 0.5]
        lane.add_geom(
            name=f"floor {i}", type=mujoco.mjtGeom.mjGEOM_BOX, size=size,
            pos=[size[0] - 1, 0, -size[2]], contype=0, conaffinity=0,
        )  # fmt: skip
    else:
        lane.add_geom(
            name=f"floor {i}", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[4, 1, 0.1],
            contype=0, conaffinity=0,
        )  # fmt: skip
    add_floor(spec, i, body.friction, _grip_of(experiment, body, unit))


def _grip_of(experiment: Experiment, body: Setup, unit: Units) -> Grip:
    return choose_grip(
        friction=body.friction,
        load=body.gravity * math.cos(body.angle) / unit.acceleration,
        speed=body.speed / unit.speed,
        acceleration=abs(net_acceleration(experiment, body)) / unit.acceleration,
    )


def _collision_lane(spec: mujoco.MjSpec, experiment: Experiment, units: tuple[Units, ...]) -> Lanes:
    unit = units[0]
    velocities = [v / unit.speed for v in start_velocities(experiment)]
    closing = velocities[0] - velocities[1]
    gap = 2 * RADIUS + (closing * CONTACT_AT / STEPS if closing > 0 else 0.2)
    for i, body in enumerate(experiment.bodies):
        _add_slider(spec.worldbody, f"body {i}", body.mass / unit.mass)
    add_bounce(spec, experiment.restitution)
    return Lanes(
        model=spec.compile(),
        units=units,
        qpos=(0.0, 0.0, gap, 0.0),
        qvel=(velocities[0], 0.0, velocities[1], 0.0),
        push=(0.0,) * 4,
        shape=(*(b.mass / unit.mass for b in experiment.bodies), experiment.restitution),
    )
