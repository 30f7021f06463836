"""DICOM data sets stored without preamble and file meta information, as radiotherapy systems export them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("highdicom")

import pydicom
from contour_samples import box
from dicom_samples import write_seg, write_series
from hypothesis import given
from hypothesis import strategies as st
from image_samples import affine, values

from yttria import ContourStructure, read_image, read_structures
from yttria.errors import YttriaError
from yttria.io.dicom import inspect, is_dicom, write_rtstruct
from yttria.io.dicom.dataset import _is_bare

#: mL, of the regions with a volume.
VOLUMES = {
    "example_structures.dcm": {
        "ANT Box": 215.74,
        "Number4": 0.23,
        "Number2": 0.24,
        "Number1": 0.31,
        "Number3": 0.31,
    },
    "box-with-overlapping-patient-and-target.dcm": {"patient": 25494.53, "tumor": 2512.59},
    "rtstruct.dcm": {"patient": 3598.936},
}


def stripped(path: Path, *, implicit: bool) -> Path:
    """The file's data set alone."""
    dataset = pydicom.dcmread(path)
    dataset.walk(lambda _, element: None)
    with path.open("wb") as file:
        buffer = pydicom.filebase.DicomFileLike(file)
        buffer.is_little_endian, buffer.is_implicit_VR = True, implicit
        pydicom.filewriter.write_dataset(buffer, dataset)
    return path


@pytest.mark.parametrize("implicit", [True, False])
def test_a_data_set_alone_is_read_as_the_file_was(tmp_path: Path, implicit: bool) -> None:
    ct = write_series(tmp_path / "ct", values(), affine("plain"), "CT")
    mask = values() > 40
    seg = write_seg(tmp_path / "seg.dcm", {"Liver": mask}, ct)
    solid = ContourStructure("solid", [box((0, 10), (0, 20), z) for z in (0.0, 3, 6)])
    write_rtstruct([solid], tmp_path / "rs.dcm", reference=None)
    paths = (seg, tmp_path / "rs.dcm")
    expected = read_image(ct), *(read_structures(path)[0] for path in paths)
    for path in (*ct.iterdir(), *paths):
        assert not _is_bare(path.read_bytes())
        stripped(path, implicit=implicit)
        assert b"DICM" not in path.read_bytes()[:200]
        assert is_dicom(path)
    found = read_image(ct), *(read_structures(path)[0] for path in paths)
    np.testing.assert_array_equal(found[0].array, expected[0].array)
    np.testing.assert_array_equal(found[1].mask, expected[1].mask)
    assert found[2].volume_ml == expected[2].volume_ml
    report = inspect(tmp_path)
    assert sorted(s.modality for s in report.series) == ["CT", "RTSTRUCT", "SEG"]
    assert report.other_file_count == 0


def test_a_file_may_begin_with_its_meta_information(tmp_path: Path) -> None:
    """The second element is the version of the meta information, and it states its length in four bytes."""
    ct = write_series(tmp_path / "ct", values(), affine("plain"), "CT")
    path = write_seg(tmp_path / "seg.dcm", {"Liver": values() > 40}, ct)
    expected = read_structures(path)[0]
    path.write_bytes(path.read_bytes()[132:])
    assert path.read_bytes()[12:18] == b"\x02\0\x01\0OB"
    assert is_dicom(path)
    np.testing.assert_array_equal(read_structures(path)[0].mask, expected.mask)


@pytest.mark.claim("bare_files")
def test_structure_sets_of_other_systems_have_their_volumes(shared_data: Path) -> None:
    folder = shared_data / "failing" / "04_no_part10_header"
    for name, volumes in VOLUMES.items():
        found = {s.name: s.volume_ml for s in read_structures(folder / name) if s.volume_ml > 0}
        assert found == pytest.approx(volumes, abs=0.006)
    assert read_image(folder / "ct").shape == (5, 5, 5)


@given(st.binary(max_size=600))
def test_bytes_that_are_no_data_set_are_refused(data: bytes) -> None:
    assert not _is_bare(b"NRRD0004\n" + data)
    assert not _is_bare(b"PK\x03\x04" + data)
    assert not _is_bare(b"\x08\x00" + b"\xff" * 20 + data)


def test_a_data_set_cut_short_gives_its_contours_or_an_error_of_yttria(tmp_path: Path) -> None:
    solid = ContourStructure("solid", [box((0, 10), (0, 20), z) for z in (0.0, 3, 6)])
    write_rtstruct([solid], tmp_path / "rs.dcm", reference=None)
    data = stripped(tmp_path / "rs.dcm", implicit=True).read_bytes()
    for length in range(0, len(data) - 2, 97):
        (tmp_path / "rs.dcm").write_bytes(data[:length])
        try:
            (found,) = read_structures(tmp_path / "rs.dcm")
        except YttriaError:
            continue
        # Only elements behind the contours are missing.
        assert found.volume_ml == pytest.approx(solid.volume_ml)
        assert length > 0.9 * len(data)
