"""Sums of doses of several treatments on one grid, with transforms and parts outside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import affine, values

from yttria import Image, Nuclide, Structure
from yttria.errors import ArgumentError, DuplicateNameError, GeometryError, OutOfRangeError, UndefinedError, UnitError
from yttria.evaluation import TreatmentDose, accumulate_doses, bed_gy, bed_of_injections

LIVER = {"alpha_beta_gy": 2.5, "repair_half_time_h": 2.5}


def treatment(name: str, array: object = None, **options: object) -> TreatmentDose:
    array = values() if array is None else np.asarray(array, dtype=np.float64)
    return TreatmentDose(name=name, dose=Image(array, affine("plain"), "Gy"), **options)  # type: ignore[arg-type]


def liver() -> Structure:
    return Structure("Liver", values() > 40, affine("plain"))


def test_doses_on_one_grid_are_added_voxel_by_voxel() -> None:
    found = accumulate_doses([treatment("a"), treatment("b", values() * 0.5), treatment("c", values() * 0.25)])
    np.testing.assert_allclose(found.image.array, values() * 1.75, rtol=1e-6)
    assert [each.resampling for each in found.treatments] == [None] * 3
    assert found.advisories == ()
    (row,), told = found.table([liver()])
    assert told == ()
    assert sum(row.mean_by_treatment_gy.values()) == pytest.approx(row.total.mean_gy)  # type: ignore[arg-type]
    assert row.as_dict()["mean_by_treatment_gy"]["b"] == pytest.approx(row.total.mean_gy / 3.5)


@pytest.mark.claim("accumulation")
@pytest.mark.parametrize("method", ["average", "linear"])
def test_a_shift_by_whole_voxels_brings_each_voxel_to_its_place(method: str) -> None:
    first = np.zeros((6, 6, 6))
    first[2, 3, 1] = 100.0
    size = np.linalg.norm(affine("plain")[:3, :3], axis=0)
    shift = np.eye(4)
    shift[0, 3] = np.sign(affine("plain")[0, 0]) * 2 * size[0]
    found = accumulate_doses(
        [treatment("a", first, transform_lps=shift), treatment("b", np.zeros((6, 6, 6)))],
        resample=method,  # type: ignore[arg-type]
    )
    expected = np.zeros((6, 6, 6))
    expected[2, 3, 3] = 100.0
    np.testing.assert_allclose(found.image.array, expected, atol=1e-6)
    assert found.treatments[0].transform_lps == shift.tolist()
    assert {told.code for told in found.advisories} == {"resampled", "outside_image"}


@pytest.mark.claim("accumulation")
def test_bed_is_summed_after_it_was_computed() -> None:
    doses = (40.0, 75.0)
    found = accumulate_doses([treatment(str(dose), np.full((2, 2, 2), dose)) for dose in doses])
    bed, told = found.bed(**LIVER)
    assert told == ()
    bounds = bed_of_injections(list(doses), **LIVER)
    np.testing.assert_allclose(bed.array, bounds.lower_gy)
    # The BED of the summed dose is that of one session, and higher.
    assert bounds.upper_gy == pytest.approx(bed_gy(115.0, **LIVER))
    assert bed.array.max() < bounds.upper_gy - 20.0


def test_bed_of_each_treatment_is_that_of_its_own_nuclide() -> None:
    holmium, yttrium = Nuclide("HO166"), Nuclide()
    doses = [
        treatment("Ho-166", np.full((2, 2, 2), 60.0), nuclide=holmium),
        treatment("Y-90", np.full((2, 2, 2), 60.0)),
    ]
    bed, _ = accumulate_doses(doses).bed(nuclide=yttrium, **LIVER)
    apart = [float(bed_gy(60.0, nuclide=nuclide, **LIVER)) for nuclide in (holmium, yttrium)]
    np.testing.assert_allclose(bed.array, sum(apart))
    # The shorter the half-life, the less is repaired during decay.
    assert apart[0] > 1.5 * apart[1]


def test_a_sum_of_different_nuclides_is_a_warning_that_names_them() -> None:
    holmium, yttrium = Nuclide("HO166"), Nuclide("IFU_50")
    found = accumulate_doses(
        [treatment("a", nuclide=holmium), treatment("b", nuclide=yttrium), treatment("c", nuclide=Nuclide())]
    )
    assert [each.isotope for each in found.treatments] == ["Ho-166", "Y-90", "Y-90"]
    (told,) = found.advisories
    assert (told.code, told.severity) == ("treatments_of_several_nuclides", "warning")
    assert "'a' Ho-166, 'b' Y-90, 'c' Y-90" in told.message
    np.testing.assert_allclose(found.image.array, 3 * values())
    # Without a stated nuclide, or with one isotope, there is nothing to warn of.
    for nuclides in ((None, holmium), (yttrium, Nuclide()), (None, None)):
        pair = [treatment(name, nuclide=nuclide) for name, nuclide in zip("ab", nuclides, strict=True)]
        assert accumulate_doses(pair).advisories == ()


def test_bed_is_computed_on_the_grid_of_its_treatment() -> None:
    fine = np.tile([0.0, 100.0], (4, 4, 2))
    coarse = np.diag([2.0, 2.0, 2.0, 1.0])
    coarse[:3, 3] = 0.5
    treatments = [
        TreatmentDose(name="fine", dose=Image(fine, np.eye(4), "Gy")),
        TreatmentDose(name="coarse", dose=Image(np.zeros((2, 2, 2)), coarse, "Gy")),
    ]
    found = accumulate_doses(treatments)
    np.testing.assert_allclose(found.image.array, 50.0)
    bed, _ = found.bed(**LIVER)
    np.testing.assert_allclose(bed.array, 0.5 * bed_gy(100.0, **LIVER))
    assert bed.array.max() > 1.4 * bed_gy(50.0, **LIVER)


def test_a_structure_that_the_map_of_a_treatment_cuts_is_reported() -> None:
    k = values().shape[0] // 2
    short = TreatmentDose(name="short", dose=Image(values()[:k], affine("plain"), "Gy"))
    found = accumulate_doses([short, treatment("whole")])
    _, told = found.table([liver()])
    assert [(each.code, each.severity) for each in told] == [("treatment_cuts_structure", "warning")]
    assert "'short'" in told[0].message
    np.testing.assert_allclose(found.image.array[:k], 2 * values()[:k], rtol=1e-6)
    np.testing.assert_allclose(found.image.array[k:], values()[k:], rtol=1e-6)


def test_a_structure_outside_of_the_grid_has_no_dose() -> None:
    far = np.eye(4)
    far[:3, 3] = 1e4
    found = accumulate_doses([treatment("a"), treatment("b")])
    (row,), _ = found.table([Structure("far", np.ones((2, 2, 2), bool), far)])
    assert row.total.mean_gy is None
    assert row.mean_by_treatment_gy == {"a": None, "b": None}


def test_negative_doses_count_as_zero_in_the_bed_and_are_reported() -> None:
    found = accumulate_doses([treatment("noisy", [[[-4.0, 10.0]]]), treatment("b", [[[0.0, 0.0]]])])
    bed, told = found.bed(**LIVER)
    assert [each.code for each in told] == ["negative_doses_as_zero"]
    assert bed.array.ravel()[0] == 0.0
    assert found.image.array.ravel()[0] == -4.0


@settings(max_examples=50)
@given(st.lists(st.floats(0.0, 200.0), min_size=1, max_size=5), st.randoms())
def test_the_order_of_treatments_does_not_matter(doses: list[float], random: object) -> None:
    treatments = [treatment(str(n), np.full((2, 2, 2), dose)) for n, dose in enumerate(doses)]
    one = accumulate_doses(treatments)
    random.shuffle(treatments)  # type: ignore[attr-defined]
    other = accumulate_doses(treatments)
    np.testing.assert_allclose(one.image.array, other.image.array, rtol=1e-12)
    np.testing.assert_allclose(one.bed(**LIVER)[0].array, other.bed(**LIVER)[0].array, rtol=1e-12)


def test_doses_that_do_not_belong_together_are_not_summed() -> None:
    with pytest.raises(UndefinedError):
        accumulate_doses([])
    with pytest.raises(DuplicateNameError, match="different names, got a, a"):
        accumulate_doses([treatment("a"), treatment("a")])
    with pytest.raises(ArgumentError, match="must hold TreatmentDose, got Image"):
        accumulate_doses([treatment("a").dose])  # type: ignore[list-item]
    with pytest.raises(UnitError):
        accumulate_doses([TreatmentDose(name="a", dose=Image(values(), affine("plain"), "Bq/mL"))])
    here, there = (
        TreatmentDose(name=uid, dose=Image(values(), affine("plain"), "Gy", frame_of_reference_uid=uid))
        for uid in ("1.2", "1.3")
    )
    with pytest.raises(GeometryError, match=r"the dose of '1\.2' and the common grid must share one frame"):
        accumulate_doses([here, there])
    moved = TreatmentDose(name="1.2", dose=here.dose, transform_lps=np.eye(4))
    assert accumulate_doses([moved, there]).image.frame_of_reference_uid == "1.3"
    with pytest.raises(OutOfRangeError):
        accumulate_doses([treatment("a")]).bed(alpha_beta_gy=0.0, repair_half_time_h=1.0)
    with pytest.raises(DuplicateNameError):
        accumulate_doses([treatment("a")]).table([liver(), liver()])
