"""Intervals for what is counted and what is measured."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest, rankdata

from mindseye.planner.calibration import Pair, bin_of
from mindseye.planner.calibration import wilson as wilson


def newcombe(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float]:
    """Return the 95 % interval of second minus first, of two shares that are independent.

    Newcombe's hybrid score interval (1998, method 10).

    Args:
      first: share, and the ends of its Wilson interval.
      second: likewise.
    """
    (p1, low1, high1), (p2, low2, high2) = first, second
    gap = p2 - p1
    return gap - math.hypot(p2 - low2, high1 - p1), gap + math.hypot(high2 - p2, p1 - low1)


def bootstrap_median(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a median; NaN for no values."""
    return _bootstrap(values, np.median, seed)


def bootstrap_mean(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a mean; NaN for no values."""
    return _bootstrap(values, np.mean, seed)


def _bootstrap(
    values: Sequence[float], statistic: Callable[..., Any], seed: int, draws: int = 2000
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a statistic (Efron, 1979)."""
    data = np.asarray(values, dtype=float)
    if not len(data):
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).choice(data, (draws, len(data)))
    low, high = np.quantile(statistic(drawn, axis=1), [0.025, 0.975])
    return float(low), float(high)


def bootstrap_ece(
    episodes: Sequence[Sequence[Pair]], bins: int = 10, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of the expected calibration error.

    Whole episodes are drawn, since the pushes of one are alike; NaN where none has a pair.

    Args:
      episodes: the pairs of each.
      bins: as for `calibration.ece`.
      seed: of the draws.
    """
    sums = np.zeros((len(episodes), 3, bins))
    for row, pairs in zip(sums, episodes, strict=True):
        for predicted, happened in pairs:
            row[:, bin_of(predicted, bins)] += (1.0, predicted, happened)
    if not sums.any():
        return float("nan"), float("nan")
    equal = np.full(len(episodes), 1 / len(episodes))
    drawn = np.random.default_rng(seed).multinomial(len(episodes), equal, 2000)
    n, predicted, happened = np.moveaxis(np.tensordot(drawn, sums, 1), 1, 0)
    found = np.abs(predicted - happened).sum(axis=1) / np.maximum(1.0, n.sum(axis=1))
    low, high = np.quantile(found[n.sum(axis=1) > 0], [0.025, 0.975])
    return float(low), float(high)


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two conditions on the same tasks."""

    difference: float
    """Mean of second minus first, in [-1, 1]."""
    low: float
    high: float
    """95 % percentile bootstrap interval of the difference."""
    n: int


def paired_difference(first: Sequence[bool], second: Sequence[bool], seed: int = 0) -> Paired:
    """Compare two conditions task by task."""
    gaps = np.asarray(second, dtype=float) - np.asarray(first, dtype=float)
    if not len(gaps):
        return Paired(difference=0.0, low=-1.0, high=1.0, n=0)
    low, high = _bootstrap(list(gaps), np.mean, seed, draws=4000)
    return Paired(difference=float(gaps.mean()), low=low, high=high, n=len(gaps))


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Return the exact two-sided p-value of McNemar's test (1947) on paired outcomes.

    Of the pairs that differ, each way is as likely if the two are alike; 1 where none differs.
    """
    pairs = list(zip(first, second, strict=True))
    gained = sum(b and not a for a, b in pairs)
    lost = sum(a and not b for a, b in pairs)
    return float(binomtest(gained, gained + lost).pvalue) if gained + lost else 1.0


def roc_auc(lower: Sequence[float], higher: Sequence[float]) -> float:
    """Return the area under the ROC curve: how often a `higher` value is above a `lower` one.

    By ranks, ties count half (Mann and Whitney, 1947); NaN where either is empty.
    """
    n, m = len(lower), len(higher)
    if not n or not m:
        return float("nan")
    ranks = rankdata([*lower, *higher])
    return float((ranks[n:].sum() - m * (m + 1) / 2) / (n * m))


def bootstrap_auc(
    lower: Sequence[float], higher: Sequence[float], seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of `roc_auc`; each class is drawn by itself."""
    one, other = np.asarray(lower, dtype=float), np.asarray(higher, dtype=float)
    if not len(one) or not len(other):
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    drawn = [
        roc_auc(list(rng.choice(one, len(one))), list(rng.choice(other, len(other))))
        for _ in range(1000)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
