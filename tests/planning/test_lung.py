"""Lung shunt fraction, lung mass from a CT, lung dose."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import yttria
from yttria.errors import ArgumentError, DTypeError, OutOfRangeError, ShapeError, UndefinedError
from yttria.planning import (
    lung_dose,
    lung_mass_for_dose_kg,
    lung_shunt_for_dose,
    planar_lung_shunt_fraction,
    scatter_corrected_counts,
    spect_lung_shunt_fraction,
)
from yttria.reference import lung as reference
from yttria.voxel import lung_mass

counts = st.floats(1, 1e8)
VIEWS = {
    "lung_anterior_counts": 9e4,
    "lung_posterior_counts": 1e5,
    "liver_anterior_counts": 1e6,
    "liver_posterior_counts": 6.4e5,
}


@given(counts, counts, counts, counts)
def test_the_planar_shunt_agrees_with_its_definition(
    lung_a: float, lung_p: float, liver_a: float, liver_p: float
) -> None:
    got = planar_lung_shunt_fraction(
        lung_anterior_counts=lung_a,
        lung_posterior_counts=lung_p,
        liver_anterior_counts=liver_a,
        liver_posterior_counts=liver_p,
    )
    assert math.isclose(
        got.lung_shunt_fraction, reference.planar_lung_shunt_fraction(lung_a, lung_p, liver_a, liver_p), rel_tol=1e-13
    )


def test_right_and_left_lung_are_summed_per_view_before_the_geometric_mean() -> None:
    sides = VIEWS | {"lung_anterior_counts": [7e4, 2e4], "lung_posterior_counts": np.array([3e4, 7e4])}
    assert planar_lung_shunt_fraction(**sides) == planar_lung_shunt_fraction(**VIEWS)
    sum_of_means = math.sqrt(7e4 * 3e4) + math.sqrt(2e4 * 7e4)
    assert abs(planar_lung_shunt_fraction(**sides).lung_counts / sum_of_means - 1) > 0.05


def test_background_is_subtracted_per_pixel_and_view() -> None:
    pixels = {"lung_pixels": 4000, "liver_pixels": 3000}
    same = planar_lung_shunt_fraction(**VIEWS, **pixels, background_counts_per_pixel=5)
    assert same.lung_shunt_fraction == pytest.approx(0.0870708829185012, rel=1e-12)
    assert same == planar_lung_shunt_fraction(**VIEWS, **pixels, background_counts_per_pixel=(5, 5))
    other = planar_lung_shunt_fraction(**VIEWS, **pixels, background_counts_per_pixel=(5, 6))
    assert other.lung_counts == pytest.approx(math.sqrt(7e4 * 7.6e4), rel=1e-12)
    with pytest.raises(OutOfRangeError, match="lung anterior counts less background must be finite and >= 0"):
        planar_lung_shunt_fraction(**VIEWS, **pixels, background_counts_per_pixel=23)
    with pytest.raises(ShapeError, match="anterior, posterior"):
        planar_lung_shunt_fraction(**VIEWS, background_counts_per_pixel=(1, 2, 3))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"liver_anterior_counts": 0}, "liver anterior counts must be > 0"),
        ({"lung_posterior_counts": -1}, "lung posterior counts must be finite and >= 0"),
        ({"lung_posterior_counts": [5, -1]}, "lung posterior counts must be finite and >= 0"),
        ({"lung_anterior_counts": math.nan}, "lung anterior counts"),
    ],
)
def test_impossible_planar_counts_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(OutOfRangeError, match=message):
        planar_lung_shunt_fraction(**VIEWS | change)


def test_a_planar_shunt_above_10_and_20_percent_and_extrahepatic_uptake_warn() -> None:
    assert [a.code for a in planar_lung_shunt_fraction(**VIEWS).advisories] == ["planar_only"]
    high = VIEWS | {"lung_anterior_counts": 9e5}
    assert {a.code for a in planar_lung_shunt_fraction(**high).advisories} == {
        "planar_only",
        "lung_shunt_above_20_percent",
    }
    gut = {"extrahepatic_anterior_counts": 2e5, "extrahepatic_posterior_counts": 1e5}
    with_gut = planar_lung_shunt_fraction(**VIEWS, **gut)
    assert "extrahepatic_uptake" in {a.code for a in with_gut.advisories}
    assert with_gut.lung_shunt_fraction == planar_lung_shunt_fraction(**VIEWS).lung_shunt_fraction


def test_counts_of_spect_are_scaled_by_the_share_of_the_lungs_in_view() -> None:
    assert spect_lung_shunt_fraction(lung_counts=300, liver_counts=9700).lung_shunt_fraction == 0.03
    part = spect_lung_shunt_fraction(lung_counts=[100, 200], liver_counts=9700, lung_fraction_in_field_of_view=0.75)
    assert part.lung_shunt_fraction == pytest.approx(400 / 10100, rel=1e-14)
    assert [a.code for a in part.advisories] == ["lung_partly_in_view"]
    with pytest.raises(OutOfRangeError, match=r"lung fraction in the field of view must be within \[0.5, 1\]"):
        spect_lung_shunt_fraction(lung_counts=300, liver_counts=9700, lung_fraction_in_field_of_view=0.49)


def test_a_second_energy_window_corrects_for_scatter() -> None:
    windows = {"main_window_kev": 28, "lower_window_kev": 14}
    assert scatter_corrected_counts(main_window_counts=1000, lower_window_counts=300, **windows) == 700
    with pytest.raises(OutOfRangeError, match="less scatter"):
        scatter_corrected_counts(main_window_counts=100, lower_window_counts=300, **windows)


def _ct() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    ct = rng.integers(-1000, -600, (9, 14, 11)).astype(np.int16)
    mask = np.zeros(ct.shape, bool)
    mask[2:7, 3:13, 1:9] = True
    return ct, mask


def test_lung_mass_agrees_with_the_definition_in_every_layout() -> None:
    ct, mask = _ct()
    expected = reference.lung_mass(ct[mask], 12.0)
    for array in (ct, ct.astype(">f4"), np.asfortranarray(ct), ct[::-1][::-1], np.broadcast_to(ct, ct.shape)):
        got = lung_mass(array, mask, voxel_volume_ml=12.0)
        assert got.lung_mass_kg == pytest.approx(expected, rel=1e-13)
        assert got.lung_volume_ml == 12.0 * 400
    assert lung_mass(ct[mask], voxel_volume_ml=12.0) == lung_mass(ct, mask, voxel_volume_ml=12.0)


def test_densities_are_clipped_and_counted() -> None:
    got = lung_mass([-900, -850, -1050, 200], voxel_volume_ml=1000)
    assert got.lung_mass_kg == pytest.approx(1.35, rel=1e-12)
    assert (got.clipped_low_voxels, got.clipped_high_voxels) == (1, 1)
    assert [a.code for a in got.advisories] == ["density_clipped"]


def test_impossible_cts_of_the_lungs_are_refused() -> None:
    ct, mask = _ct()
    with pytest.raises(ShapeError, match="shape of the CT"):
        lung_mass(ct, mask.T, voxel_volume_ml=1)
    with pytest.raises(DTypeError, match="boolean, got dtype uint8"):
        lung_mass(ct, mask.astype(np.uint8), voxel_volume_ml=1)
    with pytest.raises(DTypeError, match="must hold real numbers, got dtype object"):
        lung_mass(ct.astype(object), mask, voxel_volume_ml=1)
    with pytest.raises(UndefinedError, match="no voxel of the CT lies inside"):
        lung_mass(ct, np.zeros_like(mask), voxel_volume_ml=1)
    with pytest.raises(OutOfRangeError, match=r"lung mass in kg must be within \[0.3, 2.5\]"):
        lung_mass(ct, mask, voxel_volume_ml=1.0)
    with pytest.raises(OutOfRangeError, match="CT number in HU must be finite, got NaN"):
        lung_mass([-800.0, math.nan], voxel_volume_ml=1000)


@given(st.floats(0.01, 50), st.floats(0.001, 1), st.floats(0.3, 2.5))
def test_dose_mass_and_shunt_are_inverse_of_each_other(gbq: float, shunt: float, kg: float) -> None:
    dose = lung_dose(gbq, lung_shunt_fraction=shunt, lung_mass_kg=kg).lung_dose_gy
    assert math.isclose(dose, 49.67 * gbq * shunt / kg, rel_tol=1e-13)
    back = lung_mass_for_dose_kg(dose, delivered_activity_gbq=gbq, lung_shunt_fraction=shunt)
    assert math.isclose(back, kg, rel_tol=1e-12)
    if shunt < 0.999:
        back = lung_shunt_for_dose(dose, delivered_activity_gbq=gbq, lung_mass_kg=kg)
        assert math.isclose(back, shunt, rel_tol=1e-12)


def test_a_lung_dose_that_needs_a_shunt_above_one_is_refused() -> None:
    with pytest.raises(OutOfRangeError, match=r"lung dose in Gy must be at most 49\.67"):
        lung_shunt_for_dose(50, delivered_activity_gbq=1)


def test_prior_dose_counts_for_the_cumulative_limit_alone() -> None:
    got = lung_dose(4.0, lung_shunt_fraction=0.12, prior_lung_dose_gy=30)
    assert got.cumulative_lung_dose_gy == got.lung_dose_gy + 30
    assert [a.code for a in got.advisories] == ["cumulative_lung_dose_above_limit"]
    assert not lung_dose(4.0, lung_shunt_fraction=0.12).advisories
    with pytest.raises(OutOfRangeError, match="prior lung dose in Gy"):
        lung_dose(4.0, lung_shunt_fraction=0.12, prior_lung_dose_gy=-1)


def test_values_outside_of_the_lungs_do_not_change_the_lung_mass() -> None:
    """Scanners write -1024, -2048 or -3024 around the patient; inside the lungs such a value counts as air."""
    ct, mask = _ct()
    expected = lung_mass(ct, mask, voxel_volume_ml=12.0)
    padded = np.where(mask, ct.astype(float), -3024.0)
    padded[0, 0, 0] = np.nan
    assert lung_mass(padded, mask, voxel_volume_ml=12.0) == expected
    grid = np.diag([20.0, 30.0, 20.0, 1.0])
    image = yttria.Image(padded, grid, "HU")
    found = lung_mass(image, yttria.Structure("Lungs", mask, grid))
    assert found.lung_mass_kg == pytest.approx(expected.lung_mass_kg, rel=1e-12)
    padded[2, 3, 1] = -2048.0
    assert lung_mass(padded, mask, voxel_volume_ml=12.0).clipped_low_voxels == 1


def test_lobes_on_another_grid_are_weighted_by_their_fractions() -> None:
    ct, mask = _ct()
    grid = np.diag([20.0, 30.0, 20.0, 1.0])
    lobes = [yttria.Structure(name, mask & (np.arange(11) % 2 == n), grid) for n, name in enumerate("ab")]
    image = yttria.Image(ct, grid, "HU")
    whole = lung_mass(image, yttria.Structure("Lungs", mask, grid))
    assert lung_mass(image, lobes).lung_mass_kg == pytest.approx(whole.lung_mass_kg, rel=1e-12)
    half = grid.copy()
    half[0, 3] = 10.0
    shifted = lung_mass(image, yttria.Structure("Lungs", mask, half))
    padded = np.pad(mask.astype(float), ((0, 0), (0, 0), (1, 0)))
    fractions = (0.5 * padded[:, :, 1:] + 0.5 * padded[:, :, :-1])[..., :11]
    density = np.clip((ct + 1000.0) / 1000.0, 0.0, 1.1)
    assert shifted.lung_mass_kg == pytest.approx((fractions * density).sum() * 12.0 / 1e3, rel=1e-6)


def test_wrong_kinds_are_refused_with_the_remedy() -> None:
    ct, mask = _ct()
    grid = np.diag([20.0, 30.0, 20.0, 1.0])
    image, lungs = yttria.Image(ct, grid, "HU"), yttria.Structure("Lungs", mask, grid)
    for arguments, keywords, message in (
        ((image, mask), {}, "lungs must be a Structure"),
        ((image, lungs), {"voxel_volume_ml": 12.0}, "an image has its own voxel size"),
        ((ct, mask), {}, "voxel_volume_ml must be given"),
        ((ct, lungs), {"voxel_volume_ml": 12.0}, "give the CT as an Image"),
    ):
        with pytest.raises(ArgumentError, match=message):
            lung_mass(*arguments, **keywords)
    with pytest.raises(DTypeError, match="masked"):
        lung_mass(np.ma.masked_greater(ct, -700), voxel_volume_ml=12.0)


@pytest.mark.parametrize("view", ["lung_anterior", "lung_posterior", "liver_anterior", "liver_posterior"])
def test_a_planar_view_without_counts_is_refused(view: str) -> None:
    counts = dict.fromkeys(("lung_anterior", "lung_posterior", "liver_anterior", "liver_posterior"), 1000.0)
    arguments = {f"{name}_counts": value for name, value in (counts | {view: 0.0}).items()}
    with pytest.raises(OutOfRangeError, match=f"{view.replace('_', ' ')} counts must be > 0, got 0"):
        planar_lung_shunt_fraction(**arguments)
