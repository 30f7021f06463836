"""The analytic DVH set of Nelms et al., Med Phys 2015;42:4435: shapes in linear gradients, every case in the folder."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest
from measured_figures import Measured

from conftest import SHARED_DATA
from yttria import DoseResult, Image, Structure, read_image, read_structures

pytest.importorskip("pydicom")

FOLDER = SHARED_DATA / "nelms_dvh"
GRADIENTS = {"AP": "AntPost", "SI": "SupInf"}
SUB_VOXEL_MM = 0.5
#: Volume; mean; D95 and D5; D99 and D1: relative, by contour spacing and dose grid in mm (the coarser of the two).
LIMITS = {1: (0.005, 0.005, 0.010, 0.02), 2: (0.010, 0.005, 0.015, 0.03), 3: (0.020, 0.005, 0.030, 0.05)}
#: Quantities that docs/validation/geometry.md shows.
LABELS = {"volume_ml": "volume", "mean_gy": "mean", "d95_gy": "D95", "d5_gy": "D5", "d99_gy": "D99", "d1_gy": "D1"}
COLUMNS = {
    "volume_ml": "volume_ml",
    "mean_gy": "Dmean_gy",
    "d95_gy": "D95_gy",
    "d5_gy": "D5_gy",
    "d99_gy": "D99_gy",
    "d1_gy": "D1_gy",
    "d0.03ml_gy": "D0.03cc_gy",
    "minimum_gy": "Dmin_gy",
    "maximum_gy": "Dmax_gy",
}


def cases() -> list[dict[str, str]]:
    if not (FOLDER / "analytic.csv").is_file():
        return []
    with (FOLDER / "analytic.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def dose(path: Path) -> Image:
    return read_image(path)


@cache
def structure(path: Path) -> Structure:
    # If a file has another region, it is a point of interest.
    (drawn,) = (structure for structure in read_structures(path) if structure.volume_ml > 0)
    return drawn


def relative_errors(case: dict[str, str], sub_voxel_mm: float | None = SUB_VOXEL_MM) -> dict[str, float]:
    """Relative differences of a case's table from the analytic set, with the keys of the table."""
    name = f"Linear_{GRADIENTS[case['gradient']]}_{case['dose_grid_mm']}mm_Aligned.dcm"
    result = DoseResult(image=dose(FOLDER / "DOSE" / name), provenance=None, advisories=(), activity_in_field_mbq=None)  # type: ignore[arg-type]
    (row,) = result.table([structure(FOLDER / "STRUCT" / f"{case['structure']}.dcm")], sub_voxel_mm=sub_voxel_mm)
    return {key: row.as_dict()[key] / float(case[column]) - 1 for key, column in COLUMNS.items()}


def spacing(case: dict[str, str]) -> int:
    return max(1, round(max(float(case["contour_spacing_mm"]), float(case["dose_grid_mm"]))))


def named(case: dict[str, str]) -> str:
    return f"{case['structure']}-{case['dose_grid_mm']}mm-{case['gradient']}"


@pytest.mark.claim("nelms")
@pytest.mark.parametrize("case", cases(), ids=named)
def test_every_case_of_the_analytic_set_is_within_its_limits(case: dict[str, str], measured: Measured) -> None:
    error = relative_errors(case)
    volume, mean, d95, d99 = LIMITS[spacing(case)]
    limits = {"volume_ml": volume, "mean_gy": mean, "d95_gy": d95, "d5_gy": d95, "d99_gy": d99, "d1_gy": d99}
    for key, label in LABELS.items():
        measured(f"{label}, {spacing(case)} mm", 100 * error[key], "%")
    for key, limit in limits.items():
        assert abs(error[key]) <= limit, f"{key}: {error[key]:+.3%}"
    # Nothing asked for these; the hottest 0.03 mL is a tenth of a millimeter of a shape's end.
    assert abs(error["d0.03ml_gy"]) <= 0.01
    assert abs(error["maximum_gy"]) <= 0.02


def test_voxel_means_alone_exceed_the_limits(shared_data: Path) -> None:
    worst = max(abs(relative_errors(case, None)["d99_gy"]) for case in cases())
    assert worst > 0.05
