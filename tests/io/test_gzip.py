"""Compressed values with zlib-ng and without: the same values, and damage is found by both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from yttria import Image, read_image, write_image
from yttria.errors import FileFormatError
from yttria.io import _gzip

FORMATS = [("x.nii.gz", "nibabel"), ("x.nrrd", "nrrd")]


@pytest.fixture(params=["zlib-ng", "standard library"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "zlib-ng":
        pytest.importorskip("zlib_ng")
    else:
        monkeypatch.setattr(_gzip, "_zlib_ng", lambda: None)
    return str(request.param)


def image() -> Image:
    values = np.random.default_rng(3).normal(50.0, 20.0, (17, 70, 61)).astype(np.float32)
    values[:, :30] = 0.0
    return Image(values, np.diag([2.0, 3.0, 4.0, 1.0]), "Bq/mL")


@pytest.mark.parametrize(("name", "module"), FORMATS)
def test_a_round_trip_keeps_every_bit(tmp_path: Path, library: str, name: str, module: str) -> None:
    pytest.importorskip(module)
    written = image()
    write_image(written, tmp_path / name)
    np.testing.assert_array_equal(read_image(tmp_path / name).array, written.array)
    first = (tmp_path / name).read_bytes()
    write_image(written, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first


@pytest.mark.parametrize(("name", "module"), FORMATS)
def test_a_wrong_sum_is_found(tmp_path: Path, library: str, name: str, module: str) -> None:
    pytest.importorskip(module)
    write_image(image(), tmp_path / name)
    content = bytearray((tmp_path / name).read_bytes())
    content[-6] ^= 1  # within the sum at the end
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileFormatError, match=name):
        read_image(tmp_path / name)


def test_values_that_go_on_without_end_are_refused(tmp_path: Path, library: str) -> None:
    pytest.importorskip("nibabel")
    write_image(image(), tmp_path / "x.nii")
    with (tmp_path / "x.nii.gz").open("wb") as file, _gzip.writer(file) as stream:
        stream.write((tmp_path / "x.nii").read_bytes() + bytes(8 << 20))
    with pytest.raises(FileFormatError, match="goes on"):
        read_image(tmp_path / "x.nii.gz")


def test_a_header_cannot_promise_more_than_its_file_may_hold(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.float64)
    header.set_data_shape((2000, 2000, 2000))
    (tmp_path / "x.nii").write_bytes(header.binaryblock + bytes(1000))
    with pytest.raises(FileFormatError, match="cannot hold"):
        read_image(tmp_path / "x.nii", unit="1")
