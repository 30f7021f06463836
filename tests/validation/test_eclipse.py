"""A prostate phantom of Eclipse 8.1: structures and dose with the system's own mean doses (SlicerRT's test data)."""

from __future__ import annotations

from pathlib import Path

import pytest
from measured_figures import Measured

pytest.importorskip("pydicom")

from yttria import read_image, read_structures
from yttria.evaluation.inside_voxels import inside_voxels
from yttria.geometry.sub_voxel import subvoxel_counts
from yttria.io.dicom import read_rtstruct

SUB_VOXEL_MM = 1.25
STRUCTURES = "RS.1.2.246.352.71.4.2088656855.2404649.20110920153449.dcm"
#: Gy, as Eclipse exported them.
MEANS = {"Bladder": 45.895, "PTV": 45.880, "Femoral Head Lt": 25.021, "Femoral Head RT": 25.834}
BODY, RECTUM = 15.59, 39.113


def means(folder: Path, end_caps: str, *names: str) -> dict[str, float]:
    dose = read_image(folder / "EclipseProstate_Dose.nrrd", unit="Gy")
    parts = subvoxel_counts(dose.voxel_size_mm, SUB_VOXEL_MM)
    found = {}
    for structure in read_rtstruct(folder / STRUCTURES, names, end_caps=end_caps):
        histogram = inside_voxels(dose.array, dose.affine_lps, structure, parts).histogram
        assert histogram is not None
        found[structure.name] = histogram.mean_gy
    return found


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    found = shared_data / "eclipse_dvh"
    if not (found / STRUCTURES).is_file():
        pytest.skip("the Eclipse phantom is not there")
    return found


@pytest.mark.claim("eclipse_means")
def test_mean_doses_are_those_of_eclipse(folder: Path, measured: Measured) -> None:
    for name, mean in means(folder, "half_slice", *MEANS).items():
        measured(name, 100 * (mean / MEANS[name] - 1), "%", signed=True)
        assert mean == pytest.approx(MEANS[name], rel=1e-3)


@pytest.mark.claim("eclipse_means")
def test_eclipse_ends_large_structures_in_their_last_contour(folder: Path, measured: Measured) -> None:
    """The dose of body and rectum falls steeply beyond their last contours: there the end caps decide."""
    without = means(folder, "none", "BODY", "Rectum", *MEANS)
    measured("body without end caps", 100 * (without["BODY"] / BODY - 1), "%", signed=True)
    assert without["BODY"] == pytest.approx(BODY, rel=1e-3)
    for name in MEANS:
        assert without[name] == pytest.approx(MEANS[name], rel=1e-3)
    # Between both, each 0.15 % off.
    half = means(folder, "half_slice", "Rectum")["Rectum"]
    assert half < RECTUM < without["Rectum"]
    assert half == pytest.approx(RECTUM, rel=2e-3)
    assert without["Rectum"] == pytest.approx(RECTUM, rel=2e-3)


def test_structures_without_contours_are_empty_and_can_be_left_out(folder: Path) -> None:
    found = read_structures(folder / STRUCTURES, exclude=["body", "x*", "opt*", "vessels*", "ctv", "pros"])
    assert {s.name for s in found} == {*MEANS, "Rectum"}
    assert not any(s.advisories for s in found)
