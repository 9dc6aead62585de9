"""Amounts: as the question says them, and as the scene program writes them.

The program's form is normal: digits and the unit's short sign ("3 kg"), "2x", "more".
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mindseye.planner.questions.picking import Picker
from mindseye.tools.physics.lab.amount import SPELLED, Dimension, unit_factor
from mindseye.tools.physics.lab.verdict import significant

_UNITS: dict[str, tuple[tuple[str, int], ...]] = {
    # Sign: how it is said, with weights. A trailing number says how often.
    "kg": (("{n} kg", 8), ("{n}kg", 1), ("{n} kilograms", 3), ("{n} kilos", 1)),
    "g": (("{n} g", 5), ("{n} grams", 4), ("{n}g", 1)),
    "t": (("{n} t", 1), ("{n} tonnes", 4)),
    "lb": (("{n} lb", 2), ("{n} pounds", 3), ("{n} lbs", 1)),
    "m": (("{n} m", 7), ("{n} metres", 6), ("{n}m", 1)),
    "cm": (("{n} cm", 5), ("{n} centimetres", 2), ("{n}cm", 1)),
    "km": (("{n} km", 2), ("{n} kilometres", 1)),
    "ft": (("{n} ft", 2), ("{n} feet", 4)),
    "in": (("{n} inches", 1),),
    "N": (("{n} N", 6), ("{n} newtons", 4), ("{n}N", 1)),
    "m/s": (("{n} m/s", 9), ("{n} metres per second", 4), ("{n}m/s", 1),
            ("{n} metres a second", 1)),
    "km/h": (("{n} km/h", 6), ("{n} kilometres per hour", 2), ("{n} kph", 1)),
    "mph": (("{n} mph", 4), ("{n} miles per hour", 2)),
    "ft/s": (("{n} ft/s", 2), ("{n} feet per second", 1)),
    "s": (("{n} s", 5), ("{n} seconds", 6), ("{n}s", 1)),
    "min": (("{n} minutes", 1),),
    "deg": (("{n} degrees", 6), ("{n}°", 4), ("{n} deg", 1)),
    "m/s2": (("{n} m/s2", 3), ("{n} m/s²", 2), ("{n} m/s^2", 1)),
    "J": (("{n} J", 3), ("{n} joules", 2)),
    "kg m/s": (("{n} kg m/s", 3), ("{n} kg·m/s", 1)),
    "N s": (("{n} N s", 1),),
    "": (("{n}", 1),),
}  # fmt: skip
_SINGULAR = {
    "kilograms": "kilogram", "kilos": "kilo", "grams": "gram", "tonnes": "tonne",
    "pounds": "pound", "lbs": "lb", "metres": "metre", "centimetres": "centimetre",
    "kilometres": "kilometre", "feet": "foot", "inches": "inch", "newtons": "newton",
    "seconds": "second", "minutes": "minute", "degrees": "degree", "joules": "joule",
    "miles": "mile",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """An amount that a question states."""

    said: str
    """"3 kilograms", or a word such as "ice"."""
    written: str
    """"3 kg"."""
    word: bool = False
    """A word rather than a number."""
    before: str = ""
    """In front of a noun: "3-kilogram"."""


def quote(number: str, unit: str, pick: Picker) -> Quoted:
    """Return an amount in words; numbers up to twelve are spelled out now and then."""
    form = pick.weighted(_UNITS[unit])
    spelled = number
    if pick.some(0.08) and number.isdigit() and 1 <= int(number) <= 12 and form[3:4] == " ":
        long = form[4:].split()[0]
        spelled = SPELLED[int(number)] if long in _SINGULAR else number
    said = form.replace("{n}", spelled)
    if number == "1":
        said = " ".join(_SINGULAR.get(w, w) for w in said.split(" "))
    before = said
    parts = said.split(" ")
    if len(parts) == 2 and parts[1] in _SINGULAR:
        before = f"{parts[0]}-{_SINGULAR[parts[1]]}"
    elif len(parts) == 2 and pick.some(0.2) and parts[1] in ("kg", "m", "cm", "g"):
        before = f"{parts[0]}-{parts[1]}"
    return Quoted(said=said, written=f"{number} {unit}".strip(), before=before)


def quote_word(said: str, written: str = "") -> Quoted:
    """Return a word such as "ice" as an amount."""
    return Quoted(said=said, written=written or said.lower(), word=True)


def si(number: str, unit: str, dimension: Dimension) -> float:
    """Return the amount in SI units."""
    return float(number) * unit_factor(unit, dimension)


_STEPS = (1, 1.2, 1.5, 1.6, 1.8, 2, 2.4, 2.5, 3, 3.2, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9)


def number_between(low: float, high: float, rng: random.Random) -> str:
    """Return a number as people choose them, mostly round, with at most two digits."""
    whole = range(max(1, round(low)), min(21, int(high) + 1))
    if len(whole) and rng.random() < 0.55 and high <= 60:
        return str(rng.choice(whole))
    found = [s * 10**k for k in range(-3, 5) for s in _STEPS if low <= s * 10**k <= high]
    return significant(rng.choice(found or [low]), 2)


def same_in_other_unit(number: str, unit: str, units: Sequence[str], dimension: Dimension) -> str:
    """Return "2000 g" for 2 kg: an equal amount in another unit, or nothing if there is none."""
    value = si(number, unit, dimension)
    for other in units:
        if other != unit:
            converted = value / unit_factor(other, dimension)
            text = significant(converted, 4)
            if 0.05 <= converted <= 20000 and abs(float(text) / converted - 1) < 1e-9:
                return f"{text} {other}"
    return ""
