"""Contacts whose softness does not show: steady sliding, and a bounce of known restitution.

MuJoCo's contacts are springs, and its friction is a damper with a limit. Both are
tuned here, in the units of a lane (`mindseye.tools.physics.lab.lanes`), so that what
school mechanics says comes out within 1 %. What remains:

- Dry friction at rest creeps, by less than a thousandth of the way that the drive
  alone would make in the same time. What moves less is said to stay at rest.
- A body that turns back on a rough slope passes a moment of too little friction:
  its speed afterwards is off by up to 1 % of what it started with.
- The last twentieth of a stop dies away rather than ending; it is extrapolated.
- A pull beyond some 10,000 times the weight lifts a body off its floor; the
  friction it meets then comes out too small (by a fifth at 25,000 times). Nothing
  but a question for that small force would notice.
- There is no coefficient of restitution: a contact is a spring and damper that
  pushes but never pulls. The damping that gives a wanted restitution is solved for
  (Schwager and Poschel, 2007, arXiv:0708.1434); it depends neither on the masses
  nor on the speeds. A collision lasts some 15 steps rather than an instant.
  Each velocity changes by what it should, to 0.2 %.
"""

import math
from dataclasses import dataclass

from scipy.optimize import brentq

from mindseye.tools.gl import mujoco

STEPS = 250
"""Simulation steps in a lane's unit of time."""
RADIUS = 0.02
"""Radius of the contact sphere in a lane's units; it stands for a point."""
IMPRATIO = 1e6
"""How much harder friction is than the floor: less of it, and things at rest creep."""
CONTACT_AT = 100 + 1 / 6
"""Step at which colliding bodies touch.

The step that a contact begins in is shared between before and after. The four
slopes of Runge-Kutta share it rightly, to first order, when contact begins after a
sixth of it: three of them see the contact, and they weigh five sixths.
"""
_STIFFNESS_STEPS = 3.0
"""Time constant of the floor, in steps; MuJoCo asks for at least 2."""
_IMPEDANCE = 0.0003
_LEAST_IMPEDANCE = 1e-4
"""MuJoCo's own least."""
_SLIDER_WEIGHT = 2 / 3
"""MuJoCo takes a body's inverse weight as the mean over three axes, and two can move."""
_LIFT = 0.3
"""Share of its weight by which sliding may lift a body at most."""
_CONTACT_STEPS = 15.0
"""Length of an elastic collision, in steps."""
_MOST_DAMPING = 200.0


@dataclass(frozen=True, kw_only=True)
class Grip:
    """How a floor holds a body, lane units."""

    impedance: float
    damping: float
    """Of sliding, 1 / time."""
    depth: float
    """How far the body sinks in."""


def choose_grip(*, friction: float, load: float, speed: float, acceleration: float) -> Grip:
    """Choose contact parameters so that sliding does not lift a body off the floor.

    MuJoCo's friction cone is convex: the more a contact slips, the more it also
    pushes up. A hard contact (impedance near 1) that slips fast throws the body
    into small hops. A soft one carries it evenly, as long as friction times the
    slip that it is to undo stays below the weight it sees, which is what is held
    to here.

    Args:
      friction: coefficient.
      load: weight on the floor by mass.
      speed: at the start.
      acceleration: size of what it sets out with.
    """
    allowed = _LIFT * load / max(friction, 1e-9)
    impedance = min(_IMPEDANCE, 0.5 * allowed / max(acceleration, 1e-9))
    impedance = max(impedance, _LEAST_IMPEDANCE)
    stiff = 2 * STEPS / _STIFFNESS_STEPS
    damping = min(stiff, 0.5 * allowed / impedance / max(speed, 1.0))
    lift = friction * impedance * (damping * speed + acceleration)
    depth = (_SLIDER_WEIGHT * load * (1 - impedance) - lift) * (_STIFFNESS_STEPS / STEPS) ** 2
    return Grip(impedance=impedance, damping=damping, depth=max(0.0, depth))


def add_floor(spec: mujoco.MjSpec, i: int, friction: float, grip: Grip) -> None:
    """Let the geom "body i" stand on "floor i"."""
    rough, constant = max(friction, 1e-9), _STIFFNESS_STEPS / STEPS
    spec.add_pair(
        geomname1=f"floor {i}", geomname2=f"body {i}", condim=3 if friction > 0 else 1,
        friction=[rough, rough, 0.005, 0.0001, 0.0001], solref=[-1 / constant**2, -2 / constant],
        solreffriction=[-1e-9, -grip.damping * grip.impedance],
        solimp=[grip.impedance, grip.impedance, 0.001, 0.5, 2],
    )  # fmt: skip


def add_bounce(spec: mujoco.MjSpec, restitution: float) -> None:
    """Let the geoms "body 0" and "body 1" bounce off each other."""
    ratio = damping_for(restitution)
    slow = ratio > 1
    rate = (2 / ratio if slow else math.pi) * STEPS / _CONTACT_STEPS
    spec.add_pair(
        geomname1="body 0", geomname2="body 1", condim=1,
        solref=[-(rate**2), -max(2 * ratio * rate, 1e-9)], solimp=[0.9999, 0.9999, 0.001, 0.5, 2],
    )  # fmt: skip


def damping_for(restitution: float) -> float:
    """Return the damping ratio with which a spring that cannot pull rebounds so fast."""
    if restitution >= 1 - 1e-7:
        return 0.0
    if restitution <= rebound(_MOST_DAMPING):
        return _MOST_DAMPING
    return float(
        brentq(lambda ratio: rebound(ratio) - restitution, 1e-9, _MOST_DAMPING, xtol=1e-12)
    )


def rebound(ratio: float) -> float:
    """Return the restitution of a contact with this damping ratio (Schwager and Poschel)."""
    if ratio < 1:
        w = math.sqrt(1 - ratio * ratio)
        angle = math.atan2(2 * ratio * w, 2 * ratio * ratio - 1)
        t = angle / w
        return -math.exp(-ratio * t) * (math.cos(w * t) - ratio / w * math.sin(w * t))
    w = math.sqrt(ratio * ratio - 1) or 1e-9
    angle = math.atanh(2 * ratio * w / (2 * ratio * ratio - 1))
    t = angle / w
    return -math.exp(-ratio * t) * (math.cosh(angle) - ratio / w * math.sinh(angle))
