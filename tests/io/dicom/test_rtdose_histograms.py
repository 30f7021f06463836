"""Histograms of regions in an RTDOSE, with its content, refusals, and the check by another program."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import affine, values

pytest.importorskip("highdicom")
import pydicom
from dicom_samples import write_seg, write_series

from yttria import Image, Structure
from yttria.errors import ArgumentError, FileFormatError, UnknownNameError
from yttria.evaluation import DoseVolumeHistogram, dose_volume_histograms
from yttria.io.dicom import read_rtstruct, write_rtdose, write_rtstruct
from yttria.io.dicom.rtdose_histograms import _step


@pytest.fixture
def pet(tmp_path: Path) -> Path:
    return write_series(tmp_path / "pet", values() * 1e4, affine("plain"))


@pytest.fixture
def structure_set(tmp_path: Path, pet: Path) -> Path:
    mask = values() > 40
    parts = [Structure("Liver", mask, affine("plain")), Structure("Tumor", values() > 80, affine("plain"))]
    return write_rtstruct(parts, tmp_path / "rs.dcm", reference=pet).path


def histograms(structure_set: Path) -> dict[str, DoseVolumeHistogram]:
    dose = Image(values(), affine("plain"), "Gy")
    inside = {
        each.name: each.voxel_fractions_on((dose.shape, dose.affine_lps)) for each in read_rtstruct(structure_set)
    }
    return dose_volume_histograms(dose.array, inside, voxel_volume_ml=dose.voxel_volume_ml)


def written(folder: Path, pet: Path, structure_set: Path) -> pydicom.Dataset:
    dose = Image(values(), affine("plain"), "Gy")
    of_regions = {"histograms": histograms(structure_set), "structure_set": structure_set}
    return pydicom.dcmread(write_rtdose(dose, folder / "dose.dcm", reference=pet, **of_regions).path)


@pytest.mark.claim("rtdose_histograms")
def test_the_curve_is_that_of_the_histogram(tmp_path: Path, pet: Path, structure_set: Path) -> None:
    dataset = written(tmp_path, pet, structure_set)
    header = pydicom.dcmread(structure_set)
    assert dataset.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID == header.SOPInstanceUID
    numbers = {region.ROIName: region.ROINumber for region in header.StructureSetROISequence}
    found = {item.DVHReferencedROISequence[0].ReferencedROINumber: item for item in dataset.DVHSequence}
    for name, histogram in histograms(structure_set).items():
        item = found[numbers[name]]
        widths, volumes = (np.array([float(x) for x in item.DVHData[start::2]]) for start in (0, 1))
        assert item.DVHNumberOfBins == len(widths) == len(volumes) <= 1002
        begins = np.concatenate([[0.0], np.cumsum(widths)[:-1]])
        np.testing.assert_allclose(volumes, histogram.curve(doses_gy=begins)[1], rtol=1e-7, atol=1e-9)
        assert volumes[0] == pytest.approx(histogram.volume_ml)
        assert volumes[-1] == 0.0
        assert float(item.DVHMeanDose) == pytest.approx(histogram.mean_gy)


def test_a_region_that_is_not_in_the_structure_set_is_refused(tmp_path: Path, pet: Path, structure_set: Path) -> None:
    dose = Image(values(), affine("plain"), "Gy")
    found = {"Spleen": histograms(structure_set)["Liver"]}
    with pytest.raises(UnknownNameError, match="got 'Spleen'"):
        write_rtdose(dose, tmp_path / "d.dcm", reference=pet, histograms=found, structure_set=structure_set)
    with pytest.raises(ArgumentError, match="histograms of an RTDOSE belong to the regions of an RTSTRUCT"):
        write_rtdose(dose, tmp_path / "d.dcm", reference=pet, histograms=found)
    with pytest.raises(ArgumentError):
        write_rtdose(dose, tmp_path / "d.dcm", reference=pet, structure_set=structure_set)
    seg = write_seg(tmp_path / "seg.dcm", {"Spleen": values() > 40}, pet)
    with pytest.raises(FileFormatError, match="structure set must be an RTSTRUCT"):
        write_rtdose(dose, tmp_path / "d.dcm", reference=pet, histograms=found, structure_set=seg)
    assert not (tmp_path / "d.dcm").exists()


def test_files_without_histograms_are_as_before(tmp_path: Path, pet: Path) -> None:
    dataset = pydicom.dcmread(
        write_rtdose(Image(values(), affine("plain"), "Gy"), tmp_path / "d.dcm", reference=pet).path
    )
    assert "DVHSequence" not in dataset
    assert "ReferencedStructureSetSequence" not in dataset


@settings(max_examples=200)
@given(st.floats(1e-9, 1e9))
def test_at_most_1000_steps_reach_the_maximum(maximum_gy: float) -> None:
    step = _step(maximum_gy)
    assert step * 1000 >= maximum_gy * (1 - 1e-9)
    assert maximum_gy < 1e-6 or step <= maximum_gy / 1000 * 2.5 * (1 + 1e-9)


@pytest.mark.claim("rtdose_histograms")
@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_dciodvfy_finds_no_error(tmp_path: Path, pet: Path, structure_set: Path) -> None:
    dataset = written(tmp_path, pet, structure_set)
    # It aborts on any file with pixels of 32 bits.
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelData = bytes(len(dataset.PixelData) // 2)
    dataset["PixelData"].VR = "OW"

    def output() -> str:
        pydicom.dcmwrite(tmp_path / "sixteen.dcm", dataset)
        done = subprocess.run(["dciodvfy", "-new", str(tmp_path / "sixteen.dcm")], capture_output=True, text=True)
        return done.stdout + done.stderr

    assert "Error" not in output()
    # A missing element is an error, so that the program has checked the file.
    del dataset.DVHSequence[0].DVHDoseScaling
    assert "DVHDoseScaling" in output()
