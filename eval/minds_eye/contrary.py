"""Findings that say the opposite of what was simulated: the ablation behind the claim.

If a model answers from what it was shown, it must go wrong where it was shown what is wrong.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

from mindseye.tools.physics.lab.amount import Stated, parse_amount
from mindseye.tools.physics.lab.experiment import Experiment
from mindseye.tools.physics.lab.hint import write_hint
from mindseye.tools.physics.lab.lab import Finding
from mindseye.tools.physics.lab.program import MEASURE_DIMENSION
from mindseye.tools.physics.lab.verdict import TOLERANCE, judge, measure

OFF = 2.0
"""By this factor a number, or one of two that are the same, is told wrong."""
LONG = 1e3
"""Seconds that stand for what never happens."""


def contrary(finding: Finding) -> Finding:
    """Return a finding like this one whose hint and verdict say the opposite.

    Of two bodies that differ the values are exchanged, of several their order is
    reversed; of what is the same one is doubled; a number is doubled; a value above
    a limit is put as far below it; what happens does not.
    """
    experiment = finding.experiment
    if experiment.measure is None:
        verdict = replace(
            finding.verdict, answer="no" if finding.verdict.answer == "yes" else "yes"
        )
        return replace(finding, verdict=verdict, hint=write_hint(experiment, (), verdict))
    values = tuple(_told(experiment, [m.value for m in finding.measurements]))
    verdict, measurements = judge(experiment, values), measure(experiment, values, ())
    hint = write_hint(experiment, measurements, verdict)
    return replace(finding, verdict=verdict, measurements=measurements, hint=hint)


def _told(experiment: Experiment, values: Sequence[float]) -> list[float]:
    ask = experiment.ask
    values = [v if math.isfinite(v) else LONG for v in values]
    if ask.kind == "number":
        return [OFF * v if v else 1.0 for v in values]
    if ask.kind == "exceeds":
        limit = parse_amount(ask.value, MEASURE_DIMENSION[ask.measure])
        assert isinstance(limit, Stated)
        return [limit.value**2 / v if v else OFF * limit.value for v in values]
    if max(values) - min(values) <= TOLERANCE * max(map(abs, values)):
        return [OFF * values[0] if values[0] else 1.0, *values[1:]]
    order = sorted(range(len(values)), key=lambda i: values[i])
    told = list(values)
    for low, high in zip(order, reversed(order), strict=True):
        told[low] = values[high]
    return told
