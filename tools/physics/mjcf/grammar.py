"""The MJCF that a model may write: elements, where they stand, what their attributes may hold.

An allow-list: what is not named here is refused, so that nothing added to MuJoCo
later is let in by accident. Left out on purpose is everything that names a file or
code (`include`, `asset`, `attach`, `plugin`, `extension`, mesh, texture, height
field), everything that multiplies a few words into many bodies (`composite`,
`flexcomp`, `replicate`), and `size`, which asks for memory.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never

Quantity = Literal[
    "size", "place", "direction", "angle", "mass", "density", "friction", "gravity", "speed",
    "force", "stiffness", "solver", "fraction", "time step",
]  # fmt: skip

BOUNDS: Mapping[Quantity, tuple[float, float]] = {
    "size": (1e-4, 1e3),
    "place": (-1e4, 1e4),
    "direction": (-1e3, 1e3),
    "angle": (-1e4, 1e4),
    "mass": (1e-6, 1e6),
    "density": (1e-3, 1e6),
    "friction": (0.0, 100.0),
    "gravity": (-1e3, 1e3),
    "speed": (-1e4, 1e4),
    "force": (-1e6, 1e6),
    "stiffness": (0.0, 1e7),
    "solver": (-1e6, 1e6),
    "fraction": (0.0, 1.0),
    "time step": (1e-4, 0.02),
}
"""Least and greatest number of each quantity; metres, kilograms, seconds, newtons."""
MAY_BE_ZERO: frozenset[Quantity] = frozenset({"size", "mass", "density"})
"""Zero means something of its own here: an endless plane, a geom that weighs nothing."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """`least` to `most` numbers of one quantity."""

    quantity: Quantity
    least: int
    most: int


@dataclass(frozen=True, kw_only=True)
class Whole:
    """One whole number."""

    low: int
    high: int


@dataclass(frozen=True, kw_only=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Name:
    """A name: letters, digits, spaces and `_ . ' -`, at most 64 of them."""


Value = Numbers | Whole | OneOf | Name

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"[0-9]{1,10}")
_NAME = re.compile(r"[A-Za-z0-9_.' -]{1,64}")
_SPACE = re.compile(r"[ \t\r\n]+")


def clipped(text: str, most: int = 40) -> str:
    """Return what a model wrote in quotes, escaped and short enough for a message."""
    return ascii(text if len(text) <= most else text[: most - 3] + "...")


def canonical(
    value: Value, text: str, bounds: Mapping[Quantity, tuple[float, float]] = BOUNDS
) -> str:
    """Return the attribute's text as MuJoCo is to read it.

    Numbers are written anew, so that MuJoCo never parses a model's own spelling of one.

    Raises:
      ValueError: it is not such a value or out of bounds; says which are.
    """
    match value:
        case Numbers():
            return _numbers(value, text, bounds)
        case Whole():
            if not _WHOLE.fullmatch(text) or not value.low <= int(text) <= value.high:
                raise ValueError(f"must be a whole number from {value.low} to {value.high}")
            return str(int(text))
        case OneOf():
            if text not in value.words:
                raise ValueError(f"must be one of: {', '.join(value.words)}")
            return text
        case Name():
            if not _NAME.fullmatch(text):
                raise ValueError("must be a name of 1 to 64 letters, digits, spaces, or _ . ' -")
            return text
        case _:
            assert_never(value)


def _numbers(value: Numbers, text: str, bounds: Mapping[Quantity, tuple[float, float]]) -> str:
    words = [w for w in _SPACE.split(text) if w]
    if not value.least <= len(words) <= value.most:
        count = str(value.most) if value.least == value.most else f"{value.least} to {value.most}"
        raise ValueError(f"must hold {count} numbers, it holds {len(words)}")
    low, high = bounds[value.quantity]
    zero = value.quantity in MAY_BE_ZERO
    numbers = []
    for word in words:
        if len(word) > 32 or not _NUMBER.fullmatch(word):
            raise ValueError(f"holds {clipped(word)}, which is no plain number")
        number = float(word)
        if not (low <= number <= high or (zero and number == 0)):
            allowed = f"{low:g} to {high:g}" + (", or 0" if zero and low > 0 else "")
            raise ValueError(f"holds {word}; a {value.quantity} here is {allowed}")
        numbers.append(number)
    return " ".join(repr(n) for n in numbers)


@dataclass(frozen=True, kw_only=True)
class Element:
    """One element: its attributes and the elements that may stand in it."""

    attributes: Mapping[str, Value] = field(default_factory=dict)
    children: frozenset[str] = frozenset()


def _n(quantity: Quantity, least: int = 1, most: int | None = None) -> Numbers:
    return Numbers(quantity=quantity, least=least, most=most or least)


_NAMED = Name()
_BOOL = OneOf(words=("true", "false"))
_AUTO = OneOf(words=("true", "false", "auto"))
_SWITCH = OneOf(words=("enable", "disable"))
_MASK = Whole(low=0, high=2**31 - 1)
_CONDIM = OneOf(words=("1", "3", "4", "6"))
_SOLVER: dict[str, Value] = {"solref": _n("solver", 1, 2), "solimp": _n("solver", 1, 5)}
_TURNED: dict[str, Value] = {
    "quat": _n("direction", 4),
    "axisangle": _n("angle", 4),
    "euler": _n("angle", 3),
    "xyaxes": _n("direction", 6),
    "zaxis": _n("direction", 3),
}
_PLACED: dict[str, Value] = {"pos": _n("place", 3), **_TURNED}
_COMMON: dict[str, Value] = {"name": _NAMED, "class": _NAMED, "group": Whole(low=0, high=5)}
_SHAPE: dict[str, Value] = {
    "size": _n("size", 1, 3),
    "fromto": _n("place", 6),
    "rgba": _n("fraction", 4),
}

_GEOM: dict[str, Value] = {
    **_COMMON, **_PLACED, **_SHAPE, **_SOLVER,
    "type": OneOf(words=("plane", "sphere", "capsule", "ellipsoid", "cylinder", "box")),
    "mass": _n("mass"), "density": _n("density"), "friction": _n("friction", 1, 3),
    "condim": _CONDIM, "contype": _MASK, "conaffinity": _MASK, "priority": Whole(low=0, high=99),
    "solmix": _n("stiffness"), "margin": _n("size"), "gap": _n("size"),
    "fluidshape": OneOf(words=("none", "ellipsoid")), "fluidcoef": _n("stiffness", 5),
}  # fmt: skip
_JOINT: dict[str, Value] = {
    **_COMMON,
    "type": OneOf(words=("free", "ball", "slide", "hinge")),
    "pos": _n("place", 3), "axis": _n("direction", 3), "range": _n("place", 2), "limited": _AUTO,
    "stiffness": _n("stiffness"), "damping": _n("stiffness"), "armature": _n("stiffness"),
    "frictionloss": _n("stiffness"), "ref": _n("place"), "springref": _n("place"),
    "margin": _n("size"), "solreflimit": _n("solver", 1, 2), "solimplimit": _n("solver", 1, 5),
    "solreffriction": _n("solver", 1, 2), "solimpfriction": _n("solver", 1, 5),
}  # fmt: skip
_DRIVE: dict[str, Value] = {
    **_COMMON,
    "joint": _NAMED, "gear": _n("force", 1, 6), "ctrllimited": _AUTO, "forcelimited": _AUTO,
    "ctrlrange": _n("force", 2), "forcerange": _n("force", 2),
}  # fmt: skip
_BOX = frozenset({"body", "geom", "site", "light", "camera"})
_DRIVES = frozenset({"motor", "position", "velocity"})
_DEFAULTS = frozenset({"default", "geom", "joint", "site", "light", "camera", "pair"}) | _DRIVES

GRAMMAR: Mapping[str, Element] = {
    "mujoco": Element(
        attributes={"model": _NAMED},
        children=frozenset(
            {"compiler", "option", "default", "worldbody", "actuator", "contact", "keyframe"}
        ),
    ),
    "compiler": Element(
        attributes={
            "angle": OneOf(words=("radian", "degree")),
            "eulerseq": OneOf(words=("xyz", "XYZ", "zyx", "ZYX", "xzy", "yxz", "yzx", "zxy")),
            "autolimits": _BOOL, "boundmass": _n("mass"), "boundinertia": _n("mass"),
            "balanceinertia": _BOOL, "settotalmass": _n("mass"), "inertiafromgeom": _AUTO,
        },
    ),
    "option": Element(
        attributes={
            "timestep": _n("time step"), "gravity": _n("gravity", 3), "wind": _n("speed", 3),
            "density": _n("density"), "viscosity": _n("stiffness"), "impratio": _n("size"),
            "integrator": OneOf(words=("Euler", "RK4", "implicit", "implicitfast")),
            "cone": OneOf(words=("pyramidal", "elliptic")),
            "solver": OneOf(words=("PGS", "CG", "Newton")),
            "iterations": Whole(low=1, high=500), "ls_iterations": Whole(low=1, high=500),
            "noslip_iterations": Whole(low=0, high=100), "tolerance": _n("fraction"),
        },
        children=frozenset({"flag"}),
    ),
    "flag": Element(
        attributes=dict.fromkeys(
            ("constraint", "frictionloss", "limit", "contact", "spring", "damper", "gravity",
             "actuation", "eulerdamp", "energy", "nativeccd", "multiccd", "warmstart"),
            _SWITCH,
        )
    ),
    "default": Element(attributes={"class": _NAMED}, children=_DEFAULTS),
    "worldbody": Element(children=_BOX),
    "body": Element(
        attributes={"name": _NAMED, "childclass": _NAMED, "gravcomp": _n("solver"), **_PLACED},
        children=_BOX | {"joint", "freejoint", "inertial"},
    ),
    "inertial": Element(
        attributes={
            **_PLACED, "mass": _n("mass"), "diaginertia": _n("mass", 3),
            "fullinertia": _n("solver", 6),
        }
    ),
    "geom": Element(attributes=_GEOM),
    "joint": Element(attributes=_JOINT),
    "freejoint": Element(attributes={"name": _NAMED, "group": Whole(low=0, high=5)}),
    "site": Element(
        attributes={
            **_COMMON, **_PLACED, **_SHAPE,
            "type": OneOf(words=("sphere", "capsule", "ellipsoid", "cylinder", "box")),
        }
    ),
    "light": Element(
        attributes={
            "name": _NAMED, "class": _NAMED, "pos": _n("place", 3), "dir": _n("direction", 3),
            "directional": _BOOL, "castshadow": _BOOL, "diffuse": _n("fraction", 3),
            "ambient": _n("fraction", 3), "specular": _n("fraction", 3),
        }
    ),
    "camera": Element(
        attributes={"name": _NAMED, "class": _NAMED, "fovy": _n("size"), **_PLACED}
    ),
    "actuator": Element(children=_DRIVES),
    "motor": Element(attributes=_DRIVE),
    "position": Element(attributes={**_DRIVE, "kp": _n("stiffness"), "kv": _n("stiffness")}),
    "velocity": Element(attributes={**_DRIVE, "kv": _n("stiffness")}),
    "contact": Element(children=frozenset({"pair", "exclude"})),
    "pair": Element(
        attributes={
            "name": _NAMED, "class": _NAMED, "geom1": _NAMED, "geom2": _NAMED, "condim": _CONDIM,
            "friction": _n("friction", 1, 5), "margin": _n("size"), "gap": _n("size"), **_SOLVER,
        }
    ),
    "exclude": Element(attributes={"name": _NAMED, "body1": _NAMED, "body2": _NAMED}),
    "keyframe": Element(children=frozenset({"key"})),
    "key": Element(
        attributes={
            "name": _NAMED, "qpos": _n("place", 1, 224),
            "qvel": _n("speed", 1, 192), "ctrl": _n("force", 1, 32),
        }
    ),
}  # fmt: skip
"""Every element by its name."""
