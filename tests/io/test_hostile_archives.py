"""Small files that claim to be large: refused at once, in little memory, by the readers of NRRD and NIfTI."""

from __future__ import annotations

import bz2
import gzip
import struct
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from image_samples import nrrd_file

from yttria import read_image
from yttria.errors import FileFormatError

MIB = 2**20


@pytest.fixture(autouse=True)
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Twice the largest piece that a reader may take.
    assert peak < 64 * MIB


def zeros(count: int) -> bytes:
    """Gzip of so many zeros: pieces that were compressed once, one after the other."""
    return gzip.compress(bytes(MIB)) * (count // MIB)


@pytest.mark.claim("broken_dicom")
def test_a_nifti_extension_of_a_gigabyte_is_refused(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    header = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), np.eye(4)).header
    header["vox_offset"] = 1e9
    block = header.binaryblock + b"\1\0\0\0" + struct.pack("<ii", 999_999_648, 6)
    (tmp_path / "x.nii.gz").write_bytes(gzip.compress(block) + zeros(960 * MIB))
    with pytest.raises(FileFormatError, match="values must begin within"):
        read_image(tmp_path / "x.nii.gz", unit="HU")


def test_nifti_values_beyond_the_limit_of_compression_are_refused(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    header = nibabel.Nifti1Image(np.zeros((3, 4, 5), np.float32), np.eye(4)).header
    header["dim"][1:4] = 2000
    (tmp_path / "x.nii.gz").write_bytes(gzip.compress(header.binaryblock + bytes(300)))
    with pytest.raises(FileFormatError, match="cannot hold"):
        read_image(tmp_path / "x.nii.gz", unit="HU")


@pytest.mark.parametrize("encoding", ["gzip", "bzip2", "raw"])
def test_nrrd_values_beyond_the_size_of_the_file_are_refused(tmp_path: Path, encoding: str) -> None:
    payload = {"gzip": gzip.compress(b"\0"), "bzip2": bz2.compress(b"\0"), "raw": b"\0"}[encoding]
    path = nrrd_file(tmp_path / "x.nrrd", payload, encoding=encoding, sizes="2000 2000 2000")
    with pytest.raises(FileFormatError, match="cannot hold"):
        read_image(path, unit="HU")


def test_nrrd_that_skips_a_gigabyte_is_refused(tmp_path: Path) -> None:
    path = nrrd_file(tmp_path / "x.nrrd", zeros(256 * MIB), encoding="gzip", byte_skip=str(10**12))
    with pytest.raises(FileFormatError, match="fewer bytes than the header states to skip"):
        read_image(path, unit="HU")


def test_nrrd_that_skips_more_lines_than_there_are_is_refused(tmp_path: Path) -> None:
    path = nrrd_file(tmp_path / "x.nrrd", line_skip=str(10**18))
    with pytest.raises(FileFormatError, match="fewer lines than the header states to skip"):
        read_image(path, unit="HU")


@pytest.mark.claim("broken_dicom")
def test_nrrd_followed_by_a_gigabyte_is_refused(tmp_path: Path) -> None:
    values = gzip.compress(bytes(4 * 140))
    path = nrrd_file(tmp_path / "x.nrrd", values + zeros(1024 * MIB), encoding="gzip")
    with pytest.raises(FileFormatError, match="there are more"):
        read_image(path, unit="HU")
