"""Density from CT numbers: the curves, their ends, agreement with the definition, masses, hostile input."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_samples import KINDS, SHAPE, affine
from measured_figures import Measured

from yttria import Image, Structure, YttriaError, density_image, read_image, read_structures
from yttria.errors import ArgumentError, OutOfRangeError, ShapeError, UndefinedError, UnitError, UnknownNameError
from yttria.planning import lung_dose
from yttria.reference import ct_density as reference
from yttria.voxel import CtDensityCurve, ct_density_curve, ct_density_curves, lung_mass, structure_mass

# Reference tissues of Schneider 1996: CT number + 1000, density in g/mL (as k-Wave's hounsfield2density.m quotes).
SOFT_TISSUES_HU = [930, 1055, 1037, 1003, 1003, 1050, 1023, 1055, 1043, 1053, 1044, 1028, 1042, 1045, 1032, 1098, 1014]
SOFT_TISSUES_HU += [958, 1075, 1054, 1032, 1040]
SOFT_TISSUES = [0.95, 1.06, 1.04, 1.02, 1.0, 1.07, 1.03, 1.06, 1.05, 1.06, 1.05, 1.03, 1.05, 1.05, 1.04, 1.1, 1.03]
SOFT_TISSUES += [0.98, 1.09, 1.06, 1.04, 1.05]
BONES_HU = [2376, 1903, 1499, 1683, 2006, 1595, 1763, 1413, 1260, 1609, 1477]
BONES = [1.92, 1.61, 1.33, 1.46, 1.68, 1.41, 1.52, 1.29, 1.18, 1.42, 1.33]


def _ct(array: Any, kind: str = "plain", unit: str = "HU") -> Image:
    return Image(np.asarray(array), affine(kind), unit)


def _numbers(dtype: Any = np.float64, low: float = -1000, high: float = 1376) -> np.ndarray:
    return np.random.default_rng(3).uniform(low, high, SHAPE).astype(dtype)


# Curves


@pytest.mark.claim("density_curve")
def test_the_default_curve_is_the_fit_of_its_tissues(measured: Measured) -> None:
    curve = ct_density_curve("schneider_1996")
    at = dict(zip(curve.hounsfield_units, curve.density_g_per_ml, strict=True))
    soft, bone = np.polyfit(SOFT_TISSUES_HU, SOFT_TISSUES, 1), np.polyfit(BONES_HU, BONES, 1)
    for hu, line in ((-70, soft), (98, soft), (260, bone), (1376, bone)):
        assert at[hu] == pytest.approx(np.polyval(line, hu + 1000), abs=1e-6)
    tissues = np.array([*SOFT_TISSUES_HU, *BONES_HU]) - 1000
    known = np.array([*SOFT_TISSUES, *BONES])
    density = reference.density_from_ct(tissues, curve.hounsfield_units, curve.density_g_per_ml)
    measured("largest difference", 100 * np.abs(density / known - 1).max(), "%")
    assert np.abs(density / known - 1).max() < 0.02


@pytest.mark.parametrize("name", list(ct_density_curves()))
def test_a_published_curve_states_its_source(name: str) -> None:
    curve = ct_density_curve(name)
    assert curve.source
    assert curve.status in ("read", "secondary", "not verified")
    assert bool(curve.advisories()) == (curve.status != "read")
    assert pickle.loads(pickle.dumps(curve)) == curve
    # All curves agree in air, inflated lung, water and liver, in which they differ by less than 5 %.
    density = reference.density_from_ct([-1000, -800, 0, 55], curve.hounsfield_units, curve.density_g_per_ml)
    np.testing.assert_allclose(density, [0.001, 0.203, 1.008, 1.055], rtol=0.02, atol=0.002)


def test_air_and_padding_have_a_low_density() -> None:
    # A published table gave 2.9 g/mL at and below -1050 HU, another liver of 1.12 g/mL.
    air = density_image(_ct(np.full(SHAPE, -1050)), out_of_range="clamp").image.array
    assert air.max() == pytest.approx(0.001205, rel=1e-6)
    assert 1.04 < density_image(_ct(np.full(SHAPE, 55))).image.array.mean() < 1.07


@pytest.mark.parametrize(
    ("hu", "rho", "error", "says"),
    [
        ([0], [1], ShapeError, "2 to 4096"),
        ([0, 1], [1], ShapeError, "as many CT numbers as densities"),
        ([0, 0], [1, 1], OutOfRangeError, "node 1 must be above that of node 0"),
        ([0, 5, 4], [1, 1, 1], OutOfRangeError, "node 2"),
        ([0, 1, 2], [1, 1.1199, 1.0762], OutOfRangeError, "must not fall"),
        ([0, 1], [-0.1, 1], OutOfRangeError, r"within \[0, 30\]"),
        ([0, np.nan], [0, 1], OutOfRangeError, "CT number in HU of node 1"),
        ([0, 1], [0, "1"], ArgumentError, "real number"),
        ("01", [0, 1], ArgumentError, "sequence"),
        (None, [0, 1], ArgumentError, "sequence"),
    ],
)
def test_an_impossible_curve_is_refused(hu: Any, rho: Any, error: type[YttriaError], says: str) -> None:
    with pytest.raises(error, match=says):
        CtDensityCurve(name="mine", hounsfield_units=hu, density_g_per_ml=rho, source="me")


# Images


@pytest.mark.claim("density_curve_line")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32, np.float64, np.int8, ">i2", ">f4"])
@pytest.mark.parametrize("name", list(ct_density_curves()))
def test_density_is_its_definition(name: str, dtype: Any, kind: str) -> None:
    curve = ct_density_curve(name)
    ct = _ct(_numbers(dtype) if np.dtype(dtype).itemsize > 1 else _numbers(dtype, -100, 100), kind)
    found = density_image(ct, curve=name, out_of_range="clamp")
    expected = reference.density_from_ct(ct.array, curve.hounsfield_units, curve.density_g_per_ml)
    single = np.dtype(dtype).str[1:] in ("i2", "i4", "f4")
    assert found.image.array.dtype == (np.float32 if single else np.float64)
    np.testing.assert_allclose(found.image.array, expected, rtol=7e-8 if single else 2e-15, atol=1e-15)
    assert found.image.unit == "g/mL"
    assert found.image.same_grid(ct)


@pytest.mark.claim("density_curve_line")
@given(
    st.lists(st.tuples(st.floats(0.01, 500), st.floats(0, 3)), min_size=1, max_size=12),
    st.floats(-2000, 0),
    st.integers(0, 2**32),
)
def test_any_curve_rises_and_keeps_its_nodes(steps: list[tuple[float, float]], start: float, seed: int) -> None:
    widths, rises = zip(*steps, strict=True)
    hu, rho = start + np.cumsum([0.0, *widths]), np.cumsum([0.0, *rises])
    if rho[-1] > 30:
        rho *= 30 / rho[-1] * (1 - 1e-15)
    curve = CtDensityCurve(name="drawn", hounsfield_units=tuple(hu), density_g_per_ml=tuple(rho), source="hypothesis")
    numbers = np.sort(np.concatenate([hu, np.random.default_rng(seed).uniform(hu[0], hu[-1], 40)]))
    density = density_image(_ct(numbers.reshape(1, 1, -1)), curve=curve).image.array.ravel()
    assert (np.diff(density) >= 0).all()
    np.testing.assert_allclose(density, reference.density_from_ct(numbers, hu, rho), rtol=1e-12, atol=1e-13)


def test_memory_order_and_threads_change_nothing() -> None:
    numbers = np.random.default_rng(5).integers(-1000, 1376, (7, 80, 130)).astype(np.int16)
    expected = density_image(_ct(numbers)).image.array
    for arranged in (
        np.asfortranarray(numbers),
        numbers.transpose(2, 0, 1).copy().transpose(1, 2, 0),
        numbers[::-1][::-1],
    ):
        assert np.array_equal(density_image(_ct(arranged)).image.array, expected)
    for threads in (1, 2, 7):
        assert np.array_equal(density_image(_ct(numbers), threads=threads).image.array, expected)
    assert np.array_equal(density_image(_ct(numbers[:, ::-2, 3:])).image.array, expected[:, ::-2, 3:])


def test_ct_numbers_beyond_the_curve_are_refused_or_reported() -> None:
    numbers = np.zeros(SHAPE, np.int16)
    numbers[0, 1, :3], numbers[2, 2, 2] = -1024, 3071
    with pytest.raises(OutOfRangeError, match=r"voxel 7 .* within the curve, \[-1000, 1376\] HU \(3 below, 1 above\)"):
        density_image(_ct(numbers))
    found = density_image(_ct(numbers), out_of_range="clamp")
    assert (found.below_voxels, found.above_voxels) == (3, 1)
    advisory = next(a for a in found.advisories if a.code == "outside_ct_density_curve")
    assert advisory.value == pytest.approx(4 / numbers.size)
    assert found.as_dict()["below_voxels"] == 3
    assert not [a for a in density_image(_ct(np.zeros(SHAPE))).advisories if a.code == "outside_ct_density_curve"]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_ct_number_that_is_not_finite_is_always_refused(bad: float) -> None:
    for dtype in (np.float32, np.float64):
        numbers = np.zeros(SHAPE, dtype)
        numbers[1, 0, 3] = bad
        for outside in ("refuse", "clamp"):
            with pytest.raises(OutOfRangeError, match=r"voxel 38 .* finite"):
                density_image(_ct(numbers), out_of_range=outside)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: density_image(_ct(np.zeros(SHAPE), unit="Gy")), UnitError),
        (lambda: density_image(np.zeros(SHAPE)), ArgumentError),
        (lambda: density_image(_ct(np.zeros(SHAPE)), curve="icru"), UnknownNameError),
        (lambda: density_image(_ct(np.zeros(SHAPE)), curve=3), UnknownNameError),
        (lambda: density_image(_ct(np.zeros(SHAPE)), out_of_range="extrapolate"), UnknownNameError),
        (lambda: density_image(_ct(np.zeros(SHAPE)), threads=0), OutOfRangeError),
    ],
)
def test_wrong_images_and_unknown_curves_are_refused(call: Any, error: type[YttriaError]) -> None:
    with pytest.raises(error):
        call()


# Masses


def _box(name: str, **ranges: slice) -> Structure:
    mask = np.zeros(SHAPE, bool)
    mask[ranges.get("k", slice(1, 3)), ranges.get("j", slice(1, 4)), ranges.get("i", slice(2, 6))] = True
    return Structure(name, mask, affine("oblique"))


def test_the_mass_of_a_structure_is_the_sum_of_density_times_volume() -> None:
    density = density_image(_ct(_numbers(), "oblique"))
    box = _box("box")
    found = structure_mass(density, box)
    expected = reference.structure_mass_kg(density.image.array, box.mask, density.image.voxel_volume_ml)
    assert found.mass_kg == pytest.approx(expected, rel=1e-12)
    assert found.volume_ml == pytest.approx(box.volume_ml, rel=1e-12)
    assert found.mean_density_g_per_ml == pytest.approx(density.image.array[box.mask].mean(), rel=1e-12)
    left, right = _box("left", i=slice(2, 4)), _box("right", i=slice(4, 6))
    assert structure_mass(density, [left, right]).mass_kg == pytest.approx(found.mass_kg, rel=1e-12)
    assert "structure_cut" not in [a.code for a in found.advisories]


def test_masses_of_empty_or_overlapping_structures_are_refused_and_cut_ones_reported() -> None:
    density = density_image(_ct(np.zeros(SHAPE), "oblique"))
    with pytest.raises(ArgumentError, match="must not overlap"):
        structure_mass(density, [_box("a"), _box("b")])
    with pytest.raises(UndefinedError, match="no part"):
        structure_mass(density, Structure("empty", np.zeros(SHAPE, bool), affine("oblique")))
    with pytest.raises(UnitError):
        structure_mass(_ct(np.zeros(SHAPE)), _box("a"))
    with pytest.raises(OutOfRangeError, match="finite"):
        structure_mass(_ct(np.full(SHAPE, np.nan), "oblique", "g/mL"), _box("a"))
    moved = affine("oblique")
    moved[:3, 3] += moved[:3, 2] * 2
    found = structure_mass(density, Structure("half", _box("a").mask, moved))
    assert found.outside_fraction == pytest.approx(0.5, abs=1e-6)
    assert {"structure_outside_image", "structure_cut"} <= {a.code for a in found.advisories}


def test_the_lung_mass_is_that_of_the_planning_models() -> None:
    # By Kao's formula as in the planning models.
    ct = Image(np.full((6, 7, 8), -780, np.int16), np.diag([10.0, 20.0, 250.0, 1.0]), "HU")
    mask = np.zeros(ct.shape, bool)
    mask[1:5, 1:6, 1:5], mask[1, 1, 1:7], mask[2, 1, 5] = True, True, True
    lungs = Structure("Lungs", mask, ct.affine_lps)
    found = lung_mass(ct, lungs)
    assert found == lung_mass(ct.array, mask, voxel_volume_ml=ct.voxel_volume_ml)
    assert not found.advisories
    assert lung_dose(2.0, lung_shunt_fraction=0.05, lung_mass_kg=found.lung_mass_kg).lung_dose_gy == pytest.approx(
        49.67 * 2 * 0.05 / found.lung_mass_kg
    )
    assert "lung_mass_unusual" in [a.code for a in lung_mass(ct, _moved(lungs)).advisories]


def _moved(lungs: Structure) -> Structure:
    return Structure("Lung", lungs.mask & (np.arange(8) < 3), lungs.affine_lps)


@pytest.mark.claim("density_of_organs")
def test_organs_of_a_real_ct_have_plausible_densities(shared_data: Any, measured: Measured) -> None:
    pytest.importorskip("nibabel")
    folder = shared_data / "images" / "totalsegmentator_ct"
    ct = read_image(folder / "example_ct_sm.nii.gz", unit="HU")
    names = {5: "Liver", 10: "LUL", 11: "LLL", 13: "RML", 14: "RLL"}
    liver, *lungs = read_structures(folder / "example_seg.nii.gz", labels=names)
    density = density_image(ct, out_of_range="clamp")
    found = structure_mass(density, liver)
    measured("liver", found.mean_density_g_per_ml, "g/mL", digits=4)
    measured("volume of the liver", found.volume_ml, "mL", digits=5)
    assert found.volume_ml == pytest.approx(1043.1, abs=0.05)
    assert found.mean_density_g_per_ml == pytest.approx(1.053, abs=5e-4)
    # The CT shows only the bases of the lungs, and says so.
    bases = lung_mass(ct, lungs)
    measured("bases of the lungs", bases.mean_density_g_per_ml, "g/mL", digits=3)
    assert bases.mean_density_g_per_ml == pytest.approx(0.256, abs=5e-4)
    assert bases.lung_volume_ml == pytest.approx(116.3, abs=0.05)
    assert {"structure_cut", "lung_mass_implausible"} <= {a.code for a in bases.advisories}
