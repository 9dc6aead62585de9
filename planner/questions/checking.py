"""Answers by school formulas and by simulation: what generation holds a question to."""

import math
from collections.abc import Sequence
from itertools import pairwise

from mindseye.tools.physics.lab.closed_form import (
    closed_form,
    flight_time,
    net_acceleration,
    start_velocities,
)
from mindseye.tools.physics.lab.experiment import Experiment, Setup
from mindseye.tools.physics.lab.hint import write_hint
from mindseye.tools.physics.lab.lab import read, run
from mindseye.tools.physics.lab.measures import Occurrence
from mindseye.tools.physics.lab.program import Program
from mindseye.tools.physics.lab.resolve import resolve, variants
from mindseye.tools.physics.lab.verdict import Reading, Verdict, measure, weigh

APART = 0.06
"""Values that are meant to differ do so by at least this share; three times the tolerance."""
EQUAL = 1e-6
SLOW = 0.1
"""Less than this share of the closing speed is too slow to ask a number about."""


def formula(experiment: Experiment) -> Reading:
    """Return what the formulas say of every body: its measure, or whether it happens."""
    if experiment.measure is not None:
        return closed_form(experiment, experiment.measure)
    if experiment.scene == "collision":
        return tuple(_after(experiment, i) for i in range(2))
    return tuple(_happens(experiment, body) for body in experiment.bodies)


def _after(experiment: Experiment, i: int) -> Occurrence:
    assert experiment.ask.kind == "does"
    before, masses = start_velocities(experiment), [b.mass for b in experiment.bodies]
    closing = before[0] - before[1]
    if closing <= 0:
        return Occurrence(happened=False)
    j, sign = 1 - i, (-1 if i == 0 else 1)
    shared = sum(m * v for m, v in zip(masses, before, strict=True)) / sum(masses)
    after = shared + sign * experiment.restitution * masses[j] * closing / sum(masses)
    rests = abs(after) < 1e-9 * closing
    match experiment.ask.event:
        case "collides":
            return Occurrence(happened=True)
        case "stops":
            return Occurrence(happened=rests and before[i] != 0, margin=_far(abs(after), closing))
        case _:
            back = before[i] * after < 0 and not rests
            return Occurrence(happened=back, margin=_far(abs(after), closing))


def _far(speed: float, closing: float) -> float:
    return 1.0 if speed < 1e-9 * closing else speed / closing


def _happens(experiment: Experiment, body: Setup) -> Occurrence:
    assert experiment.ask.kind == "does"
    a = net_acceleration(experiment, body)
    if experiment.ask.event == "slides":
        return Occurrence(happened=body.speed > 0 or a != 0, margin=_grip_margin(experiment, body))
    went = _went(experiment, body, a)
    if experiment.scene == "free_fall" and body.direction != "up":
        lands = flight_time(body)
        return Occurrence(happened=lands <= body.duration, margin=abs(lands / body.duration - 1))
    return Occurrence(happened=went >= body.length, margin=min(1.0, abs(went / body.length - 1)))


def _grip_margin(experiment: Experiment, body: Setup) -> float:
    """Return how far drive and grip are apart, relative to the larger."""
    tilt = body.angle if experiment.scene == "slope" else 0.0
    drive = body.force / body.mass + body.gravity * math.sin(tilt)
    grip = body.friction * body.gravity * math.cos(tilt)
    return abs(drive - grip) / max(drive, grip, 1e-12)


def _went(experiment: Experiment, body: Setup, a: float) -> float:
    """Return how far along its way (or how high, or how wide) a body gets, metres."""
    match experiment.scene:
        case "free_fall":
            return body.height + body.speed**2 / (2 * body.gravity)
        case "projection":
            return body.speed * math.cos(body.angle) * flight_time(body)
        case _:
            stops = body.speed / -a if a < 0 else math.inf
            time = min(stops, body.duration if body.until == "duration" else math.inf)
            if math.isinf(time):
                return math.inf if a > 0 or body.speed > 0 else 0.0
            return body.speed * time + a * time * time / 2


class Answer:
    """What the formulas answer to a program, and how firmly."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.experiment = resolve(program)
        varied = [(a, formula(e)) for a, e in variants(program, self.experiment)]
        self.reading = formula(self.experiment)
        self.verdict: Verdict = weigh(self.experiment, self.reading, varied)
        self._varied = varied

    @property
    def values(self) -> tuple[float, ...]:
        """The measures of all bodies, SI; none where an event is asked about."""
        return tuple(v for v in self.reading if isinstance(v, float))

    @property
    def clear(self) -> bool:
        """Say whether it is no close call: exactly equal or well apart, finite, not nothing."""
        if self.verdict.kind in ("number", "exceeds") and not self._measurable():
            return False
        if self.verdict.kind in ("does", "exceeds"):
            return self.verdict.margin > APART
        values = sorted(self.values)
        if not all(math.isfinite(v) for v in values):
            return False
        if values[-1] == 0:
            return self.experiment.scene == "collision"
        return all(_clear(a, b) for a, b in pairwise(values))

    def _measurable(self) -> bool:
        """Say whether things are not next to still after a collision.

        What nearly cancels is known less well than what it is left of.
        """
        if self.experiment.scene != "collision":
            return True
        before = start_velocities(self.experiment)
        return min(closed_form(self.experiment, "speed")) > SLOW * abs(before[0] - before[1])

    @property
    def firm(self) -> bool:
        """Say whether the answer stays whatever is plausible of what was left open."""
        return not self.verdict.depends

    @property
    def hint(self) -> str:
        """The sentence that a simulation puts before a model."""
        measured = measure(self.experiment, self.reading, self._varied)
        return write_hint(self.experiment, measured, self.verdict)


def _clear(low: float, high: float) -> bool:
    gap = (high - low) / high if high > 0 else 0.0
    return gap < EQUAL or gap > APART


def simulated(programs: Sequence[Program], batch: int = 64) -> list[Verdict]:
    """Return the simulator's verdict on every program, many at once.

    Raises:
      ToolError: one of them cannot be simulated.
    """
    experiments = [resolve(p) for p in programs]
    groups: dict[tuple[str, int], list[int]] = {}
    for i, e in enumerate(experiments):
        groups.setdefault((e.scene, len(e.bodies)), []).append(i)
    found: dict[int, Verdict] = {}
    for group in groups.values():
        for at in range(0, len(group), batch):
            part = group[at : at + batch]
            runs = run([experiments[i] for i in part])
            for i, (experiment, tracks) in zip(part, runs, strict=True):
                found[i] = weigh(experiment, read(experiment, tracks), [])
    return [found[i] for i in range(len(programs))]
