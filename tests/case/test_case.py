"""A declared case: every mistake in it is found before a file is read, and it is dosed as by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import yttria
from yttria.case import Case, CaseInputs, dose_case, problems, summary
from yttria.errors import ArgumentError, FileFormatError, OutOfRangeError, UnitError, UnknownNameError
from yttria.phantom import liver_phantom

ABSOLUTE: dict[str, Any] = {"activity": "a.nrrd", "structures": "s.seg.nrrd", "scan_delay_h": 20.0}
RELATIVE = ABSOLUTE | {
    "scan_delay_h": None,
    "relative_to": "Liver",
    "administered_activity_gbq": 2.0,
    "lung_shunt_fraction": 0.05,
}


@pytest.fixture(scope="module")
def inputs() -> CaseInputs:
    phantom = liver_phantom((9.0, 7.0, 8.0))
    return CaseInputs(activity=phantom.activity, structures=list(phantom.structures))


@pytest.mark.parametrize(
    ("change", "kind", "field", "message"),
    [
        ({"activity": ""}, ArgumentError, "activity", "path"),
        ({"structures": 3}, ArgumentError, "structures", "got 3"),
        ({"case_id": 7}, ArgumentError, "case_id", "text"),
        ({"unit": "Bq/ml"}, UnitError, "unit", "did you mean 'Bq/mL'?"),
        ({"scan_delay_h": -1.0}, OutOfRangeError, "scan_delay_h", "[0, 720]"),
        ({"scan_delay_h": float("nan")}, OutOfRangeError, "scan_delay_h", "nan"),
        ({"scan_delay_h": "20"}, ArgumentError, "scan_delay_h", "'20'"),
        ({"administered_activity_gbq": 1400}, OutOfRangeError, "administered_activity_gbq", "did you mean 1.4?"),
        ({"method": "local"}, UnknownNameError, "method", "local_deposition"),
        ({"medium": "spleen"}, UnknownNameError, "medium", "liver"),
        ({"density_g_per_ml": 0.0}, OutOfRangeError, "density_g_per_ml", "> 0"),
        ({"density_g_per_ml": 9.0, "method": "voxel_s_values"}, OutOfRangeError, "density_g_per_ml", "9"),
        ({"nuclide": "eanm"}, UnknownNameError, "nuclide", "EANM2022"),
        ({"negative_voxels": "drop"}, UnknownNameError, "negative_voxels", "clip"),
        ({"scan_delay_h": None}, ArgumentError, "scan_delay_h", "must be given"),
        ({"residual_fraction": 0.1}, ArgumentError, "residual_fraction", "relative scaling"),
        ({"relative_to": "Liver"}, ArgumentError, "scan_delay_h", "only to absolute scaling"),
        ({"relative_to": "Liver", "scan_delay_h": None}, ArgumentError, "administered_activity_gbq", "needs"),
        ({"structures_series": 3}, ArgumentError, "structures_series", "got 3"),
        ({"contour_end_caps": "round"}, UnknownNameError, "contour_end_caps", "half_slice, none"),
        ({"contour_end_caps": "none"}, ArgumentError, "contour_end_caps", "structures in DICOM, got s.seg.nrrd"),
        ({"contour_interpolation": "linear"}, UnknownNameError, "contour_interpolation", "shape, none"),
        ({"contour_slice_thickness_mm": 0}, OutOfRangeError, "contour_slice_thickness_mm", "> 0, got 0"),
        ({"contours_through_voxels_of": "pet"}, ArgumentError, "contours_through_voxels_of", "structures in DICOM"),
        ({"sub_voxel_mm": -0.5}, OutOfRangeError, "sub_voxel_mm", "> 0, got -0.5"),
        ({"structures_transform": ""}, ArgumentError, "structures_transform", "path"),
        ({"lung_shunt_fraction": 5}, OutOfRangeError, "lung_shunt_fraction", "did you mean 0.05?"),
    ],
)
def test_a_mistake_names_its_field(change: dict[str, Any], kind: type[Exception], field: str, message: str) -> None:
    with pytest.raises(kind, match=message.translate({ord(c): f"\\{c}" for c in "[]?"})):
        Case(**ABSOLUTE | change)
    full = vars(Case(**ABSOLUTE)) | change
    assert field in [name for name, _ in problems(full)]


def test_all_mistakes_are_found_at_once() -> None:
    found = [name for name, _ in problems(vars(Case(**ABSOLUTE)) | {"unit": "Bq", "method": "x", "medium": ""})]
    assert found == ["unit", "method", "medium"]


@pytest.mark.parametrize("method", ["local_deposition", "voxel_s_values"])
def test_a_case_is_dosed_as_by_hand(inputs: CaseInputs, method: str) -> None:
    case = Case(**RELATIVE | {"residual_fraction": 0.1, "method": method, "density_g_per_ml": 1.03})
    by_hand = yttria.dose_image(
        inputs.activity,
        scaling=yttria.RelativeScaling(
            reference=inputs.structures[0], lung_shunt_fraction=0.05, vial_activity_gbq=2.0, residual_fraction=0.1
        ),
        method=method,
        density_g_per_ml=1.03,
    )
    plain = dose_case(case, inputs)
    shared = dose_case(case, inputs, kernels=yttria.VoxelSValueLibrary(), threads=1)
    for dosed in (plain, shared):
        np.testing.assert_array_equal(dosed.result.image.array, by_hand.image.array)
        assert dosed.rows == [row.as_dict() for row in by_hand.table(inputs.structures)]
        assert replace(dosed.result.provenance, evaluation=None) == by_hand.provenance


def test_the_reference_must_be_one_of_the_structures(inputs: CaseInputs) -> None:
    with pytest.raises(UnknownNameError, match="must be one of Liver"):
        dose_case(Case(**RELATIVE | {"relative_to": "liver"}), inputs)


def test_files_are_read_if_no_inputs_are_given(inputs: CaseInputs, tmp_path: Path) -> None:
    yttria.write_image(inputs.activity, tmp_path / "a.nrrd")
    yttria.write_structures(inputs.structures, tmp_path / "s.seg.nrrd")
    case = Case(activity=tmp_path / "a.nrrd", structures=tmp_path / "s.seg.nrrd", scan_delay_h=20.0)
    assert dose_case(case).rows == dose_case(case, inputs).rows


def test_rules_for_contours_and_transform_of_structures_are_stated(inputs: CaseInputs, tmp_path: Path) -> None:
    """A shift by the case's file and the same shift in code give the same doses, and both state its source."""
    shift = np.eye(4)
    shift[:3, 3] = 4.0, -7.0, 9.0
    np.savetxt(tmp_path / "registration.txt", shift)
    yttria.write_image(inputs.activity, tmp_path / "a.nrrd")
    yttria.write_structures(inputs.structures, tmp_path / "s.seg.nrrd")
    declared: dict[str, Any] = {
        "activity": tmp_path / "a.nrrd",
        "structures": tmp_path / "s.seg.nrrd",
        "scan_delay_h": 2,
    }
    by_file = dose_case(Case(**declared, structures_transform=tmp_path / "registration.txt", sub_voxel_mm=3.5))
    by_hand = CaseInputs(
        activity=inputs.activity, structures=[s.transformed(shift, source="by hand") for s in inputs.structures]
    )
    moved = dose_case(Case(**declared, sub_voxel_mm=3.5), by_hand)
    unmoved = dose_case(Case(**declared, sub_voxel_mm=3.5), inputs)
    assert by_file.rows == moved.rows != unmoved.rows
    assert moved.rows == [row.as_dict() for row in moved.result.table(by_hand.structures, sub_voxel_mm=3.5)]
    for dosed, source in ((by_file, "registration.txt"), (moved, "by hand")):
        stated = summary(dosed.result, dosed.rows)["provenance"]["evaluation"]
        assert (stated["sub_voxel_mm"], tuple(stated["subvoxel_counts"])) == (3.5, (4, 2, 4))
        assert [s["structure"] for s in stated["structures"]] == [s.name for s in inputs.structures]
        assert {(str(s["transform_lps"]), s["transform_source"]) for s in stated["structures"]} == {
            (str(shift.tolist()), source)
        }
    (tmp_path / "registration.txt").write_text("1 0 0 4")
    with pytest.raises(FileFormatError, match=r"registration.txt: must hold a 4 x 4 matrix"):
        dose_case(Case(**declared, structures_transform=tmp_path / "registration.txt"))


def test_a_structure_outside_the_image_is_an_error_advisory(inputs: CaseInputs) -> None:
    case = Case(**ABSOLUTE)
    assert "structure_outside_image" not in {a.code for a in dose_case(case, inputs).result.advisories}
    away = np.eye(4)
    away[0, 3] = 1e4
    structures = [inputs.structures[0], inputs.structures[1].transformed(away)]
    dosed = dose_case(case, CaseInputs(activity=inputs.activity, structures=structures))
    (advisory,) = (a for a in dosed.result.advisories if a.code == "structure_outside_image")
    assert (advisory.value, dosed.rows[1]["volume_ml"], dosed.rows[1]["mean_gy"]) == (1.0, 0.0, None)
    assert advisory.message.startswith(f"'{structures[1].name}': 100.0 % of its volume")
    assert (advisory.severity, advisory.limit) == ("error", 0.01)
