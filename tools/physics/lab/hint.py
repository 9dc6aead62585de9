"""One sentence that tells a language model what the simulation showed."""

import functools
import importlib.resources
import math
from collections.abc import Sequence

import jinja2

from mindseye.tools.physics.lab.amount import SI, unit_factor
from mindseye.tools.physics.lab.experiment import Assumption, Experiment, Setup
from mindseye.tools.physics.lab.program import (
    MEASURE_DIMENSION,
    QUANTITY_DIMENSION,
    Happening,
    Measure,
)
from mindseye.tools.physics.lab.verdict import TOLERANCE, Measurement, Verdict, significant

NO_SPREAD = 1e-6
"""A spread smaller than this share of the value is rounding, not uncertainty."""

_MORE: dict[Measure, tuple[str, str]] = {
    "acceleration": ("accelerates more", "accelerates less"),
    "speed": ("is faster", "is slower"),
    "distance": ("goes farther", "goes less far"),
    "time": ("takes longer", "takes less time"),
    "range": ("flies farther", "flies less far"),
    "max_height": ("gets higher", "gets less high"),
    "kinetic_energy": ("has more energy", "has less energy"),
    "momentum": ("has more momentum", "has less momentum"),
    "friction_force": ("meets more friction", "meets less friction"),
    "speed_change": ("changes its velocity more", "changes its velocity less"),
    "impulse": ("receives more impulse", "receives less impulse"),
    "energy_lost": ("loses more", "loses less"),
}
_DOES: dict[Happening, tuple[str, str]] = {
    "slides": ("slides", "stays where it is"),
    "reaches": ("gets there", "does not get there"),
    "falls_over_edge": ("falls over the edge", "stops before the edge"),
    "reverses": ("bounces back", "does not bounce back"),
    "stops": ("is left at rest", "is not left at rest"),
    "collides": ("collides", "never meets the other"),
}


@functools.cache
def _template() -> jinja2.Template:
    source = importlib.resources.files("mindseye.prompts").joinpath("lab_hint.jinja")
    # Plain text for a model, never markup: there is nothing to escape.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(source.read_text(encoding="utf-8"))


def called(name: str) -> str:
    """Return a name with its article: "the red ball", but "Anna's stone" and "b" as they are."""
    bare = len(name) < 3 or not name[0].islower() or name.startswith(("the ", "a ", "an "))
    return name if bare else f"the {name}"


def words_for(assumption: Assumption) -> str:
    """Return "height 1 m" or "1.5 times the speed for more"."""
    if assumption.kind == "factor":
        return f"{significant(assumption.value)} times the {assumption.quantity} for more"
    dimension = QUANTITY_DIMENSION[assumption.quantity]
    if dimension == "angle":
        return f"{assumption.quantity} {significant(math.degrees(assumption.value))} degrees"
    unit = SI[dimension]
    return f"{assumption.quantity} {significant(assumption.value)} {unit}".rstrip()


def write_hint(
    experiment: Experiment, measurements: Sequence[Measurement], verdict: Verdict
) -> str:
    """Return the sentence.

    Args:
      experiment: what was simulated.
      measurements: of every body; none where an event is asked about.
      verdict: what they come to.
    """
    ask = experiment.ask
    unit = ask.unit if ask.kind == "number" else None
    facts = [
        f"{called(m.name)} {_measured(experiment, body, m.value, unit)}"
        for body, m in zip(experiment.bodies, measurements, strict=False)
    ]
    return (
        _template()
        .render(
            facts=facts,
            conclusion=_conclusion(experiment, verdict),
            depends=[words_for(a) for a in verdict.depends],
            tolerance=f"{TOLERANCE:.0%}".replace("%", " %"),
            same=verdict.kind == "compare" and len(verdict.ranking) == 1,
        )
        .strip()
    )


def _measured(experiment: Experiment, body: Setup, value: float, unit: str | None) -> str:
    """Return what a body is measured to do: "flies 1.52 m"."""
    measure = experiment.measure
    assert measure is not None
    dimension = MEASURE_DIMENSION[measure]
    unit = unit or SI[dimension]
    amount = f"{significant(value / unit_factor(unit, dimension))} {unit}"
    if measure == "time":
        end = {"length": "get there", "rest": "stop", "turn": "turn back", "ground": "land"}
        verb = end.get(body.until, "get there")
        return f"takes {amount} to {verb}" if math.isfinite(value) else f"does not {verb}"
    if math.isinf(value):
        return "goes on for ever"
    if measure == "speed":
        return {"ground": f"lands at {amount}", "contact": f"moves at {amount} afterwards"}.get(
            body.until, f"reaches {amount}"
        )
    return {
        "acceleration": f"accelerates at {amount}",
        "distance": f"goes {amount}",
        "range": f"flies {amount}",
        "max_height": f"gets {amount} high",
        "kinetic_energy": f"has {amount} of kinetic energy",
        "momentum": f"has a momentum of {amount}",
        "friction_force": f"meets {amount} of friction",
        "speed_change": f"changes its velocity by {amount}",
        "impulse": f"receives an impulse of {amount}",
        "energy_lost": f"is in a collision that loses {amount}",
    }[measure]


def _conclusion(experiment: Experiment, verdict: Verdict) -> str:
    ask = experiment.ask
    match ask.kind:
        case "compare":
            if len(verdict.ranking) == 1:
                return ""
            more, less = _MORE[ask.measure]
            first, second = (called(group[0]) for group in verdict.ranking)
            return f"{first} {more}, {second} {less}"
        case "order":
            return f"from most to least: {verdict.answer}"
        case "exceeds":
            return f"more than {ask.value}: {verdict.answer}"
        case "number":
            if verdict.value is None or verdict.spread <= NO_SPREAD * abs(verdict.value):
                return ""
            return f"give or take {significant(verdict.spread, 2)} {verdict.unit}"
        case "does":
            yes, no = _DOES[ask.event]
            name = called(ask.of or experiment.names[0])
            return f"{name} {yes if verdict.answer == 'yes' else no}"
