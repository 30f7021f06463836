"""Logistic curves of dose: published coefficients, the likelihood's definition, clusters and hostile input."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("statsmodels")

from yttria.errors import (
    ArgumentError,
    MissingExtraError,
    OutOfRangeError,
    ShapeError,
    UndefinedError,
    UnknownNameError,
    YttriaError,
)
from yttria.evaluation import tcp_logistic
from yttria.outcomes import DoseResponse, fit_dose_response
from yttria.reference import outcomes as reference

#: Bliss's insects: dead of 30 at concentrations 0 to 4. Coefficients, standard errors and deviances as R's glm prints
#: them in a course after Faraway, Extending the Linear Model with R ("Prediction and Effective Doses").
CONCENTRATION = np.repeat([0.0, 1.0, 2.0, 3.0, 4.0], 30)
DEAD = np.concatenate([np.arange(30) < dead for dead in (2, 8, 15, 23, 27)])

DOSE_GY = np.array([60.0, 80, 90, 110, 120, 150, 160, 190, 210, 260, 300, 350])
RESPONSE = np.array([0, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 1])


def drawn(count: int = 60, lesions: int = 2, seed: int = 3) -> tuple[Any, Any, Any]:
    """Draw doses, events and patients of a cohort whose lesions respond equally within a patient."""
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(count), lesions)
    dose = 120 * np.exp(generator.normal(0, 0.5, count)[patient] + generator.normal(0, 0.2, count * lesions))
    threshold = generator.logistic(size=count)[patient] / 4 + 0.2 * generator.normal(size=count * lesions)
    return dose, np.log(dose / 120) > threshold, patient


@pytest.mark.claim("logistic_fit")
def test_published_coefficients_of_a_linear_scale() -> None:
    fit = fit_dose_response(CONCENTRATION, DEAD, dose_scale="linear")
    assert fit.intercept is not None
    assert fit.slope is not None
    assert fit.d50_gy is not None
    assert fit.covariance is not None
    assert fit.log_likelihood is not None
    assert [fit.intercept.value, fit.slope.value] == pytest.approx([-2.3238, 1.1619], abs=5e-5)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.4179, 0.1814], abs=5e-5)
    assert fit.d50_gy.value == pytest.approx(2.0, abs=1e-6)
    # Deviances against the five observed fractions, as R states them for counts.
    observed = np.array([2, 8, 15, 23, 27]) / 30
    saturated = 30 * float((observed * np.log(observed) + (1 - observed) * np.log(1 - observed)).sum())
    assert 2 * (saturated - fit.log_likelihood) == pytest.approx(0.37875, abs=5e-6)
    assert 2 * (saturated - fit.null_log_likelihood) == pytest.approx(64.76327, abs=5e-6)


def test_no_other_coefficients_are_more_likely() -> None:
    fit = fit_dose_response(DOSE_GY, RESPONSE)
    assert fit.intercept is not None
    assert fit.slope is not None
    x = list(np.log(DOSE_GY))
    best = reference.logistic_log_likelihood(fit.intercept.value, fit.slope.value, x, list(RESPONSE))
    assert fit.log_likelihood == pytest.approx(best, abs=1e-9)
    for db0, db1 in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
        assert (
            reference.logistic_log_likelihood(fit.intercept.value + db0, fit.slope.value + db1, x, list(RESPONSE))
            < best
        )


@pytest.mark.claim("profile_interval")
@pytest.mark.parametrize("scale", ["log", "linear"])
def test_the_ends_of_an_interval_have_the_deviance_of_chi_squared(scale: Any) -> None:
    fit = fit_dose_response(DOSE_GY, RESPONSE, dose_scale=scale)
    x = list(np.log(DOSE_GY) if scale == "log" else DOSE_GY)
    assert fit.slope is not None
    assert fit.d50_gy is not None
    assert fit.intercept is not None
    assert fit.log_likelihood is not None

    def deviance(profile: Callable[[float], tuple[float, float]], low: float, high: float) -> float:
        def at(other: float) -> float:
            return reference.logistic_log_likelihood(*profile(other), x, list(RESPONSE))

        assert fit.log_likelihood is not None
        return 2 * (fit.log_likelihood - reference.largest(at, low, high))

    for end in (fit.slope.lower, fit.slope.upper):
        assert end is not None
        assert deviance(lambda b0, end=end: (b0, end), -100, 20) == pytest.approx(3.841459, abs=1e-5)  # type: ignore[misc]
    for end in (fit.intercept.lower, fit.intercept.upper):
        assert end is not None
        assert deviance(lambda b1, end=end: (end, b1), -20, 40) == pytest.approx(3.841459, abs=1e-5)  # type: ignore[misc]
    for end in (fit.d50_gy.lower, fit.d50_gy.upper):
        assert end is not None
        middle = math.log(end) if scale == "log" else end
        assert deviance(lambda b1, m=middle: (-b1 * m, b1), -20, 40) == pytest.approx(3.841459, abs=1e-5)  # type: ignore[misc]


def test_d50_and_gamma50_are_those_of_the_models_of_evaluation() -> None:
    fit = fit_dose_response(DOSE_GY, RESPONSE)
    assert fit.d50_gy is not None
    assert fit.gamma50 is not None
    found = fit.probability(DOSE_GY)
    assert found is not None
    for dose, probability in zip(DOSE_GY, found, strict=True):
        model = tcp_logistic(dose, d50_gy=fit.d50_gy.value, gamma50=fit.gamma50.value)
        assert model.probability == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_gamma50_is_the_slope_of_the_curve_at_d50(scale: Any) -> None:
    fit = fit_dose_response(DOSE_GY, RESPONSE, dose_scale=scale)
    assert fit.d50_gy is not None
    assert fit.gamma50 is not None
    middle, step = fit.d50_gy.value, 1e-4 * fit.d50_gy.value
    around = fit.probability([middle - step, middle, middle + step])
    assert around is not None
    assert around[1] == pytest.approx(0.5, abs=1e-9)
    assert middle * (around[2] - around[0]) / (2 * step) == pytest.approx(fit.gamma50.value, rel=1e-6)


@given(st.floats(1e-3, 1e4), st.sampled_from(["log", "linear"]))
@settings(max_examples=20, deadline=None)
def test_the_unit_of_dose_does_not_matter(factor: float, scale: Any) -> None:
    fit, scaled = (fit_dose_response(DOSE_GY * f, RESPONSE, dose_scale=scale) for f in (1.0, factor))
    for name, f in (("d50_gy", factor), ("gamma50", 1.0)):
        one, other = getattr(fit, name), getattr(scaled, name)
        for end in ("value", "lower", "upper"):
            assert getattr(other, end) == pytest.approx(f * getattr(one, end), rel=1e-5)
    assert scaled.p_value == pytest.approx(fit.p_value, rel=1e-6)


def test_the_order_of_observations_and_names_of_patients_do_not_matter() -> None:
    dose, event, patient = drawn()
    order = np.random.default_rng(1).permutation(len(dose))
    fit = fit_dose_response(dose, event, patient=patient)
    other = fit_dose_response(dose[order], event[order], patient=[f"patient {n}" for n in patient[order]])
    assert fit.d50_gy is not None
    assert other.d50_gy is not None
    assert [other.d50_gy.lower, other.d50_gy.upper] == pytest.approx([fit.d50_gy.lower, fit.d50_gy.upper], rel=1e-7)


@pytest.mark.claim("robust_covariance")
def test_the_robust_covariance_is_its_definition() -> None:
    dose, event, patient = drawn()
    fit = fit_dose_response(dose, event, patient=patient)
    assert fit.intercept is not None
    assert fit.slope is not None
    defined = reference.robust_covariance(
        fit.intercept.value, fit.slope.value, list(np.log(dose)), event, list(patient)
    )
    assert np.array(fit.covariance) == pytest.approx(defined, rel=1e-6)


def test_lesions_that_respond_alike_widen_the_intervals() -> None:
    dose, event, patient = drawn()
    alone, shared = fit_dose_response(dose, event), fit_dose_response(dose, event, patient=patient)
    assert (alone.patients, shared.patients) == (None, 60)
    assert shared.interval_method == "profile likelihood, adjusted for clusters"
    # The level of response varies between patients. D50 is therefore less certain, but the slope hardly is.
    for name, factor in (("slope", 1.0), ("d50_gy", 1.15)):
        one, other = getattr(alone, name), getattr(shared, name)
        assert other.value == pytest.approx(one.value, rel=1e-9)
        assert other.upper - other.lower > factor * (one.upper - one.lower)
    assert [a.code for a in shared.advisories] == ["observations_share_patients"]


@pytest.mark.claim("robust_covariance")
def test_observations_written_twice_under_one_patient_add_nothing() -> None:
    dose, event, _ = drawn(lesions=1)
    doubled = fit_dose_response(np.tile(dose, 2), np.tile(event, 2), patient=np.tile(np.arange(60), 2))
    single = fit_dose_response(dose, event)
    assert doubled.slope is not None
    assert single.slope is not None
    assert doubled.slope.value == pytest.approx(single.slope.value, rel=1e-9)
    assert doubled.covariance is not None
    assert single.covariance is not None
    # The robust variance of 60 patients, not half of it; it differs from the model's by chance alone.
    assert doubled.covariance[1][1] == pytest.approx(single.covariance[1][1], rel=0.35)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ([0, 0, 0, 1, 1], "without the event is at most 30 Gy, and every dose with the event is at least 40 Gy"),
        ([1, 1, 0, 0, 0], "with the event is at most 20 Gy, and every dose without the event is at least 30 Gy"),
    ],
)
def test_doses_that_separate_outcomes_have_no_curve(event: list[int], text: str) -> None:
    fit = fit_dose_response([10, 20, 30, 40, 50], event)
    assert fit.slope is fit.d50_gy is fit.gamma50 is fit.p_value is fit.log_likelihood is None
    assert fit.probability([30.0]) is fit.probability_interval([30.0]) is None
    first = fit.advisories[0]
    assert first.code == "doses_separate_outcomes"
    assert text in first.message


def test_doses_that_touch_separate_outcomes_too() -> None:
    fit = fit_dose_response([10, 20, 30, 30, 50], [0, 0, 0, 1, 1])
    assert fit.advisories[0].code == "doses_separate_outcomes"


def test_without_an_effect_of_dose_d50_is_unbounded() -> None:
    fit = fit_dose_response([10, 20, 30, 40, 50, 60, 70, 80], [0, 1, 0, 1, 0, 1, 0, 1])
    assert fit.d50_gy is not None
    assert None in (fit.d50_gy.lower, fit.d50_gy.upper)
    assert {"interval_unbounded", "few_events_per_variable"} <= {a.code for a in fit.advisories}
    assert fit.p_value is not None
    assert fit.p_value > 0.05


def test_a_falling_curve_has_no_d50() -> None:
    fit = fit_dose_response(DOSE_GY, 1 - RESPONSE)
    assert fit.d50_gy is fit.gamma50 is None
    assert fit.advisories[0].code == "slope_not_positive"
    assert fit.advisories[0].value == pytest.approx(-fit_dose_response(DOSE_GY, RESPONSE).slope.value)  # type: ignore[union-attr]


def test_a_d50_beyond_the_doses_is_reported() -> None:
    event = np.zeros(40, bool)
    event[[5, 25, 30, 36, 38, 39]] = True
    fit = fit_dose_response(np.linspace(20, 60, 40), event)
    assert fit.d50_gy is not None
    assert fit.d50_gy.value > 60
    assert "d50_outside_doses" in {a.code for a in fit.advisories}


def test_pointwise_limits_hold_the_curve() -> None:
    fit = fit_dose_response(DOSE_GY, RESPONSE)
    limits, curve = fit.probability_interval(DOSE_GY), fit.probability(DOSE_GY)
    assert limits is not None
    assert curve is not None
    assert (limits[0] < curve).all()
    assert (curve < limits[1]).all()


def test_a_fit_is_plain_data() -> None:
    found = fit_dose_response(DOSE_GY, RESPONSE).as_dict()
    assert found["advisories"][0]["code"] == "few_events_per_variable"
    assert set(found["d50_gy"]) == {"value", "lower", "upper"}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: fit_dose_response(DOSE_GY, np.ones(12)), UndefinedError, "all of 12 observations had the event"),
        (lambda: fit_dose_response(DOSE_GY, np.zeros(12)), UndefinedError, "none of 12 observations had the event"),
        (lambda: fit_dose_response([], []), UndefinedError, "no observations"),
        (lambda: fit_dose_response(np.full(12, 50.0), RESPONSE), UndefinedError, "all doses are equal"),
        (lambda: fit_dose_response([math.nan, 2.0], [0, 1]), OutOfRangeError, "finite, got 1"),
        (lambda: fit_dose_response([math.inf, 2.0], [0, 1]), OutOfRangeError, "finite"),
        (lambda: fit_dose_response([0.0, 2.0], [0, 1]), OutOfRangeError, "dose_scale='linear'"),
        (lambda: fit_dose_response([-1.0, 2.0], [0, 1], dose_scale="linear"), OutOfRangeError, "negative"),
        (lambda: fit_dose_response([1.0, 2.0], [0, 2]), OutOfRangeError, "0 or 1"),
        (lambda: fit_dose_response([1.0, 2.0], [0, math.nan]), OutOfRangeError, "0 or 1"),
        (lambda: fit_dose_response([1.0, 2.0], [0]), ShapeError, "2 observations"),
        (lambda: fit_dose_response([1.0, 2.0], ["yes", "no"]), ArgumentError, "true and false"),
        (lambda: fit_dose_response(DOSE_GY, RESPONSE, patient=["a"]), ShapeError, "12 observations"),
        (lambda: fit_dose_response(DOSE_GY, RESPONSE, patient=["a"] * 12), UndefinedError, "of 1 patients"),
        (lambda: fit_dose_response(DOSE_GY, RESPONSE, patient=[None] * 12), ArgumentError, "without a name"),
        (lambda: fit_dose_response(DOSE_GY, RESPONSE, confidence=95), OutOfRangeError, "such as 0.95"),
        (lambda: fit_dose_response(DOSE_GY, RESPONSE, dose_scale="cubic"), UnknownNameError, "log, linear"),  # type: ignore[arg-type]
    ],
)
def test_wrong_input_is_refused(call: Callable[[], DoseResponse], error: type[YttriaError], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.genmod.generalized_linear_model", None)
    with pytest.raises(MissingExtraError, match=r"yttria\[outcomes\]"):
        fit_dose_response(DOSE_GY, RESPONSE)
