"""Mean doses without the loss to the image's blur: analytic solids, the definition, refusals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from blurred_solids import ball, cylinder, points_mm
from measured_figures import Measured

from yttria import AbsoluteScaling, ConvolutionPlan, Image, Structure, dose_image, voxel_s_values
from yttria.errors import ArgumentError, OutOfRangeError, ShapeError, UnknownNameError
from yttria.evaluation import PartialVolumeInputs, RecoveryCurve
from yttria.reference import partial_volume as reference
from yttria.voxel import DoseResult, recovered_means

SIZE_MM, SHAPE = (4.0, 3.0, 2.5), (22, 28, 33)
KERNEL: dict[str, Any] = {"method": "voxel_s_values", "medium": "liver", "density_g_per_ml": 1.06}
GY = 49.67 / 1.05


def place(size_mm: tuple[float, ...] = SIZE_MM) -> Any:
    return np.diag([*size_mm[::-1], 1.0])


def result_of(array: Any, size_mm: tuple[float, ...] = SIZE_MM, **terms: Any) -> DoseResult:
    return dose_image(Image(array, place(size_mm), "MBq/mL"), scaling=AbsoluteScaling(0.0), **terms)


@dataclass
class Row:
    mean_gy: float
    volume_ml: float
    recovered: Any


def rows_of(result: DoseResult, structures: list[Structure], **stated: Any) -> list[Row]:
    found = recovered_means(result, structures, PartialVolumeInputs(**({"method": "transfer_matrix"} | stated)))
    return [Row(row.mean_gy or 0.0, row.volume_ml, found.get(row.structure)) for row in result.table(structures)]


@pytest.mark.claim("transfer_matrix")
@pytest.mark.parametrize("fwhm_mm", [2.5, 5.0, 8.0])
@pytest.mark.parametrize("radius_mm", [6.0, 10.0, 15.0])
def test_the_mean_of_a_blurred_ball_is_recovered(radius_mm: float, fwhm_mm: float, measured: Measured) -> None:
    """8 MBq/mL in 1 MBq/mL: the image shows 0.48 to 0.95 of it."""
    points = points_mm(SHAPE, SIZE_MM, (0.7, -0.4, 0.3))
    true = Structure("Ball", ball(points, radius_mm, 0.0), place())
    (row,) = rows_of(result_of(1 + 7 * ball(points, radius_mm, fwhm_mm)), [true], fwhm_mm=fwhm_mm)
    recovered = row.recovered
    assert row.mean_gy < 0.95 * 8 * GY
    measured("ball, relative to its mean", 100 * (recovered.recovered_mean_gy / (8 * GY) - 1), "%")
    assert recovered.recovered_mean_gy == pytest.approx(8 * GY, rel=0.008)
    assert recovered.recovery_coefficient == pytest.approx(row.mean_gy / recovered.recovered_mean_gy)


@pytest.mark.claim("transfer_matrix")
@pytest.mark.parametrize("widths_mm", [(5.0, 5.0), (9.0, 4.0), (0.0, 6.0), (6.0, 0.0)])
def test_the_mean_of_a_cylinder_is_recovered_from_a_blur_with_three_widths(
    widths_mm: tuple[float, float], measured: Measured
) -> None:
    points = points_mm(SHAPE, SIZE_MM, (0.7, -0.4, 0.3))
    true = Structure("Cylinder", cylinder(points, 8.0, 25.0, (0.0, 0.0)), place())
    activity = 2 + 5 * cylinder(points, 8.0, 25.0, widths_mm)
    (row,) = rows_of(result_of(activity), [true], fwhm_mm=(widths_mm[0], widths_mm[1], widths_mm[1]))
    measured("cylinder, relative to its mean", 100 * (row.recovered.recovered_mean_gy / (7 * GY) - 1), "%")
    assert row.recovered.recovered_mean_gy == pytest.approx(7 * GY, rel=0.015)


@pytest.mark.claim("transfer_matrix")
def test_spheres_in_a_sphere_are_told_apart(measured: Measured) -> None:
    """A liver with two lesions 4 mm apart, one of them cold; the liver's own mean includes them."""
    points = [points_mm(SHAPE, SIZE_MM, off) for off in ((0.0, 0.0, 0.0), (0.0, -10.0, 0.0), (0.0, 12.0, 0.0))]
    radii, added = (32.0, 8.0, 10.0), (2.0, 10.0, -2.0)
    solids = [ball(p, r, 0.0) for p, r in zip(points, radii, strict=True)]
    activity = sum(a * ball(p, r, 6.0) for p, r, a in zip(points, radii, added, strict=True))
    structures = [Structure(name, s, place()) for name, s in zip(("Liver", "Hot", "Cold"), solids, strict=True)]
    liver, hot, cold = rows_of(result_of(activity), structures, fwhm_mm=6.0)
    volumes = [s.sum() for s in solids]
    expected = (2 * volumes[0] + 10 * volumes[1] - 2 * volumes[2]) / volumes[0]
    for row, true in ((hot, 12.0), (liver, expected)):
        assert row.recovered.recovered_mean_gy == pytest.approx(true * GY, rel=0.01)
    assert cold.recovered.recovered_mean_gy == pytest.approx(0.0, abs=0.02 * 2 * GY)
    measured("cold ball of 4.2 mL beside a hot one, Gy", cold.recovered.recovered_mean_gy or 0.0, "Gy")


@pytest.mark.claim("transfer_matrix")
@pytest.mark.parametrize("radius_mm", [5.0, 8.0, 15.0])
def test_the_dose_of_a_kernel_is_recovered_as_of_the_image_without_blur(radius_mm: float, measured: Measured) -> None:
    """The blur takes less from a dose that electrons have spread than from the activity."""
    points = points_mm(SHAPE, SIZE_MM, (0.7, -0.4, 0.3))
    solid, image = ball(points, radius_mm, 0.0), 1 + 7 * ball(points, radius_mm, 6.0)
    true = Structure("Ball", solid, place())
    expected = result_of(1 + 7 * solid, **KERNEL).table([true])[0].mean_gy
    (row,) = rows_of(result_of(image, **KERNEL), [true], fwhm_mm=6.0)
    assert expected is not None
    measured(
        "voxel S values, relative to the image without blur",
        100 * (row.recovered.recovered_mean_gy / expected - 1),
        "%",
    )
    assert row.recovered.recovered_mean_gy == pytest.approx(expected, rel=0.01)
    (of_activity,) = rows_of(result_of(image), [true], fwhm_mm=6.0)
    assert row.recovered.recovery_coefficient > of_activity.recovered.recovery_coefficient


def overlapping(kind: str) -> list[Structure]:
    rng, shape = np.random.default_rng(8), (6, 7, 5)
    if kind == "masks":
        inner = rng.random(shape) < 0.2
        masks = [inner | (rng.random(shape) < 0.3), inner, rng.random(shape) < 0.1]
        return [Structure(f"S{n}", mask, place()) for n, mask in enumerate(masks)]
    weights = [np.round(rng.random(shape) * 2**10) / 2**10 * (rng.random(shape) < 0.3) for _ in range(3)]
    return [Structure(f"S{n}", w, place()) for n, w in enumerate(weights)]


@pytest.mark.claim("transfer_matrix")
@pytest.mark.parametrize(("kind", "terms"), [("masks", {}), ("fractions", KERNEL), ("masks", KERNEL)])
def test_recovered_means_and_their_noise_are_their_definition(kind: str, terms: dict[str, Any]) -> None:
    structures = overlapping(kind)
    activity = np.random.default_rng(9).gamma(2.0, 2.0, (6, 7, 5))
    rows = rows_of(result_of(activity, **terms), structures, fwhm_mm=6.0)
    plan = ConvolutionPlan(
        activity.shape, voxel_s_values(SIZE_MM, medium="liver", density_g_per_ml=1.06).gy_per_mbq_per_ml()
    )
    means, noise = reference.recovered_means(
        activity, [s.mask for s in structures], plan.apply if terms else lambda c: GY * c, SIZE_MM, 6.0
    )
    found = [row.recovered for row in rows]
    np.testing.assert_allclose([each.recovered_mean_gy for each in found if each], means, rtol=1e-7)
    np.testing.assert_allclose([each.noise_amplification for each in found if each], noise, rtol=1e-6)


@pytest.mark.claim("transfer_matrix")
def test_drawn_noise_grows_as_stated_and_the_mean_has_no_bias(measured: Measured) -> None:
    points = points_mm(SHAPE, SIZE_MM, (0.7, -0.4, 0.3))
    true = Structure("Ball", ball(points, 8.0, 0.0), place())
    image, rng = 1 + 7 * ball(points, 8.0, 6.0), np.random.default_rng(10)
    drawn = [rows_of(result_of(image + rng.normal(0, 0.5, image.shape)), [true], fwhm_mm=6.0)[0] for _ in range(400)]
    means, recovered = np.array([(row.mean_gy, row.recovered.recovered_mean_gy) for row in drawn]).T
    stated = drawn[0].recovered
    measured(
        "growth of noise in 400 draws, over the stated", recovered.std() / means.std() / stated.noise_amplification
    )
    # A standard deviation of 400 draws is within 3.5 % (k = 1); both are of the same draws.
    assert recovered.std() / means.std() == pytest.approx(stated.noise_amplification, rel=0.05)
    assert recovered.mean() == pytest.approx(8 * GY, rel=0.01)


def test_an_uncertain_resolution_makes_an_uncertain_coefficient() -> None:
    points = points_mm(SHAPE, SIZE_MM, (0.7, -0.4, 0.3))
    true = Structure("Ball", ball(points, 8.0, 0.0), place())
    result = result_of(1 + 7 * ball(points, 8.0, 6.0))
    (row,) = rows_of(result, [true], fwhm_mm=6.0, fwhm_uncertainty_mm=0.3)
    near, far = (rows_of(result, [true], fwhm_mm=w)[0].recovered.recovery_coefficient for w in (5.7, 6.3))
    assert row.recovered.recovery_coefficient_standard_uncertainty == pytest.approx((near - far) / 2, rel=2e-3)
    (sharp,) = rows_of(result, [true], fwhm_mm=0.2, fwhm_uncertainty_mm=0.4)
    assert sharp.recovered.recovery_coefficient_standard_uncertainty > 0.0


def test_without_blur_nothing_is_corrected() -> None:
    """With whole voxels. With fractions, a width of 0 separates the contents of voxels at surfaces."""
    mask = np.zeros((5, 6, 7), bool)
    mask[1:3, 2:5, 3:6] = True
    activity = np.random.default_rng(3).gamma(2.0, 2.0, mask.shape)
    for terms in ({}, KERNEL):
        (row,) = rows_of(result_of(activity, **terms), [Structure("Block", mask, place())], fwhm_mm=0.0)
        assert row.recovered.recovered_mean_gy == pytest.approx(row.mean_gy, rel=1e-9)
        assert row.recovered.noise_amplification == pytest.approx(1.0, rel=1e-6)


def test_a_recovery_curve_divides_the_mean_and_leaves_it_beside() -> None:
    curve = RecoveryCurve(b1_ml=2.0, b2=0.8, covariance=[[0.04, 0.0], [0.0, 0.01]])
    mask = np.ones((4, 5, 6), bool)
    result = result_of(np.full(mask.shape, 3.0))
    structures = [Structure("Block", mask, place())]
    (plain,), (row,) = result.table(structures), rows_of(result, structures, method="recovery_curve", recovery=curve)
    assert row.mean_gy == plain.mean_gy
    r = curve.recovery(row.volume_ml)
    assert row.recovered.recovered_mean_gy == pytest.approx(plain.mean_gy / r)
    u = r * curve.uncertainty(row.volume_ml, volume_uncertainty=0.0)
    assert row.recovered.recovery_coefficient_standard_uncertainty == pytest.approx(u)
    (exact,) = rows_of(result, structures, method="recovery_curve", recovery=RecoveryCurve(b1_ml=2.0, b2=0.8))
    assert exact.recovered.recovery_coefficient_standard_uncertainty is None


def test_structures_outside_and_equal_structures_have_no_recovered_mean() -> None:
    far = place()
    far[:3, 3] = 1000.0
    mask = np.zeros((4, 5, 6), bool)
    mask[1:3, 1:3, 1:3] = True
    structures = [Structure("One", mask, place()), Structure("Far", mask, far), Structure("Twin", mask, place())]
    one, outside, twin = rows_of(result_of(1.0 + mask), structures, fwhm_mm=4.0)
    assert outside.recovered is None
    assert one.recovered == twin.recovered
    assert rows_of(result_of(1.0 + mask), [structures[1]], fwhm_mm=4.0)[0].recovered is None


def test_regions_that_no_image_tells_apart_have_no_recovered_mean() -> None:
    mask = np.zeros((1, 1, 60), bool)
    mask[..., 30] = True
    beside = np.roll(mask, 1, axis=2)
    size = (4.0, 4.0, 0.2)
    structures = [Structure("A", mask, place(size)), Structure("B", beside, place(size))]
    first, _ = rows_of(result_of(np.ones(mask.shape), size), structures, fwhm_mm=12.0)
    assert first.recovered.recovered_mean_gy is None


@pytest.mark.parametrize(
    ("stated", "error"),
    [
        ({"method": "transfer_matrix"}, ArgumentError),
        ({"method": "recovery_curve"}, ArgumentError),
        ({"method": "deconvolution"}, UnknownNameError),
        ({"fwhm_mm": -1.0}, OutOfRangeError),
        ({"fwhm_mm": 41.0}, OutOfRangeError),
        ({"fwhm_mm": (5.0, 5.0)}, ShapeError),
        ({"fwhm_mm": "5"}, ArgumentError),
        ({"fwhm_mm": float("nan")}, OutOfRangeError),
        ({"fwhm_mm": 5.0, "fwhm_uncertainty_mm": -1.0}, OutOfRangeError),
        ({"recovery": 0.5}, ArgumentError),
    ],
)
def test_impossible_corrections_are_refused(stated: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        PartialVolumeInputs(**stated)


def test_a_dose_without_its_activity_is_refused() -> None:
    result = replace(result_of(np.ones((3, 3, 3))), activity=None)
    with pytest.raises(ArgumentError, match="needs the activity"):
        rows_of(result, [Structure("One", np.ones((3, 3, 3), bool), place())], fwhm_mm=4.0)
