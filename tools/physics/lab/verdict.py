"""From measures to answers: X, Y or same; an order; a number with its unit; yes or no."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mindseye.tools.physics.lab.amount import SI, Stated, parse_amount, unit_factor
from mindseye.tools.physics.lab.experiment import Assumption, Experiment
from mindseye.tools.physics.lab.measures import Occurrence
from mindseye.tools.physics.lab.program import MEASURE_DIMENSION

TOLERANCE = 0.02
"""Two values are the same if they differ by no more than this share of the larger."""
RESOLUTION = 0.01
"""What the simulation is held to: closer calls than this are uncertain in themselves."""
SAME = "same"


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One body's measure."""

    name: str
    value: float
    """SI; infinite where what is timed never happens."""
    unit: str
    spread: float = 0.0
    """Plus or minus, from what was not stated; each assumption's effect added in squares."""
    low: float = math.nan
    """Least value under any one assumption changed."""
    high: float = math.nan
    """Largest value under any one assumption changed."""
    depends: tuple[Assumption, ...] = ()
    """Assumptions that change it by more than the tolerance."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The answer that the simulation gives to what was asked."""

    kind: Literal["compare", "order", "number", "exceeds", "does"]
    answer: str
    """A name, "same", "a > b = c", "1.52 m", "yes" or "no"."""
    ranking: tuple[tuple[str, ...], ...] = ()
    """For compare and order: names from the largest measure to the smallest, ties together."""
    value: float | None = None
    """For number: in `unit`."""
    unit: str | None = None
    spread: float = 0.0
    """For number: plus or minus, in `unit`."""
    margin: float = 1.0
    """Relative distance from where the answer would tip over."""
    depends: tuple[Assumption, ...] = ()
    """Assumptions with which the answer changes."""
    confidence: float = 1.0
    """Share of the plausible experiments that give this answer, less where it is a close call.

    For a number: one less its relative spread.
    """


Reading = tuple[float, ...] | tuple[Occurrence, ...]
"""What one simulation shows of every body: measures, or whether something happened."""


def significant(value: float, digits: int = 3) -> str:
    """Return a number as people write it, to so many digits and without an exponent if short."""
    if math.isinf(value):
        return "infinite"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    if 1e-4 <= abs(rounded) < 1e7:
        places = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        text = f"{rounded:.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{rounded:.{digits - 1}e}"


def judge(experiment: Experiment, reading: Reading) -> Verdict:
    """Return the verdict on one simulation, by itself."""
    ask = experiment.ask
    if ask.kind == "does":
        found = reading[_index(experiment, ask.of)]
        assert isinstance(found, Occurrence)
        return Verdict(kind="does", answer=_yes(found.happened), margin=found.margin)
    values = [v for v in reading if isinstance(v, float)]
    match ask.kind:
        case "compare" | "order":
            return _rank(ask.kind, experiment.names, values)
        case "number":
            return _number(experiment, values[_index(experiment, ask.of)], ask.unit)
        case "exceeds":
            limit = parse_amount(ask.value, MEASURE_DIMENSION[ask.measure])
            assert isinstance(limit, Stated)
            value = values[_index(experiment, ask.of)]
            return Verdict(
                kind="exceeds", answer=_yes(value > limit.value), margin=_apart(value, limit.value)
            )


def weigh(
    experiment: Experiment, reading: Reading, varied: Sequence[tuple[Assumption, Reading]]
) -> Verdict:
    """Return the verdict, with what it depends on and how sure it is.

    Args:
      experiment: what was asked.
      reading: of the nominal simulation.
      varied: readings with one assumption changed in each.
    """
    verdict = judge(experiment, reading)
    if verdict.kind == "number":
        assert experiment.measure is not None
        i = _index(experiment, getattr(experiment.ask, "of", None))
        measured = measure(experiment, reading, varied)[i]
        factor = _factor(experiment, verdict.unit)
        relative = measured.spread / abs(measured.value) if measured.value else 0.0
        return Verdict(
            kind="number", answer=verdict.answer, value=verdict.value, unit=verdict.unit,
            spread=measured.spread / factor, depends=measured.depends,
            confidence=max(0.0, 1.0 - (relative if math.isfinite(relative) else 0.0)),
        )  # fmt: skip
    other = [a for a, r in varied if judge(experiment, r).answer != verdict.answer]
    agreement = 1 - len(other) / (1 + len(varied))
    return Verdict(
        kind=verdict.kind, answer=verdict.answer, ranking=verdict.ranking, margin=verdict.margin,
        depends=tuple(dict.fromkeys(other)),
        confidence=agreement * (0.5 + 0.5 * min(1.0, verdict.margin / RESOLUTION)),
    )  # fmt: skip


def measure(
    experiment: Experiment, reading: Reading, varied: Sequence[tuple[Assumption, Reading]]
) -> tuple[Measurement, ...]:
    """Return every body's measure with its spread; nothing where an event is asked about."""
    if experiment.measure is None:
        return ()
    unit = SI[MEASURE_DIMENSION[experiment.measure]]
    found = []
    for i, name in enumerate(experiment.names):
        value = _float(reading[i])
        effects: dict[Assumption, float] = {}
        for assumption, other in varied:
            change = abs(_float(other[i]) - value) if math.isfinite(value) else 0.0
            if math.isfinite(change):
                effects[assumption] = max(effects.get(assumption, 0.0), change)
        seen = [value, *(_float(r[i]) for _, r in varied)]
        found.append(
            Measurement(
                name=name,
                value=value,
                unit=unit,
                low=min(seen),
                high=max(seen),
                spread=math.hypot(*effects.values()),
                depends=tuple(a for a, e in effects.items() if e > TOLERANCE * abs(value)),
            )
        )
    return tuple(found)


def _float(value: float | Occurrence) -> float:
    assert isinstance(value, float)
    return value


def _yes(happened: bool) -> str:
    return "yes" if happened else "no"


def _index(experiment: Experiment, name: str | None) -> int:
    if name is None:
        return 0
    return [n.lower() for n in experiment.names].index(name.lower())


def _factor(experiment: Experiment, unit: str | None) -> float:
    assert experiment.measure is not None
    return unit_factor(unit or "", MEASURE_DIMENSION[experiment.measure])


def _apart(one: float, two: float) -> float:
    """Return by which share of the larger two values differ."""
    if one == two:
        return 0.0
    if math.isinf(one) or math.isinf(two):
        return 1.0
    return abs(one - two) / max(abs(one), abs(two))


def _number(experiment: Experiment, value: float, unit: str | None) -> Verdict:
    assert experiment.measure is not None
    unit = unit or SI[MEASURE_DIMENSION[experiment.measure]]
    if math.isinf(value):
        return Verdict(kind="number", answer="never", unit=unit)
    shown = value / _factor(experiment, unit)
    return Verdict(kind="number", answer=f"{significant(shown)} {unit}", value=shown, unit=unit)


def _rank(
    kind: Literal["compare", "order"], names: Sequence[str], values: Sequence[float]
) -> Verdict:
    order = sorted(range(len(values)), key=lambda i: -values[i])
    groups: list[list[int]] = []
    margin = 1.0
    for i in order:
        gap = _apart(values[groups[-1][0]], values[i]) if groups else 1.0
        margin = min(margin, abs(gap - TOLERANCE) if groups else 1.0)
        if gap <= TOLERANCE:
            groups[-1].append(i)
        else:
            groups.append([i])
    ranking = tuple(tuple(names[i] for i in sorted(group)) for group in groups)
    if kind == "compare":
        answer = SAME if len(ranking) == 1 else ranking[0][0]
    else:
        answer = " > ".join(" = ".join(group) for group in ranking)
    return Verdict(kind=kind, answer=answer, ranking=ranking, margin=margin)
