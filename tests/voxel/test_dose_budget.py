"""Budgets of doses: sensitivities against their definitions, a ball against the formulas for balls, missing inputs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from measured_figures import Measured
from numpy.typing import NDArray

from yttria import AbsoluteScaling, DoseResult, Image, Nuclide, RelativeScaling, Structure, dose_image
from yttria import evaluation as e
from yttria.errors import UndefinedError
from yttria.evaluation import UncertaintyBudget, UncertaintyInputs
from yttria.phantom import liver_phantom
from yttria.reference import uncertainty as reference
from yttria.voxel.dose_components import METHOD_UNCERTAINTIES

PHANTOM = liver_phantom((8.0, 8.0, 8.0))
LIVER, NORMAL, TUMOR = PHANTOM.structures[:3]
FWHM_MM = 6.0


def budgets(
    result: DoseResult, structure: Structure, inputs: UncertaintyInputs, **options: Any
) -> dict[str, UncertaintyBudget]:
    return {each.quantity: each for each in result.uncertainty_budgets([structure], inputs, **options)}


def contributions(budget: UncertaintyBudget) -> dict[str, float]:
    """Relative contributions by the input's name."""
    return {each.input: each.contribution / budget.value for each in budget.components}


def affine_and_positions(shape: int, voxel_mm: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """An affine and the places (z, y, x) of voxels about the origin."""
    affine_lps = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine_lps[:3, 3] = -(shape - 1) / 2 * voxel_mm
    axis = (np.arange(shape) - (shape - 1) / 2) * voxel_mm
    return affine_lps, np.stack(np.meshgrid(axis, axis, axis, indexing="ij"))


def ball(radius_mm: float, voxel_mm: float) -> Structure:
    affine_lps, place = affine_and_positions(2 * math.ceil(radius_mm / voxel_mm) + 5, voxel_mm)
    return Structure("Ball", (place**2).sum(axis=0) <= radius_mm**2, affine_lps)


def blurred_ball(radius_mm: float, fwhm_mm: float, distance_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """A ball of 1 after a Gaussian blur, at distances from its center."""
    s = fwhm_mm / math.sqrt(8 * math.log(2))
    erf = np.vectorize(math.erf)
    rho = np.maximum(distance_mm, 1e-6)
    edges = 0.5 * (erf((radius_mm - rho) / (s * math.sqrt(2))) + erf((radius_mm + rho) / (s * math.sqrt(2))))
    bells = np.exp(-((radius_mm + rho) ** 2) / (2 * s * s)) - np.exp(-((radius_mm - rho) ** 2) / (2 * s * s))
    return np.asarray(edges + s / (rho * math.sqrt(2 * math.pi)) * bells)


def dose_of(values: NDArray[np.float64], affine_lps: NDArray[np.float64]) -> DoseResult:
    return dose_image(Image(values, affine_lps, "MBq/mL"), scaling=AbsoluteScaling(0.0))


@pytest.mark.claim("budget_of_a_ball")
@pytest.mark.parametrize(("radius_mm", "voxel_mm", "mask_mm"), [(30.0, 3.0, 1.5), (20.0, 2.0, 1.0), (15.0, 2.0, 0.7)])
def test_a_ball_has_the_uncertainty_of_the_formulas_for_balls(
    radius_mm: float, voxel_mm: float, mask_mm: float, measured: Measured
) -> None:
    affine_lps, place = affine_and_positions(math.ceil(2 * (radius_mm + 2.5 * FWHM_MM) / voxel_mm), voxel_mm)
    distance = np.sqrt((place**2).sum(axis=0))
    table = np.linspace(0.0, distance.max() + 1.0, 4000)
    result = dose_of(np.interp(distance, table, blurred_ball(radius_mm, FWHM_MM, table)), affine_lps)
    structure = ball(radius_mm, mask_mm)
    row = result.table([structure])[0]
    assert row.mean_gy is not None
    recovery = row.mean_gy * 1.05 / result.provenance.dose_factor_gy_kg_per_gbq
    b2 = 0.9
    b1_ml = row.volume_ml * ((1.0 - recovery) / recovery) ** (1.0 / b2)
    curve = e.RecoveryCurve(b1_ml=b1_ml, b2=b2, covariance=((0.02 * b1_ml**2, 0.0), (0.0, 0.01)))
    inputs = UncertaintyInputs(fwhm_mm=FWHM_MM, calibration_uncertainty=0.05, recovery=curve)
    found = budgets(result, structure, inputs)

    diameter_mm = 2 * (3e3 * row.volume_ml / (4 * math.pi)) ** (1 / 3)
    u = e.sphere_volume_uncertainty(diameter_mm, voxel_size_mm=voxel_mm, fwhm_mm=FWHM_MM).relative
    assert found["volume_ml"].relative_standard_uncertainty == pytest.approx(u, rel=0.04)
    phi = e.count_edge_factor(radius_mm=diameter_mm / 2, fwhm_mm=FWHM_MM)
    of_mean = contributions(found["mean_gy"])["outline"]
    assert of_mean == pytest.approx((phi / (2 * recovery) - 1) * u, rel=0.04)
    whole = e.dose_uncertainty(
        row.volume_ml, volume_uncertainty=u, fwhm_mm=FWHM_MM, recovery=curve, calibration_uncertainty=0.05
    )
    corrected = found["recovered_mean_gy"]
    assert corrected.value == pytest.approx(row.mean_gy / recovery, rel=1e-9)
    assert corrected.relative_standard_uncertainty == pytest.approx(whole.absorbed_dose, rel=0.04)
    for label, one, other in (
        ("volume", found["volume_ml"].relative_standard_uncertainty, u),
        ("mean, contribution of the outline", of_mean, (phi / (2 * recovery) - 1) * u),
        ("recovered mean", corrected.relative_standard_uncertainty, whole.absorbed_dose),
    ):
        assert one is not None
        measured(f"uncertainty of the {label}", 100 * (one / other - 1), "%", signed=True)


@pytest.mark.claim("budget_sensitivities")
def test_sensitivities_of_absolute_scaling_are_the_derivatives_of_the_dose(measured: Measured) -> None:
    half_life_h, delay_h = Nuclide().half_life_h, 30.0
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(delay_h))
    inputs = UncertaintyInputs(
        calibration_uncertainty=0.04,
        density_uncertainty=0.03,
        half_life_uncertainty=0.02,
        scan_delay_uncertainty_h=0.5,
        count_uncertainty=0.01,
        method_uncertainty=0.015,
        administered_activity_uncertainty=0.5,
    )
    values = (1.0, 1.05, half_life_h, delay_h)
    image, density, half_life, delay = reference.relative_sensitivities(
        lambda *v: reference.dose_of_scaling(*v, 1.0, 0.1, 0.1, is_absolute=True), values
    )
    expected = {
        "calibration factor": 0.04 * image,
        "time from administration to scan": 0.5 / delay_h * delay,
        "half-life": 0.02 * half_life,
        "density": 0.03 * density,
        "dose model": 0.015,
        "counts in the structure": 0.01,
    }
    for quantity in ("mean_gy", "d70_gy", "d95_gy"):
        budget = budgets(result, TUMOR, inputs)[quantity]
        assert contributions(budget) == pytest.approx(expected, rel=1e-7)
        worst = max(abs(contributions(budget)[name] / one - 1) for name, one in expected.items())
        measured("sensitivities of absolute scaling, relative", worst)
        assert budget.relative_standard_uncertainty == pytest.approx(math.hypot(*expected.values()), rel=1e-7)
        assert budget.not_included == ("volume", "recovery", "registration", "microspheres")


@pytest.mark.claim("budget_sensitivities")
def test_sensitivities_of_relative_scaling_are_the_derivatives_of_the_dose() -> None:
    scaling = RelativeScaling(LIVER, lung_shunt_fraction=0.08, vial_activity_gbq=2.0, residual_fraction=0.05)
    result = dose_image(PHANTOM.activity, scaling=scaling, method="voxel_s_values")
    inputs = UncertaintyInputs(
        administered_activity_uncertainty=0.05,
        residual_uncertainty=0.3,
        lung_shunt_uncertainty=0.25,
        calibration_uncertainty=0.5,
        scan_delay_uncertainty_h=5.0,
    )
    values = (64.1, 2.0, 0.05, 0.08)
    half_life, activity, residual, shunt = reference.relative_sensitivities(
        lambda t, a, r, s: reference.dose_of_scaling(1.0, 1.05, t, 30.0, a, r, s, is_absolute=False), values
    )
    budget = budgets(result, TUMOR, inputs)["mean_gy"]
    assert contributions(budget) == pytest.approx(
        {
            "administered activity": 0.05 * activity,
            "residual fraction": 0.3 * residual,
            "lung shunt fraction": 0.25 * shunt,
            "half-life": 0.001 * half_life,
            "dose model": 0.007,
        },
        rel=1e-7,
    )
    # Neither calibration nor the time of the scan has a part, so that neither is missing.
    assert budget.not_included == ("volume", "counts", "recovery", "density", "registration", "microspheres")


@pytest.mark.claim("budget_sensitivities")
def test_the_mean_of_the_reference_itself_depends_on_its_volume_alone() -> None:
    scaling = RelativeScaling(LIVER, lung_shunt_fraction=0.05, delivered_activity_gbq=1.5)
    result = dose_image(PHANTOM.activity, scaling=scaling)
    inputs = UncertaintyInputs(contour_uncertainty_mm=1.0)
    found = budgets(result, LIVER, inputs)
    (of_mean,) = (each for each in found["mean_gy"].components if each.source == "volume")
    (of_volume,) = found["volume_ml"].components
    relative = of_volume.contribution / found["volume_ml"].value
    assert of_mean.contribution / found["mean_gy"].value == pytest.approx(-relative, rel=0.02)


def test_the_outline_of_the_reference_changes_the_doses_of_others() -> None:
    scaling = RelativeScaling(LIVER, lung_shunt_fraction=0.05, delivered_activity_gbq=1.5)
    result = dose_image(PHANTOM.activity, scaling=scaling)
    inputs = UncertaintyInputs(contour_uncertainty_mm={"Liver": 2.0, TUMOR.name: 0.0})
    alone = budgets(result, TUMOR, inputs)["mean_gy"]
    assert "volume" in alone.not_included
    beside = budgets(result, TUMOR, inputs, reference=LIVER)["mean_gy"]
    assert "volume" not in beside.not_included
    farther = Structure("Liver", LIVER.mask, LIVER.affine_lps)
    share = contributions(beside)["outline of the reference 'Liver'"]
    assert -0.1 < share < 0.0
    together = result.uncertainty_budgets([TUMOR, farther], inputs)
    assert contributions(together[0])["outline of the reference 'Liver'"] == share


@pytest.mark.claim("budget_sensitivities")
@pytest.mark.parametrize(
    ("gradient", "curvature"), [((2.0, -1.0, 0.5), 0.0), ((0.0, 0.0, 0.0), 0.02), ((1.0, 0.0, 0.0), 0.02)]
)
def test_a_shift_has_the_spread_of_the_dose_over_normal_shifts(
    gradient: tuple[float, ...], curvature: float, measured: Measured
) -> None:
    affine_lps, place = affine_and_positions(47, 2.0)
    slope = np.array(gradient)

    def activity(at: NDArray[np.float64]) -> Any:
        return 100.0 + np.tensordot(slope, at, axes=1) - curvature * (at**2).sum(axis=0)

    result = dose_of(activity(place), affine_lps)
    structure = ball(12.0, 0.7)
    budget = budgets(result, structure, UncertaintyInputs(registration_shift_mm=2.7))["mean_gy"]
    gy_per_mbq_per_ml = result.provenance.dose_factor_gy_kg_per_gbq / 1.05
    # The mean over a ball of a function of second degree is that of its center, less a constant.
    spread = reference.shift_uncertainty(lambda shift: gy_per_mbq_per_ml * float(activity(shift[:, None])[0]), 2.7)
    (found,) = (each for each in budget.components if each.source == "registration")
    assert found.contribution == pytest.approx(spread, rel=0.03)
    measured("spread over shifts", 100 * (found.contribution / spread - 1), "%", signed=True)
    assert (found.input_standard_uncertainty, found.input_unit) == (2.7, "mm")


def test_uniform_dose_does_not_depend_on_outline_or_place() -> None:
    affine_lps, place = affine_and_positions(25, 4.0)
    result = dose_of(np.ones(place.shape[1:]), affine_lps)
    inputs = UncertaintyInputs(contour_uncertainty_mm=2.0, registration_shift_mm=3.0)
    found = budgets(result, ball(20.0, 1.3), inputs)
    for quantity in ("mean_gy", "d70_gy", "d95_gy"):
        relative = contributions(found[quantity])
        assert relative["outline"] == pytest.approx(0.0, abs=1e-9)
        assert relative["shift along each axis"] == pytest.approx(0.0, abs=1e-9)
    assert found["volume_ml"].relative_standard_uncertainty == pytest.approx(3 * 2.0 / 20.0, rel=0.05)


def test_a_structure_that_an_outline_may_leave_empty_keeps_a_budget_with_an_advisory() -> None:
    affine_lps, place = affine_and_positions(15, 4.0)
    result = dose_of(100.0 - (place**2).sum(axis=0) * 0.01, affine_lps)
    found = budgets(result, ball(4.0, 2.0), UncertaintyInputs(contour_uncertainty_mm=6.0))
    assert found["volume_ml"].standard_uncertainty > 0.0
    assert found["mean_gy"].components[0].contribution < 0.0
    assert [told.code for told in found["volume_ml"].advisories] == ["large_uncertainty"]
    assert "volume of 'Ball'" in found["volume_ml"].advisories[0].message


def test_inputs_by_structure_hold_for_it_alone() -> None:
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(0.0))
    inputs = UncertaintyInputs(count_uncertainty={TUMOR.name: 0.1}, contour_uncertainty_mm={LIVER.name: 1.0})
    tumor, liver = budgets(result, TUMOR, inputs)["mean_gy"], budgets(result, LIVER, inputs)["mean_gy"]
    assert "counts in the structure" in contributions(tumor)
    assert ("counts" in liver.not_included, "volume" in tumor.not_included) == (True, True)
    assert "decay" not in tumor.not_included  # the image holds the activity at administration


def test_a_stated_outline_goes_before_that_of_the_blur() -> None:
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(0.0))
    inputs = UncertaintyInputs(fwhm_mm=6.0, contour_uncertainty_mm={TUMOR.name: 1.0}, basis={"fwhm_mm": "line source"})
    (stated,) = budgets(result, TUMOR, inputs)["volume_ml"].components
    (by_blur,) = budgets(result, LIVER, inputs)["volume_ml"].components
    assert (stated.input_standard_uncertainty, stated.is_default) == (1.0, False)
    expected = reference.diameter_uncertainty_mm(8.0, 6.0) / 2
    assert by_blur.input_standard_uncertainty == pytest.approx(expected, rel=1e-6)
    assert by_blur.is_default
    assert "gear2018" in by_blur.basis


def test_the_table_has_the_budgets_uncertainties_only_if_asked() -> None:
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(20.0))
    inputs = UncertaintyInputs(fwhm_mm=6.0, calibration_uncertainty=0.05, coverage_factor=2.0)
    without, rows = result.table(PHANTOM.structures), result.table(PHANTOM.structures, uncertainty=inputs)
    found = {(each.structure, each.quantity): each for each in result.uncertainty_budgets(PHANTOM.structures, inputs)}
    assert len(found) == 4 * len(rows)
    added = {"mean_standard_uncertainty_gy", "d70_standard_uncertainty_gy", "d95_standard_uncertainty_gy"}
    added |= {"volume_standard_uncertainty_ml", "coverage_factor"}
    for plain, row in zip(without, rows, strict=True):
        assert row.as_dict().keys() - plain.as_dict().keys() == added
        assert {key: row.as_dict()[key] for key in plain.as_dict()} == plain.as_dict()
        assert row.mean_standard_uncertainty_gy == found[row.structure, "mean_gy"].standard_uncertainty
        assert row.d95_standard_uncertainty_gy == found[row.structure, "d95_gy"].standard_uncertainty
        assert row.volume_standard_uncertainty_ml == found[row.structure, "volume_ml"].standard_uncertainty
        assert (row.coverage_factor, found[row.structure, "mean_gy"].value) == (2.0, row.mean_gy)
    unknown = result.table(PHANTOM.structures, uncertainty=UncertaintyInputs())[0]
    assert (
        unknown.volume_standard_uncertainty_ml is None
    )  # the uncertainty of the outline is not known, which is not zero


def test_a_structure_outside_of_the_image_has_no_budget() -> None:
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(20.0))
    away = np.array(LIVER.affine_lps)
    away[:3, 3] += 1e4
    outside = Structure("Elsewhere", LIVER.mask, away)
    assert result.uncertainty_budgets([outside], UncertaintyInputs(fwhm_mm=6.0)) == []
    assert result.table([outside], uncertainty=UncertaintyInputs(fwhm_mm=6.0))[0].coverage_factor is None


def test_monte_carlo_brings_its_own_statistics() -> None:
    affine_lps, place = affine_and_positions(12, 4.0)
    activity = Image(np.exp(-(place**2).sum(axis=0) / 200.0), affine_lps, "MBq/mL")
    density = activity.with_array(np.full(activity.shape, 1.05), "g/mL")
    structure = ball(10.0, 2.0)
    options: dict[str, Any] = {"method": "monte_carlo", "density": density, "histories": 20_000}
    result = dose_image(activity, scaling=AbsoluteScaling(0.0), structures=[structure], **options)
    row = result.table([structure])[0]
    budget = budgets(result, structure, UncertaintyInputs())["mean_gy"]
    (statistics,) = (each for each in budget.components if each.input == "statistics of Monte Carlo")
    assert row.mean_uncertainty_gy is not None
    assert statistics.contribution == pytest.approx(row.mean_uncertainty_gy, rel=1e-12)
    assert statistics.source == "method"
    assert budget.standard_uncertainty > row.mean_uncertainty_gy


def test_defaults_of_dose_models_are_accepted_differences_of_the_validation() -> None:
    table = json.loads((files("yttria") / "data" / "method_validation.json").read_text(encoding="utf-8"))["methods"]
    for method, (u, claim) in METHOD_UNCERTAINTIES.items():
        (row,) = (each for each in table[method] if each["claim"] == claim)
        assert f"{100 * u:g} %" in row["acceptance"]
    assert "local_deposition" not in METHOD_UNCERTAINTIES


def test_a_sum_of_treatments_has_no_budget_of_one_image() -> None:
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(20.0))
    terms = {"kind": "injections", "injections": [result.provenance.scaling] * 2}
    total = replace(result, provenance=replace(result.provenance, scaling=terms))
    with pytest.raises(UndefinedError, match="one image with its scaling"):
        total.uncertainty_budgets([LIVER], UncertaintyInputs())


def test_correlations_of_inputs_reach_the_budget() -> None:
    result = dose_image(PHANTOM.activity, scaling=AbsoluteScaling(0.0))
    stated: dict[str, Any] = {"calibration_uncertainty": 0.05, "density_uncertainty": 0.05}
    pair = {("calibration", "density"): 1.0}
    alone = budgets(result, TUMOR, UncertaintyInputs(**stated, half_life_uncertainty=0.0))["mean_gy"]
    tied = budgets(result, TUMOR, UncertaintyInputs(**stated, half_life_uncertainty=0.0, correlations=pair))["mean_gy"]
    assert alone.relative_standard_uncertainty == pytest.approx(0.05 * math.sqrt(2.0), rel=1e-9)
    assert tied.relative_standard_uncertainty == pytest.approx(0.0, abs=1e-6)
