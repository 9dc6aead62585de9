"""Calibration: from the judge's raw score to the share of pushes of that score that succeed.

Judges flatter. What a score is worth is learned from pairs of what was foretold and what was
then seen, by isotonic regression (Barlow, Bartholomew, Bremner and Brunk, 1972): a higher score
never means a lower probability, and nothing else is assumed. How far probabilities are from
what happens is the expected calibration error (Naeini, Cooper and Hauskrecht, 2015).
"""

import importlib.resources
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mindseye.tools.calibration import Calibration, read_map
from mindseye.tools.errors import BadInput

Z95 = 1.959964
Pair = tuple[float, bool]
"""What was foretold, a raw score or a probability in [0, 1], and whether it happened."""


def fit(pairs: Sequence[Pair]) -> Calibration:
    """Return the calibration that isotonic regression makes of raw scores and what happened.

    On these pairs it is exact: of those given one probability, that share happened.

    Raises:
      BadInput: there are none.
    """
    if not pairs:
        raise BadInput("nothing to calibrate with: no push was both foretold and seen")
    from scipy.optimize import isotonic_regression

    raw, which = np.unique([r for r, _ in pairs], return_inverse=True)
    counts = np.bincount(which)
    shares = np.bincount(which, weights=[float(h) for _, h in pairs]) / counts
    found = isotonic_regression(shares, weights=counts)
    knots: dict[float, float] = {}
    for start, end in itertools.pairwise(found.blocks):
        probability = min(1.0, max(0.0, float(found.x[start])))
        # A level stretch: what lies within it was told apart in vain.
        knots |= {float(raw[start]): probability, float(raw[end - 1]): probability}
    return Calibration(knots=tuple(knots.items()), pairs=len(pairs))


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Pairs whose probabilities lie close together."""

    predicted: float
    """Mean probability."""
    happened: float
    """Share that happened."""
    low: float
    high: float
    """95 % Wilson interval of that share."""
    n: int


def reliability(pairs: Sequence[Pair], bins: int = 10) -> tuple[Bin, ...]:
    """Return what was foretold beside what happened, in bins of equal width that hold any."""
    groups: dict[int, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(bin_of(pair[0], bins), []).append(pair)
    return tuple(_bin(group) for _, group in sorted(groups.items()))


def bin_of(share: float, bins: int) -> int:
    """Return which of so many bins of equal width a share in [0, 1] lies in."""
    return min(bins - 1, int(share * bins))


def _bin(pairs: Sequence[Pair]) -> Bin:
    happened, n = sum(h for _, h in pairs), len(pairs)
    low, high = wilson(happened, n)
    predicted = math.fsum(p for p, _ in pairs) / n
    return Bin(predicted=predicted, happened=happened / n, low=low, high=high, n=n)


def ece(pairs: Sequence[Pair], bins: int = 10) -> float:
    """Return the expected calibration error: gaps of `reliability` weighed by n; NaN for none.

    With few pairs chance alone makes it larger than 0.
    """
    gaps = [(b.n, abs(b.predicted - b.happened)) for b in reliability(pairs, bins)]
    return sum(n * gap for n, gap in gaps) / len(pairs) if pairs else math.nan


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson score interval of a share (Wilson, 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    p, z2 = successes / n, Z95**2
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # The share itself lies within, also where rounding would leave it a last bit outside.
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def read_calibration(name: str) -> Calibration:
    """Return the calibration that a config names.

    Args:
      name: `shipped` for the one in the package; `none` for scores as they are; else a file.

    Raises:
      BadInput: the file cannot be read, or holds no calibration.
    """
    if name == "none":
        return Calibration()
    file = importlib.resources.files("mindseye.planner") / "calibration.json"
    return read_map(file if name == "shipped" else Path(name), name)
