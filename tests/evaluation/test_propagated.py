"""Coverage intervals and statistics of draws against their definitions and known distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from yttria import errors
from yttria.evaluation import PropagatedQuantity, coverage_interval
from yttria.evaluation.propagated import half_unit
from yttria.reference import propagation as reference

RNG = np.random.default_rng(16)


def quantity(draws: Any, **more: Any) -> PropagatedQuantity:
    given = {"structure": "Tumor", "quantity": "mean_gy", "unit": "Gy", "value": 100.0} | more
    return PropagatedQuantity(draws=np.asarray(draws, np.float64), **given)


@pytest.mark.parametrize("count", [20, 21, 100, 999, 1000])
@pytest.mark.parametrize("interval_kind", ["symmetric", "shortest"])
def test_interval_is_that_of_the_definition(count: int, interval_kind: Any) -> None:
    for probability in (0.5, 0.68, 0.9):
        draws = RNG.gamma(2.0, 3.0, count)
        terms = {"probability": probability, "interval_kind": interval_kind}
        assert coverage_interval(draws, **terms) == reference.coverage_interval(draws, **terms)


def test_interval_of_many_normal_draws_is_1_96_standard_deviations() -> None:
    draws = RNG.normal(50.0, 2.0, 400_000)
    # Standard error of a quantile: sqrt(p (1 - p) / M) / density.
    error = 2.0 * np.sqrt(0.025 * 0.975 / len(draws)) / 0.0584
    low, high = coverage_interval(draws)
    assert low == pytest.approx(50.0 - 3.92, abs=5 * error)
    assert high == pytest.approx(50.0 + 3.92, abs=5 * error)


def test_shortest_interval_of_a_skew_distribution_begins_at_its_mode() -> None:
    draws = RNG.exponential(1.0, 200_000)
    low, high = coverage_interval(draws, interval_kind="shortest")
    assert low < 0.01
    assert high == pytest.approx(-np.log(0.05), rel=0.02)
    assert high - low < np.subtract(*reversed(coverage_interval(draws)))


@pytest.mark.parametrize(
    ("draws", "terms", "error", "message"),
    [
        ([1.0] * 100, {"probability": 1.0}, errors.OutOfRangeError, "within"),
        ([1.0] * 100, {"probability": float("nan")}, errors.OutOfRangeError, "within"),
        ([1.0] * 100, {"interval_kind": "narrow"}, errors.UnknownNameError, "symmetric"),
        ([1.0] * 99 + [np.nan], {}, errors.OutOfRangeError, "finite"),
        ([[1.0, 2.0]], {}, errors.DTypeError, "one-dimensional"),
        ("draws", {}, errors.DTypeError, "numbers"),
        ([1.0] * 9, {}, errors.UndefinedError, "more draws"),
        ([], {}, errors.UndefinedError, "more draws"),
    ],
)
def test_impossible_intervals_are_refused(draws: Any, terms: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        coverage_interval(draws, **terms)


def test_draws_in_which_the_quantity_is_undefined_are_counted_and_left_out() -> None:
    found = quantity([*RNG.normal(100.0, 5.0, 500), np.nan, np.nan])
    assert found.undefined_draws == 2
    assert found.standard_uncertainty == pytest.approx(5.0, rel=0.2)
    assert found.as_dict()["undefined_draws"] == 2


def test_statistics_of_no_draws_are_none() -> None:
    found = quantity([np.nan] * 5, value=None)
    assert (found.mean, found.standard_uncertainty, found.interval, found.significant_digits) == (None,) * 4
    with pytest.raises(errors.UndefinedError, match="every draw"):
        found.probability_above(10.0)
    with pytest.raises(errors.OutOfRangeError, match="nan"):
        found.probability_above(float("nan"))


def test_probability_above_a_limit_is_that_of_the_distribution() -> None:
    found = quantity(RNG.normal(100.0, 5.0, 100_000))
    for limit, expected in ((100.0, 0.5), (105.0, 0.158655), (90.0, 0.97725)):
        error = np.sqrt(expected * (1 - expected) / 100_000)
        assert found.probability_above(limit) == pytest.approx(expected, abs=5 * error)


def test_numerical_tolerance_is_twice_the_error_of_the_worst_statistic() -> None:
    # The ends of the interval are worst: standard error sqrt(p (1 - p) / M) / density, 2.67 / sqrt(M) of a unit normal.
    found = np.array([quantity(RNG.normal(0.0, 1.0, 4000)).numerical_tolerance for _ in range(60)])
    error = 2.0 * 2.67 / np.sqrt(4000)
    assert found.mean() == pytest.approx(error, rel=0.25)


@pytest.mark.parametrize(
    ("u", "digits", "expected"),
    [
        (0.35, 1, 0.05),
        (0.35, 2, 0.005),
        (12.0, 1, 5.0),
        (12.0, 2, 0.5),
        (0.0999, 1, 0.05),
        (9.96, 2, 0.5),
        (1.0, 1, 0.5),
    ],
)
def test_half_unit_of_the_last_digit(u: float, digits: int, expected: float) -> None:
    assert half_unit(u, digits) == pytest.approx(expected)


def test_more_draws_support_more_digits() -> None:
    few, many = (quantity(RNG.normal(100.0, 4.0, count)).significant_digits for count in (500, 500_000))
    assert few is not None
    assert many is not None
    assert few <= 1 < many
    assert quantity([3.0] * 500).significant_digits is None
    assert quantity([3.0] * 10).numerical_tolerance is None
