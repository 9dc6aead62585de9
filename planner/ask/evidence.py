"""What a simulation of a question showed, whichever way it was written."""

import math
from dataclasses import dataclass, field
from typing import Literal

from mindseye.planner.ask.answer import Measured
from mindseye.tools.physics.lab.amount import unit_factor
from mindseye.tools.physics.lab.hint import words_for
from mindseye.tools.physics.lab.lab import Finding, investigate
from mindseye.tools.physics.lab.program import MEASURE_DIMENSION, Program
from mindseye.tools.physics.lab.verdict import Verdict
from mindseye.tools.values import Clip

CLIP_SIZE = 128
"""Side of a clip's frames, pixels."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """One simulation, read."""

    what: Literal["program", "mjcf", "push"]
    text: str
    """What was simulated."""
    hint: str
    """One sentence for the language model's prompt."""
    trust: float
    """That this is what the question asks about and that it is read right, in [0, 1]."""
    program: Program | None = None
    verdict: Verdict | None = None
    numbers: tuple[Measured, ...] = ()
    depends: tuple[str, ...] = ()
    simulations: int = 1
    seconds: float = 0.0
    clip: Clip | None = field(default=None, repr=False)


def evidence_of(program: Program, finding: Finding, probability: float) -> Evidence:
    """Return what the lab found as evidence.

    Args:
      program: what was simulated.
      finding: what it showed.
      probability: that the program says what the question says.
    """
    verdict = finding.verdict
    return Evidence(
        what="program", text=program.text(), program=program, hint=finding.hint, verdict=verdict,
        trust=probability * verdict.confidence, numbers=_numbers(program, finding),
        depends=tuple(words_for(a) for a in verdict.depends),
        simulations=finding.simulations, seconds=finding.seconds,
    )  # fmt: skip


def _numbers(program: Program, finding: Finding) -> tuple[Measured, ...]:
    ask = program.ask
    if ask.kind == "does":
        return ()
    unit = ask.unit if ask.kind == "number" else None
    factor = unit_factor(unit, MEASURE_DIMENSION[ask.measure]) if unit else 1.0
    return tuple(
        Measured(
            name=m.name, what=ask.measure, unit=unit or m.unit,
            value=m.value / factor if math.isfinite(m.value) else None,
            spread=m.spread / factor if math.isfinite(m.spread) else 0.0,
        )
        for m in finding.measurements
    )  # fmt: skip


def clip_of(program: Program, size: int = CLIP_SIZE) -> Clip | None:
    """Return the clip of a program: drawn for the one that is shown, not for all of them."""
    return investigate(program, vary=False, size=size).clip
