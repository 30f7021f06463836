"""Recovery curves fitted to phantoms, stated as data or published, and the recovery of a uniform ball."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_figures import Measured

from yttria.errors import ArgumentError, OutOfRangeError, ShapeError, UndefinedError, UnknownNameError, YttriaError
from yttria.evaluation import RecoveryCurve, ball_recovery, fit_recovery_curve, published_recovery_curves
from yttria.evaluation.recovery_fit import recovery_curve_of
from yttria.reference import partial_volume as reference
from yttria.sources import sources

VOLUMES_ML = (0.52, 1.15, 2.57, 5.57, 11.49, 26.52)


@settings(deadline=None, max_examples=40)
@given(b1=st.floats(0.3, 20), b2=st.floats(0.4, 2.5), common=st.floats(0, 0.2))
def test_recoveries_of_a_curve_give_the_curve(b1: float, b2: float, common: float) -> None:
    curve = RecoveryCurve(b1_ml=b1, b2=b2)
    exact = [curve.recovery(v) for v in VOLUMES_ML]
    fit = fit_recovery_curve(VOLUMES_ML, exact, uncertainties=[0.02] * 6, common_uncertainty=common)
    assert (fit.curve.b1_ml, fit.curve.b2) == pytest.approx((b1, b2), rel=1e-6)
    assert fit.chi_squared == pytest.approx(0.0, abs=1e-12)


@pytest.mark.claim("recovery_curve")
@pytest.mark.parametrize("common", [0.0, 0.05])
def test_the_fit_is_the_least_of_all_curves(common: float) -> None:
    measured, u = [0.21, 0.35, 0.49, 0.66, 0.77, 0.85], [0.02, 0.03, 0.02, 0.04, 0.02, 0.03]
    fit = fit_recovery_curve(VOLUMES_ML, measured, uncertainties=u, common_uncertainty=common)
    expected = reference.fit_recovery_curve(VOLUMES_ML, measured, u, common)["curve"]
    assert (fit.curve.b1_ml, fit.curve.b2) == pytest.approx((expected["b1_ml"], expected["b2"]), rel=1e-6)
    np.testing.assert_allclose(fit.curve.covariance, expected["covariance"], rtol=1e-5)


def test_without_uncertainties_the_scatter_gives_the_covariance() -> None:
    measured = [0.21, 0.35, 0.49, 0.66, 0.77, 0.85]
    fit = fit_recovery_curve(VOLUMES_ML, measured)
    expected = reference.fit_recovery_curve(VOLUMES_ML, measured)["curve"]["covariance"]
    np.testing.assert_allclose(fit.curve.covariance, expected, rtol=1e-5)
    scatter = math.sqrt(sum(r * r for r in fit.residuals) / fit.degrees_of_freedom)
    stated = fit_recovery_curve(VOLUMES_ML, measured, uncertainties=[scatter] * 6)
    np.testing.assert_allclose(fit.curve.covariance, stated.curve.covariance, rtol=1e-9)


@pytest.mark.claim("recovery_curve")
@pytest.mark.parametrize("common", [0.0, 0.02])
def test_drawn_phantoms_scatter_as_the_covariance_states(common: float, measured: Measured) -> None:
    rng, true, u = np.random.default_rng(3), RecoveryCurve(b1_ml=2.6, b2=0.9), 0.008
    exact = np.array([true.recovery(v) for v in VOLUMES_ML])
    drawn = exact * (1 + common * rng.normal(size=(2000, 1))) + u * rng.normal(size=(2000, 6))
    fits = [fit_recovery_curve(VOLUMES_ML, row, uncertainties=[u] * 6, common_uncertainty=common) for row in drawn]
    found = np.cov([(fit.curve.b1_ml, fit.curve.b2) for fit in fits], rowvar=False)
    stated = fit_recovery_curve(VOLUMES_ML, exact, uncertainties=[u] * 6, common_uncertainty=common).curve.covariance
    # A variance of 2000 draws is within 3.2 % (k = 1); the curve is not linear in its parameters.
    measured("variance of b1 over 2000 phantoms, relative", found[0, 0] / stated[0][0] - 1, signed=True)
    np.testing.assert_allclose(np.diag(found), np.diag(stated), rtol=0.1)
    np.testing.assert_allclose(np.mean([fit.curve.b1_ml for fit in fits]), true.b1_ml, rtol=0.01)
    squares = [fit.chi_squared for fit in fits]
    assert np.mean(squares) == pytest.approx(4.0, rel=0.05)


def test_a_curve_of_another_form_is_reported() -> None:
    measured = [0.9, 0.3, 0.9, 0.5, 0.95, 0.9]
    fit = fit_recovery_curve(VOLUMES_ML, measured, uncertainties=[0.02] * 6)
    assert [told.code for told in fit.advisories] == ["recovery_curve_fits_badly"]
    assert fit_recovery_curve(VOLUMES_ML, measured).advisories == ()


def test_published_curves_go_through_their_numbers_and_name_their_source() -> None:
    for key, example in published_recovery_curves().items():
        assert sources()[key].read == "primary" if example.status == "read" else True
        for volume, recovery in zip(example.volumes_ml, example.recoveries, strict=True):
            assert example.curve.recovery(volume) == pytest.approx(recovery, abs=1e-6)
        assert example.curve.source == example.source == key


def test_plain_data_states_a_curve_or_its_measurement() -> None:
    curve, _ = recovery_curve_of({"b1_ml": 2.0, "b2": 0.8, "covariance": [[0.04, 0.0], [0.0, 0.01]], "source": "mine"})
    assert (curve.b1_ml, curve.source) == (2.0, "mine")
    measured = {"volumes_ml": VOLUMES_ML, "recoveries": [0.2, 0.3, 0.5, 0.6, 0.8, 0.9], "uncertainties": [0.05] * 6}
    fitted, _ = recovery_curve_of(measured | {"system": "PET"})
    expected = fit_recovery_curve(VOLUMES_ML, measured["recoveries"], uncertainties=[0.05] * 6).curve
    assert fitted == expected


@pytest.mark.parametrize(
    ("stated", "error", "match"),
    [
        ({"b1_ml": 2.0}, ArgumentError, "needs b2"),
        ({"volumes_ml": [1.0, 2.0]}, ArgumentError, "needs recoveries"),
        ({"b1_ml": 2.0, "b2": 1.0, "recoveries": [0.5]}, ArgumentError, "not by both"),
        ({"b1": 2.0, "b2": 1.0}, UnknownNameError, "got b1"),
        ({"b1_ml": -2.0, "b2": 1.0}, OutOfRangeError, "b1"),
        ({"b1_ml": 2.0, "b2": 1.0, "covariance": [[1.0, 2.0], [2.0, 1.0]]}, OutOfRangeError, "covariance"),
        ({}, ArgumentError, "needs b1_ml and b2"),
    ],
)
def test_data_that_states_no_curve_is_refused(stated: dict[str, Any], error: type[YttriaError], match: str) -> None:
    with pytest.raises(error, match=match):
        recovery_curve_of(stated)


@pytest.mark.parametrize(
    ("volumes", "recoveries", "more", "error"),
    [
        ([1.0, 2.0, 3.0], [0.5, 0.6], {}, ShapeError),
        ([1.0, 2.0], [0.5, 0.6], {}, UndefinedError),
        ([1.0, 1.0, 1.0], [0.5, 0.6, 0.55], {}, UndefinedError),
        ([1.0, 2.0, 4.0], [0.9, 0.6, 0.3], {}, UndefinedError),
        ([1.0, 2.0, 4.0], [50, 60, 80], {}, OutOfRangeError),
        ([1.0, 0.0, 4.0], [0.5, 0.6, 0.8], {}, OutOfRangeError),
        ([1.0, 2.0, 4.0], [0.5, math.nan, 0.8], {}, OutOfRangeError),
        ([1.0, 2.0, 4.0], [0.5, 0.6, 0.8], {"uncertainties": [0.1, 0.0, 0.1]}, OutOfRangeError),
        ([1.0, 2.0, 4.0], [0.5, 0.6, 0.8], {"uncertainties": [0.1, 0.1]}, ShapeError),
        ([1.0, 2.0, 4.0], [0.5, 0.6, 0.8], {"common_uncertainty": 0.1}, ArgumentError),
        ([1.0, 2.0, 4.0], [0.5, 0.6, 0.8], {"uncertainties": [0.1] * 3, "common_uncertainty": -1}, OutOfRangeError),
        ([], [], {}, UndefinedError),
        ("12", [0.5, 0.6], {}, ArgumentError),
        (["one", 2.0, 3.0], [0.5, 0.6, 0.8], {}, ArgumentError),
    ],
)
def test_a_phantom_without_a_curve_is_refused(volumes: Any, recoveries: Any, more: Any, error: Any) -> None:
    with pytest.raises(error):
        fit_recovery_curve(volumes, recoveries, **more)


@pytest.mark.claim("recovery_curve")
@given(volume=st.floats(1e-4, 3000), fwhm=st.floats(0.5, 40))
def test_the_recovery_of_a_ball_is_its_integral(volume: float, fwhm: float) -> None:
    found = ball_recovery(volume, fwhm_mm=fwhm)
    assert found == pytest.approx(reference.ball_recovery(volume, fwhm), rel=1e-8)
    assert 0.0 < found < 1.0
    assert found < ball_recovery(1.1 * volume, fwhm_mm=fwhm)


def test_a_ball_without_blur_is_recovered_and_no_ball_is_refused() -> None:
    assert ball_recovery(2.0, fwhm_mm=0.0) == 1.0
    for volume, fwhm in ((0.0, 5.0), (-1.0, 5.0), (math.inf, 5.0), (1.0, -1.0), (1.0, math.nan)):
        with pytest.raises(OutOfRangeError):
            ball_recovery(volume, fwhm_mm=fwhm)
