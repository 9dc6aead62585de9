"""Intervals: known values, and properties that intervals must have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindseye.eval.stats import bootstrap_median, newcombe, paired_difference, wilson


def test_wilson_matches_published_values() -> None:
    # Newcombe (1998), table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-4)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)


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
