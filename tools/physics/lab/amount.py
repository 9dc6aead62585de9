"""Amounts as a question states them: "3 km/h", "2x", "more than the blue ball".

A language model copies them out of the text; numbers, units and relations are
worked out here, so that the model does no arithmetic.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

from mindseye.tools.errors import ToolError

Dimension = Literal[
    "length", "mass", "force", "speed", "time", "angle", "acceleration", "energy", "momentum",
    "ratio",
]  # fmt: skip

_UNITS: dict[Dimension, dict[str, float]] = {
    "length": {
        "m": 1.0, "metre": 1.0, "meter": 1.0, "cm": 0.01, "centimetre": 0.01, "centimeter": 0.01,
        "mm": 0.001, "millimetre": 0.001, "millimeter": 0.001, "km": 1000.0, "kilometre": 1000.0,
        "kilometer": 1000.0, "ft": 0.3048, "foot": 0.3048, "feet": 0.3048, "in": 0.0254,
        "inch": 0.0254, "inches": 0.0254, "yd": 0.9144, "yard": 0.9144, "mi": 1609.344,
        "mile": 1609.344,
    },
    "mass": {
        "kg": 1.0, "kilo": 1.0, "kilogram": 1.0, "kilogramme": 1.0, "g": 0.001, "gram": 0.001,
        "gramme": 0.001, "mg": 1e-6, "t": 1000.0, "tonne": 1000.0, "ton": 1000.0,
        "lb": 0.45359237, "lbs": 0.45359237, "pound": 0.45359237, "oz": 0.028349523125,
        "ounce": 0.028349523125,
    },
    "force": {"N": 1.0, "newton": 1.0, "kN": 1000.0, "kilonewton": 1000.0, "lbf": 4.4482216152605},
    "speed": {
        "m/s": 1.0, "mps": 1.0, "metres per second": 1.0, "meters per second": 1.0, "cm/s": 0.01,
        "km/h": 1 / 3.6, "kph": 1 / 3.6, "kmh": 1 / 3.6, "kilometres per hour": 1 / 3.6,
        "kilometers per hour": 1 / 3.6, "mph": 0.44704, "miles per hour": 0.44704,
        "ft/s": 0.3048, "feet per second": 0.3048, "km/s": 1000.0,
    },
    "time": {
        "s": 1.0, "sec": 1.0, "second": 1.0, "ms": 0.001, "millisecond": 0.001, "min": 60.0,
        "minute": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0,
    },
    "angle": {
        "deg": math.pi / 180, "degree": math.pi / 180, "°": math.pi / 180, "rad": 1.0,
        "radian": 1.0,
    },
    "acceleration": {"m/s2": 1.0, "m/s^2": 1.0, "m/s²": 1.0, "cm/s2": 0.01, "g": 9.81},
    "energy": {"J": 1.0, "joule": 1.0, "kJ": 1000.0, "kilojoule": 1000.0},
    "momentum": {"kg m/s": 1.0, "kg*m/s": 1.0, "kg·m/s": 1.0, "N s": 1.0, "Ns": 1.0},
    "ratio": {"": 1.0, "%": 0.01, "percent": 0.01, "per cent": 0.01},
}  # fmt: skip

SI: dict[Dimension, str] = {
    "length": "m", "mass": "kg", "force": "N", "speed": "m/s", "time": "s", "angle": "rad",
    "acceleration": "m/s2", "energy": "J", "momentum": "kg m/s", "ratio": "",
}  # fmt: skip

SPELLED = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve",
)  # fmt: skip
"""Numbers that are understood in words, from zero on."""
_NUMBER = (
    rf"[-+]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?:/[0-9]+)?|[-+]?\.[0-9]+"
    rf"|half|{'|'.join(SPELLED)}"
)
_FACTORS = {"half": 0.5, "twice": 2.0, "double": 2.0, "triple": 3.0}

_TIMES = re.compile(rf"({_NUMBER}) ?x(?: (.+))?", re.I)
_FACTOR = re.compile(rf"({'|'.join(_FACTORS)})(?: (.+))?", re.I)
_LEVEL = re.compile(r"(more|less|same)(?: (?:than|as) (.+))?", re.I)
_OFFSET = re.compile(rf"({_NUMBER}) ?(.*?) (more|less)(?: than (.+))?", re.I)
_PLAIN = re.compile(rf"({_NUMBER}) ?(.*)", re.I)

LONGEST = 80
"""Characters that an amount may have."""

PATTERN = (
    r"^([-+]?[0-9][0-9.,/eE]{0,11}[x%°]?( [^\"\\\x00-\x1f]{1,60})?"
    r"|(more|less)( than [^\"\\\x00-\x1f]{1,60})?|same( as [^\"\\\x00-\x1f]{1,60})?"
    r"|[a-z][a-z ]{0,30})$"
)
"""What the decoder lets a model write; `parse_amount` is stricter."""


@dataclass(frozen=True, kw_only=True)
class Stated:
    """An amount in SI units."""

    value: float


@dataclass(frozen=True, kw_only=True)
class Word:
    """A word such as "moon" or "ice", whose amount depends on the quantity."""

    word: str


@dataclass(frozen=True, kw_only=True)
class Relative:
    """`factor` times the amount of `of` plus `offset`; `of` is empty when left open."""

    factor: float = 1.0
    offset: float = 0.0
    level: Literal["", "more", "less"] = ""
    """Set where the text says no more than which is larger."""
    of: str = ""


Amount = Stated | Word | Relative


def units_of(dimension: Dimension) -> tuple[str, ...]:
    """Return the units in which an amount of this dimension may be given."""
    return tuple(_UNITS[dimension])


def unit_factor(unit: str, dimension: Dimension) -> float:
    """Return how many SI units one `unit` is.

    Raises:
      ToolError: no unit of that name for this dimension.
    """
    table = _UNITS[dimension]
    lower = {name.lower(): factor for name, factor in table.items()}
    asked = " ".join(unit.split())
    for name in (asked, asked.removesuffix("s") if len(asked) > 3 else asked):
        if name in table:
            return table[name]
        if name.lower() in lower:
            return lower[name.lower()]
    known = ", ".join(name or "(none)" for name in list(table)[:12])
    raise ToolError(f"{unit!r} is no unit of {dimension}; give one of: {known}")


def parse_number(text: str) -> float:
    """Return the number that "1,200", "1/3", ".5", "half" or "three" stands for.

    Raises:
      ToolError: not a number, or not a finite one.
    """
    word = text.strip().lower()
    if word == "half":
        return 0.5
    if word in SPELLED:
        return float(SPELLED.index(word))
    numerator, _, denominator = word.replace(",", "").partition("/")
    try:
        value = float(numerator) / (float(denominator) if denominator else 1.0)
    except (ValueError, ZeroDivisionError) as error:
        raise ToolError(f"{text!r} is not a number") from error
    if not math.isfinite(value):
        raise ToolError(f"{text!r} is not a number that can be simulated")
    return value


def parse_amount(text: str, dimension: Dimension) -> Amount:
    """Read an amount of the given dimension.

    Forms: `3 m/s`, `0.4`, `2x`, `2x NAME`, `half`, `twice NAME`, `more`, `less`,
    `same`, `more than NAME`, `less than NAME`, `same as NAME`, `2 kg more than
    NAME`, `10% less`, or a word such as `moon`.

    Raises:
      ToolError: it has none of these forms, or a unit of another dimension.
    """
    text = " ".join(text.split())
    if not text or len(text) > LONGEST:
        raise ToolError(f"an amount has 1 to {LONGEST} characters, not {len(text)}")
    if match := _TIMES.fullmatch(text):
        return Relative(factor=parse_number(match[1]), of=match[2] or "")
    if match := _FACTOR.fullmatch(text):
        return Relative(factor=_FACTORS[match[1].lower()], of=match[2] or "")
    if match := _LEVEL.fullmatch(text):
        word = match[1].lower()
        level: Literal["", "more", "less"] = (
            "more" if word == "more" else "less" if word == "less" else ""
        )
        return Relative(level=level, of=match[2] or "")
    if match := _OFFSET.fullmatch(text):
        sign = 1.0 if match[3].lower() == "more" else -1.0
        if match[2] and match[2] in _UNITS["ratio"]:
            share = sign * parse_number(match[1]) * _UNITS["ratio"][match[2]]
            return Relative(factor=1.0 + share, of=match[4] or "")
        size = parse_number(match[1]) * unit_factor(match[2], dimension)
        return Relative(offset=sign * size, of=match[4] or "")
    if match := _PLAIN.fullmatch(text):
        return Stated(value=parse_number(match[1]) * unit_factor(match[2], dimension))
    if re.fullmatch(r"[A-Za-z][A-Za-z ]*", text):
        return Word(word=text.lower())
    raise ToolError(
        f"{text!r} is no amount; write a number with a unit, '2x', 'more', 'less' or 'same'"
    )
