"""NRRD images: round trips, files of other programs, and damaged files."""

from __future__ import annotations

import bz2
import gzip
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import KINDS, NRRD_HEADER, SIZE, affine, nrrd_file, values

from yttria import Image, read_image, write_image
from yttria.errors import DTypeError, FileFormatError, GeometryError, MissingExtraError, UnitError, YttriaError


@pytest.mark.parametrize("name", ["dose.nrrd", "dose.nhdr", "Dose.NRRD"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u1", ">f4", "<i8"])
def test_a_written_image_is_read_back_bit_for_bit(tmp_path: Path, name: str, kind: str, dtype: str) -> None:
    image = Image(values(dtype), affine(kind), "Gy")
    write_image(image, tmp_path / name)
    read = read_image(tmp_path / name)
    np.testing.assert_array_equal(read.array, image.array)
    assert read.array.dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(read.affine_lps, image.affine_lps)
    assert read.unit == "Gy"


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), st.lists(st.floats(0.01, 100), min_size=3, max_size=3))
@settings(max_examples=30)
def test_every_bit_of_an_affine_survives(
    tmp_path_factory: pytest.TempPathFactory, origin: list[float], size: list[float]
) -> None:
    matrix = affine("oblique")
    matrix[:3, :3] *= np.array(size) / 3
    matrix[:3, 3] = origin
    path = tmp_path_factory.mktemp("nrrd") / "x.nrrd"
    write_image(Image(values(), matrix, "1"), path)
    np.testing.assert_array_equal(read_image(path).affine_lps, matrix)


@pytest.mark.parametrize("view", ["fortran", "reversed", "strided"])
def test_any_memory_order_is_written_as_it_reads(tmp_path: Path, view: str) -> None:
    base = values(shape=(8, 10, 14))
    array = {"fortran": np.asfortranarray(base), "reversed": base[::-1, :, ::-1], "strided": base[::2, 1::3, ::4]}[view]
    write_image(Image(array, affine("plain"), "Gy"), tmp_path / "x.nrrd")
    np.testing.assert_array_equal(read_image(tmp_path / "x.nrrd").array, array)


@pytest.mark.parametrize("kind", KINDS)
def test_positions_are_those_of_simpleitk(tmp_path: Path, kind: str) -> None:
    write_image(Image(values(), affine(kind), "Gy"), tmp_path / "x.nrrd")
    image = SimpleITK.ReadImage(tmp_path / "x.nrrd")
    np.testing.assert_allclose(image.GetSpacing(), SIZE)
    np.testing.assert_allclose(image.TransformIndexToPhysicalPoint((6, 2, 3)), (affine(kind) @ (6, 2, 3, 1))[:3])
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), values())
    SimpleITK.WriteImage(image, tmp_path / "y.nrrd")
    # ITK keeps the key/value pair that holds the unit.
    np.testing.assert_allclose(read_image(tmp_path / "y.nrrd").affine_lps, affine(kind), rtol=0, atol=1e-12)
    assert read_image(tmp_path / "y.nrrd").unit == "Gy"


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def _text(data: bytes) -> bytes:
    return "\n".join(repr(float(x)) for x in np.frombuffer(data, "<f4")).encode()


@pytest.mark.parametrize(
    ("encoding", "encode"), [("raw", bytes), ("gzip", _gzip), ("gz", _gzip), ("bzip2", bz2.compress), ("ascii", _text)]
)
def test_every_encoding_is_read(tmp_path: Path, encoding: str, encode: Callable[[bytes], bytes]) -> None:
    path = nrrd_file(tmp_path / "x.nrrd", encode(values("<f4").tobytes()), encoding=encoding)
    read = read_image(path, unit="counts")
    np.testing.assert_array_equal(read.array, values("<f4"))
    np.testing.assert_array_equal(read.affine_lps, affine("flipped"))


@pytest.mark.parametrize("dtype", ["i2", "f4", "f8"])
def test_big_endian_is_read_into_native_order(tmp_path: Path, dtype: str) -> None:
    kind = {"i2": "short", "f4": "float", "f8": "double"}[dtype]
    path = nrrd_file(tmp_path / "x.nrrd", values(f">{dtype}").tobytes(), type=kind, endian="big")
    read = read_image(path, unit="counts")
    np.testing.assert_array_equal(read.array, values(dtype))
    assert read.array.dtype.isnative


@pytest.mark.parametrize(
    ("space", "signs"),
    [("RAS", (-1, -1, 1)), ("right-anterior-superior", (-1, -1, 1)), ("LPS", (1, 1, 1)), ("LAS", (1, -1, 1))],
)
def test_other_patient_axes_are_turned(tmp_path: Path, space: str, signs: tuple[int, ...]) -> None:
    read = read_image(nrrd_file(tmp_path / "x.nrrd", space=space), unit="counts")
    np.testing.assert_array_equal(read.affine_lps, np.diag([*signs, 1]) @ affine("flipped"))


def test_skipped_lines_and_bytes_are_no_values(tmp_path: Path) -> None:
    data = values("<f4").tobytes()
    for n, (payload, changes) in enumerate(
        [
            (b"one\ntwo\nxyz" + data, {"line_skip": "2", "byte_skip": "3"}),
            (b"whatever" + data, {"byte_skip": "-1"}),
            (_gzip(b"xyz" + data), {"byte_skip": "3", "encoding": "gzip"}),
        ]
    ):
        read = read_image(nrrd_file(tmp_path / f"{n}.nrrd", payload, **changes), unit="1")  # type: ignore[arg-type]
        np.testing.assert_array_equal(read.array, values())


def test_a_unit_is_stated_or_given_and_never_guessed(tmp_path: Path) -> None:
    path = nrrd_file(tmp_path / "x.nrrd")
    with pytest.raises(UnitError, match=r"x\.nrrd: the file states no unit; pass unit= one of Bq/mL"):
        read_image(path)
    assert read_image(path, unit="HU").unit == "HU"
    path = nrrd_file(tmp_path / "x.nrrd", sample_units="parsnips")
    with pytest.raises(UnitError, match="states the unit 'parsnips', which is not a known one"):
        read_image(path)
    image = read_image(path, unit="Bq/mL")
    assert [(a.code, a.severity) for a in image.advisories] == [("unit_not_recognized", "warning")]
    assert "'parsnips'" in image.advisories[0].message
    path = nrrd_file(tmp_path / "x.nrrd", sample_units="kBq/mL")
    assert read_image(path).unit == "kBq/mL"
    with pytest.raises(UnitError, match="is in kBq/mL, not Bq/mL"):
        read_image(path, unit="Bq/mL")


@pytest.mark.parametrize("stated", ["Bq/ml", "BQML", "Bq/cc", "Bq/cm^3", "becquerel per milliliter", "Bq.mL-1"])
def test_a_unit_in_another_spelling_is_the_same_unit(tmp_path: Path, stated: str) -> None:
    path = nrrd_file(tmp_path / "x.nrrd", sample_units=stated)
    assert read_image(path).unit == read_image(path, unit="Bq/mL").unit == "Bq/mL"
    with pytest.raises(UnitError, match=r"the file is in Bq/mL .*, not kBq/mL"):
        read_image(path, unit="kBq/mL")


def test_a_multiple_of_a_unit_is_converted_and_reported(tmp_path: Path) -> None:
    path = nrrd_file(tmp_path / "x.nrrd", sample_units="cGy")
    image = read_image(path)
    np.testing.assert_allclose(image.array, values() * 0.01, rtol=1e-6)
    assert (image.unit, [a.code for a in image.advisories]) == ("Gy", ["unit_converted"])
    with pytest.raises(UnitError, match=r"in 'cGy', 0\.01 Gy, not in Gy"):
        read_image(path, unit="Gy")


def test_two_units_in_one_file_are_refused_unless_they_are_one(tmp_path: Path) -> None:
    path = nrrd_file(tmp_path / "x.nrrd", sample_units="Bq/ml")
    header, payload = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(header + b"\nyttria_unit:=kBq/mL\n\n" + payload)
    with pytest.raises(UnitError, match="states two units, 'kBq/mL' and 'Bq/ml'"):
        read_image(path, unit="Bq/mL")
    path.write_bytes(header + b"\nyttria_unit:=Bq/mL\n\n" + payload)
    assert read_image(path).unit == "Bq/mL"


@pytest.mark.parametrize(
    "changes",
    [
        {"space": None},
        {"space": "scanner-xyz"},
        {"space": None, "space_dimension": "3"},
        {"space_directions": None},
        {"space_origin": None},
        {"space_units": '"m" "m" "m"'},
        {"space_directions": "(1.5,0,0) (0,2.25,0) none"},
        {"space_directions": "(1.5,0,0) (0,2.25,0) (0,0,0)"},
        {"space_directions": "(1.5,0,0) (0.5,2.25,0) (0,0,3.5)"},
    ],
)
def test_a_file_without_a_position_is_refused(tmp_path: Path, changes: dict[str, str | None]) -> None:
    with pytest.raises(GeometryError):
        read_image(nrrd_file(tmp_path / "x.nrrd", **changes), unit="1")


@pytest.mark.parametrize(
    ("payload", "changes"),
    [
        (values("<f4").tobytes()[:-1], {}),
        (values("<f4").tobytes() + b"x", {}),
        (_gzip(values("<f4").tobytes())[:-9], {"encoding": "gzip"}),
        (_gzip(values("<f4").tobytes())[:60], {"encoding": "gzip"}),
        (_gzip(values("<f4").tobytes())[:-6] + b"123456", {"encoding": "gzip"}),
        (b"no gzip at all", {"encoding": "gzip"}),
        (bz2.compress(values("<f4").tobytes())[:-3], {"encoding": "bzip2"}),
        (_gzip(b"\0" * 100_000), {"encoding": "gzip"}),
        (b"1 2 3", {"encoding": "ascii"}),
        (b"1 2 three", {"encoding": "ascii"}),
        (b"", {"encoding": "hex"}),
        (b"", {"type": "block"}),
        (b"", {"endian": None}),
        (b"", {"sizes": "7 5"}),
        (b"", {"sizes": "7 -5 4"}),
        (b"", {"sizes": "7 5 0"}),
        (b"", {"sizes": "700000 500000 400000"}),
        (b"", {"sizes": "7 5 four"}),
        (b"", {"sizes": None}),
        (b"", {"dimension": "x"}),
        (b"", {"byte_skip": "-2"}),
        (b"", {"space_origin": "(1,2)"}),
        (b"", {"space_directions": "(1.5,0) (0,2.25) (0,0)"}),
        (b"", {"data_file": "LIST"}),
        (b"", {"data_file": "slice%03d.raw 1 4 1"}),
    ],
)
def test_a_damaged_file_is_an_error_that_names_it(tmp_path: Path, payload: bytes, changes: dict[str, str]) -> None:
    with pytest.raises(FileFormatError, match=r"x\.nrrd: "):
        read_image(nrrd_file(tmp_path / "x.nrrd", payload, **changes), unit="1")


@given(st.binary(max_size=300), st.booleans())
@settings(max_examples=100)
def test_any_bytes_are_an_error_of_yttria(tmp_path_factory: pytest.TempPathFactory, data: bytes, magic: bool) -> None:
    path = tmp_path_factory.mktemp("nrrd") / "x.nrrd"
    path.write_bytes(b"NRRD0004\n" + data if magic else data)
    with pytest.raises(YttriaError, match=r"x\.nrrd"):
        read_image(path, unit="1")


@given(st.sampled_from(list(NRRD_HEADER)), st.text("()-0123456789.,e none", max_size=20))
@settings(max_examples=100)
def test_any_header_is_an_image_or_an_error_that_names_the_file(
    tmp_path_factory: pytest.TempPathFactory, field: str, value: str
) -> None:
    path = nrrd_file(tmp_path_factory.mktemp("nrrd") / "x.nrrd", **{field: value})
    try:
        read_image(path, unit="1")
    except YttriaError as error:
        assert str(error).startswith(str(path))  # noqa: PT017


def test_files_of_other_formats_and_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "absent.nrrd", unit="1")
    with pytest.raises(FileFormatError, match=r"x\.tif: the name must end in \.nrrd, \.nhdr, \.nii, \.nii\.gz, \.mhd"):
        read_image(tmp_path / "x.tif", unit="1")
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        read_image(tmp_path / "nothere", unit="1")
    for dtype in (bool, np.float16):
        with pytest.raises(DTypeError, match="NRRD has no type for"):
            write_image(Image(values(dtype), affine("plain"), "1"), tmp_path / "x.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.nrrd"
    write_image(Image(values(), affine("plain"), "Gy"), path)
    before = path.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("yttria.io.nrrd._write_values", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_image(Image(values() * 2, affine("plain"), "Gy"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_extra_names_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nrrd", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'yttria\[nrrd\]'"):
        read_image(nrrd_file(tmp_path / "x.nrrd"), unit="1")


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_values_are_in_memory_only_once(tmp_path: Path, encoding: str) -> None:
    data = np.zeros((64, 128, 130), "<f4").tobytes()
    payload = _gzip(data) if encoding == "gzip" else data
    path = nrrd_file(tmp_path / "x.nrrd", payload, sizes="130 128 64", encoding=encoding)
    tracemalloc.start()
    try:
        image = read_image(path, unit="1")
        peak_read = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        write_image(image, path)
        peak_written = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The values themselves, and a few pieces in the decoder.
    assert peak_read < len(data) + 3 * 2**20
    assert peak_written < len(data) + 3 * 2**20


@pytest.mark.parametrize("field", ["units", "space units"])
def test_lengths_in_another_unit_than_mm_are_refused(tmp_path: Path, field: str) -> None:
    with pytest.raises(GeometryError, match=f"{field} must be mm, got cm"):
        read_image(nrrd_file(tmp_path / "x.nrrd", **{field: '"mm" "cm" "mm"'}), unit="1")
    read_image(nrrd_file(tmp_path / "x.nrrd", **{field: '"MM" "millimeters" "mm"'}), unit="1")


@pytest.mark.parametrize("key", ["unit", "Units"])
def test_a_unit_in_a_key_of_another_program_is_not_overruled(tmp_path: Path, key: str) -> None:
    path = nrrd_file(tmp_path / "x.nrrd")
    path.write_bytes(path.read_bytes().replace(b"\n\n", f"\n{key}:=kBq/ml\n\n".encode(), 1))
    assert read_image(path).unit == "kBq/mL"
    with pytest.raises(UnitError, match="in kBq/mL"):
        read_image(path, unit="Bq/mL")


def test_spacings_that_contradict_the_directions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match=r"by its space directions and .* by its spacings"):
        read_image(nrrd_file(tmp_path / "x.nrrd", spacings="1 2.25 3.5"), unit="1")
    read_image(nrrd_file(tmp_path / "x.nrrd", spacings="1.5 2.25 3.5"), unit="1")
    read_image(nrrd_file(tmp_path / "x.nrrd", spacings="nan nan nan"), unit="1")
