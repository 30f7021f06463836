"""A dose image checked by Monte Carlo on its own map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from yttria import AbsoluteScaling, Image, Structure, dose_image
from yttria.errors import ArgumentError, OutOfRangeError
from yttria.voxel import MonteCarloCheck, check_by_monte_carlo, tissue_regions

SHAPE, SIZE_MM = (18, 12, 12), (4.0, 4.0, 4.0)
AFFINE = np.diag([*SIZE_MM[::-1], 1.0])
NOW = AbsoluteScaling(scan_delay_h=0.0)


def _case() -> tuple[Image, Image, list[Structure]]:
    density = np.full(SHAPE, 1.06)
    density[9:] = 0.26
    activity = np.zeros(SHAPE)
    activity[4:9, 3:9, 3:9] = 1.0
    source, lung = activity > 0, np.zeros(SHAPE, bool)
    lung[9:11, 3:9, 3:9] = True
    structures = [Structure("Source", source, AFFINE), Structure("Lung beside it", lung, AFFINE)]
    return Image(activity, AFFINE, "MBq/mL"), Image(density, AFFINE, "g/mL"), structures


@pytest.mark.parametrize("method", ["superposition", "voxel_s_values"])
def test_the_check_shows_the_error_of_a_homogeneous_kernel_in_lung(method: Any) -> None:
    activity, density, structures = _case()
    given = {"density": density} if method == "superposition" else {}
    result = dose_image(activity, scaling=NOW, method=method, density_g_per_ml=1.06, **given)
    source, lung = check_by_monte_carlo(result, activity, structures, density=density, histories=100_000)
    assert source.structure == "Source"
    assert source.difference_fraction is not None
    assert lung.difference_fraction is not None
    assert lung.z_score is not None
    assert abs(source.difference_fraction) < 0.02
    assert source.dose_gy == pytest.approx(source.monte_carlo_gy * (1 + source.difference_fraction))
    assert source.volume_ml == pytest.approx(5 * 6 * 6 * 0.064)
    assert lung.z_score == pytest.approx((lung.dose_gy - lung.monte_carlo_gy) / lung.monte_carlo_uncertainty_gy)
    if method == "superposition":
        assert abs(lung.difference_fraction) < 0.04
    else:
        assert lung.difference_fraction < -0.3
        assert lung.z_score < -10


def test_a_uniform_result_brings_its_density() -> None:
    activity, _, structures = _case()
    result = dose_image(activity, scaling=NOW, method="voxel_s_values", density_g_per_ml=1.06)
    (source,) = check_by_monte_carlo(result, activity, structures[:1], histories=50_000)
    assert source.difference_fraction is not None
    assert abs(source.difference_fraction) < 0.02


def test_the_medium_of_a_uniform_result_is_that_of_its_kernel() -> None:
    activity, _, structures = _case()
    result = dose_image(activity, scaling=NOW, method="voxel_s_values", medium="bone", density_g_per_ml=1.92)
    (source,) = check_by_monte_carlo(result, activity, structures[:1], histories=100_000)
    assert source.verdict(tolerance_fraction=0.01) == "agrees"


def _check(dose_gy: float, monte_carlo_gy: float, uncertainty_gy: float) -> MonteCarloCheck:
    return MonteCarloCheck(
        structure="Liver",
        volume_ml=1.0,
        dose_gy=dose_gy,
        monte_carlo_gy=monte_carlo_gy,
        monte_carlo_uncertainty_gy=uncertainty_gy,
        difference_fraction=None,
        z_score=None,
    )


@pytest.mark.parametrize(
    ("dose_gy", "monte_carlo_gy", "uncertainty_gy", "verdict"),
    [
        (52.0, 50.0, 0.24, "agrees"),
        (52.0, 50.0, 0.26, "undecided"),
        (48.0, 50.0, 0.26, "undecided"),
        (53.0, 50.0, 0.16, "differs"),
        (53.0, 50.0, 0.17, "undecided"),
        (47.0, 50.0, 0.0, "differs"),
        (0.05, 0.0, 0.0, "agrees"),
        (0.2, 0.0, 0.0, "differs"),
        (0.2, 0.15, 0.02, "agrees"),
        (0.0, 0.0, 0.0, "agrees"),
    ],
)
def test_the_verdict_weighs_difference_and_uncertainty(
    dose_gy: float, monte_carlo_gy: float, uncertainty_gy: float, verdict: str
) -> None:
    assert _check(dose_gy, monte_carlo_gy, uncertainty_gy).verdict(tolerance_fraction=0.05) == verdict


@pytest.mark.parametrize("value", [0.0, -0.1, float("nan"), float("inf")])
def test_a_tolerance_out_of_range_is_refused(value: float) -> None:
    with pytest.raises(OutOfRangeError, match="tolerance"):
        _check(1.0, 1.0, 0.1).verdict(tolerance_fraction=value)
    if value != 0.0:
        with pytest.raises(OutOfRangeError, match="negligible"):
            _check(1.0, 1.0, 0.1).verdict(negligible_gy=value)


def test_regions_are_of_one_tissue_and_distance_and_do_not_overlap() -> None:
    density = np.full((20, 18, 16), 1.05)
    density[10:] = 0.26
    density[:, :, 10:] = 1.8
    density[18, 4:6, 4:6] = 0.001
    activity = np.zeros(density.shape)
    activity[4:9, 5:12, 3:8] = 1.0
    activity[0, 0, 0] = 1.0
    place = np.diag([5.0, 4.0, 3.0, 1.0])
    regions = tissue_regions(Image(activity, place, "MBq/mL"), Image(density, place, "g/mL"))
    masks = {region.name: region.mask for region in regions}
    assert list(masks) == [
        "Lung to 6 mm from activity",
        "Lung 6 to 15 mm from activity",
        "Soft tissue with activity",
        "Soft tissue to 6 mm from activity",
        "Soft tissue 6 to 15 mm from activity",
        "Bone 6 to 15 mm from activity",
    ]
    total = sum((mask.astype(int) for mask in masks.values()), start=np.zeros(density.shape, int))
    assert total.max() == 1
    inner = np.zeros(density.shape, bool)
    inner[1:-1, 1:-1, 1:-1] = True
    assert not total[~inner].any()
    assert masks["Soft tissue with activity"].sum() == 5 * 7 * 5
    # Voxels of 3 mm along k: the source ends with slice 8, two more are 6 mm, five more 15 mm.
    assert np.flatnonzero(masks["Lung to 6 mm from activity"].any(axis=(1, 2))).tolist() == [10]
    assert np.flatnonzero(masks["Lung 6 to 15 mm from activity"].any(axis=(1, 2))).tolist() == [10, 11, 12, 13]
    density[1, 5:12, 3:8] = 0.0
    beside = {
        region.name: region.mask
        for region in tissue_regions(Image(activity, place, "MBq/mL"), Image(density, place, "g/mL"))
    }
    assert [name for name in beside if name not in masks] == [
        "Soft tissue with activity, beside gas",
        "Soft tissue to 6 mm from activity, beside gas",
    ]
    # Three voxels of 3 mm from slice 1: the first slice of the source.
    assert np.flatnonzero(beside["Soft tissue with activity, beside gas"].any(axis=(1, 2))).tolist() == [4]
    nothing = tissue_regions(Image(np.zeros(density.shape), place, "MBq/mL"), Image(density, place, "g/mL"))
    assert nothing == []


def test_a_check_without_density_or_on_another_grid_is_refused() -> None:
    activity, density, structures = _case()
    local = dose_image(activity, scaling=NOW, density=density)
    with pytest.raises(ArgumentError, match="density must be given"):
        check_by_monte_carlo(local, activity, structures)
    other = Image(np.ones((3, 3, 3)), AFFINE, "MBq/mL")
    with pytest.raises(ArgumentError, match="on the grid of its activity"):
        check_by_monte_carlo(local, other, structures, density=density)
