"""Draws amounts and relations for the facts of a question."""

from collections.abc import Sequence
from itertools import pairwise

from mindseye.planner.questions.amounts import (
    Quoted,
    number_between,
    quote,
    quote_word,
    same_in_other_unit,
)
from mindseye.planner.questions.contexts import CONTEXTS
from mindseye.planner.questions.facts import Common, Equal, Fact, Relation, RelationKind, Values
from mindseye.planner.questions.lexemes import FACTORS, Level, differs
from mindseye.planner.questions.modes import Mode
from mindseye.planner.questions.picking import Picker
from mindseye.planner.questions.things import MASSES
from mindseye.tools.physics.lab.program import QUANTITY_DIMENSION, Quantity

Range = tuple[str, float, float]

_RANGES: dict[str, tuple[Range, ...]] = {
    "glide speed": (("m/s", 0.5, 9), ("m/s", 1, 6), ("km/h", 4, 20)),
    "slide speed": (("m/s", 1, 10), ("m/s", 2, 7), ("ft/s", 4, 20)),
    "brake speed": (("km/h", 30, 120), ("m/s", 8, 35), ("mph", 20, 70)),
    "throw speed": (("m/s", 1, 25), ("m/s", 2, 12), ("km/h", 15, 80), ("mph", 10, 50),
                    ("ft/s", 10, 60)),
    "crash speed": (("m/s", 0.5, 6), ("m/s", 1, 9), ("km/h", 3, 25)),
    "uphill speed": (("m/s", 2, 9), ("m/s", 3, 6), ("km/h", 10, 30)),
    "drop height": (("m", 2, 90), ("m", 1, 20), ("ft", 6, 200), ("cm", 30, 180)),
    "throw height": (("m", 0.6, 40), ("m", 1, 12), ("cm", 60, 150), ("ft", 3, 80)),
    "slope height": (("m", 0.5, 20), ("m", 1, 6), ("cm", 20, 95), ("ft", 2, 30)),
    "throw angle": (("deg", 15, 80),),
    "slope angle": (("deg", 8, 55),),
    "slope length": (("m", 1, 30), ("m", 2, 12), ("cm", 60, 240), ("ft", 5, 60)),
    "slide friction": (("", 0.1, 0.9),),
    "road friction": (("", 0.2, 0.9),),
    "slope friction": (("", 0.05, 0.16),),
    "way": (("m", 2, 50), ("m", 3, 20), ("ft", 10, 100)),
    "push time": (("s", 1, 12), ("s", 2, 8)),
    "glide time": (("s", 2, 40), ("min", 1, 3)),
    "gravity": (("m/s2", 1.2, 24),),
}  # fmt: skip
_FORCES: dict[str, tuple[Range, ...]] = {
    "glider": (("N", 1, 40),), "cart": (("N", 0.5, 20),), "block": (("N", 20, 300),),
    "person": (("N", 20, 250),),
}  # fmt: skip
_WORDS_SHARE = {"slide friction": 0.5, "road friction": 0.6, "slope friction": 0.0, "gravity": 0.75}
"""How often an amount is a word, such as "ice"."""
_OTHER_UNITS: dict[str, tuple[str, ...]] = {
    "kg": ("g",), "g": ("kg",), "m": ("cm",), "cm": ("m",), "m/s": ("km/h",), "t": ("kg",),
    "km/h": ("m/s",), "min": ("s",),
}  # fmt: skip


class Draws:
    """Amounts that suit one situation and one class of things."""

    def __init__(self, pick: Picker, mode: Mode, kind: str) -> None:
        self.pick, self.mode, self.kind = pick, mode, kind

    def _ranges(self, quantity: Quantity) -> tuple[Range, ...]:
        if quantity == "mass":
            return MASSES[self.kind]
        if quantity == "force":
            return _FORCES[self.kind]
        if quantity == "speed" and self.kind == "vehicle":
            return _RANGES["brake speed"]
        return _RANGES[self.mode.contexts[quantity]]

    def _words(self, quantity: Quantity, count: int) -> list[Quoted] | None:
        """Return different words for the quantity, or nothing if it is to be a number."""
        key = self.mode.contexts[quantity]
        if not self.pick.some(_WORDS_SHARE.get(key, 0.0)):
            return None
        words = CONTEXTS[key].words
        found: list[Quoted] = []
        while len(found) < count:
            said = self.pick.word(tuple(words))
            if words[said] not in (q.written for q in found):
                found.append(quote_word(said, words[said]))
        return found

    def values(self, quantity: Quantity, count: int, *, numbers: bool = False) -> list[Quoted]:
        """Return so many different amounts in one unit, at least a tenth apart."""
        words = None if numbers else self._words(quantity, count)
        if words:
            return words
        unit, low, high = self.pick.rng.choice(self._ranges(quantity))
        found: list[str] = []
        for _ in range(200):
            number = number_between(low, high, self.pick.rng)
            if all(abs(float(number) / float(n) - 1) > 0.1 for n in found):
                found.append(number)
            if len(found) == count:
                return [quote(n, unit, self.pick) for n in found]
        raise AssertionError(f"{quantity}: too narrow a range for {count} amounts")

    def one(self, quantity: Quantity, *, numbers: bool = False) -> Quoted:
        """Return an amount."""
        return self.values(quantity, 1, numbers=numbers)[0]

    def equal_values(self, quantity: Quantity) -> tuple[Quoted, Quoted]:
        """Return the same amount twice, the second perhaps in another unit."""
        words = self._words(quantity, 1)
        if words:
            return words[0], words[0]
        unit, low, high = self.pick.rng.choice(self._ranges(quantity))
        number = number_between(low, high, self.pick.rng)
        first = quote(number, unit, self.pick)
        other = ""
        if self.pick.some(0.5):
            dimension = QUANTITY_DIMENSION[quantity]
            other = same_in_other_unit(number, unit, _OTHER_UNITS.get(unit, ()), dimension)
        if not other:
            return first, quote(number, unit, self.pick)
        converted, _, other_unit = other.partition(" ")
        pair = first, quote(converted, other_unit, self.pick)
        return pair if self.pick.some(0.5) else (pair[1], pair[0])

    def relation(
        self, quantity: Quantity, subject: int, other: int, *, exact: bool = False,
        base: bool | None = None,
    ) -> Relation:  # fmt: skip
        """Return that one of two has more or less than the other.

        Args:
          quantity: of what.
          subject: who has more or less.
          other: than whom.
          exact: by a stated factor or difference.
          base: whether the other's amount is stated; by chance if None.
        """
        context = CONTEXTS[self.mode.contexts[quantity]]
        wordy = _WORDS_SHARE.get(self.mode.contexts[quantity], 0) > 0.6
        kind: RelationKind = self.pick.weighted(
            (("level", 0 if exact else 6), ("factor", 0 if wordy else 5),
             ("difference", 1.5 if any(differs(x) for x in context.lexemes) else 0))
        )  # fmt: skip
        level: Level = "more" if self.pick.some(0.5) else "less"
        amount = self._difference(quantity, level) if kind == "difference" else None
        factor = self.pick.weighted(
            [(f, 4 if f in ("2x", "0.5x") else 2 if f == "3x" else 1) for f in FACTORS]
        )
        told = self.pick.some(0.12 if kind == "level" else 0.3) if base is None else base
        stated = told or (amount is not None and "%" not in amount.written)
        if quantity == "angle" and kind == "factor":
            factor = "2x" if self.pick.some(0.5) else "0.5x"
        return Relation(
            quantity=quantity, kind=kind, subject=subject, other=other, level=level,
            factor=factor if kind == "factor" else "", amount=amount,
            base=self.one(quantity, numbers=True) if stated else None,
        )  # fmt: skip

    def _difference(self, quantity: Quantity, level: Level) -> Quoted:
        if quantity not in ("mass", "speed", "height", "length", "duration") or self.pick.some(0.5):
            number = str(self.pick.rng.choice((10, 20, 25, 30, 40, 50)))
            said = f"{number}%" if self.pick.some(0.6) else f"{number} percent"
            return Quoted(said=said, written=f"{number}%")
        unit, low, high = self.pick.rng.choice(self._ranges(quantity))
        share = (0.15, 0.6) if level == "less" else (0.3, 0.8)
        number = number_between(low * share[0] + 0.1, max(low * share[1], 0.2), self.pick.rng)
        if level == "more":
            number = number_between(high * 0.05, high * 0.4, self.pick.rng)
        return quote(number, unit, self.pick)

    def differing(self, quantity: Quantity, *, exact: bool = False) -> Fact:
        """Return that two bodies differ, by their values or in relation to each other."""
        if self.pick.some(0.34):
            return Values(quantity=quantity, amounts=tuple(self.values(quantity, 2)))
        pair = (0, 1) if self.pick.some(0.5) else (1, 0)
        if quantity == "gravity" and not exact and self.pick.some(0.7):
            return Values(quantity=quantity, amounts=tuple(self.values(quantity, 2)))
        return self.relation(quantity, *pair, exact=exact)

    def agreeing(self, quantity: Quantity) -> Fact:
        """Return that two bodies have the same."""
        if self.pick.some(0.5):
            return Equal(quantity=quantity)
        if self.pick.some(0.45):
            return self.common(quantity)
        if self.pick.some(0.6):
            return Values(quantity=quantity, amounts=self.equal_values(quantity))
        pair = (0, 1) if self.pick.some(0.5) else (1, 0)
        return Relation(
            quantity=quantity, kind="same", subject=pair[0], other=pair[1], base=self.one(quantity)
        )

    def common(self, quantity: Quantity) -> Common:
        """Return an amount that all have."""
        return Common(quantity=quantity, amount=self.one(quantity))

    def chain(self, quantity: Quantity, order: Sequence[int]) -> list[Fact]:
        """Return relations from each body to the next, from the largest to the smallest."""
        found: list[Fact] = []
        for more, less in pairwise(order):
            subject, other = (more, less) if self.pick.some(0.6) else (less, more)
            level: Level = "more" if subject == more else "less"
            found.append(
                Relation(quantity=quantity, kind="level", subject=subject, other=other, level=level)
            )
        return found
