"""The files of the conformance suite are those that the code makes, and they are consistent."""

from __future__ import annotations

import json
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from file_cases import file_cases
from make_suite import SIZES_MM, s_value_octants, with_answer
from project_vectors import project_vectors
from voxel_cases import COARSE, SLAB, voxel_cases

from yttria.conformance import case, cases, export, score
from yttria.conformance.records.voxel import convolve, mirrored, s_values, tabulated
from yttria.reference import convolution

FOLDER = files("yttria").joinpath("data", "conformance")


@pytest.mark.parametrize("inputs", [*voxel_cases(), *file_cases()], ids=lambda made: made["id"])
def test_the_files_of_voxel_cases_are_those_that_the_code_makes(inputs: dict) -> None:
    shipped, made = case(inputs["id"]), with_answer(inputs)
    assert shipped.inputs.keys() == inputs["inputs"].keys()
    for name, value in made["inputs"].items():
        if isinstance(value, np.ndarray):
            assert np.array_equal(shipped.inputs[name], value)
        else:
            assert shipped.inputs[name] == value
    for name, value in made["expected"].items():
        assert isinstance(value, float | list) or shipped.expected[name].dtype == np.float32
        np.testing.assert_allclose(shipped.expected[name], value, rtol=1e-6, atol=1e-7 * np.abs(value).max())


def test_the_vectors_of_this_project_are_those_that_the_code_makes() -> None:
    shipped = json.loads(FOLDER.joinpath("planning.json").read_text("utf-8"))["vectors"]
    assert shipped == [json.loads(json.dumps(with_answer(vector))) for vector in project_vectors()]


def test_a_tabulated_kernel_is_that_of_the_reference() -> None:
    (made,) = s_value_octants((COARSE,)).values()
    np.testing.assert_allclose(tabulated()[COARSE], made, rtol=1e-12)
    assert tabulated().keys() == set(SIZES_MM)


def test_a_kernel_holds_the_energy_of_its_support() -> None:
    inputs = case("s-slab").inputs
    absorbed = s_values(inputs).sum() * np.prod(SLAB) * 1e-6 * 1.06  # mGy kg / (MBq s) = mJ / MBq s
    emitted = inputs["dose_factor_Gy_kg_per_GBq"] / (inputs["half_life_h"] * 3600 / np.log(2))
    assert absorbed / emitted == pytest.approx(1 - 0.0039, abs=2e-4)


def test_the_fast_convolution_is_the_definition() -> None:
    rng = np.random.default_rng(5)
    array, kernel = rng.normal(size=(7, 5, 9)), rng.normal(size=(5, 9, 3))
    expected = convolution.convolve(array, kernel)
    np.testing.assert_allclose(convolve(array, kernel), expected, atol=1e-13 * np.abs(expected).max())


def test_an_octant_and_its_mirror_images_are_the_whole_kernel() -> None:
    octant = np.arange(24.0).reshape(2, 3, 4)
    whole = mirrored(octant)
    assert whole.shape == (3, 5, 7)
    assert np.array_equal(whole[1:, 2:, 3:], octant)
    assert np.array_equal(whole, whole[::-1, ::-1, ::-1])


def test_every_case_has_an_id_a_source_and_quantities() -> None:
    ids = [each.id for each in cases()]
    assert len(ids) == len(set(ids))
    for each in cases():
        assert each.checks
        assert each.source
        assert each.quantities


def test_no_map_is_its_own_mirror_image() -> None:
    """A flipped axis must show in every dose map but that of the uniform field, which is symmetric on purpose."""
    for each in cases():
        if each.model == "voxel_dose_kernel" and each.id != "vox-uniform":
            dose = each.expected["dose_Gy"]
            for axis in range(3):
                assert np.abs(np.flip(dose, axis) - dose).max() > 0.1 * dose.max()


def test_the_exported_files_hold_the_numbers_of_the_cases(tmp_path: Path) -> None:
    """Read by nibabel and pydicom alone, and by SimpleITK, whose centers are an independent opinion on the axes."""
    nibabel, pydicom = pytest.importorskip("nibabel"), pytest.importorskip("pydicom")
    sitk = pytest.importorskip("SimpleITK")
    written = export(tmp_path, nifti=True, dicom=True)
    assert len([path for path in written if "files" in path.parts]) == 2 + 2 * 7
    for name in ("file-nifti", "file-nifti-turned"):
        each, path = case(name), tmp_path / "files" / name / "image.nii.gz"
        i = each.inputs
        image = nibabel.load(path)
        values = i["stored"] * i["scl_slope"] + i["scl_inter"]
        np.testing.assert_allclose(np.asarray(image.dataobj).T, values, rtol=1e-6)
        assert json.loads((path.parent / "image.json").read_text()) == {"Units": i["unit"]}
        assert center_of_activity(sitk.ReadImage(str(path))) == pytest.approx(
            each.expected["center_of_activity_lps_mm"], rel=1e-5
        )
    for name in ("file-dicom-start", "file-dicom-admin"):
        each = case(name)
        files = sorted((tmp_path / "files" / name).glob("*.dcm"))
        slices = [pydicom.dcmread(path) for path in files]
        assert [int(s.InstanceNumber) for s in slices] == list(range(1, 8))
        assert np.array_equal([s.pixel_array for s in slices], each.inputs["stored"])
        ordered = [str(path) for path in sorted(files, key=lambda p: float(pydicom.dcmread(p).ImagePositionPatient[2]))]
        reader = sitk.ImageSeriesReader()
        reader.SetOutputPixelType(sitk.sitkFloat64)
        reader.SetFileNames(ordered)
        assert center_of_activity(reader.Execute()) == pytest.approx(
            each.expected["center_of_activity_lps_mm"], rel=1e-5
        )


def center_of_activity(image: Any) -> list[float]:
    """Center of activity of an image of SimpleITK, by its own geometry."""
    values = pytest.importorskip("SimpleITK").GetArrayFromImage(image).astype(float)
    index = [(np.indices(values.shape)[axis] * values).sum() / values.sum() for axis in (2, 1, 0)]
    return list(image.TransformContinuousIndexToPhysicalPoint(index))


@pytest.mark.parametrize("name", [each["id"] for each in file_cases()])
def test_every_point_of_a_file_case_has_a_value_of_its_own(name: str) -> None:
    """A point in a voxel like the others, or at a number near 0, would hide a misreading."""
    expected = case(name).expected
    values = sorted(expected["activity_at_points_Bq_per_mL"])
    assert all(b > 1.1 * a > 0 for a, b in pairwise(values))
    assert min(map(abs, expected["center_of_activity_lps_mm"])) > 20.0


@pytest.mark.claim("published_wrong_numbers")
def test_a_real_misreading_is_named(tmp_path: Path) -> None:
    """SimpleITK's series reader takes the type of all values from the first slice, and loses their upper bits."""
    sitk = pytest.importorskip("SimpleITK")
    pytest.importorskip("pydicom")
    export(tmp_path, dicom=True)
    answers = {}
    for name, hours in (("file-dicom-start", 27.5), ("file-dicom-admin", 0.0)):
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(tmp_path / "files" / name)))
        image = reader.Execute()
        values = sitk.GetArrayFromImage(image) * 2.0 ** (hours / 64.1)
        points = case(name).inputs["points_lps_mm"]
        answers[name] = {
            "activity_at_administration_MBq": float(values.sum() * np.prod(image.GetSpacing()) * 1e-9),
            "center_of_activity_lps_mm": center_of_activity(image),
            "activity_at_points_Bq_per_mL": [
                float(values[image.TransformPhysicalPointToIndex(p)[::-1]]) for p in points
            ],
        }
    report = score(answers)
    assert report.counts["fail"] == 2
    assert [finding.name for finding in report.findings] == ["pixel_type_of_the_first_slice_for_all"]
