"""From a scene program to an experiment: units, relations and defaults, all in code."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from mindseye.tools.errors import ToolError
from mindseye.tools.physics.lab.amount import Amount, Relative, Stated, parse_amount
from mindseye.tools.physics.lab.defaults import (
    DEFAULTS,
    MORE,
    MORE_RANGE,
    check_bounds,
    check_together,
    word_value,
)
from mindseye.tools.physics.lab.experiment import Assumption, Experiment, Setup, Until
from mindseye.tools.physics.lab.program import (
    QUANTITY_DIMENSION,
    SCENES,
    Direction,
    Program,
    Quantity,
)

Key = tuple[Quantity, Literal["default", "factor"]]

_ORDER: tuple[Quantity, ...] = (
    "gravity", "mass", "restitution", "friction", "angle", "height", "speed", "force", "length",
    "duration",
)  # fmt: skip
"""Later ones may depend on earlier ones."""


def resolve(program: Program, assume: Mapping[Key, float] | None = None) -> Experiment:
    """Return the experiment that the program describes.

    Args:
      program: a scene program.
      assume: multiples of what is assumed by default, by `Assumption.key`.

    Raises:
      ToolError: a relation that does not say to whom, or that goes round in a
        circle; an amount that cannot be simulated.
    """
    experiment = _resolve(program, assume or {})
    # Only what changes the experiment counts as assumed: not the mass that a
    # default slope's length was worked out beside, nor a time that is never up.
    counting = tuple(a for a in experiment.assumed if _matters(program, experiment, a, assume))
    return replace(experiment, assumed=counting)


def variants(program: Program, experiment: Experiment) -> tuple[tuple[Assumption, Experiment], ...]:
    """Return the experiments in which one assumption is at its least or largest plausible value."""
    found = []
    for assumption in experiment.assumed:
        for multiple in (assumption.low, assumption.high):
            if multiple == 1.0:
                continue
            try:
                varied = _resolve(program, {assumption.key: multiple})
            except ToolError:
                # The default's neighbour is out of bounds, such as a throw past the vertical.
                continue
            found.append((assumption, varied))
    return tuple(found)


def _matters(
    program: Program,
    experiment: Experiment,
    assumption: Assumption,
    assume: Mapping[Key, float] | None,
) -> bool:
    near = dict(assume or {})
    near[assumption.key] = near.get(assumption.key, 1.0) * 0.999
    varied = _resolve(program, near)
    return (varied.bodies, varied.restitution) != (experiment.bodies, experiment.restitution)


def _resolve(program: Program, assume: Mapping[Key, float]) -> Experiment:
    state = _Resolving(program=program, assume=assume)
    for quantity in _ORDER:
        if quantity in SCENES[program.scene].takes:
            state.values[quantity] = _values(state, quantity)
    restitution = state.values.get("restitution", [1.0])
    if max(restitution) - min(restitution) > 1e-9:
        raise ToolError("a collision has one restitution; state it once")
    experiment = Experiment(
        scene=program.scene,
        bodies=tuple(_setup(state, i) for i in range(len(program.bodies))),
        ask=program.ask,
        restitution=restitution[0],
        pulled=state.pulled,
        edge=state.asked == "falls_over_edge",
        stated=tuple(sorted(state.stated)),
        assumed=tuple(state.assumed.values()),
    )
    check_together(experiment)
    return experiment


@dataclass
class _Resolving:
    """What is known half way: values by quantity, one for each body."""

    program: Program
    assume: Mapping[Key, float]
    values: dict[Quantity, list[float]] = field(default_factory=dict)
    stated: set[tuple[str, Quantity]] = field(default_factory=set)
    assumed: dict[Key, Assumption] = field(default_factory=dict)

    def mentioned(self, *quantities: Quantity) -> bool:
        """Say whether any of these is stated of any body or of the world."""
        parts = (*self.program.bodies, *([self.program.world] if self.program.world else []))
        return any(getattr(part, q) is not None for part in parts for q in quantities)

    @property
    def asked(self) -> str:
        """The measure or event that is asked for."""
        ask = self.program.ask
        return ask.event if ask.kind == "does" else ask.measure

    @property
    def pulled(self) -> bool:
        """Say whether things are pulled over a rough floor."""
        if self.program.scene != "friction":
            return False
        return self.mentioned("force") or (self.asked == "slides" and not self.mentioned("speed"))

    def direction(self, i: int) -> Direction:
        """Return which way body `i` goes; downwards, or towards the other, if not stated."""
        usual: Direction = "towards" if self.program.scene == "collision" else "down"
        return self.program.bodies[i].direction or usual


def _values(state: _Resolving, quantity: Quantity) -> list[float]:
    """Resolve one quantity for all bodies."""
    program = state.program
    world = getattr(program.world, quantity) if program.world else None
    amounts: list[Amount | None] = []
    for body in program.bodies:
        text = getattr(body, quantity) or world
        amounts.append(parse_amount(text, QUANTITY_DIMENSION[quantity]) if text else None)
    column = _Column(state=state, quantity=quantity, amounts=amounts, world=world)
    for i, amount in enumerate(amounts):
        if amount is not None:
            state.stated.add((program.bodies[i].name, quantity))
    values = [column.value(i) for i in range(len(amounts))]
    # An infinite height is no amount that anybody stated: there is no ground to reach.
    return [check_bounds(v, quantity, program.scene) if math.isfinite(v) else v for v in values]


@dataclass
class _Column:
    """One quantity of all bodies, resolved as relations lead from one to another."""

    state: _Resolving
    quantity: Quantity
    amounts: list[Amount | None]
    world: str | None
    _open: set[int] = field(default_factory=set)

    def value(self, i: int) -> float:
        """Return the amount of body `i`."""
        amount = self.amounts[i]
        if amount is None:
            return self._absent(i)
        plain = self._plain(i)
        if plain is not None:
            return plain
        assert isinstance(amount, Relative)
        if i in self._open:
            raise ToolError(f"{self.quantity}: the relations go round in a circle")
        self._open.add(i)
        base = self._named(amount.of) if amount.of else self._reference(i)
        self._open.discard(i)
        if amount.level == "more":
            return self._more(base)
        if amount.level == "less":
            return base / self._level()
        return base * amount.factor + amount.offset

    def _level(self) -> float:
        return self._assume("factor", MORE, MORE_RANGE[0] / MORE, MORE_RANGE[1] / MORE)

    def _more(self, base: float) -> float:
        """Return more than `base`; of what has a limit, at most half of what is left."""
        limit = {"angle": math.pi / 2, "restitution": 1.0}.get(self.quantity)
        more = base * self._level()
        return more if limit is None else min(more, (base + limit) / 2)

    def _plain(self, i: int) -> float | None:
        """Return what body `i` states by itself, None for a relation or nothing."""
        amount = self.amounts[i]
        if amount is None or isinstance(amount, Relative):
            return None
        if isinstance(amount, Stated):
            return amount.value
        return word_value(amount.word, self.quantity)

    def _named(self, name: str) -> float:
        names = [n.lower() for n in self.state.program.names]
        j = names.index(name.lower())
        return self._typical() if self.amounts[j] is None else self.value(j)

    def _reference(self, i: int) -> float:
        """Return what a bare relation of body `i` relates to."""
        others = {round(v, 12) for j in range(len(self.amounts)) if j != i
                  and (v := self._plain(j)) is not None}  # fmt: skip
        if len(others) == 1:
            return others.pop()
        if others:
            raise ToolError(
                f"{self.quantity}: say of which body, as in '2x {self.state.program.names[i - 1]}'"
            )
        if self.world is not None:
            amount = parse_amount(self.world, QUANTITY_DIMENSION[self.quantity])
            if isinstance(amount, Stated):
                return amount.value
            if not isinstance(amount, Relative):
                return word_value(amount.word, self.quantity)
        return self._typical()

    def _compared(self, i: int) -> bool:
        """Say whether body `i`, which states nothing, is what others are compared with."""
        name = self.state.program.names[i].lower()
        stated = any(self._plain(j) is not None for j in range(len(self.amounts)))
        return any(
            isinstance(a, Relative) and (a.of.lower() == name if a.of else not stated)
            for a in self.amounts
        )

    def _absent(self, i: int) -> float:
        if self._compared(i):
            return self._typical()
        if self.state.program.scene == "collision" and self.quantity == "speed" and i == 1:
            return self.value(0) / 2 if self.state.direction(1) == "away" else 0.0
        if self.quantity == "restitution" and self._sole() is not None:
            # One number for both: stated of one body, it holds for the other.
            return self._sole() or 0.0
        return self._default(_special(self.state, self.quantity, i))

    def _sole(self) -> float | None:
        plain = [v for j in range(len(self.amounts)) if (v := self._plain(j)) is not None]
        return plain[0] if plain else None

    def _typical(self) -> float:
        table = DEFAULTS[self.state.program.scene][self.quantity]
        value = table.typical
        if self.state.program.scene == "friction" and self.quantity == "force":
            loads = zip(*(self.state.values[q] for q in ("friction", "mass", "gravity")),
                        strict=True)  # fmt: skip
            value = max(value, *(2 * mu * m * g for mu, m, g in loads))
        return self._default(value)

    def _default(self, value: float) -> float:
        spread = DEFAULTS[self.state.program.scene][self.quantity].spread
        if value == 0.0 or not math.isfinite(value) or spread == 1.0:
            return value
        high = 1.0 if self.quantity == "restitution" and value * spread > 1 else spread
        return self._assume("default", value, 1 / spread, high)

    def _assume(
        self, kind: Literal["default", "factor"], value: float, low: float, high: float
    ) -> float:
        """Note what is assumed and return it, or what the caller of `resolve` assumes instead."""
        note = Assumption(quantity=self.quantity, kind=kind, value=value, low=low, high=high)
        self.state.assumed.setdefault(note.key, note)
        return value * self.state.assume.get(note.key, 1.0)


def _special(state: _Resolving, quantity: Quantity, i: int) -> float:
    """Return what body `i` has where nothing is said of the quantity; see `defaults`."""
    scene, up = state.program.scene, state.direction(i) == "up"
    default = DEFAULTS[scene][quantity]
    match scene, quantity:
        case "friction", "force":
            return default.typical if state.pulled else 0.0
        case "friction", "speed":
            return 0.0 if state.pulled else default.absent
        case "free_fall", "height":
            if up:
                return 0.0
            endless = _until(state, i) == "duration" and not state.mentioned("height")
            return math.inf if endless else default.absent
        case (("free_fall" | "slope"), "speed"):
            return 2 * default.typical if up else default.absent
        case "projection", ("height" | "angle"):
            return _thrown_from(state, quantity)
        case _:
            return default.absent


def _thrown_from(state: _Resolving, quantity: Quantity) -> float:
    """Return the height or angle of a throw of which it is not stated."""
    default = DEFAULTS["projection"][quantity]
    heights, angles = state.mentioned("height"), state.mentioned("angle")
    level = not angles and (heights or state.asked != "max_height")
    if quantity == "angle":
        return 0.0 if level else default.absent
    return default.absent if level else 0.0


def _setup(state: _Resolving, i: int) -> Setup:
    values: dict[Quantity, float] = {q: column[i] for q, column in state.values.items()}
    values.pop("restitution", None)
    until, body = _until(state, i), state.program.bodies[i]
    if state.program.scene == "slope":
        _fit_slope(state, i, values)
    if until != "length" and state.asked not in ("reaches", "falls_over_edge"):
        values.pop("length", None)
    if until != "duration" and not (state.program.scene == "free_fall" and _in_time(state, i)):
        values.pop("duration", None)
    if state.program.scene == "free_fall":
        values["angle"] = math.copysign(math.pi / 2, 1 if state.direction(i) == "up" else -1)
    return Setup(name=body.name, direction=state.direction(i), until=until, **values)


def _in_time(state: _Resolving, i: int) -> bool:
    """Say whether it is asked that something lands within the duration."""
    return state.asked == "reaches" and state.direction(i) != "up"


def _fit_slope(state: _Resolving, i: int, values: dict[Quantity, float]) -> None:
    """Settle a slope's length and angle from its height, where that is stated."""
    body, world = state.program.bodies[i], state.program.world
    height = values.pop("height")
    if not state.mentioned("height"):
        return
    has_length = body.length is not None or (world is not None and world.length is not None)
    if not has_length:
        values["length"] = check_bounds(height / math.sin(values["angle"]), "length", "slope")
    elif not state.mentioned("angle"):
        if not 0 < height < values["length"]:
            raise ToolError(
                f"a slope of length {values['length']:.4g} m cannot be {height:.4g} m high"
            )
        values["angle"] = check_bounds(math.asin(height / values["length"]), "angle", "slope")


def _until(state: _Resolving, i: int) -> Until:
    """Return when the measures of body `i` are read; see `mindseye.tools.physics.lab.program`."""
    way, span = state.mentioned("length"), state.mentioned("duration")
    stretch: Until = "length" if way and not span else "duration"
    match state.program.scene:
        case "motion":
            return _until_on_floor(state.asked, span, stretch, pulled=True)
        case "friction":
            return _until_on_floor(state.asked, span, stretch, pulled=state.pulled)
        case "free_fall":
            timed = state.asked in ("speed", "kinetic_energy", "momentum") and span
            return "duration" if state.asked == "distance" or timed else "ground"
        case "projection":
            return "ground"
        case "collision":
            return "contact"
        case "slope":
            up = state.direction(i) == "up"
            return _until_on_slope(state, up, span and not (way or state.mentioned("height")))


def _until_on_floor(asked: str, span: bool, stretch: Until, *, pulled: bool) -> Until:
    match asked:
        case "time":
            return "length" if pulled else "rest"
        case "distance":
            return "duration" if pulled or span else "rest"
        case "reaches" | "falls_over_edge":
            return "duration" if span else "length" if pulled else "rest"
        case "acceleration" | "friction_force" | "slides":
            return "duration" if pulled else "rest"
        case _:
            return stretch


def _until_on_slope(state: _Resolving, up: bool, timed: bool) -> Until:
    match state.asked:
        case "distance":
            return "turn" if up else "duration"
        case "time" | "acceleration" | "slides" | "reaches":
            return "turn" if up else "length"
        case _:
            return "duration" if timed else "length"
