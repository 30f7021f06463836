"""Monte Carlo propagation: known answers, agreement with definitions, reproducibility, hostile input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, Image, RelativeScaling, Structure, dose_image, errors
from yttria.evaluation import RecoveryCurve, UncertaintyInputs, dose_metric
from yttria.reference import propagation as reference
from yttria.voxel import ImageNoise, propagate_uncertainty

SIZE_MM = (3.0, 4.0, 3.5)
AFFINE = np.diag([SIZE_MM[2], SIZE_MM[1], SIZE_MM[0], 1.0])
SHAPE = (24, 22, 20)
DELAY_H = 20.0
#: In the place of the defaults of half-life and dose model.
EXACT: Any = {"half_life_uncertainty": 0.0, "method_uncertainty": 0.0}


def _ball(radius_mm: float) -> np.ndarray:
    at = np.stack(
        np.meshgrid(*[(np.arange(n) - 0.5 * n + 0.2) * s for n, s in zip(SHAPE, SIZE_MM, strict=True)], indexing="ij")
    )
    return np.asarray((at**2).sum(axis=0) < radius_mm**2)


BALL = Structure("Ball", _ball(16.0), AFFINE)
RNG = np.random.default_rng(4)
ACTIVITY = Image(RNG.uniform(0.5, 1.5, SHAPE) + 3.0 * _ball(18.0), AFFINE, "MBq/mL")
UNIFORM = Image(np.full(SHAPE, 2.0), AFFINE, "MBq/mL")


def _dose(activity: Image = ACTIVITY, **more: Any) -> Any:
    return dose_image(activity, scaling=AbsoluteScaling(DELAY_H), **more)


def _propagated(result: Any, inputs: UncertaintyInputs, **more: Any) -> Any:
    return propagate_uncertainty(result, [BALL], inputs, **({"draws": 400, "seed": 1, "threads": 2} | more))


@pytest.mark.claim("factors_propagated")
@pytest.mark.parametrize("name", ["calibration", "density", "method", "count"])
def test_relative_uncertainty_of_one_factor_is_that_of_the_mean(name: str) -> None:
    inputs = UncertaintyInputs(**{f"{name}_uncertainty": 0.06})
    mean = _propagated(_dose(), inputs, draws=10_000).of("Ball")
    # Standard error of a standard deviation: u / sqrt(2 M), 0.7 % here.
    assert mean.standard_uncertainty / mean.value == pytest.approx(0.06, rel=0.035)


@pytest.mark.claim("factors_propagated")
def test_times_act_by_the_decay_between_administration_and_scan() -> None:
    inputs = UncertaintyInputs(half_life_uncertainty=0.05, scan_delay_uncertainty_h=3.0)
    result = _dose()
    mean = _propagated(result, inputs, draws=10_000).of("Ball")
    half_life_h = result.provenance.half_life_h

    def factor(**changed: float) -> float:
        terms = {"calibration": 1.0, "half_life": 1.0, "delay_error_h": 0.0, "density": 1.0, "method": 1.0} | changed
        return reference.absolute_factor(half_life_h=half_life_h, scan_delay_h=DELAY_H, **terms)

    by_half_life = 0.05 * (factor(half_life=1.001) - factor(half_life=0.999)) / 0.002
    by_delay = 3.0 * (factor(delay_error_h=0.01) - factor(delay_error_h=-0.01)) / 0.02
    assert mean.standard_uncertainty / mean.value == pytest.approx(np.hypot(by_half_life, by_delay), rel=0.035)


def test_relative_scaling_depends_on_activity_residual_and_shunt_and_not_on_calibration() -> None:
    scaling = RelativeScaling(BALL, lung_shunt_fraction=0.1, vial_activity_gbq=2.0, residual_fraction=0.05)
    result = dose_image(ACTIVITY, scaling=scaling)
    inputs = UncertaintyInputs(
        calibration_uncertainty=0.5,
        administered_activity_uncertainty=0.05,
        residual_uncertainty=0.4,
        lung_shunt_uncertainty=0.3,
    )
    doses = _propagated(result, inputs, draws=10_000)
    mean = doses.of("Ball")
    expected = np.sqrt(0.05**2 + (0.4 * 0.05 / 0.95) ** 2 + (0.3 * 0.1 / 0.9) ** 2)
    assert mean.standard_uncertainty / mean.value == pytest.approx(expected, rel=0.04)
    assert "calibration" not in (*doses.included, *doses.not_included)


@pytest.mark.claim("factors_propagated")
def test_first_order_and_draws_agree_in_linear_cases() -> None:
    factors = UncertaintyInputs(
        calibration_uncertainty=0.05,
        count_uncertainty=0.03,
        scan_delay_uncertainty_h=2.0,
        half_life_uncertainty=0.02,
        density_uncertainty=0.02,
        method_uncertainty=0.01,
        correlations={("calibration", "counts"): 0.4},
    )
    result = _dose()
    doses = _propagated(result, factors, draws=20_000)
    for budget in result.uncertainty_budgets([BALL], factors):
        if budget.unit == "Gy":
            drawn = doses.of("Ball", budget.quantity)
            # The statistical error of the draws is u / sqrt(2 M), 0.5 %.
            assert drawn.standard_uncertainty == pytest.approx(budget.standard_uncertainty, rel=0.02)


@pytest.mark.claim("factors_propagated")
def test_first_order_and_draws_agree_on_the_outline_of_the_reference() -> None:
    scaling = RelativeScaling(BALL, lung_shunt_fraction=0.1, delivered_activity_gbq=2.0)
    result, core = dose_image(ACTIVITY, scaling=scaling), Structure("Core", _ball(9.0), AFFINE)
    inputs = UncertaintyInputs(contour_uncertainty_mm={"Ball": 0.4, "Core": 0.0})
    budget = result.uncertainty_budgets([core], inputs, reference=BALL)[0]
    doses = propagate_uncertainty(result, [core], inputs, reference=BALL, draws=1500)
    assert "volume" not in doses.not_included
    # Both displace the outline of a mask of whole voxels, each in its own way.
    assert doses.of("Core").standard_uncertainty == pytest.approx(budget.standard_uncertainty, rel=0.15)
    alone = propagate_uncertainty(result, [core], inputs, draws=100)
    assert "volume" in alone.not_included
    assert alone.of("Core").standard_uncertainty < 0.1 * budget.standard_uncertainty


@pytest.mark.claim("factors_propagated")
def test_sources_may_be_correlated() -> None:
    stated = {"calibration_uncertainty": 0.03, "density_uncertainty": 0.04}
    for r, expected in ((1.0, 0.01), (-1.0, 0.07), (0.5, np.sqrt(0.0009 + 0.0016 - 0.0012))):
        inputs = UncertaintyInputs(**stated, correlations={("density", "calibration"): r})
        mean = _propagated(_dose(), inputs, draws=10_000).of("Ball")
        assert mean.standard_uncertainty / mean.value == pytest.approx(expected, rel=0.05)


@pytest.mark.claim("noise_propagated")
@pytest.mark.parametrize("method", ["local_deposition", "voxel_s_values"])
@pytest.mark.parametrize("fwhm_mm", [0.0, 7.0])
def test_noise_of_the_image_gives_the_uncertainty_of_its_definition(method: Any, fwhm_mm: float) -> None:
    result = _dose(method=method)
    noise = ImageNoise.relative(ACTIVITY, relative_uncertainty=0.3, at_value=2.0, fwhm_mm=fwhm_mm)
    mean = propagate_uncertainty(result, [BALL], UncertaintyInputs(**EXACT), noise=noise, draws=3000, seed=5).of("Ball")
    per_unit = result.provenance.mbq_per_ml_per_unit
    kernel = np.full((1, 1, 1), result.provenance.dose_factor_gy_kg_per_gbq / result.provenance.density_g_per_ml)
    if method == "voxel_s_values":
        kernel = _s_values(result)
    deviation = noise.standard_deviation.array * per_unit
    expected = reference.mean_uncertainty_by_noise(deviation, BALL.mask, kernel, fwhm_mm, SIZE_MM)
    # Three standard errors of a standard deviation, u / sqrt(2 M).
    assert mean.standard_uncertainty == pytest.approx(expected, rel=3 / np.sqrt(6000))


def _s_values(result: Any) -> np.ndarray:
    from yttria import voxel_s_values

    return voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.05).gy_per_mbq_per_ml()


@pytest.mark.claim("noise_propagated")
def test_density_of_each_voxel_divides_its_noise() -> None:
    density = Image(RNG.uniform(0.5, 1.5, SHAPE), AFFINE, "g/mL")
    result = _dose(density=density)
    noise = ImageNoise.relative(ACTIVITY, relative_uncertainty=0.3, at_value=2.0)
    mean = propagate_uncertainty(result, [BALL], UncertaintyInputs(**EXACT), noise=noise, draws=3000, seed=5).of("Ball")
    per_voxel = result.provenance.mbq_per_ml_per_unit * result.provenance.dose_factor_gy_kg_per_gbq / density.array
    of_voxel = (noise.standard_deviation.array * per_voxel)[BALL.mask]
    expected = np.sqrt(np.sum(of_voxel**2)) / BALL.mask.sum()
    assert mean.standard_uncertainty == pytest.approx(expected, rel=3 / np.sqrt(6000))


def test_noise_of_poisson_counts_has_their_standard_deviation() -> None:
    for fwhm_mm in (0.0, 8.0):
        noise = ImageNoise.poisson(UNIFORM, counts_per_unit=50.0, fwhm_mm=fwhm_mm)
        blur = [reference.gaussian(fwhm_mm, size) for size in SIZE_MM]
        norm = np.prod([np.sqrt(np.sum(along**2)) for along in blur])
        assert noise.standard_deviation.array == pytest.approx(np.full(SHAPE, np.sqrt(2.0 / 50.0) * norm))


@pytest.mark.claim("noise_propagated")
def test_microspheres_are_counted_by_chance() -> None:
    result = _dose(UNIFORM)
    mean = _propagated(result, UncertaintyInputs(sphere_activity_bq=2500.0, **EXACT), draws=3000).of("Ball")
    held = 2.0e6 * result.provenance.mbq_per_ml_per_unit * BALL.volume_ml / 2500.0
    assert mean.standard_uncertainty / mean.value == pytest.approx(1 / np.sqrt(held), rel=3 / np.sqrt(6000))


@pytest.mark.claim("noise_propagated")
def test_repeated_images_give_the_uncertainty_of_their_sample() -> None:
    repeated = [ACTIVITY.with_array(ACTIVITY.array + RNG.normal(0.0, 0.5, SHAPE), "MBq/mL") for _ in range(12)]
    result = _dose(method="voxel_s_values")
    mean = propagate_uncertainty(result, [BALL], UncertaintyInputs(**EXACT), noise=repeated, draws=3000, seed=2).of(
        "Ball"
    )
    means = [_dose(image, method="voxel_s_values").table([BALL])[0].mean_gy for image in repeated]
    assert mean.standard_uncertainty == pytest.approx(np.std(means, ddof=1), rel=3 / np.sqrt(6000))


@pytest.mark.claim("contours_propagated")
def test_contour_displaced_as_a_whole_changes_the_volume_by_its_surface() -> None:
    fine = AFFINE.copy()
    fine[:3, :3] *= 0.25
    fine[:3, 3] = -0.375 * np.diag(AFFINE)[:3]
    at = [(np.arange(4 * n) - 2.0 * n + 0.8) * 0.25 * s for n, s in zip(SHAPE, SIZE_MM, strict=True)]
    squares = at[0][:, None, None] ** 2 + at[1][:, None] ** 2 + at[2] ** 2
    inputs = UncertaintyInputs(contour_uncertainty_mm=0.5, **EXACT)
    ball = Structure("Ball", squares < 16.0**2, fine)
    doses = propagate_uncertainty(_dose(UNIFORM), [ball], inputs, draws=2000, seed=1)
    volume, mean = doses.of("Ball", "volume_ml"), doses.of("Ball")
    # Relative uncertainty of a volume: 3 u / r. A uniform dose does not change.
    assert volume.standard_uncertainty / volume.value == pytest.approx(3 * 0.5 / 16.0, rel=0.06)
    assert mean.standard_uncertainty < 1e-5 * mean.value


def test_outline_on_an_image_has_half_the_uncertainty_of_a_diameter() -> None:
    stated = UncertaintyInputs(contour_uncertainty_mm=0.5 * np.sqrt(42.0 ** (2 / 3) / 6 + 36.0 / (4 * np.log(2))))
    by_blur, by_number = (
        _propagated(_dose(), inputs).of("Ball", "volume_ml") for inputs in (UncertaintyInputs(fwhm_mm=6.0), stated)
    )
    assert by_blur.draws == pytest.approx(by_number.draws)


@pytest.mark.claim("contours_propagated")
def test_correlated_displacements_average_out() -> None:
    inputs = UncertaintyInputs(contour_uncertainty_mm=1.0)
    found = [
        _propagated(_dose(UNIFORM), inputs, contour_correlation_mm=length_mm)
        .of("Ball", "volume_ml")
        .standard_uncertainty
        for length_mm in (4.0, 12.0, 1e4)
    ]
    whole = _propagated(_dose(UNIFORM), inputs).of("Ball", "volume_ml").standard_uncertainty
    assert found[0] < 0.5 * found[1]
    assert found[1] < 0.9 * found[2]
    assert found[2] == pytest.approx(whole, rel=0.15)


def test_shift_of_a_uniform_dose_changes_nothing_and_of_a_hot_spot_much() -> None:
    inputs = UncertaintyInputs(registration_shift_mm=4.0, **EXACT)
    still = _propagated(_dose(UNIFORM), inputs).of("Ball")
    assert still.standard_uncertainty < 1e-4 * still.value
    spot = Image(np.where(_ball(9.0), 50.0, 0.1), AFFINE, "MBq/mL")
    small = Structure("Small", _ball(9.0), AFFINE)
    moved = propagate_uncertainty(_dose(spot), [small], inputs, draws=200).of("Small")
    assert moved.standard_uncertainty > 0.1 * moved.value
    assert moved.mean < moved.value


@pytest.mark.claim("factors_propagated")
def test_recovery_divides_the_mean_with_the_drawn_volume_and_parameters() -> None:
    curve = RecoveryCurve(b1_ml=4.0, b2=1.1, covariance=((0.04, 0.005), (0.005, 0.01)))
    doses = _propagated(_dose(), UncertaintyInputs(recovery=curve, **EXACT), draws=10_000)
    corrected = doses.of("Ball", "recovery_corrected_mean_gy")
    assert corrected.value == pytest.approx(doses.of("Ball").value / curve.recovery(BALL.volume_ml), rel=1e-6)
    expected = curve.uncertainty(BALL.volume_ml, volume_uncertainty=0.0)
    assert corrected.standard_uncertainty / corrected.value == pytest.approx(expected, rel=0.04)
    assert doses.of("Ball").standard_uncertainty < 1e-9 * corrected.value


def test_metrics_of_scaled_doses_are_those_of_the_dose() -> None:
    texts = ("D50", "D2mL", "V150", "V150mL", "gEUD", "BED")
    parameters = {"a": 2.0, "alpha_beta_gy": 3.0, "repair_half_time_h": 2.0}
    inputs = UncertaintyInputs(calibration_uncertainty=0.2)
    more = {"metrics": [dose_metric(text) for text in texts], "parameters": parameters, "draws": 40}
    doses = _propagated(_dose(), inputs, **more)
    factors = doses.of("Ball").draws / doses.of("Ball").value
    for draw in (0, 7):
        scaled = _dose(ACTIVITY.with_array(ACTIVITY.array * factors[draw], "MBq/mL"))
        once = _propagated(scaled, UncertaintyInputs(**EXACT), **(more | {"draws": 2}))
        for quantity in once.quantities:
            found = doses.of("Ball", quantity.quantity).draws[draw]
            assert found == pytest.approx(quantity.value, rel=1e-5, abs=2e-3 * ("fraction" in quantity.quantity))


def test_draws_depend_on_the_seed_alone() -> None:
    noise = ImageNoise.relative(ACTIVITY, relative_uncertainty=0.2, at_value=2.0, fwhm_mm=6.0)
    inputs = UncertaintyInputs(
        calibration_uncertainty=0.05, contour_uncertainty_mm=1.0, registration_shift_mm=1.0, sphere_activity_bq=50.0
    )
    result = _dose(method="voxel_s_values")
    terms = {"noise": noise, "draws": 30, "contour_correlation_mm": 15.0}
    one, four = (_propagated(result, inputs, threads=threads, **terms) for threads in (1, 4))
    other = _propagated(result, inputs, **(terms | {"seed": 2}))
    for a, b, c in zip(one.quantities, four.quantities, other.quantities, strict=True):
        assert np.array_equal(a.draws, b.draws)
        assert not np.array_equal(a.draws, c.draws)
    longer = _propagated(result, inputs, **(terms | {"draws": 45}))
    assert np.array_equal(one.of("Ball").draws, longer.of("Ball").draws[:30])


def test_draws_of_a_structure_do_not_depend_on_the_other_structures() -> None:
    inputs = UncertaintyInputs(calibration_uncertainty=0.05, contour_uncertainty_mm=1.0)
    core = Structure("Core", _ball(8.0), AFFINE)
    alone = propagate_uncertainty(_dose(), [BALL], inputs, draws=20)
    both = propagate_uncertainty(_dose(), [core, BALL], inputs, draws=20)
    assert alone.of("Ball").draws == pytest.approx(both.of("Ball").draws, rel=1e-6)


def test_batches_are_drawn_until_the_digits_are_stable() -> None:
    inputs = UncertaintyInputs(calibration_uncertainty=0.05)
    doses = _propagated(_dose(), inputs, draws=500, significant_digits=1, metrics=[])
    assert doses.tolerance_reached
    assert doses.of("Ball").significant_digits >= 1
    ended = _propagated(_dose(), inputs, draws=500, significant_digits=2, maximum_draws=1000, metrics=[])
    assert (ended.tolerance_reached, ended.draws) == (False, 1000)


def test_inputs_without_a_stated_uncertainty_are_listed() -> None:
    doses = _propagated(_dose(), UncertaintyInputs(calibration_uncertainty=0.05), draws=2)
    assert doses.included == ("calibration", "decay")
    assert set(doses.not_included) == {
        *("decay", "density", "method", "recovery", "counts", "volume", "registration", "microspheres")
    }
    timed = UncertaintyInputs(scan_delay_uncertainty_h=0.1, contour_uncertainty_mm=1.0)
    assert not {"decay", "volume"} & set(_propagated(_dose(), timed, draws=2).not_included)
    assert doses.as_dict()["not_included"]


def test_a_structure_that_vanishes_is_undefined_in_that_draw() -> None:
    small = Structure("Small", _ball(4.0), AFFINE)
    doses = propagate_uncertainty(_dose(), [small], UncertaintyInputs(contour_uncertainty_mm=5.0), draws=300)
    mean, volume = doses.of("Small"), doses.of("Small", "volume_ml")
    assert mean.undefined_draws > 20
    assert volume.undefined_draws == 0
    assert np.count_nonzero(volume.draws == 0.0) == mean.undefined_draws


def test_progress_is_reported_and_an_exception_in_it_ends_the_propagation() -> None:
    told: list[tuple[int, int]] = []
    _propagated(_dose(), UncertaintyInputs(), draws=20, progress=lambda done, end: told.append((done, end)))
    assert told[-1] == (20, 20)

    def stop(done: int, end: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _propagated(_dose(), UncertaintyInputs(), draws=20, progress=stop)


OTHER = Image(np.ones((3, 3, 3)), AFFINE, "MBq/mL")


@pytest.mark.parametrize(
    ("terms", "error", "message"),
    [
        ({"draws": 1}, errors.OutOfRangeError, "draws"),
        ({"draws": 2.5}, errors.OutOfRangeError, "whole"),
        ({"seed": -1}, errors.OutOfRangeError, "seed"),
        ({"significant_digits": 3}, errors.OutOfRangeError, "significant_digits"),
        ({"significant_digits": 1, "maximum_draws": 3}, errors.OutOfRangeError, "maximum_draws"),
        ({"coverage_probability": 1.0}, errors.OutOfRangeError, "coverage"),
        ({"interval_kind": "wide"}, errors.UnknownNameError, "symmetric"),
        ({"contour_correlation_mm": 0.0}, errors.OutOfRangeError, "correlation"),
        ({"noise": [ACTIVITY]}, errors.ArgumentError, "at least two"),
        ({"noise": [ACTIVITY, OTHER]}, errors.GeometryError, "grid"),
        ({"noise": [ACTIVITY, ACTIVITY.to("Bq/mL")]}, errors.UnitError, "unit"),
        ({"noise": ImageNoise(standard_deviation=OTHER)}, errors.GeometryError, "grid"),
        ({"noise": ImageNoise(standard_deviation=UNIFORM.to("Bq/mL"))}, errors.UnitError, "unit"),
        ({"metrics": [dose_metric("mass")]}, errors.UnknownNameError, "follow from doses"),
        ({"structures": []}, errors.ArgumentError, "at least one"),
        ({"structures": [BALL, BALL]}, errors.DuplicateNameError, "twice"),
    ],
)
def test_impossible_arguments_are_refused(terms: Any, error: type[Exception], message: str) -> None:
    call = {"structures": [BALL], "inputs": UncertaintyInputs(), "draws": 4} | terms
    with pytest.raises(error, match=message):
        propagate_uncertainty(_dose(), **call)


def test_structure_outside_of_the_image_is_refused() -> None:
    far = AFFINE.copy()
    far[:3, 3] = 1000.0
    with pytest.raises(errors.UndefinedError, match="Far"):
        propagate_uncertainty(_dose(), [Structure("Far", BALL.mask, far)], UncertaintyInputs(), draws=4)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ({"fwhm_mm": -1.0}, "width"),
        ({"fwhm_mm": np.nan}, "width"),
        ({"standard_deviation": UNIFORM.with_array(-UNIFORM.array, "MBq/mL")}, "voxel"),
    ],
)
def test_impossible_noise_is_refused(terms: Any, message: str) -> None:
    with pytest.raises(errors.OutOfRangeError, match=message):
        ImageNoise(**({"standard_deviation": UNIFORM} | terms))
    with pytest.raises(errors.OutOfRangeError, match="counts per unit"):
        ImageNoise.poisson(UNIFORM, counts_per_unit=0.0)
    with pytest.raises(errors.OutOfRangeError, match="relative standard deviation"):
        ImageNoise.relative(UNIFORM, relative_uncertainty=-0.1, at_value=1.0)
    with pytest.raises(errors.OutOfRangeError, match="value"):
        ImageNoise.relative(UNIFORM, relative_uncertainty=0.1, at_value=0.0)
