"""What is assumed where a question says nothing, and what its words stand for.

Two values for each quantity of a scene. `absent` is taken where nobody mentions
it ("a stone is dropped": start speed 0). `typical` is what a bare relation such
as "twice as fast" or "heavier" multiplies, and then also what the body has that
the others are compared with. Special cases, all in `resolve`:

- friction: things that nobody pulls start with the absent speed, pulled ones at
  rest; a force known only in relation is at least twice the largest friction, so
  that things move.
- free_fall: thrown up without a height means from the ground.
- projection: without a height but with an angle, or asked for the greatest
  height, thrown from the ground at 45 degrees; else level, off an edge.
- collision: the second is at rest; at half the first's speed where it moves away.
- slope: let go from rest downwards; a start speed upwards.
"""

from dataclasses import dataclass

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.program import Quantity, Scene


@dataclass(frozen=True, kw_only=True)
class Default:
    """SI units; `spread` is the factor within which another value would be as plausible."""

    absent: float
    typical: float
    spread: float = 1.5


EARTH = 9.81
MORE = 1.5
"""What "more" multiplies by, and "less" divides by.

Angles and restitutions, which have a limit, go no more than half way to it.
"""
MORE_RANGE = (1.2, 3.0)
"""Factors that "more" might as well mean."""

_MASS = Default(absent=1.0, typical=1.0, spread=2.0)
_GRAVITY = Default(absent=EARTH, typical=EARTH, spread=1.0)
_DEGREE = 0.017453292519943295

DEFAULTS: dict[Scene, dict[Quantity, Default]] = {
    "motion": {
        "mass": _MASS,
        "force": Default(absent=10.0, typical=10.0),
        "speed": Default(absent=0.0, typical=2.0),
        "length": Default(absent=10.0, typical=10.0),
        "duration": Default(absent=3.0, typical=3.0),
    },
    "friction": {
        "mass": _MASS,
        "force": Default(absent=0.0, typical=10.0),
        "speed": Default(absent=5.0, typical=5.0),
        "friction": Default(absent=0.3, typical=0.3),
        "length": Default(absent=3.0, typical=3.0),
        "duration": Default(absent=1.0, typical=1.0),
        "gravity": _GRAVITY,
    },
    "free_fall": {
        "mass": _MASS,
        "speed": Default(absent=0.0, typical=5.0),
        "height": Default(absent=10.0, typical=10.0),
        "length": Default(absent=5.0, typical=5.0),
        "duration": Default(absent=1.0, typical=1.0),
        "gravity": _GRAVITY,
    },
    "projection": {
        "mass": _MASS,
        "speed": Default(absent=5.0, typical=5.0),
        "height": Default(absent=1.0, typical=1.0),
        "angle": Default(absent=45 * _DEGREE, typical=40 * _DEGREE, spread=1.3),
        "length": Default(absent=3.0, typical=3.0),
        "gravity": _GRAVITY,
    },
    "collision": {
        "mass": _MASS,
        "speed": Default(absent=3.0, typical=3.0),
        "restitution": Default(absent=1.0, typical=0.5, spread=2.0),
    },
    "slope": {
        "mass": _MASS,
        "speed": Default(absent=0.0, typical=3.0),
        "height": Default(absent=2.5, typical=2.5),
        "angle": Default(absent=30 * _DEGREE, typical=30 * _DEGREE, spread=1.3),
        "friction": Default(absent=0.0, typical=0.2),
        "length": Default(absent=5.0, typical=5.0),
        "duration": Default(absent=1.0, typical=1.0),
        "gravity": _GRAVITY,
    },
}

WORDS: dict[Quantity, dict[str, float]] = {
    "gravity": {
        "earth": EARTH, "moon": 1.62, "mars": 3.71, "venus": 8.87, "mercury": 3.7,
        "jupiter": 24.79, "saturn": 10.44, "uranus": 8.69, "neptune": 11.15, "pluto": 0.62,
    },
    "friction": {
        "none": 0.0, "frictionless": 0.0, "ice": 0.03, "smooth": 0.1, "glass": 0.15, "metal": 0.2,
        "steel": 0.2, "wood": 0.3, "gravel": 0.5, "carpet": 0.5, "grass": 0.4, "rough": 0.6,
        "asphalt": 0.7, "concrete": 0.7, "sandpaper": 0.9, "rubber": 0.9,
    },
    "restitution": {"elastic": 1.0, "bouncy": 0.8, "inelastic": 0.0, "sticky": 0.0, "stick": 0.0},
    "speed": {"rest": 0.0, "still": 0.0},
    "height": {"ground": 0.0, "floor": 0.0},
    "angle": {"level": 0.0, "horizontal": 0.0, "vertical": 90 * _DEGREE, "upright": 90 * _DEGREE},
}  # fmt: skip
"""Words that stand for an amount."""

BOUNDS: dict[Quantity, tuple[float, float, str]] = {
    "mass": (1e-9, 1e15, "kg"),
    "force": (0.0, 1e15, "N"),
    "speed": (0.0, 1e6, "m/s"),
    "height": (0.0, 1e7, "m"),
    "angle": (-89 * _DEGREE, 90 * _DEGREE, "rad"),
    "friction": (0.0, 5.0, ""),
    "length": (1e-6, 1e9, "m"),
    "duration": (1e-6, 1e9, "s"),
    "restitution": (0.0, 1.0, ""),
    "gravity": (1e-3, 1e4, "m/s2"),
}
"""Least and greatest of what can be simulated, SI units."""
MASS_RATIO = 1e11
"""Of two masses that collide, at most."""
PULL = 1e9
"""Weights with which something may be pulled over a floor."""
RUB = 3000.0
"""Weights that friction coefficient times pull may come to where friction itself is measured."""
_SLOPE_ANGLE = (0.1 * _DEGREE, 89.9 * _DEGREE)


def word_value(word: str, quantity: Quantity) -> float:
    """Return the SI amount of a word such as "moon".

    Raises:
      ToolError: this quantity knows no such word.
    """
    known = WORDS.get(quantity, {})
    # "the moon", "on ice": the last word is the one that counts.
    for candidate in (word, word.split()[-1]):
        if candidate in known:
            return known[candidate]
    hint = f"or one of: {', '.join(known)}" if known else "such as '3' and its unit"
    raise ToolError(f"{quantity} {word!r} is not known; give a number {hint}")


def check_bounds(value: float, quantity: Quantity, scene: Scene) -> float:
    """Return the value if it can be simulated.

    Raises:
      ToolError: it is out of bounds.
    """
    low, high, unit = BOUNDS[quantity]
    if scene == "slope" and quantity == "angle":
        low, high = _SLOPE_ANGLE
    if not low * (1 - 1e-9) - 1e-12 <= value <= high * (1 + 1e-9):
        shown = [value, low, high]
        if quantity == "angle":
            shown, unit = [x / _DEGREE for x in shown], "degrees"
        is_, least, most = (f"{x:.4g} {unit}".rstrip() for x in shown)
        raise ToolError(
            f"{quantity} {is_} cannot be simulated; it must lie between {least} and {most}"
        )
    return min(max(value, low), high)


def check_together(experiment: Experiment) -> None:
    """Hold amounts to each other that are in bounds by themselves.

    Raises:
      ToolError: they lie too far apart to be simulated.
    """
    bodies = experiment.bodies
    if experiment.scene == "collision":
        masses = sorted(b.mass for b in bodies)
        if masses[-1] > MASS_RATIO * masses[0]:
            raise ToolError(
                f"{masses[-1]:.4g} kg and {masses[0]:.4g} kg cannot be simulated in one collision; "
                f"one may be {MASS_RATIO:.0e} times the other"
            )
    if experiment.scene != "friction":
        return
    for body in bodies:
        pull = body.force / (body.mass * body.gravity)
        rub = body.friction * pull if experiment.measure == "friction_force" else 0.0
        if pull > PULL or rub > RUB:
            raise ToolError(
                f"a pull of {body.force:.4g} N is too much for a mass of {body.mass:.4g} kg; "
                "it would lift off the floor"
            )
