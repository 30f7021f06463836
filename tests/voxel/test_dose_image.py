"""The dose image: worked examples, scalings, refusals, and the provenance of the result."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from image_samples import SHAPE, affine, values

from yttria import (
    AbsoluteScaling,
    Image,
    Nuclide,
    RelativeScaling,
    Structure,
    absorbed_dose,
    dose_image,
    voxel_s_values,
)
from yttria.errors import (
    ArgumentError,
    DuplicateNameError,
    GeometryError,
    OutOfRangeError,
    UndefinedError,
    UnitError,
    UnknownNameError,
)
from yttria.reference import scaling as reference

C = Nuclide().dose_factor_gy_kg_per_gbq
AT_ADMINISTRATION = AbsoluteScaling(scan_delay_h=0.0)


def _image(array: np.ndarray | None = None, unit: str = "kBq/mL", kind: str = "oblique") -> Image:
    return Image(values() if array is None else array, affine(kind), unit)


def _box(kind: str = "oblique", fine: int = 1) -> Structure:
    """A box of voxels of the sample grid, on that grid or on one `fine` times finer."""
    mask = np.zeros(SHAPE, bool)
    mask[1:3, 1:4, 2:6] = True
    matrix = affine(kind)
    matrix[:3, 3] += matrix[:3, :3] @ np.full(3, (1 / fine - 1) / 2)
    matrix[:3, :3] /= fine
    return Structure("Liver", mask.repeat(fine, 0).repeat(fine, 1).repeat(fine, 2), matrix)


def _codes(result: Any) -> list[str]:
    # The sample is not a patient, so that its doses may be implausible.
    return [advisory.code for advisory in result.advisories if advisory.code != "voxel_dose_implausible"]


# Worked examples


def test_absolute_scaling_gives_its_worked_example() -> None:
    # 1 MBq/mL 20 h after administration at 1.05 g/mL: 49.67 x 1.241438 / 1.05 = 58.7259 Gy.
    image = _image(np.ones(SHAPE), "MBq/mL")
    result = dose_image(image, scaling=AbsoluteScaling(scan_delay_h=20.0), density_g_per_ml=1.05)
    np.testing.assert_allclose(result.image.array, 58.7259, rtol=0, atol=5e-5)
    assert result.image.unit == "Gy"
    assert result.image.same_grid(image)
    assert result.provenance.decay_factor == pytest.approx(1.241438, abs=5e-7)
    volume_ml = image.array.size * image.voxel_volume_ml
    assert result.activity_in_field_mbq.at_reference_time == pytest.approx(volume_ml, rel=1e-12)
    assert result.activity_in_field_mbq.at_administration == pytest.approx(volume_ml * 1.241438, rel=1e-6)


def test_relative_scaling_gives_its_worked_example() -> None:
    # Counts 10 to 40 in four voxels of 400 mL, 2 GBq, residual 0.02, lung shunt 0.05: mean 55.0509 Gy.
    counts = np.array([10.0, 20.0, 30.0, 40.0]).reshape(2, 1, 2)
    image = Image(counts, np.diag([50.0, 80.0, 100.0, 1.0]), "counts")
    liver = Structure("Liver", np.ones((2, 1, 2), bool), image.affine_lps)
    scaling = RelativeScaling(reference=liver, vial_activity_gbq=2.0, residual_fraction=0.02, lung_shunt_fraction=0.05)
    result = dose_image(image, scaling=scaling, density_g_per_ml=1.05)
    np.testing.assert_allclose(result.image.array.ravel(), [22.020, 44.041, 66.061, 88.081], rtol=0, atol=6e-4)
    (row,) = result.table([liver], volumes_at_gy=[60.0])
    assert row.mean_gy == pytest.approx(55.0509, abs=5e-5)
    assert row.volume_ml == pytest.approx(1600.0)
    assert row.volume_fractions_at_gy[60] == pytest.approx(0.5)
    assert (row.minimum_gy, row.maximum_gy) == (result.image.array.min(), result.image.array.max())
    assert _codes(result) == []


# Scaling


@pytest.mark.parametrize(("unit", "factor"), [("Bq/mL", 1e6), ("kBq/mL", 1e3), ("MBq/mL", 1.0)])
def test_every_unit_of_concentration_gives_the_same_dose(unit: str, factor: float) -> None:
    result = dose_image(_image(values(np.float64) * factor, unit), scaling=AT_ADMINISTRATION, density_g_per_ml=1.0)
    np.testing.assert_allclose(result.image.array, values(np.float64) * C, rtol=1e-14)
    assert result.provenance.input_unit == unit


@given(
    delivered=st.floats(0.01, 20), shunt=st.floats(0, 0.5), fine=st.integers(1, 3), density=st.floats(0.9, 1.1),
    unit=st.sampled_from(["counts", "1", "fraction", "Bq/mL"]),
)  # fmt: skip
def test_the_reference_contains_the_delivered_activity(
    delivered: float, shunt: float, fine: int, density: float, unit: str
) -> None:
    scaling = RelativeScaling(reference=_box(fine=fine), delivered_activity_gbq=delivered, lung_shunt_fraction=shunt)
    result = dose_image(_image(values(np.float64), unit), scaling=scaling, density_g_per_ml=density)
    (row,) = result.table([scaling.reference])
    # Mean dose x mass = dose factor x activity; the fractions are held in single precision.
    energy = row.mean_gy * row.volume_ml * density * 1e-3
    assert energy == pytest.approx(C * delivered * (1 - shunt), rel=1e-6)
    assert result.activity_in_field_mbq.at_reference_time == result.activity_in_field_mbq.at_administration


def test_both_scalings_agree_with_their_definitions() -> None:
    image, box = _image(values(np.float64), "Bq/mL"), _box(fine=2)
    result = dose_image(image, scaling=AbsoluteScaling(scan_delay_h=31.5), density_g_per_ml=1.0)
    expected = reference.AbsoluteScaling(31.5).scale(image, Nuclide()).mbq_per_ml_per_unit * image.array
    np.testing.assert_allclose(result.image.array, expected * C, rtol=1e-13)
    scaling = RelativeScaling(reference=box, vial_activity_gbq=2.0, residual_fraction=0.03, lung_shunt_fraction=0.07)
    result = dose_image(image, scaling=scaling, density_g_per_ml=1.0)
    on_image = SimpleNamespace(mask=box.voxel_fractions_on(image).to_array())
    scaling = reference.RelativeScaling(
        reference=on_image, vial_activity_gbq=2.0, residual_fraction=0.03, lung_shunt_fraction=0.07
    )
    expected = scaling.scale(image, Nuclide()).mbq_per_ml_per_unit * image.array
    np.testing.assert_allclose(result.image.array, expected * C, rtol=1e-13)


def test_activity_outside_the_reference_is_an_advisory() -> None:
    inside = _box().mask * 90.0
    for elsewhere, expected in ((9.0, []), (11.0, ["activity_outside_reference"])):
        counts = inside.copy()
        counts[~_box().mask] = elsewhere * inside.sum() / 90.0 / np.count_nonzero(~_box().mask)
        scaling = RelativeScaling(reference=_box(), delivered_activity_gbq=1.0, lung_shunt_fraction=0.0)
        result = dose_image(_image(counts, "counts"), scaling=scaling)
        assert _codes(result) == expected
        assert result.provenance.scaling["fraction_outside_reference"] == pytest.approx(elsewhere / (90 + elsewhere))


def test_a_reference_that_leaves_the_field_is_an_advisory() -> None:
    far = affine("plain")
    far[0, 3] -= 3.0
    mask = np.zeros(SHAPE, bool)
    mask[1:3, 1:4, 0:4] = True
    scaling = RelativeScaling(
        reference=Structure("Liver", mask, far), delivered_activity_gbq=1.0, lung_shunt_fraction=0.0
    )
    result = dose_image(_image(mask * 1.0, "counts", "plain"), scaling=scaling)
    (advisory,) = [a for a in result.advisories if a.code == "reference_outside_field"]
    assert advisory.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("administered", "code"), [(1.3, True), (1.24, False), (1.0, False), (0.84, False), (0.82, True)]
)
def test_the_activity_in_the_field_is_compared_with_the_administered_activity(administered: float, code: bool) -> None:
    array = np.ones(SHAPE)
    array *= 1.0 / (array.size * _image().voxel_volume_ml)  # GBq/mL: 1 GBq in the field
    image = _image(array * 1e3, "MBq/mL")
    result = dose_image(image, scaling=AbsoluteScaling(scan_delay_h=0.0, administered_activity_gbq=administered))
    assert _codes(result) == ["field_total_differs_from_administered"] * code
    assert result.provenance.scaling["field_to_administered_ratio"] == pytest.approx(1 / administered)


@pytest.mark.parametrize("hours", [-1.0, float("nan"), float("inf"), 721.0])
def test_a_wrong_time_is_refused(hours: float) -> None:
    with pytest.raises(OutOfRangeError, match=r"hours after administration must be within \[0, 720\]"):
        AbsoluteScaling(scan_delay_h=hours)


def test_megabecquerel_and_percent_get_a_hint() -> None:
    with pytest.raises(OutOfRangeError, match=r"got 1400 \(did you mean 1\.4\?\)"):
        AbsoluteScaling(scan_delay_h=0.0, administered_activity_gbq=1400.0)
    with pytest.raises(
        OutOfRangeError, match=r"lung shunt fraction must be within \[0, 1\), got 5 \(did you mean 0\.05"
    ):
        RelativeScaling(reference=_box(), delivered_activity_gbq=1.0, lung_shunt_fraction=5.0)
    with pytest.raises(OutOfRangeError, match="residual fraction"):
        RelativeScaling(reference=_box(), vial_activity_gbq=1.0, residual_fraction=1.0, lung_shunt_fraction=0.0)
    for activity in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(OutOfRangeError, match="delivered activity in GBq"):
            RelativeScaling(reference=_box(), delivered_activity_gbq=activity, lung_shunt_fraction=0.0)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"vial_activity_gbq": 1.0},
        {"residual_fraction": 0.1},
        {"delivered_activity_gbq": 1.0, "vial_activity_gbq": 1.0, "residual_fraction": 0.0},
        {"delivered_activity_gbq": 1.0, "residual_fraction": 0.0},
    ],
)
def test_the_delivered_activity_is_given_once(given: dict[str, float]) -> None:
    with pytest.raises(ArgumentError, match="delivered activity must be given"):
        RelativeScaling(reference=_box(), lung_shunt_fraction=0.0, **given)


def test_units_that_do_not_fit_the_scaling_are_refused() -> None:
    with pytest.raises(UnitError, match="absolute scaling needs an image in Bq/mL, kBq/mL or MBq/mL, got counts"):
        dose_image(_image(unit="counts"), scaling=AT_ADMINISTRATION)
    scaling = RelativeScaling(reference=_box(), delivered_activity_gbq=1.0, lung_shunt_fraction=0.0)
    for unit in ("Gy", "HU"):
        with pytest.raises(UnitError, match=f"proportional to activity, got {unit}"):
            dose_image(_image(unit=unit), scaling=scaling)
    with pytest.raises(UndefinedError, match="counts in 'Liver' sum to 0"):
        dose_image(_image(np.zeros(SHAPE), "counts"), scaling=scaling)


# Voxels


def test_a_voxel_that_is_not_finite_is_named() -> None:
    array = values()
    array[2, 3, 1] = np.nan
    array[3, 0, 0] = np.inf
    with pytest.raises(OutOfRangeError, match=r"got 2 voxels that are not, the first at \(k, j, i\) = \(2, 3, 1\)"):
        dose_image(_image(array), scaling=AT_ADMINISTRATION)


def test_negative_voxels_are_kept_or_clipped_and_counted() -> None:
    array = values(np.float64)
    array[1, 2, 3:5] = (-4.0, -6.0)
    kept = dose_image(_image(array), scaling=AT_ADMINISTRATION, density_g_per_ml=1.0)
    clipped = dose_image(_image(array), scaling=AT_ADMINISTRATION, density_g_per_ml=1.0, negative_voxels="clip")
    np.testing.assert_allclose(kept.image.array, array * 1e-3 * C, rtol=1e-14)
    np.testing.assert_allclose(clipped.image.array, np.maximum(array, 0) * 1e-3 * C, rtol=1e-14)
    for result, policy in ((kept, "keep"), (clipped, "clip")):
        assert result.provenance.negative_voxels == policy
        assert result.provenance.negative_voxel_count == 2
        assert result.provenance.negative_fraction == pytest.approx(10 / array[array > 0].sum())
        assert _codes(result) == ["negative_voxels"]
    assert array.min() == -6.0
    with pytest.raises(UnknownNameError, match="must be one of keep, clip, got 'drop'"):
        dose_image(_image(array), scaling=AT_ADMINISTRATION, negative_voxels="drop")


@pytest.mark.parametrize("method", ["local_deposition", "voxel_s_values"])
@pytest.mark.parametrize(
    ("dtype", "out"),
    [("f4", "f4"), ("f8", "f8"), (">f4", "f4"), (">f8", "f8"), ("i2", "f8"), ("u1", "f8"), ("?", "f8")],
)
def test_the_dose_has_the_type_of_the_image(method: str, dtype: str, out: str) -> None:
    array = values().astype(dtype)
    result = dose_image(_image(array), scaling=AT_ADMINISTRATION, method=method)
    assert result.image.array.dtype == np.dtype(out)
    other = dose_image(_image(np.asfortranarray(array)), scaling=AT_ADMINISTRATION, method=method, threads=3)
    np.testing.assert_array_equal(other.image.array, result.image.array)


@pytest.mark.parametrize("method", ["local_deposition", "voxel_s_values"])
@pytest.mark.parametrize("view", [np.s_[::-1, :, ::-1], np.s_[::2, 1:, ::3], np.s_[1:2, 2:3, 3:4]])
def test_a_view_of_an_array_gives_the_dose_of_its_copy(method: str, view: tuple[slice, ...]) -> None:
    array = values(np.float64)[view]
    result = dose_image(_image(array), scaling=AT_ADMINISTRATION, method=method)
    copied = dose_image(_image(array.copy()), scaling=AT_ADMINISTRATION, method=method)
    np.testing.assert_array_equal(result.image.array, copied.image.array)


# Voxel S values


def test_voxel_s_values_are_made_for_the_voxels_of_the_image() -> None:
    image = _image(values(np.float64), "MBq/mL")
    result = dose_image(
        image,
        scaling=AbsoluteScaling(scan_delay_h=10.0),
        method="voxel_s_values",
        medium="liver",
        density_g_per_ml=1.06,
    )
    kernel = voxel_s_values(image.voxel_size_mm, medium="liver", density_g_per_ml=1.06)
    expected = absorbed_dose(image.array / Nuclide().decay_factor(10.0), kernel)
    np.testing.assert_allclose(result.image.array, expected, rtol=1e-12)
    given = dose_image(image, scaling=AbsoluteScaling(scan_delay_h=10.0), method="voxel_s_values", s_values=kernel)
    np.testing.assert_array_equal(given.image.array, result.image.array)
    assert given.provenance == result.provenance
    assert result.provenance.kernel_medium == "liver"
    assert result.provenance.density_g_per_ml == 1.06
    assert result.provenance.kernel_voxel_size_mm == image.voxel_size_mm
    assert 0.003 < (result.provenance.kernel_energy_beyond_fraction or 0) < 0.01


def test_voxel_s_values_that_do_not_fit_are_refused() -> None:
    image = _image()
    turned = voxel_s_values(image.voxel_size_mm[::-1], medium="water")
    with pytest.raises(GeometryError, match="voxel S values must be for the image's voxel size"):
        dose_image(image, scaling=AT_ADMINISTRATION, method="voxel_s_values", s_values=turned)
    kernel = voxel_s_values(image.voxel_size_mm, medium="water")
    for other, quantity in (
        ({"medium": "liver"}, "medium"),
        ({"density_g_per_ml": 1.05}, "density in g/mL"),
        ({"nuclide": Nuclide("IFU_50")}, "nuclide"),
    ):
        with pytest.raises(ArgumentError, match=f"{quantity} must be that of the voxel S values"):
            dose_image(image, scaling=AT_ADMINISTRATION, method="voxel_s_values", s_values=kernel, **other)
    with pytest.raises(ArgumentError, match="takes no voxel S values"):
        dose_image(image, scaling=AT_ADMINISTRATION, s_values=kernel)
    with pytest.raises(
        UnknownNameError, match="one of local_deposition, voxel_s_values, superposition, monte_carlo, got 'mc'"
    ):
        dose_image(image, scaling=AT_ADMINISTRATION, method="mc")
    for density in (0.0, -1.0, float("nan")):
        with pytest.raises(OutOfRangeError, match="density"):
            dose_image(image, scaling=AT_ADMINISTRATION, density_g_per_ml=density)


# Provenance and table


def test_the_provenance_is_ready_for_json() -> None:
    scaling = RelativeScaling(reference=_box(), delivered_activity_gbq=1.5, lung_shunt_fraction=0.04)
    result = dose_image(_image(), scaling=scaling, method="voxel_s_values", nuclide=Nuclide("IFU_50"))
    record = json.loads(json.dumps(result.provenance.as_dict(), allow_nan=False))
    assert record["scaling"]["reference"] == "Liver"
    assert record["scaling"]["reference_activity_mbq"] == pytest.approx(1440.0)
    assert record["nuclide"] == "IFU_50"
    assert record["kernel_medium"] == "liver"
    assert record["density_g_per_ml"] == 1.05
    assert "research use" in record["statement"]
    json.dumps([advisory.as_dict() for advisory in result.advisories], allow_nan=False)


def test_the_table_has_volume_and_doses_of_each_structure() -> None:
    away = affine("oblique")
    away[:3, 3] += 1000.0
    structures = [_box(), Structure("elsewhere", np.ones(SHAPE, bool), away)]
    result = dose_image(_image(), scaling=AT_ADMINISTRATION)
    rows = result.table(structures, volumes_at_gy=[1.5])
    assert [row.structure for row in rows] == ["Liver", "elsewhere"]
    assert rows[0].mean_gy == pytest.approx(result.image.array[1:3, 1:4, 2:6].mean(dtype=np.float64), rel=1e-6)
    assert rows[0].d95_gy <= rows[0].d70_gy <= rows[0].d50_gy <= rows[0].maximum_gy
    assert rows[0].outside_fraction == pytest.approx(0, abs=1e-6)
    assert (rows[1].volume_ml, rows[1].mean_gy, rows[1].volume_fractions_at_gy[1.5]) == (0.0, None, None)
    assert rows[1].outside_fraction == pytest.approx(1)
    assert rows[0].as_dict().keys() == rows[1].as_dict().keys()
    json.dumps([row.as_dict() for row in rows], allow_nan=False)
    assert result.dose_volume_histograms([_box()])["Liver"].mean_gy == rows[0].mean_gy
    with pytest.raises(UndefinedError, match="elsewhere"):
        result.dose_volume_histograms(structures)
    with pytest.raises(DuplicateNameError, match="must be unique, got 'Liver' twice"):
        result.table([_box(), _box(fine=2)])
    assert result.table([]) == []


@pytest.mark.parametrize("value", [True, "1.4", None, [1.0]])
def test_a_scaling_takes_numbers_only(value: object) -> None:
    with pytest.raises(ArgumentError, match="hours after administration must be a real number"):
        AbsoluteScaling(scan_delay_h=value)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="lung shunt fraction must be a real number"):
        RelativeScaling(reference=None, delivered_activity_gbq=1.0, lung_shunt_fraction=value)  # type: ignore[arg-type]


def test_uptake_values_scale_relatively_with_a_warning() -> None:
    image = _image(np.abs(values()) + 1, "g/mL")
    scaling = RelativeScaling(reference=_box(), lung_shunt_fraction=0.05, delivered_activity_gbq=2.0)
    found = {a.code: a for a in dose_image(image, scaling=scaling).advisories}
    assert found["values_not_activity"].severity == "warning"
    counts = dose_image(image.with_array(image.array, "counts"), scaling=scaling)
    assert "values_not_activity" not in _codes(counts)
    np.testing.assert_array_equal(dose_image(image, scaling=scaling).image.array, counts.image.array)


def test_a_result_with_another_image_computes_voxel_fractions_again() -> None:
    place = np.diag([4.0, 4.0, 3.0, 1.0])
    result = dose_image(Image(np.ones((3, 4, 5)), place, "MBq/mL"), scaling=AbsoluteScaling(0.0))
    tumor = Structure("Tumor", np.ones((1, 1, 1), dtype=bool), place)
    assert result.voxel_fractions([tumor])["Tumor"].origin == (0, 0, 0)
    moved = place.copy()
    moved[0, 3] = -4.0
    other = replace(result, image=Image(result.image.array, moved, "Gy"))
    assert other.voxel_fractions([tumor])["Tumor"].origin == (0, 0, 1)
