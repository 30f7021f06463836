"""Uncertainties: worked examples, numerical derivatives, a sampled check of the whole chain, hostile input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from yttria import evaluation as e
from yttria.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, YttriaError
from yttria.reference import uncertainty as reference

CASE = {
    "lung_shunt_fraction": 0.05,
    "tumor_mass_kg": 0.3,
    "normal_mass_kg": 1.2,
    "tumor_to_normal_ratio": 4.0,
    "activity_uncertainty": 0.10,
    "lung_shunt_uncertainty": 0.30,
    "tumor_mass_uncertainty": 0.15,
    "normal_mass_uncertainty": 0.10,
    "ratio_uncertainty": 0.20,
}
CURVE = e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=[[0.04, -0.003], [-0.003, 0.0025]])


def codes(result) -> list[str]:
    return [advisory.code for advisory in result.advisories]


def test_uncertainties_give_their_worked_examples() -> None:
    big = e.sphere_volume_uncertainty(60, voxel_size_mm=4.42, fwhm_mm=10)
    assert (big.diameter_uncertainty_mm, big.relative) == pytest.approx((6.27084, 0.3135), abs=5e-5)
    small = e.sphere_volume_uncertainty(30, voxel_size_mm=4.42, fwhm_mm=10)
    assert small.relative == pytest.approx(0.627, abs=5e-4)
    assert codes(small) == ["large_uncertainty"]
    assert e.count_edge_factor(radius_mm=30, fwhm_mm=10) == pytest.approx(0.887057, abs=5e-7)
    assert e.partition_uncertainty(**CASE).tumor_dose == pytest.approx(0.1684, abs=5e-5)


def test_only_a_sphere_has_one_error_in_three_diameters() -> None:
    sphere = e.sphere_volume_uncertainty(45, voxel_size_mm=3, fwhm_mm=6)
    ellipsoid = e.ellipsoid_volume_uncertainty([45, 45, 45], voxel_size_mm=3, fwhm_mm=6)
    assert sphere.relative == pytest.approx(math.sqrt(3) * ellipsoid.relative, rel=1e-14)
    assert sphere.relative == pytest.approx(reference.sphere_volume_uncertainty(45, 3, 6)["relative"], rel=1e-14)
    unblurred = e.sphere_volume_uncertainty(45, voxel_size_mm=3, fwhm_mm=0)
    assert unblurred.diameter_uncertainty_mm == pytest.approx(3 / math.sqrt(6), rel=1e-15)


@given(radius=st.floats(0.5, 200), fwhm=st.floats(0.5, 40))
def test_edge_factor_agrees_and_is_a_share(radius: float, fwhm: float) -> None:
    phi = e.count_edge_factor(radius_mm=radius, fwhm_mm=fwhm)
    assert phi == pytest.approx(reference.count_edge_factor(radius, fwhm), rel=1e-9, abs=1e-13)
    assert 0 <= phi <= 1
    assert phi <= e.count_edge_factor(radius_mm=radius * 1.1, fwhm_mm=fwhm) + 1e-12


def test_edge_factor_is_that_of_a_blurred_ball() -> None:
    """Compute twice the density at the edge of a blurred ball of density 1 by quadrature over the ball. `z` is along
    the radius through the edge point, and the other directions are integrated in closed form."""
    radius, fwhm = 12.0, 9.0
    s = fwhm / math.sqrt(8 * math.log(2))
    z = np.linspace(-radius, radius, 200_001)
    across = 1 - np.exp(-(radius**2 - z**2) / (2 * s * s))
    along = np.exp(-((radius - z) ** 2) / (2 * s * s)) / (s * math.sqrt(2 * math.pi))
    density = float(np.sum(across * along) * (z[1] - z[0]))
    assert e.count_edge_factor(radius_mm=radius, fwhm_mm=fwhm) == pytest.approx(2 * density, rel=1e-6)


@given(
    lung=st.floats(0.001, 0.9),
    tumor=st.floats(0.01, 2),
    normal=st.floats(0.01, 3),
    ratio=st.floats(0.2, 30),
    u=st.tuples(*[st.floats(0, 0.6)] * 5),
    correlation=st.floats(-1, 1),
)
def test_partition_agrees_with_numerical_derivatives(lung, tumor, normal, ratio, u, correlation: float) -> None:
    names = ("activity", "lung_shunt", "tumor_mass", "normal_mass", "ratio")
    result = e.partition_uncertainty(
        lung_shunt_fraction=lung,
        tumor_mass_kg=tumor,
        normal_mass_kg=normal,
        tumor_to_normal_ratio=ratio,
        **{f"{name}_uncertainty": value for name, value in zip(names, u, strict=True)},
        lung_mass_uncertainty=0.2,
        mass_ratio_correlation=correlation,
    )
    expected = reference.partition_uncertainty(lung, tumor, normal, ratio, *u, mass_ratio_correlation=correlation)
    for tissue, sensitivity, total in (
        ("tumor", result.tumor_sensitivity, result.tumor_dose),
        ("normal", result.normal_sensitivity, result.normal_dose),
    ):
        slopes = expected[f"{tissue}_sensitivity"]
        np.testing.assert_allclose(list(sensitivity.values()), list(slopes.values()), rtol=1e-6, atol=1e-9)
        assert total == pytest.approx(expected[f"{tissue}_dose"], rel=1e-6, abs=1e-8)
    assert result.lung_dose == pytest.approx(math.hypot(u[0], u[1], 0.2), rel=1e-12)
    assert ("large_uncertainty" in codes(result)) == any(value > 0.3 for value in u)


def test_partition_agrees_with_sampling() -> None:
    """Lognormal draws with the ratio found as counts by tumor mass; uncertainties small enough to be linear."""
    rng = np.random.default_rng(11)
    u = {"activity": 0.02, "lung_shunt": 0.03, "tumor_mass": 0.04, "normal_mass": 0.02, "ratio": 0.05}
    draw = {name: np.exp(rng.normal(0, value, 2_000_000)) for name, value in u.items()}
    counts = np.exp(rng.normal(0, 0.03, 2_000_000))  # r = counts / m_T: u(r)^2 = 0.03^2 + 0.04^2, correlation -0.8
    ratio = 4 * counts / draw["tumor_mass"]
    normal = 2 * draw["activity"] * (1 - 0.05 * draw["lung_shunt"])
    normal /= 1.2 * draw["normal_mass"] + ratio * 0.3 * draw["tumor_mass"]
    tumor = ratio * normal
    case = {**CASE, **{f"{name}_uncertainty": value for name, value in u.items()}, "mass_ratio_correlation": -0.8}
    assert e.partition_uncertainty(**case).tumor_dose == pytest.approx(float(np.log(tumor).std()), rel=5e-3)


@given(volume=st.floats(0.05, 2000), u=st.floats(0, 0.8))
def test_recovery_agrees_with_numerical_derivatives(volume: float, u: float) -> None:
    definition = reference.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=CURVE.covariance)
    assert CURVE.recovery(volume) == pytest.approx(definition.recovery(volume), rel=1e-13)
    expected = definition.uncertainty(volume, volume_uncertainty=u)
    assert CURVE.uncertainty(volume, volume_uncertainty=u) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_the_chain_agrees_with_one_propagation_through_the_volume() -> None:
    """D = Q C(v) / (R(v; b) v): one volume, so its sensitivities add before they are squared."""
    volume, u_volume, u_calibration = 40.0, 0.22, 0.05
    got = e.dose_uncertainty(
        volume, volume_uncertainty=u_volume, fwhm_mm=7, recovery=CURVE, calibration_uncertainty=u_calibration
    )
    radius = (3 * volume * 1000 / (4 * math.pi)) ** (1 / 3)
    counts = reference.count_edge_factor(radius, 7) / (2 * reference.recovery(volume, 2.6, 1.1))
    slope = reference.relative_sensitivities(reference.recovery, (volume, 2.6, 1.1))[0]
    fit = CURVE.uncertainty(volume, volume_uncertainty=0.0)
    activity = math.hypot(u_calibration, fit, (counts - slope) * u_volume)
    assert got.count_rate == pytest.approx(counts * u_volume, rel=1e-9)
    assert got.activity == pytest.approx(activity, rel=1e-6)
    assert got.time_integrated_activity == pytest.approx(math.hypot(activity, 0.001), rel=1e-6)
    dose = math.hypot(u_calibration, fit, 0.001, (counts - slope - 1) * u_volume)
    assert got.absorbed_dose == pytest.approx(dose, rel=1e-6)
    assert got.absorbed_dose < math.hypot(got.time_integrated_activity, got.s_value)


def test_independent_uncertainties_add_in_quadrature() -> None:
    assert e.combined_uncertainty([0.03, 0.04]) == pytest.approx(0.05, rel=1e-15)
    assert e.combined_uncertainty([]) == 0.0


@pytest.mark.parametrize(
    "covariance",
    [[[1, 2], [2, 1]], [[-1, 0], [0, 1]], [[1, 0.5], [0.4, 1]], [[1, math.nan], [math.nan, 1]], [[0, 1], [1, 4]]],
)
def test_an_impossible_covariance_is_refused(covariance) -> None:
    with pytest.raises(OutOfRangeError, match=r"covariance|variance"):
        e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=covariance).uncertainty(10, volume_uncertainty=0.1)


def test_a_perfectly_correlated_fit_is_a_covariance() -> None:
    assert (
        e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=[[0.09, 0.03], [0.03, 0.01]]).uncertainty(
            10, volume_uncertainty=0.0
        )
        >= 0
    )


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
@pytest.mark.parametrize("name", [name for name in CASE if name.endswith("uncertainty")])
def test_a_negative_uncertainty_is_refused(name: str, bad: float) -> None:
    with pytest.raises(OutOfRangeError, match="uncertainty"):
        e.partition_uncertainty(**{**CASE, name: bad})


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: e.combined_uncertainty([0.1, -0.1]), OutOfRangeError),
        (lambda: e.combined_uncertainty(["ten percent"]), ArgumentError),
        (lambda: e.sphere_volume_uncertainty(0, voxel_size_mm=4, fwhm_mm=10), OutOfRangeError),
        (lambda: e.sphere_volume_uncertainty(30, voxel_size_mm=-4, fwhm_mm=10), OutOfRangeError),
        (lambda: e.ellipsoid_volume_uncertainty([30, 40], voxel_size_mm=4, fwhm_mm=10), ShapeError),
        (lambda: e.count_edge_factor(radius_mm=0, fwhm_mm=10), OutOfRangeError),
        (lambda: e.partition_uncertainty(**{**CASE, "lung_shunt_fraction": 5}), OutOfRangeError),
        (lambda: e.partition_uncertainty(**{**CASE, "tumor_mass_kg": 0}), OutOfRangeError),
        (lambda: e.partition_uncertainty(**CASE, mass_ratio_correlation=1.2), OutOfRangeError),
        (lambda: e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance=[1, 2]).recovery(10), ShapeError),
        (lambda: e.RecoveryCurve(b1_ml=2.6, b2=1.1, covariance="none").recovery(10), DTypeError),
        (lambda: CURVE.recovery(0), OutOfRangeError),
    ],
)
def test_wrong_types_and_shapes_are_refused(call, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        call()
