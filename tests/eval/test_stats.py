"""Intervals: known values, and properties that intervals must have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.eval.stats import (
    bootstrap_auc,
    bootstrap_mean,
    bootstrap_median,
    newcombe,
    paired_difference,
    roc_auc,
    wilson,
)


def test_wilson_matches_published_values() -> None:
    # Newcombe (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    # Error bars are never negative, whatever rounding makes of all or nothing.
    assert all(wilson(n, n)[1] == 1.0 and wilson(0, n)[0] == 0.0 for n in range(1, 300))


def test_newcombe_matches_published_values() -> None:
    # Newcombe (1998), Statistics in Medicine 17, 873-890, table II, method 10.
    many, few = (56 / 70, *wilson(56, 70)), (48 / 80, *wilson(48, 80))
    assert newcombe(few, many) == pytest.approx((0.0524, 0.3339), abs=5e-4)


@given(st.integers(0, 60), st.integers(1, 60))
def test_an_interval_holds_its_estimate(successes: int, extra: int) -> None:
    n = successes + extra
    low, high = wilson(successes, n)
    assert 0.0 <= low <= successes / n <= high <= 1.0


def test_a_paired_difference_is_seen_where_it_is_and_not_where_it_is_not() -> None:
    rng = np.random.default_rng(0)
    first = rng.random(200) < 0.4
    better = first | (rng.random(200) < 0.3)
    assert paired_difference(list(first), list(better)).low > 0
    same = paired_difference(list(first), list(first))
    assert (same.difference, same.low, same.high) == (0.0, 0.0, 0.0)


def test_the_median_lies_in_its_interval() -> None:
    values = list(np.random.default_rng(1).normal(5.0, 1.0, 400))
    low, high = bootstrap_median(values)
    assert low < 5.0 < high
    assert high - low < 0.5


def test_the_area_under_the_roc_curve_counts_pairs_and_halves_ties() -> None:
    # Of six pairs four are in order, one is tied, one is not.
    assert roc_auc([0.1, 0.4], [0.4, 0.9, 0.2]) == pytest.approx(4.5 / 6)
    assert roc_auc([0.0] * 3, [1.0] * 4) == 1.0
    rng = np.random.default_rng(2)
    lower, higher = list(rng.normal(0, 1, 150)), list(rng.normal(1, 1, 150))
    low, high = bootstrap_auc(lower, higher)
    # Of two normal distributions one standard deviation apart it is Phi(1 / sqrt(2)).
    assert low < 0.760 < high
    assert high - low < 0.15
    low, high = bootstrap_mean(lower)
    assert low < 0.0 < high
