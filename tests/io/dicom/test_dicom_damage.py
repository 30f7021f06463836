"""Broken DICOM: only errors of yttria, in bounded time and memory, for any bytes."""

from __future__ import annotations

import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("highdicom")

import pydicom
from dicom_samples import write_seg, write_series, write_spect
from image_samples import affine, values
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless

from yttria import read_image, read_structures
from yttria.errors import FileFormatError, YttriaError
from yttria.io import dicom

MIB = 2**20


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One sound file of each kind; the PET slice has a neighbor."""
    folder = tmp_path_factory.mktemp("sound")
    write_series(folder / "pet", values(shape=(2, 5, 7)), affine("oblique"))
    mask = np.zeros((2, 5, 7), bool)
    mask[:, 1:3, 2:5] = True
    write_seg(folder / "seg.dcm", {"Liver": mask, "Tumor": mask}, folder / "pet")
    write_spect(folder / "nm.dcm", values(), affine("plain"), mapping=(2.0, 0.0, "Bq/ml"))
    first, second = sorted((folder / "pet").iterdir())
    return {"pet": first, "neighbor": second, "seg": folder / "seg.dcm", "nm": folder / "nm.dcm"}


@pytest.fixture
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 * MIB


def read(path: Path, neighbor: Path) -> None:
    """Read a file with every reader. Only errors of yttria may be raised."""
    ways: tuple[Callable[[], object], ...] = (
        lambda: dicom.read_image([path, neighbor]),
        lambda: read_image(path),
        lambda: read_structures(path),
        lambda: dicom.activity_timing([path, neighbor]),
        lambda: dicom.inspect([path, neighbor]),
    )
    for way in ways:
        with suppress(YttriaError):
            way()


@pytest.mark.claim("broken_dicom")
@pytest.mark.parametrize("kind", ["pet", "seg", "nm"])
def test_files_with_flipped_bits_are_read_or_refused(sound: dict[str, Path], tmp_path: Path, kind: str) -> None:
    original, path, generator = sound[kind].read_bytes(), tmp_path / "x.dcm", random.Random(5)
    for _ in range(60):
        damaged = bytearray(original)
        for _ in range(generator.choice((1, 1, 4, 30))):
            damaged[generator.randrange(132, len(damaged))] ^= 1 << generator.randrange(8)
        path.write_bytes(damaged)
        read(path, sound["neighbor"])


@pytest.mark.claim("broken_dicom")
@pytest.mark.parametrize("kind", ["pet", "seg", "nm"])
def test_files_cut_short_anywhere_are_read_or_refused(sound: dict[str, Path], tmp_path: Path, kind: str) -> None:
    original, path = sound[kind].read_bytes(), tmp_path / "x.dcm"
    for length in range(0, len(original), max(1, len(original) // 40)):
        path.write_bytes(original[:length])
        for way in (read_image, read_structures):
            with pytest.raises(YttriaError):
                way(path)


def test_pixel_data_cut_short_by_one_byte_are_refused(sound: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "x.dcm"
    path.write_bytes(sound["nm"].read_bytes()[:-1])
    with pytest.raises(FileFormatError, match="are promised"):
        read_image(path)


@pytest.mark.claim("broken_dicom")
@pytest.mark.parametrize("defined", [True, False], ids=["lengths stated", "lengths open"])
def test_deeply_nested_sequences_are_skipped_or_refused(sound: dict[str, Path], tmp_path: Path, defined: bool) -> None:
    nested = b""
    for _ in range(3000):
        tag = struct.pack("<HH2sH", 0x0054, 0x0016, b"SQ", 0)
        if defined:
            item = struct.pack("<HHI", 0xFFFE, 0xE000, len(nested)) + nested
            nested = tag + struct.pack("<I", len(item)) + item
        else:
            nested = tag + struct.pack("<IHHI", 0xFFFFFFFF, 0xFFFE, 0xE000, 0xFFFFFFFF) + nested
    original = sound["nm"].read_bytes()
    at = original.index(struct.pack("<HH", 0x0054, 0x0022))
    path = tmp_path / "x.dcm"
    path.write_bytes(original[:at] + nested + original[at:])
    if defined:
        # The sequence is skipped by its length.
        assert read_image(path).shape == (4, 5, 7)
    else:
        with pytest.raises(FileFormatError, match="recursion"):
            read_image(path)
    read(path, sound["neighbor"])


@pytest.mark.claim("broken_dicom")
@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("kind", ["pet", "nm"])
def test_two_to_the_31_rows_are_refused(sound: dict[str, Path], tmp_path: Path, kind: str) -> None:
    dataset = pydicom.dcmread(sound[kind])
    for keyword in ("Rows", "Columns"):
        dataset[keyword] = pydicom.DataElement(keyword, "UL", 2**31)
    dataset.save_as(tmp_path / "x.dcm")
    with pytest.raises(FileFormatError, match=r"Rows \(0028,0010\) must be a whole number within \[1, 65535\]"):
        dicom.read_image([tmp_path / "x.dcm", tmp_path / "x.dcm"] if kind == "pet" else tmp_path / "x.dcm")


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("kind", ["pet", "nm"])
def test_the_most_rows_of_a_header_are_refused_without_pixel_data(
    sound: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """65535 x 65535 in a file of a kilobyte; refused before anything is allocated."""
    dataset = pydicom.dcmread(sound[kind])
    dataset.Rows = dataset.Columns = 65535
    dataset.NumberOfSlices = 1
    for name, compressed in (("plain.dcm", False), ("rle.dcm", True)):
        if compressed:
            dataset.PixelData = encapsulate([dataset.PixelData])
            dataset["PixelData"].is_undefined_length = True
            dataset.file_meta.TransferSyntaxUID = RLELossless
        dataset.save_as(tmp_path / name)
        with pytest.raises(YttriaError, match=r"promised|cannot hold|2\^33"):
            dicom.read_image(tmp_path / name)


@pytest.mark.claim("broken_dicom")
@pytest.mark.usefixtures("little_memory")
def test_a_deflated_file_is_not_inflated(sound: dict[str, Path], tmp_path: Path) -> None:
    meta = pydicom.dcmread(sound["pet"]).file_meta
    meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    path = tmp_path / "x.dcm"
    with path.open("wb") as file:
        file.write(bytes(128) + b"DICM")
        pydicom.filewriter.write_file_meta_info(file, meta)
        squeeze = zlib.compressobj(wbits=-15)
        for _ in range(256):
            file.write(squeeze.compress(bytes(MIB)))
        file.write(squeeze.flush())
    for way in (read_image, read_structures, dicom.dataset.read_dataset):
        with pytest.raises(FileFormatError, match="deflated transfer syntax is not supported"):
            way(path)
    assert "deflated" in dicom.inspect(path).damaged[0]


@pytest.mark.claim("broken_dicom")
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PixelSpacing", ["nan", "nan"]),
        ("ImagePositionPatient", ["nan", "0", "0"]),
        ("ImageOrientationPatient", ["1", "0", "0", "0", "inf", "0"]),
        ("RescaleSlope", "nan"),
        ("RescaleIntercept", "1e400"),
        ("PixelSpacing", ["-1", "1"]),
        ("PixelSpacing", ["1e-320", "1e308"]),
        ("ImagePositionPatient", ["1e308", "-1e308", "1e308"]),
    ],
)
def test_impossible_numbers_of_a_header_are_refused(tmp_path: Path, keyword: str, value: object) -> None:
    def change(dataset: Dataset, k: int) -> None:
        # Without the checks of pydicom, as another program may write it.
        text = "\\".join(value) if isinstance(value, list) else str(value)
        dataset[keyword] = pydicom.DataElement(keyword, "LO", text)

    write_series(tmp_path, values(), affine("plain"), change=change)
    with pytest.raises(YttriaError, match=f"{tmp_path.name}"):
        read_image(tmp_path)


def test_a_value_of_another_type_than_its_tag_is_refused(sound: dict[str, Path], tmp_path: Path) -> None:
    """A sequence replaces a number, and a text replaces a sequence."""
    for keyword, vr, value, way in (
        ("Rows", "SQ", [Dataset()], dicom.read_image),
        ("ImagePositionPatient", "SQ", [Dataset()], dicom.read_image),
        ("RadiopharmaceuticalInformationSequence", "LO", "none", dicom.activity_timing),
        ("Units", "US", 7, dicom.read_image),
        ("SeriesInstanceUID", "SQ", [], dicom.read_image),
        ("Modality", "OB", b"\xff\xfe", dicom.read_image),
    ):
        dataset = pydicom.dcmread(sound["pet"])
        dataset[keyword] = pydicom.DataElement(keyword, vr, value)
        dataset.save_as(tmp_path / "x.dcm")
        read(tmp_path / "x.dcm", sound["neighbor"])
        with pytest.raises(YttriaError):
            way([tmp_path / "x.dcm", sound["neighbor"]])
